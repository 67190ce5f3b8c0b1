"""No route takes traffic whose candidate could not answer it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.config.upstreams import HealthCheck
from strangler_proxy.config.values import Address, Config, Upstream
from strangler_proxy.control.activation import Activation, example_path
from strangler_proxy.routes.route import Route

from strangler.errors import MoveRefused
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Kind, Move, Refusal, Stage, Toggle
from tests.proxy.control.fakes import config, plane, running

NAME = "catalog.list"
DEAD = Address("127.0.0.1", 1)


@contextmanager
def service(asked: list[tuple[str, str, str | None]], statuses: dict[str, int]) -> Iterator[Address]:
    """A candidate that answers each path with its status, 404 by default."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked.append((self.command, self.path, self.headers["X-Strangler-Shadow"]))
            self.send_response(statuses.get(self.path, 404))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_OPTIONS = do_HEAD = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Address("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configured(folder: Path, *addresses: Address, health: str = "", rewrite: str | None = None) -> Config:
    first, *others = addresses
    catalog = Upstream("catalog", first, others=tuple(others), health=HealthCheck(health) if health else None)
    given = config(folder)
    routes = (replace(given.routes[0], rewrite=rewrite), *given.routes[1:])
    return replace(given, upstreams={**given.upstreams, "catalog": catalog}, routes=routes)


def move(config: Config, stage: Stage = Stage.EXTRACTED, rows: list[dict[str, Any]] | None = None) -> Refusal | None:
    return Activation(config, lambda: rows or []).may_move(Toggle(NAME), Toggle(NAME, stage=stage))


def row(**more: Any) -> dict[str, Any]:
    well = [{"address": "127.0.0.1:1", "well": 2}]
    return {"name": "catalog", "workers": 2, "troubles": [], "addresses": well, "breaker": {"closed": 2}, **more}


def test_a_candidate_that_does_not_answer_takes_no_traffic(tmp_path: Path) -> None:
    for stage in (Stage.CANARY, Stage.EXTRACTED, Stage.RETIRED):
        refusal = move(configured(tmp_path, DEAD), stage)
        assert refusal is not None
        assert refusal.wrong.startswith(
            f"catalog, to which {NAME} would move, is not ready: http://127.0.0.1:1 does not"
        )
        assert refusal.remedy
    assert move(configured(tmp_path, DEAD), Stage.MONOLITH) is None


def test_into_shadow_it_is_said_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert move(configured(tmp_path, DEAD), Stage.SHADOW) is None
    assert f"{NAME} goes into shadow all the same: catalog, to which" in caplog.text


def test_any_answer_will_do_where_no_health_path_is_known_and_what_is_asked_is_marked(tmp_path: Path) -> None:
    asked: list[tuple[str, str, str | None]] = []
    with service(asked, {}) as address:
        assert move(configured(tmp_path, DEAD, address)) is None
    assert asked == [("OPTIONS", "/", "read")]


@pytest.mark.parametrize(("status", "ready"), [(200, True), (204, True), (503, False), (404, False), (302, False)])
def test_where_there_is_a_health_path_it_must_say_so(tmp_path: Path, status: int, ready: bool) -> None:
    asked: list[tuple[str, str, str | None]] = []
    with service(asked, {"/ready": status}) as address:
        refusal = move(configured(tmp_path, address, health="/ready"))
    assert (refusal is None) == ready
    assert refusal is None or refusal.wrong.endswith(f"/ready answers {status}.")
    assert asked == [("GET", "/ready", "read")]


@pytest.mark.parametrize(("status", "resolves"), [(404, False), (405, True), (200, True), (500, True)])
def test_a_path_that_the_candidate_does_not_have_is_no_place_to_go(tmp_path: Path, status: int, resolves: bool) -> None:
    with service([], {"/v1/lists/1": status}) as address:
        refusal = move(configured(tmp_path, address, rewrite="/v1/lists/<id>"))
    assert (refusal is None) == resolves
    assert refusal is None or "no path such as /v1/lists/1" in refusal.wrong


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (row(), ""),
        (row(workers=0, troubles=["x"], addresses=[]), ""),
        (row(troubles=["a gets nothing from 1 of 2 workers"], addresses=[{"address": "a", "well": 1}]), ""),
        (row(troubles=["a gets nothing"], addresses=[{"address": "a", "well": 0}]), "a gets nothing"),
        (row(troubles=["its name does not resolve"], addresses=[]), "its name does not resolve"),
        (row(troubles=["open"], breaker={"open": 2}), "every worker's breaker is open"),
        (row(troubles=["open"], breaker={"open": 1, "closed": 1}), ""),
    ],
)
def test_what_all_workers_say_of_it_goes_before(tmp_path: Path, told: dict[str, Any], why: str) -> None:
    with service([], {}) as address:
        refusal = move(configured(tmp_path, address), rows=[row(name="monolith"), told])
    assert (refusal is None) == (not why)
    assert refusal is None or refusal.wrong.endswith(f"is not ready: {why}.")


def test_routes_that_move_together_ask_their_candidate_once(tmp_path: Path) -> None:
    asked: list[tuple[str, str, str | None]] = []
    with service(asked, {}) as address:
        activation = Activation(configured(tmp_path, address), list)
        for name in (NAME, "catalog.detail"):
            assert activation.may_move(Toggle(name), Toggle(name, stage=Stage.EXTRACTED)) is None
    assert len(asked) == 1


def test_seams_and_toggles_without_a_route_are_not_its_business(tmp_path: Path) -> None:
    activation = Activation(configured(tmp_path, DEAD), list)
    for toggle in (Toggle("catalog.facts", Kind.SEAM, Stage.EXTRACTED), Toggle("gone", stage=Stage.EXTRACTED)):
        assert activation.may_move(Toggle(toggle.name, toggle.kind), toggle) is None


@pytest.mark.parametrize(
    ("path", "rewrite", "example"),
    [
        ("/p/<int:id>/<slug:s>/", None, "/p/1/a/"),
        ("/p/<uuid:id>/x<str:s>/<path:rest>", None, "/p/00000000-0000-4000-8000-000000000000/xa/a"),
        ("/p/<id>/", "/v1/ü/<id>", "/v1/%C3%BC/a"),
    ],
)
def test_an_example_of_a_path_has_a_value_of_each_kind(path: str, rewrite: str | None, example: str) -> None:
    assert example_path(Route("p", frozenset({"GET"}), path, "catalog", rewrite=rewrite)) == example


def test_only_forward_moves_are_checked_and_force_passes(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore(), workers=0)
    control.checks.append(Activation(configured(tmp_path, DEAD), list))
    said: dict[str, Any] = {"who": "ada", "why": "try", "wait_seconds": 0.0}

    async def moves() -> None:
        async with running(control):
            await control.flip([NAME], Move(Stage.SHADOW), **said)
            with pytest.raises(MoveRefused) as refused:
                await control.flip([NAME], Move(Stage.CANARY, share=1000), **said)
            assert refused.value.remedy.endswith("Or add `--force` with a `--why` that will stand in the audit.")
            assert control.snapshot[NAME].stage is Stage.SHADOW
            await control.flip([NAME], Move(Stage.CANARY, share=1000, force=True), **said)
            with pytest.raises(MoveRefused):
                await control.flip([NAME], Move(Stage.CANARY, share=2000), **said)
            await control.flip([NAME], Move(Stage.CANARY, share=500), **said)
            await control.back([NAME], who="ada", why="no", wait_seconds=0.0)
            assert control.snapshot[NAME].stage is Stage.MONOLITH

    asyncio.run(moves())
