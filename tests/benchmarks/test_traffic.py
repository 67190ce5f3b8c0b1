"""The customers' requests: as browsers send them, no two alike, and the same for every peer."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest

from benchmarks import wrk
from benchmarks.processes import workplace
from benchmarks.traffic import GETS, ORDERS, USERS, Kind, headers, requests, write_script
from benchmarks.upstream import start_upstream

KINDS = [pytest.param(kind, id=kind.name) for kind in (*GETS.values(), ORDERS)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_requests_are_alike(kind: Kind) -> None:
    sent = list(islice(requests(kind, 50), 2 * USERS))
    assert len(set(sent)) == len(sent)
    assert len({request.partition(b"\r\n\r\n")[0].partition(b"\r\n")[2] for request in sent}) == USERS


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_is_whole_and_says_its_length(kind: Kind) -> None:
    for request in islice(requests(kind, 3), 20):
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        assert re.fullmatch(rb"(GET|POST) /api/v1/c[0-2]/%s/\d+/ HTTP/1\.1" % kind.name.encode(), first)
        said = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
        assert len(said) == len(lines) >= 10
        assert {b"host", b"user-agent", b"accept", b"cookie", b"referer"} <= said.keys()
        assert len(body) == kind.sent == int(said.get(b"content-length", b"0"))


def test_every_peer_is_sent_the_same() -> None:
    first, second = (list(islice(requests(GETS[1], 50), 100)) for _ in range(2))
    assert first == second


def test_wrk_is_given_every_customer(tmp_path: Path) -> None:
    script = write_script(tmp_path, ORDERS, 50).read_text()
    assert 'return "POST /api/v1/c" .. route .. "/orders/" .. number .. "/ HTTP/1.1\\r\\n" .. rests[at]' in script
    assert "math.random(0, 49)" in script
    rests = (tmp_path / "orders.requests").read_bytes().split(b"\0")
    assert rests == headers(ORDERS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_upstream_understands_what_wrk_sends(kind: Kind) -> None:
    if not Path(wrk.PROGRAM).exists():
        pytest.skip("wrk is not on this machine: scripts/setup --bench")
    with ExitStack() as stack:
        folder = workplace(stack)
        upstream = start_upstream(stack, folder)
        said = wrk.load(upstream.port, write_script(folder, kind, 50), connections=2, seconds=1)
        with socket.create_connection(("127.0.0.1", upstream.port)) as connection:
            connection.sendall(next(requests(kind, 50)))
            assert b"\r\nContent-Length: %d\r\n" % kind.answered in connection.recv(4096)
    assert said.count > 0
