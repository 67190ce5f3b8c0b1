"""Who is asked with a copy, when, and with what."""

from __future__ import annotations

from tests.proxy.dataplane.raw import RawUpstream
from tests.proxy.shadow.conftest import MakeScene
from tests.proxy.shadow.scene import GET


def lines(head: bytes) -> list[bytes]:
    return head.split(b"\r\n")


def test_in_shadow_the_candidate_is_asked_the_same_and_the_answers_agree(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    scene = make_scene()
    head, body = scene.ask(GET)
    assert (head, body) == (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok")
    scene.agreed()
    assert [lines(each)[0] for each in catalog.heads] == [b"GET /p/ HTTP/1.1"]
    assert b"X-Strangler-Shadow: read" in lines(catalog.heads[0])
    assert b"X-Strangler-Shadow" not in monolith.received
    scene.idle()
