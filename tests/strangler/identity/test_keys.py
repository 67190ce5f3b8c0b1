"""Where public keys come from, how long they count, and how seldom they are read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from strangler.errors import KeysUnavailable
from strangler.identity import IdentityKeys
from strangler.identity.keys import read_jwks
from tests.strangler.identity.service import Signer, write_keys


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Publisher:
    """The control port of a proxy: answers with `content` and `status`, and counts."""

    def __init__(self) -> None:
        self.content = b"{}"
        self.status = 200
        self.asked = 0
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked += 1
                self.send_response(publisher.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(publisher.content)

            def log_request(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/.well-known/strangler/jwks.json"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def publish(self, *signers: Signer) -> None:
        self.status, self.content = 200, json.dumps({"keys": [signer.jwk for signer in signers]}).encode()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    yield made
    made.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_keys_are_read_once_and_again_when_they_are_old(publisher: Publisher, clock: Clock) -> None:
    one, two = Signer("k1"), Signer("k2")
    publisher.publish(one)
    keys = IdentityKeys(publisher.url, refresh=300, clock=clock)
    assert not keys.known("k1")
    for _ in range(3):
        assert keys.find("k1") == one.private.public_key()
    assert keys.known("k1")
    assert publisher.asked == 1
    publisher.publish(two)
    clock.now += 301
    assert not keys.known("k1")
    assert keys.find("k1") is None
    assert keys.find("k2") == two.private.public_key()
    assert publisher.asked == 2


def test_an_unknown_key_is_looked_for_at_once_but_not_again_and_again(publisher: Publisher, clock: Clock) -> None:
    one, two = Signer("k1"), Signer("k2")
    publisher.publish(one)
    keys = IdentityKeys(publisher.url, pause=10, clock=clock)
    assert keys.find("k1") is not None
    clock.now += 11
    publisher.publish(one, two)
    assert keys.find("k2") is not None
    for number in range(20):
        assert keys.find(f"made-up-{number}") is None
    assert publisher.asked == 2
    clock.now += 11
    assert keys.find("made-up") is None
    assert publisher.asked == 3


def test_the_last_keys_count_while_nobody_answers_and_not_for_ever(publisher: Publisher, clock: Clock) -> None:
    publisher.publish(Signer("k1"))
    keys = IdentityKeys(publisher.url, refresh=300, stale=3600, clock=clock)
    assert keys.find("k1") is not None
    publisher.status = 503
    clock.now += 301
    asked = publisher.asked
    for _ in range(100):
        clock.now += 5
        assert keys.find("k1") is not None
    assert publisher.asked - asked < 12
    clock.now += 3600
    with pytest.raises(KeysUnavailable, match="503"):
        keys.find("k1")


def test_without_any_keys_nothing_can_be_verified_and_the_asking_slows_down(publisher: Publisher, clock: Clock) -> None:
    publisher.status = 500
    keys = IdentityKeys(publisher.url, clock=clock)
    for _ in range(50):
        with pytest.raises(KeysUnavailable, match="it answers 500"):
            keys.find("k1")
    assert publisher.asked == 1
    clock.now += 1.1
    publisher.publish(Signer("k1"))
    assert keys.find("k1") is not None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"keys": 1}', b"<html>", b"x" * 70_000])
def test_what_are_no_keys_is_told(publisher: Publisher, content: bytes) -> None:
    publisher.content = content
    with pytest.raises(KeysUnavailable, match="No public key of the proxy can be read"):
        IdentityKeys(publisher.url).find("k1")


def test_a_redirect_is_not_followed(publisher: Publisher) -> None:
    publisher.status = 302
    with pytest.raises(KeysUnavailable, match="it answers 302"):
        IdentityKeys(publisher.url).find("k1")


def test_replicas_keys_count_together_and_one_that_is_gone_does_no_harm(tmp_path: Path, clock: Clock) -> None:
    one, two = Signer("k1"), Signer("k2")
    files = [write_keys(tmp_path / "1.json", one), write_keys(tmp_path / "2.json", two), tmp_path / "gone.json"]
    keys = IdentityKeys(*files, clock=clock)
    assert keys.find("k1") == one.private.public_key()
    assert keys.find("k2") == two.private.public_key()
    assert keys.known("k2")


def test_a_file_is_read_again_for_a_key_that_is_not_in_it(tmp_path: Path, clock: Clock) -> None:
    file = write_keys(tmp_path / "keys.json", Signer("k1"))
    keys = IdentityKeys(file, clock=clock)
    assert keys.find("k1") is not None
    write_keys(file, Signer("k2"))
    clock.now += 11
    assert keys.find("k2") is not None


def test_keys_of_other_kinds_are_passed_over() -> None:
    good = Signer("k1").jwk
    others = [
        {"kty": "RSA", "kid": "k2", "n": "AQAB", "e": "AQAB"},
        {**good, "kid": "k3", "crv": "X25519"},
        {**good, "kid": "k4", "use": "enc"},
        {**good, "kid": 5},
        "k6",
    ]
    assert set(read_jwks(json.dumps({"keys": [*others, good]}).encode())) == {"k1"}


def test_threads_that_need_keys_at_once_read_them_once(publisher: Publisher) -> None:
    publisher.publish(Signer("k1"))
    keys = IdentityKeys(publisher.url)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(keys.find("k1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert None not in found
    assert publisher.asked == 1


def test_sources_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        IdentityKeys()
    with pytest.raises(ValueError, match="name an http:// or https:// URL"):
        IdentityKeys("ftp://proxy/keys")
