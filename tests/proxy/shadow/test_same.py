"""Equal answers and equal header lines, by what a client can tell of them."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.shadow.same import same_lines

from strangler.compare.headers import VOLATILE
from tests.proxy.dataplane.raw import RawUpstream, answer
from tests.proxy.shadow.conftest import MakeScene, connect
from tests.proxy.shadow.listening import Comparer
from tests.proxy.shadow.scene import GET

NAMES = st.sampled_from(["X-A", "x-a", "X-B", "Vary", "Date", "date", "Server", "Content-Encoding", "Content-Length"])
VALUES = st.sampled_from(["", "1", " 1", "2", "a b", "a  b"])
LINES = st.lists(st.builds(lambda name, value: f"{name}:{value}".encode(), NAMES, VALUES), max_size=6)


def counted(lines: list[bytes]) -> Counter[tuple[str, str]]:
    pairs = [line.decode().partition(":") for line in lines]
    compared = [(name.lower(), value.strip()) for name, _, value in pairs]
    return Counter(each for each in compared if each[0] == "content-encoding" or each[0] not in VOLATILE)


@given(LINES, LINES)
def test_lines_are_the_same_when_each_that_counts_is_there_as_often(old: list[bytes], new: list[bytes]) -> None:
    assert same_lines(old, new) is (counted(old) == counted(new))


@given(LINES, st.randoms())
def test_in_any_order_they_are_the_same(lines: list[bytes], chance: object) -> None:
    other = [line.upper().split(b":")[0].lower() + line[line.index(b":") :] for line in reversed(lines)]
    assert same_lines(lines, other)


def test_headers_differ_by_what_they_say_not_by_order_case_or_moment(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    monolith.script = answer(b"HTTP/1.1 200 OK\r\nDate: x\r\nX-A: 1\r\nVary: b\r\nX-A: 2\r\nContent-Length: 0\r\n\r\n")
    catalog.script = answer(
        b"HTTP/1.1 200 Okay\r\nserver: y\r\nvary:b\r\nx-a: 2\r\ncontent-length: 0\r\nx-a:  1\r\n\r\n"
    )
    scene = make_scene()
    scene.ask(GET)
    scene.agreed()


@pytest.mark.parametrize(
    "other",
    [
        b"HTTP/1.1 201 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["status", "body", "header", "encoding"],
)
def test_whatever_differs_is_not_taken_for_equal(
    make_scene: MakeScene, catalog: RawUpstream, comparer: Comparer, other: bytes
) -> None:
    catalog.script = answer(other)
    scene = make_scene()
    connect(scene, comparer)
    scene.ask(GET)
    comparer.first()
    assert not scene.pairs()
