"""Which release of the candidate a pair, a fallback or an answer is counted with."""

from __future__ import annotations

from strangler.toggles import Stage
from tests.proxy.dataplane.raw import RawUpstream, answer
from tests.proxy.shadow.conftest import MakeScene, connect
from tests.proxy.shadow.listening import Comparer
from tests.proxy.shadow.scene import GET, Says
from tests.waiting import until


def test_the_release_is_what_the_answer_says_else_what_the_file_does(
    make_scene: MakeScene, catalog: RawUpstream
) -> None:
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-strangler-release: %b\r\n\r\nok"
    says = catalog.script = Says(ok % b"2026.1")
    scene = make_scene(upstream={"release": "from the file"})
    scene.ask(GET)
    scene.agreed()
    assert [scope.release for scope in scene.batch().scopes] == ["2026.1"]
    says.response = ok % (b"x" * 65)
    scene.ask(GET)
    scene.agreed(2)
    assert {scope.release for scope in scene.batch().scopes} == {"2026.1", "from the file"}


def test_an_answer_that_says_no_release_is_counted_with_the_last_that_was_said(
    make_scene: MakeScene, catalog: RawUpstream, comparer: Comparer
) -> None:
    says = catalog.script = Says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Strangler-Release: 7\r\n\r\nok")
    scene = make_scene()
    connect(scene, comparer)
    scene.ask(GET)
    scene.agreed()
    # As servers do in the place of an application that failed.
    says.response = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno"
    scene.ask(GET)
    assert comparer.first().release == "7"
    assert {scope.release for scope in scene.batch().scopes} == {"7"}


def test_a_fallback_counts_against_the_release_that_failed(make_scene: MakeScene, catalog: RawUpstream) -> None:
    says = catalog.script = Says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Strangler-Release: 7\r\n\r\nok")
    scene = make_scene(stage=Stage.EXTRACTED)
    scene.ask(GET)
    scene.agreed()
    says.response = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    scene.ask(GET)
    until(lambda: ("inconclusive", "fallback") in scene.pairs())
    assert {scope.release for scope in scene.batch().scopes} == {"7"}


def test_a_release_is_counted_and_no_customer_sees_it(make_scene: MakeScene, catalog: RawUpstream) -> None:
    catalog.script = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Strangler-Release: 7\r\n\r\nok")
    scene = make_scene(stage=Stage.RETIRED)
    assert scene.ask(GET)[0] == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    assert scene.proxy.worker.gateway.counts.releases == {("catalog", "7"): 1}
