"""Copies for a candidate that is told who asks: the monolith vouches for them too, apart from customers' requests."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.config.identity import IdentitySettings
from strangler_proxy.request_head import RequestHead

from strangler.identity import HEADER, IdentityKeys, Verifier
from strangler.vouch import SEAL, TARGET, WANTS, answer_seal, opened
from tests.proxy.dataplane.raw import Connection, RawUpstream, answer
from tests.proxy.identity.desk import ANN, SECRET, facts
from tests.proxy.shadow.conftest import MakeScene, connect
from tests.proxy.shadow.listening import Comparer
from tests.proxy.shadow.scene import Scene
from tests.waiting import until

VOUCH = b"GET /_strangler/vouch/"
SIGNED_IN = b"GET /p/ HTTP/1.1\r\nHost: shop\r\nCookie: sessionid=mine\r\n\r\n"


class Monolith:
    """Answers everything, and vouches with what `says` has: facts, a refusal, or nothing at all."""

    def __init__(self) -> None:
        self.says: dict[str, Any] | None = facts(ANN)
        self.asked = 0
        self.response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.go = threading.Event()
        self.go.set()

    def __call__(self, connection: Connection) -> None:
        while True:
            head = connection.head()
            for each in head.lower().split(b"\r\n"):
                if each.startswith(b"content-length:"):
                    connection.exactly(int(each.split(b":")[1]))
            if not head.startswith(VOUCH) and b"/_strangler/vouch/" not in head.split(b"\r\n")[0]:
                connection.send(self.response)
                continue
            self.asked += 1
            self.go.wait(30)
            if self.says is None:
                return
            line, *lines = head.decode("latin-1").strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
            seal, target, wants = (headers[name.lower()] for name in (SEAL, TARGET, WANTS))
            nonce = opened(SECRET, seal, line.split(" ")[0], target, wants, time.time())
            assert nonce is not None
            text = json.dumps(self.says)
            body = f"{answer_seal(SECRET, nonce, text)}\n{text}".encode()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.fixture
def vouching(monolith: RawUpstream, monkeypatch: pytest.MonkeyPatch) -> Monolith:
    monkeypatch.setenv("STRANGLER_VOUCH_SECRET", SECRET)
    script = monolith.script = Monolith()
    return script


@pytest.fixture
def scene(make_scene: MakeScene, vouching: Monolith, tmp_path: Path) -> Scene:
    settings = {"state_dir": tmp_path, "identity": IdentitySettings(timeout=0.5)}
    return make_scene(identity="required", writes="sandbox", settings=settings)


def test_the_candidate_is_told_who_asked(
    scene: Scene, vouching: Monolith, catalog: RawUpstream, tmp_path: Path
) -> None:
    for count in range(1, 4):
        scene.ask(SIGNED_IN)
        scene.agreed(count)
    (token, *_) = [
        line.partition(b": ")[2] for line in catalog.received.split(b"\r\n") if line.startswith(HEADER.encode())
    ]
    verifier = Verifier(IdentityKeys(tmp_path / "identity.jwks.json"), audience="catalog")
    assert verifier.verify(token.decode(), method="GET", path=b"/p/", query=b"").id == "7"
    assert b"sessionid" not in catalog.received
    # Asked once for the session, over the copies' own connections.
    assert vouching.asked == 1
    customers = scene.proxy.worker.gateway.vouching
    assert customers is not None
    assert sum(customers.counts.values()) == 0


@pytest.mark.parametrize("refused", [True, False], ids=["refused", "unreachable"])
def test_without_the_monoliths_word_the_pair_tells_nothing(
    scene: Scene, vouching: Monolith, catalog: RawUpstream, refused: bool
) -> None:
    refusal = {"refused": {"status": 302, "lines": [["Location", "/login/"]], "body": ""}}
    vouching.says = refusal if refused else None
    assert scene.ask(SIGNED_IN)[1] == b"ok"
    until(lambda: scene.pairs() == {("inconclusive", "identity"): 1})
    assert not catalog.heads
    scene.idle()


def test_a_fault_once_the_monolith_has_vouched_gives_the_place_back(scene: Scene) -> None:
    asked = 0

    def broken(head: RequestHead) -> bytes:
        nonlocal asked
        asked += 1
        if not asked % 2:
            raise RuntimeError("a fault of the test's")
        return head.target

    for plan in scene.shadow.plans:
        plan.rewrite = broken
    for count in range(1, 4):
        assert scene.ask(SIGNED_IN)[1] == b"ok"
        scene.missing("fault", count)
    scene.idle()
    assert [str(problem["exception"]) for problem in scene.proxy.problems] == ["a fault of the test's"] * 3
    scene.proxy.problems.clear()


def test_a_logout_is_heard_of_by_the_copies_too(scene: Scene, vouching: Monolith) -> None:
    scene.ask(SIGNED_IN)
    scene.agreed()
    vouching.response = b"HTTP/1.1 200 OK\r\nSet-Cookie: sessionid=; Max-Age=0\r\nContent-Length: 2\r\n\r\nok"
    scene.ask(SIGNED_IN)
    scene.missing("session")
    vouching.response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    scene.ask(SIGNED_IN)
    scene.agreed(2)
    assert vouching.asked == 2


def test_waiting_for_the_monoliths_word_holds_up_no_drain(scene: Scene, vouching: Monolith) -> None:
    vouching.go.clear()
    scene.ask(SIGNED_IN)
    until(lambda: bool(scene.shadow.introducing))
    scene.proxy.drain(30.0)
    scene.missing("draining")
    scene.proxy.close()
    vouching.go.set()


def test_what_is_told_to_the_comparer_has_the_identity_for_the_candidate_alone(
    scene: Scene, vouching: Monolith, catalog: RawUpstream, comparer: Comparer
) -> None:
    catalog.script = answer(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")
    connect(scene, comparer)
    scene.ask(SIGNED_IN)
    told = comparer.first()
    assert any(line.startswith(HEADER.encode()) for line in told.candidate_lines)
    assert not any(line.startswith(HEADER.encode()) for line in told.request_lines)
    # Nothing was kept from the candidate that it could have asked for.
    assert not told.withheld


def test_a_write_is_vouched_for_with_its_own_question(scene: Scene, vouching: Monolith, catalog: RawUpstream) -> None:
    post = b"POST /p/ HTTP/1.1\r\nHost: shop\r\nCookie: sessionid=mine\r\nContent-Length: 4\r\n\r\nbody"
    for count in (1, 2):
        scene.ask(post)
        scene.agreed(count)
    assert vouching.asked == 2
    assert b"X-Strangler-Shadow: sandbox" in catalog.received
    assert scene.monolith.received.count(b"POST /p/") == 2
