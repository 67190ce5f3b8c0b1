"""Requests that change something: copied only where the route says how, and never a second time to the monolith."""

from __future__ import annotations

import pytest

from strangler.toggles import Side, Stage
from tests.proxy.dataplane.raw import RawUpstream, answer
from tests.proxy.shadow.conftest import MakeScene, connect
from tests.proxy.shadow.listening import Comparer
from tests.proxy.shadow.scene import GET, POST
from tests.waiting import until


def test_without_a_strategy_a_write_is_not_copied(make_scene: MakeScene, catalog: RawUpstream) -> None:
    scene = make_scene()
    scene.ask(POST)
    scene.missing("skip")
    assert not catalog.connections
    scene.ask(GET)
    scene.agreed()


@pytest.mark.parametrize("strategy", ["sandbox", "dry-run"])
def test_the_copy_of_a_write_says_how_it_is_to_be_served(
    make_scene: MakeScene, catalog: RawUpstream, monolith: RawUpstream, strategy: str
) -> None:
    scene = make_scene(writes=strategy)
    scene.ask(POST)
    scene.agreed()
    assert b"X-Strangler-Shadow: " + strategy.encode() in catalog.received.split(b"\r\n")
    assert monolith.received.count(b"POST /p/") == 1


@pytest.mark.parametrize("stage", [Stage.SHADOW, Stage.EXTRACTED])
@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "x-http-method", "X_Method_Override"])
def test_a_read_that_says_it_is_a_write_is_not_copied(
    make_scene: MakeScene, catalog: RawUpstream, monolith: RawUpstream, stage: Stage, name: str
) -> None:
    scene = make_scene(stage=stage, writes="sandbox")
    scene.ask(GET.replace(b"Host", name.encode() + b": DELETE\r\nHost"))
    scene.missing("skip")
    assert len(catalog.heads) + len(monolith.heads) == 1


@pytest.mark.parametrize("stage", [Stage.CANARY, Stage.EXTRACTED])
@pytest.mark.parametrize("side", [Side.MONOLITH, Side.CANDIDATE])
def test_outside_of_stage_shadow_no_write_is_copied(
    make_scene: MakeScene, catalog: RawUpstream, monolith: RawUpstream, stage: Stage, side: Side
) -> None:
    canary = {"share": 50_000, "overrides": {"me": side}} if stage is Stage.CANARY else {}
    scene = make_scene(stage=stage, writes="sandbox", settings={"subject": ("header:X-Who",)}, **canary)
    scene.ask(POST.replace(b"Host", b"X-Who: me\r\nHost"))
    scene.missing("skip")
    assert (monolith.received + catalog.received).count(b"POST /p/") == 1
    assert b"X-Strangler-Shadow" not in monolith.received + catalog.received


def test_a_write_that_differs_is_told_with_its_strategy_and_never_asked_again_here(
    make_scene: MakeScene, catalog: RawUpstream, monolith: RawUpstream, comparer: Comparer
) -> None:
    catalog.script = answer(b"HTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok")
    scene = make_scene(writes="dry-run", shadow={"recheck": 1.0})
    connect(scene, comparer)
    scene.ask(POST)
    told = comparer.first()
    assert (told.method, told.strategy, told.request_body) == ("POST", "dry-run", b"body")
    scene.idle()
    assert monolith.received.count(b"POST /p/") == 1


def test_a_write_that_agrees_is_not_asked_again(make_scene: MakeScene, monolith: RawUpstream) -> None:
    scene = make_scene(writes="sandbox", shadow={"recheck": 1.0})
    scene.ask(POST)
    scene.agreed()
    scene.idle()
    assert monolith.received.count(b"POST /p/") == 1


def test_a_write_is_not_sent_twice_over_a_stale_connection(make_scene: MakeScene, catalog: RawUpstream) -> None:
    def once(connection: object) -> None:
        from tests.proxy.dataplane.raw import Connection

        assert isinstance(connection, Connection)
        head = connection.head()
        if b"POST" in head:
            connection.exactly(4)
            return
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.head()
        connection.exactly(4)

    catalog.script = once
    scene = make_scene(writes="sandbox")
    scene.ask(GET)
    scene.agreed()
    scene.ask(POST)
    until(lambda: ("inconclusive", "fallback") in scene.pairs())
    assert catalog.received.count(b"POST /p/") == 1


def test_a_body_that_is_too_long_passes_and_is_no_copy(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    scene = make_scene(writes="sandbox", shadow={"body_bytes": 4096})
    body = b"x" * 5000
    assert scene.ask(b"POST /p/ HTTP/1.1\r\nHost: shop\r\nContent-Length: 5000\r\n\r\n" + body)[1] == b"ok"
    scene.missing("too-long")
    scene.idle()
    assert monolith.received.endswith(body)
    assert not catalog.connections


@pytest.mark.parametrize(
    ("request_cookie", "set_cookie", "copied"),
    [
        (b"sessionid=a", b"sessionid=b; Path=/", False),
        (b"x=y", b"sessionid=b; Path=/", False),
        (b"sessionid=a", b"sessionid=; Max-Age=0", False),
        (b"sessionid=a; csrftoken=c", b"csrftoken=c; Path=/", True),
        (b"sessionid=a", b"other=b", True),
    ],
    ids=["rotated", "given", "taken away", "refreshed", "not private"],
)
def test_what_moves_a_session_is_never_copied(
    make_scene: MakeScene, monolith: RawUpstream, request_cookie: bytes, set_cookie: bytes, copied: bool
) -> None:
    monolith.script = answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: " + set_cookie + b"\r\nContent-Length: 2\r\n\r\nok")
    scene = make_scene(writes="sandbox")
    scene.ask(b"GET /p/ HTTP/1.1\r\nHost: shop\r\nCookie: " + request_cookie + b"\r\n\r\n")
    if copied:
        scene.missing("comparer-full")
    else:
        scene.missing("session")
        assert not scene.catalog.connections
    # After a write any private cookie is one too many.
    if b"refreshed" not in set_cookie and b"other" not in set_cookie:
        before = scene.missed().get("session", 0)
        scene.ask(POST.replace(b"Host", b"Cookie: " + request_cookie + b"\r\nHost"))
        scene.missing("session", before + 1)
