"""Exchanges that are to be recorded cross to a comparer whole, beside those that are unequal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.shadow.frame import BadFrame, Frames, Side, longest_frame, pack, pack_passed
from strangler_proxy.shadow.passed import Passed, head_of

from tests.proxy.comparer.exchanges import exchange
from tests.proxy.recording.exchanges import answered, passed

_MOST = longest_frame(1000)
_text = st.text(st.characters(categories=("L", "N", "P")), max_size=12)
_line = st.binary(max_size=20).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b""))
_lines = st.lists(_line, max_size=3)
_seconds = st.floats(0, 10**9)
_passed = st.builds(
    Passed,
    order=_text,
    client=_text,
    route=_text,
    method=st.sampled_from(["GET", "POST"]),
    target=_line,
    lines=_lines,
    body=st.binary(max_size=500),
    candidate=st.booleans(),
    answer=st.builds(Side, status=st.integers(100, 999), lines=_lines, body=st.binary(max_size=500), seconds=_seconds),
    at=_seconds,
)


@given(st.lists(_passed, max_size=4), st.integers(1, 50))
def test_what_is_told_in_pieces_is_read_whole(told: list[Passed], size: int) -> None:
    frames, stream = Frames(_MOST), b"".join(map(pack_passed, told))
    found = [each for start in range(0, len(stream), size) for each in frames.feed(stream[start : start + size])]
    assert found == told


def test_both_kinds_can_be_told_on_one_stream() -> None:
    unequal = exchange()
    assert Frames(_MOST).feed(pack_passed(passed()) + pack(unequal) + pack_passed(passed())) == [
        passed(),
        unequal,
        passed(),
    ]


@pytest.mark.parametrize("name", ["order", "client", "route", "method", "target", "lines", "body", "answer", "at"])
def test_a_head_in_which_something_is_missing_is_refused(name: str) -> None:
    told = passed(body=b"sent", answer=answered(b"got"))
    head = {key: value for key, value in head_of(told).items() if key != name}
    text = json.dumps(head).encode()
    rest = b"".join((len(text).to_bytes(4, "big"), text, b"sentgot"))
    with pytest.raises(BadFrame):
        Frames(_MOST).feed(len(rest).to_bytes(4, "big") + rest)


def test_a_line_that_could_end_another_is_refused() -> None:
    told = pack_passed(passed(lines=[b"Host: shop?!"])).replace(b"?!", b"\\n")
    with pytest.raises(BadFrame):
        Frames(_MOST).feed(told)
