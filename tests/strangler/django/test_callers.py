"""Who reaches the monolith is counted inside it."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import MiddlewareNotUsed
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve

from strangler.callers import Caller, Counted, Passage, Reached
from strangler.django import caller_counts
from strangler.django.caller_counts import CallerCounts
from strangler.django.caller_file import CallerFile, read_folder
from strangler.django.callers import CallersMiddleware, agent_of, client_of, example_of
from strangler.proxied import PROXIED, proxied_value
from strangler.shadow import SHADOW_HEADER

SECRET = "a secret of the tests, long enough"
HOUR = 3600.0
NOW = time.time()


class Later:
    """What is to be called after a while, once the test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def __call__(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def come(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def counts(tmp_path: Path, later: Later, settings: Any) -> CallerCounts:
    settings.STRANGLER = {"VOUCH_SECRET": SECRET, "CALLERS": str(tmp_path)}
    return CallerCounts(CallerFile(tmp_path, "web-1"), later)


def serve(counts: CallerCounts, path: str, **headers: str) -> None:
    """One request through the middleware, as Django would have resolved it."""
    request = RequestFactory().get(path, **headers)  # type: ignore[arg-type]

    def answered(request: HttpRequest) -> HttpResponse:
        if path != "/nowhere/":
            request.resolver_match = resolve(request.path_info)
        return HttpResponse()

    CallersMiddleware(answered, counts)(request)


def marked(**more: str) -> dict[str, str]:
    return {f"HTTP_{PROXIED.upper().replace('-', '_')}": proxied_value(SECRET, time.time()), **more}


def rows(folder: Path) -> list[tuple[str, str, str]]:
    return [(row.passage.value, row.method, row.route) for row in read_folder(folder).views]


def test_requests_are_counted_by_the_way_they_came(counts: CallerCounts, later: Later, tmp_path: Path) -> None:
    serve(counts, "/api/v1/products/7/", **marked())
    serve(counts, "/api/v1/products/8/", **marked())
    serve(counts, "/api/v1/products/7/", **marked(**{f"HTTP_{SHADOW_HEADER.upper().replace('-', '_')}": "read"}))
    serve(counts, "/api/v1/products/7/", HTTP_USER_AGENT="python-requests/2.32", REMOTE_ADDR="10.0.0.9")
    later.come()
    route = "api/v1/products/<int:id>/"
    found = read_folder(tmp_path)
    assert {(row.passage, row.route, row.counted.requests) for row in found.views} == {
        (Passage.THROUGH, route, 2),
        (Passage.COPIES, route, 1),
        (Passage.PAST, route, 1),
    }
    [caller] = found.callers
    assert (caller.client, caller.agent, caller.method, caller.route) == ("private", "python-requests", "GET", route)
    assert caller.addresses == ("10.0.0.9",)
    assert caller.paths == ("/api/v1/products/7/",)


def test_who_forges_the_mark_or_says_that_it_is_a_copy_came_past_the_proxy(
    counts: CallerCounts, later: Later, tmp_path: Path
) -> None:
    serve(counts, "/healthz", **{f"HTTP_{PROXIED.upper().replace('-', '_')}": "v1.00000000000000000000000000000000"})
    serve(counts, "/healthz", **{f"HTTP_{SHADOW_HEADER.upper().replace('-', '_')}": "read"})
    later.come()
    assert rows(tmp_path) == [("past", "GET", "healthz")]


def test_a_path_that_no_url_takes_is_counted_too(counts: CallerCounts, later: Later, tmp_path: Path) -> None:
    serve(counts, "/nowhere/")
    later.come()
    assert rows(tmp_path) == [("past", "GET", "")]


def test_an_async_monolith_counts_as_well(counts: CallerCounts, later: Later, tmp_path: Path) -> None:
    async def answered(_: HttpRequest) -> HttpResponse:
        return HttpResponse()

    middleware = CallersMiddleware(answered, counts)
    async_to_sync(middleware)(RequestFactory().get("/"))
    later.come()
    assert len(rows(tmp_path)) == 1


@pytest.mark.django_db
def test_the_middleware_counts_in_the_shop_and_takes_itself_out_without_a_folder(
    settings: Any, tmp_path: Path, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller_counts, "_after_a_while", later)
    name = "strangler.django.callers.CallersMiddleware"
    settings.MIDDLEWARE = [settings.MIDDLEWARE[0], name, *settings.MIDDLEWARE[1:]]
    settings.STRANGLER = {**settings.STRANGLER, "CALLERS": str(tmp_path)}
    assert Client().get("/healthz").status_code == 200
    later.come()
    assert rows(tmp_path) == [("past", "GET", "healthz")]
    settings.STRANGLER = {}
    assert Client().get("/healthz").status_code == 200
    with pytest.raises(MiddlewareNotUsed):
        CallersMiddleware(lambda _: HttpResponse())


def test_a_count_that_fails_costs_nobody_an_answer(counts: CallerCounts, caplog: pytest.LogCaptureFixture) -> None:
    request = RequestFactory().get("/")
    del request.resolver_match
    assert CallersMiddleware(lambda _: HttpResponse(status=204), counts)(request).status_code == 204
    assert "could not be counted" in caplog.text


def test_one_write_is_made_for_many_requests(counts: CallerCounts, later: Later) -> None:
    for _ in range(5):
        serve(counts, "/healthz")
    assert len(later.calls) == 1


def test_what_cannot_be_written_is_kept_for_the_next_time(tmp_path: Path, later: Later) -> None:
    folder = tmp_path / "callers"
    folder.write_text("no folder")
    counts = CallerCounts(CallerFile(folder, "web-1"), later)
    note(counts, caller("curl"))
    later.come()
    folder.unlink()
    note(counts, caller("curl"))
    later.come()
    found = read_folder(folder)
    assert [row.counted.requests for row in found.views] == [2]
    assert [each.counted.requests for each in found.callers] == [2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_worker_begins_with_none_of_its_parents_counts(tmp_path: Path, later: Later) -> None:
    counts = CallerCounts(CallerFile(tmp_path, "web-1"), later)
    note(counts)
    child = os.fork()
    if child == 0:
        note(counts)
        counts.write()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    counts.write()
    assert [row.counted.requests for row in read_folder(tmp_path).views] == [2]


def test_clients_that_make_up_names_take_a_bounded_number_of_rows(tmp_path: Path, later: Later) -> None:
    counts = CallerCounts(CallerFile(tmp_path, "web-1"), later)
    for number in range(1200):
        note(counts, caller(f"agent{number}"))
    later.come()
    found = read_folder(tmp_path).callers
    assert len(found) == 501
    assert sum(each.counted.requests for each in found) == 1200
    file = CallerFile(tmp_path, "web-1")
    for begin in range(0, 2000, 500):
        file.add([reached()], [caller(f"other{begin + number}") for number in range(500)])
    found = read_folder(tmp_path).callers
    assert len(found) <= 2001
    assert sum(each.counted.requests for each in found) == 3200


def test_machines_are_added_up_and_what_nobody_counted_is_told(tmp_path: Path) -> None:
    for machine, hour in (("web-1", 10), ("web-2", 14)):
        at = hour * HOUR + 60
        CallerFile(tmp_path, machine, now=lambda at=at: at).add([reached(at)], [caller("curl", at)])  # type: ignore[misc]
    found = read_folder(tmp_path, now=lambda: 15 * HOUR + 60)
    assert found.machines == ("web-1", "web-2")
    assert [row.counted for row in found.views] == [Counted(2, 10 * HOUR + 60, 14 * HOUR + 60)]
    assert found.since == 10 * HOUR + 60
    assert found.silences == ((11 * HOUR, 14 * HOUR),)


def test_a_broken_file_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "web-1.sqlite3").write_text("no database at all, but long enough to be read as one")
    with pytest.raises(CommandError, match=r"web-1\.sqlite3"):
        call_command("strangler_callers", folder=str(tmp_path))


@pytest.mark.parametrize(
    ("address", "client", "shown"),
    [
        ("127.0.0.1", "loopback", "127.0.0.1"),
        ("::ffff:10.1.2.3", "private", "10.1.2.3"),
        ("8.8.4.4", "public", "8.8.4.0/24"),
        ("2a00:1450:4001:800::1", "public", "2a00:1450:4001::/48"),
        ("", "unknown", ""),
    ],
)
def test_customers_addresses_are_not_kept(address: str, client: str, shown: str) -> None:
    assert client_of(address) == (client, shown)


@pytest.mark.parametrize(
    ("header", "family"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64)", "browser"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", "bot"),
        ("kube-probe/1.31", "kube-probe"),
        ("", "none"),
        ("!!!", "none"),
    ],
)
def test_agents_are_told_by_family(header: str, family: str) -> None:
    assert agent_of(header) == family


def test_what_may_be_a_secret_in_a_path_is_no_example() -> None:
    assert example_of("/accounts/reset/MQ/cabcdefghijklmnopqrstuvwxyz-0123456789/") == "/accounts/reset/MQ/…/"
    assert example_of("/by/ann@example.com/") == "/by/…/"


def test_the_command_lists_callers_and_says_what_is_unused(tmp_path: Path) -> None:
    CallerFile(tmp_path, "web-1").add([reached()], [caller("curl")])
    out = StringIO()
    call_command("strangler_callers", folder=str(tmp_path), stdout=out)
    assert "GET healthz  by curl, private (10.0.0.7)" in out.getvalue()
    out = StringIO()
    call_command("strangler_callers", folder=str(tmp_path), json=True, stdout=out)
    document = json.loads(out.getvalue())
    assert document["views"][0]["past"]["requests"] == 1
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("strangler_callers", folder=str(tmp_path), unused=["shop:*"], stdout=out)
    assert (ended.value.code, out.getvalue()[:5]) == (3, "incon")


def test_the_command_ends_with_0_and_1_for_yes_and_no(tmp_path: Path) -> None:
    file = CallerFile(tmp_path, "web-1")
    file.add([reached(time.time())], [])
    with sqlite3.connect(tmp_path / "web-1.sqlite3") as database:
        database.execute("UPDATE began SET at = at - 7200")
        database.executemany("INSERT OR IGNORE INTO hours VALUES (?, 1)", [(NOW // HOUR - ago,) for ago in range(3)])
    out = StringIO()
    call_command("strangler_callers", "--unused", "shop:*", "--for", "1h", folder=str(tmp_path), stdout=out)
    assert out.getvalue().startswith("pass")
    with pytest.raises(SystemExit) as ended:
        call_command("strangler_callers", "--unused", "health*", "--for", "1h", folder=str(tmp_path), stdout=out)
    assert ended.value.code == 1


def test_the_command_says_how_counting_begins(settings: Any) -> None:
    settings.STRANGLER = {}
    with pytest.raises(CommandError, match="CallersMiddleware"):
        call_command("strangler_callers")


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="14d"):
        call_command("strangler_callers", "--unused", "x", "--for", "soon", folder=str(tmp_path))


def note(counts: CallerCounts, caller: Caller | None = None) -> None:
    counts.count(Passage.PAST, "GET", "healthz", "healthz", NOW, caller)


def reached(at: float = NOW) -> Reached:
    return Reached(Passage.PAST, "GET", "healthz", "healthz", Counted(1, at, at))


def caller(agent: str, at: float = NOW) -> Caller:
    return Caller("private", agent, "GET", "healthz", Counted(1, at, at), ("10.0.0.7",), ("/healthz",))
