"""The control API from inside: the same checks as from outside, by whoever has been let in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from strangler_proxy.client import ControlClient
from strangler_proxy.config.values import Address
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.app import app
from strangler_proxy.control.bootstrap import Bootstrap
from strangler_proxy.control.inside import Inside
from strangler_proxy.control.roles import Role
from strangler_proxy.control.token import Caller

from strangler.errors import ControlRefused, ControlUnreachable
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane

OPERATOR = Caller("ci", Role.OPERATE)
AT = "192.0.2.7", 4711


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.stop()


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    return plane(tmp_path_factory.mktemp("inside"), MemoryToggleStore(), workers=0, control_rate=0.001)


@pytest.fixture(scope="module")
def api(loop: Loop, control: ControlPlane) -> Iterator[Any]:
    application = app(control, Bootstrap("the-first-token"))
    lifespan = application.router.lifespan_context(application)
    loop.run(lifespan.__aenter__())
    yield application
    loop.run(lifespan.__aexit__(None, None, None))


def client(loop: Loop, api: Any, caller: Caller = OPERATOR) -> ControlClient:
    return ControlClient(Address("localhost", 80), "", transport=Inside(api, loop.loop, caller, "ada", AT))


def test_a_call_is_made_with_the_callers_role_and_name_and_audited(loop: Loop, api: Any, control: ControlPlane) -> None:
    with client(loop, api) as ask:
        ask.flip(["catalog.list"], "shadow", why="compare", wait_seconds=0)
        (entry, *_) = ask.history("catalog.list")
        assert (entry["who"], entry["why"]) == ("ada (ci)", "compare")
        with pytest.raises(ControlRefused, match="wants `approve`") as refused:
            ask.flip(["catalog.list"], "extracted", why="in a hurry", force=True)
        assert refused.value.status == 403
    (call, *_) = control.documents.events(action="api.call")
    assert (call.name, call.who, call.detail["token"]) == ("POST /api/v1/flip", "ada (ci)", "ci")
    assert (call.detail["status"], call.detail["address"]) == (403, "192.0.2.7")


def test_what_makes_no_sense_is_refused_as_from_outside(loop: Loop, api: Any) -> None:
    with client(loop, api) as ask:
        with pytest.raises(ControlRefused) as refused:
            ask.flip(["catalog.list"], "shadow", why="  ")
        assert (refused.value.status, refused.value.code) == (422, "bad_input")
        with pytest.raises(ControlRefused) as refused:
            ask.flip(["nobody"], "shadow", why="compare")
        assert refused.value.status == 404


def test_who_may_only_look_moves_nothing(loop: Loop, api: Any) -> None:
    with client(loop, api, Caller("looker", Role.VIEW)) as ask:
        assert ask.status()["revision"] >= 1
        with pytest.raises(ControlRefused):
            ask.back(None, why="all of it")


def test_calls_are_not_counted_again(loop: Loop, api: Any) -> None:
    with client(loop, api) as ask:
        for _ in range(5):
            ask.status()


def test_nobody_is_a_caller_by_saying_so(loop: Loop, api: Any) -> None:
    async def outside() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://localhost") as client:
            headers = {"strangler.caller": "ci", "X-Strangler-Caller": "ci", "Authorization": "Bearer "}
            return (await client.get("/api/v1/status", headers=headers)).status_code

    assert loop.run(outside()) == 401


def test_a_verb_that_fails_is_answered_as_from_outside(loop: Loop) -> None:
    async def fails(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b'{"error": {"code": "internal", "message": "It failed."}}'})
        raise RuntimeError("as Starlette does once it has said so")

    with client(loop, fails) as ask, pytest.raises(ControlRefused, match="It failed") as refused:
        ask.status()
    assert refused.value.status == 500


def test_what_takes_too_long_is_given_up(loop: Loop) -> None:
    given_up = threading.Event()

    async def hangs(*_: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    transport = Inside(hangs, loop.loop, OPERATOR, "ada", AT)
    asked = httpx.Request("GET", "http://localhost/api/v1/status", extensions={"timeout": {"read": 0.05}})
    with pytest.raises(httpx.ReadTimeout):
        transport.handle_request(asked)
    assert given_up.wait(30)


def test_a_control_plane_that_has_ended_answers_nobody() -> None:
    gone = Loop()
    gone.stop()
    with client(gone, None) as ask, pytest.raises(ControlUnreachable):
        ask.status()
