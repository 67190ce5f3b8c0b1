"""The Django app: settings, checks, subjects, connections, and the command."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from strangler.django import current_groups, current_subject, shadow_connections, toggles
from strangler.django.checks import check_setting
from strangler.django.subject import subject_middleware, subject_of
from strangler.seam import Seam
from strangler.testing import FixedToggles
from strangler.toggles import Kind, Snapshot, Stage, Toggle, write_snapshot

NAME = "catalog.facts"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONTROL_URL", "TOKEN", "TOKEN_FILE", "SNAPSHOT", "CACHE"):
        monkeypatch.delenv(f"STRANGLER_{name}", raising=False)


def snapshot_file(tmp_path: Path, stage: Stage = Stage.SHADOW, share: int = 0) -> str:
    path = tmp_path / "toggles.json"
    write_snapshot(path, Snapshot(4, {NAME: Toggle(NAME, Kind.SEAM, stage, share)}))
    return str(path)


# Settings.


def test_the_setting_says_where_toggles_come_from(tmp_path: Path) -> None:
    with override_settings(STRANGLER={"SNAPSHOT": snapshot_file(tmp_path)}):
        assert toggles().stage(NAME) is Stage.SHADOW
        assert toggles() is toggles()
    with override_settings(STRANGLER={}):
        assert toggles().stage(NAME) is Stage.MONOLITH


def test_without_the_setting_the_environment_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRANGLER_SNAPSHOT", snapshot_file(tmp_path))
    with override_settings(STRANGLER={}):
        assert toggles().stage(NAME) is Stage.SHADOW
    other = tmp_path / "other"
    other.mkdir()
    with override_settings(STRANGLER={"SNAPSHOT": snapshot_file(other, Stage.EXTRACTED)}):
        assert toggles().stage(NAME) is Stage.EXTRACTED


# Checks.


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (None, ["strangler.I001"]),
        ({}, ["strangler.I001"]),
        ({"SNAPSHOT": "/x/toggles.json"}, []),
        ({"CONTROL_URL": "http://control:8081", "TOKEN": "secret"}, []),
        ({"CONTROL_URL": "http://control:8081", "TOKEN_FILE": __file__}, []),
        ({"CONTROL_URL": "http://control:8081"}, ["strangler.W001"]),
        ({"CONTROL_URL": "http://control:8081", "TOKEN_FILE": "/no/such/file"}, ["strangler.W003"]),
        ({"CONTROL_URL": "control:8081"}, ["strangler.E003"]),
        ({"SNAPSHOT": "/x/toggles.json", "CACHE": "/no/such/folder/own.json"}, ["strangler.W002"]),
        ({"SNAPSHOT": "/x/toggles.json", "SNAPSHT": "/x"}, ["strangler.E002"]),
        ({"SNAPSHOT": "/x/toggles.json", "SUBJECT": "header:X-User"}, ["strangler.E004"]),
        ({"SNAPSHOT": "/x/toggles.json", "SUBJECT": ["user"]}, ["strangler.E004"]),
        ({"SNAPSHOT": "/x/toggles.json", "SUBJECT": ["header:X-User", "cookie:tenant"]}, []),
        (["SNAPSHOT"], ["strangler.E001"]),
    ],
)
def test_a_check_says_what_is_wrong_with_the_setting(setting: Any, expected: list[str]) -> None:
    with override_settings(STRANGLER=setting):
        messages = check_setting()
    assert [message.id for message in messages] == expected
    assert all(message.hint for message in messages)


def test_no_message_of_a_check_holds_the_token() -> None:
    with override_settings(STRANGLER={"CONTROL_URL": "nonsense", "TOKEN": "verysecret"}):
        assert "verysecret" not in str(check_setting())


# Subjects.


class User:
    def __init__(self, key: int | None) -> None:
        self.pk = key
        self.is_authenticated = key is not None


class Session:
    def __init__(self, key: str | None) -> None:
        self.session_key = key


def request(
    *, cookies: dict[str, str] | None = None, user: User | None = None, session: Session | None = None, **headers: str
) -> HttpRequest:
    made = RequestFactory().get("/", headers=headers)
    made.COOKIES.update(cookies or {})
    if user is not None:
        made.user = user  # type: ignore[assignment]
    if session is not None:
        made.session = session  # type: ignore[assignment]
    return made


OURS = {"strangler_subject": "v1.AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBB"}


def test_the_proxys_cookie_comes_first_then_the_user_then_the_session() -> None:
    user, nobody, session = User(42), User(None), Session("abc")
    assert subject_of(request(cookies=OURS, user=user, session=session)) == "A" * 22
    assert subject_of(request(user=user, session=session)) == "user:42"
    hashed = f"session:{sha256(b'abc').hexdigest()[:16]}"
    assert subject_of(request(user=nobody, session=session)) == hashed
    assert subject_of(request(user=nobody, session=Session(None))) == ""
    assert subject_of(request()) == ""


@pytest.mark.parametrize("cookie", ["", "v1", "v1.abc", "v2.abc.def", "v1..def", "a.b.c.d"])
def test_a_cookie_that_is_not_the_proxys_counts_as_none(cookie: str) -> None:
    assert subject_of(request(cookies={"strangler_subject": cookie})) == ""


def test_configured_sources_come_before_all_else() -> None:
    with override_settings(STRANGLER={"SUBJECT": ["header:X-User", "cookie:tenant"]}):
        assert subject_of(request(cookies={**OURS, "tenant": "t1"}, x_user="u1")) == "u1"
        assert subject_of(request(cookies={**OURS, "tenant": "t1"})) == "t1"
        assert subject_of(request(cookies=OURS)) == "A" * 22


def test_the_middleware_makes_the_subject_known_during_the_request_alone() -> None:
    seen: list[str] = []

    def view(_: HttpRequest) -> HttpResponse:
        seen.append(current_subject())
        return HttpResponse("ok")

    respond: Callable[[HttpRequest], HttpResponse] = subject_middleware(view)
    assert respond(request(cookies=OURS)).status_code == 200
    assert (seen, current_subject()) == (["A" * 22], "")


def test_the_middleware_serves_async_views_too_each_with_its_own_subject() -> None:
    both = asyncio.Barrier(2)

    async def view(_: HttpRequest) -> HttpResponse:
        await both.wait()
        return HttpResponse(current_subject())

    respond = subject_middleware(view)

    async def ask() -> list[str]:
        answers = await asyncio.gather(respond(request(user=User(1))), respond(request(user=User(2))))
        return [answer.content.decode() for answer in answers]

    assert asyncio.run(ask()) == ["user:1", "user:2"]


@pytest.mark.django_db
def test_the_groups_are_those_of_the_user_and_the_database_is_asked_once(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    user = get_user_model().objects.create_user("ada@shop.example", is_staff=True)
    user.groups.add(Group.objects.create(name="Back office"))
    seen: list[list[str]] = []

    def view(_: HttpRequest) -> HttpResponse:
        seen.extend([current_groups(), current_groups()])
        return HttpResponse("ok")

    asked = request()
    asked.user = user
    with django_assert_num_queries(1):
        subject_middleware(view)(asked)
    assert seen == [["staff", "back-office"]] * 2


def test_nobody_and_outside_of_a_request_there_are_no_groups() -> None:
    seen: list[list[str]] = []

    def view(_: HttpRequest) -> HttpResponse:
        seen.append(current_groups())
        return HttpResponse("ok")

    anonymous = request()
    anonymous.user = AnonymousUser()
    subject_middleware(view)(anonymous)
    subject_middleware(view)(request())
    assert [*seen, current_groups()] == [[], [], []]


def test_a_view_that_fails_leaves_no_subject_behind() -> None:
    def view(_: HttpRequest) -> HttpResponse:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        subject_middleware(view)(request(cookies=OURS))
    assert current_subject() == ""


# Connections.


@pytest.mark.django_db(transaction=True)
def test_a_shadowed_call_leaves_no_connection_open() -> None:
    open_within: list[bool] = []

    def ask_database() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            open_within.append(connection.connection is not None)
            row = cursor.fetchone()
        return int(row[0])

    after: list[bool] = []

    seam = Seam(
        NAME,
        old=lambda: 1,
        new=lambda: ask_database,
        toggles=FixedToggles({NAME: Stage.SHADOW}),
        around=shadow_connections,
    )
    assert seam.facade()() == 1
    assert seam.drain(10)
    assert (seam.counts().agree, open_within) == (1, [True])

    def one_shadow() -> None:
        with shadow_connections():
            ask_database()
        after.append(connections["default"].connection is None)

    thread = threading.Thread(target=one_shadow)
    thread.start()
    thread.join()
    assert after == [True]


# The command.


def printed(*args: str) -> str:
    out = StringIO()
    call_command("strangler_toggles", *args, stdout=out)
    return out.getvalue()


def test_the_command_prints_every_toggle_and_how_old_that_is(tmp_path: Path) -> None:
    with override_settings(STRANGLER={"SNAPSHOT": snapshot_file(tmp_path, Stage.CANARY, 12_500)}):
        first, second = printed().splitlines()
    assert first.startswith(f"revision 4 from {tmp_path}/toggles.json, heard of ")
    assert second == "catalog.facts  seam   canary 12.5%"


def test_the_command_prints_json(tmp_path: Path) -> None:
    with override_settings(STRANGLER={"SNAPSHOT": snapshot_file(tmp_path)}):
        found = json.loads(printed("--json"))
    assert (found["stale"], found["snapshot"]["revision"]) == (False, 4)
    assert found["age_seconds"] < 60


def test_the_command_says_so_when_the_source_is_silent(tmp_path: Path) -> None:
    with override_settings(STRANGLER={"SNAPSHOT": str(tmp_path / "none.json")}):
        assert printed("--wait", "0").startswith(f"{tmp_path}/none.json has not answered; revision 0 decides.\n")
        assert json.loads(printed("--wait", "0", "--json"))["age_seconds"] is None


def test_the_command_without_a_source_says_that_all_is_monolith() -> None:
    with override_settings(STRANGLER={}):
        first, second = printed().splitlines()
    assert first.startswith("No source of toggles")
    assert "everything stands at monolith" in second


def test_the_command_names_an_address_that_is_none_without_a_traceback() -> None:
    with (
        override_settings(STRANGLER={"CONTROL_URL": "127.0.0.1:8081"}),
        pytest.raises(CommandError, match=r"'127\.0\.0\.1:8081' is not the address .* http://"),
    ):
        printed()
