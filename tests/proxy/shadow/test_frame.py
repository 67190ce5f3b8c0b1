"""Frames: what a worker packs is what a comparer reads, however the stream is cut, and garbage is only ever refused."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.shadow.frame import BadFrame, Frames, Side, Unequal, comparer_of, longest_frame, pack

_MOST = longest_frame(1024)
_texts = st.text(st.characters(categories=("L", "N", "P"), exclude_characters="\r\n"), max_size=20)
_lines = st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b"")), max_size=4)
_seconds = st.floats(0, 1e9)
_sides = st.builds(Side, status=st.integers(100, 999), lines=_lines, body=st.binary(max_size=200), seconds=_seconds)
_exchanges = st.builds(
    Unequal,
    route=_texts,
    template=_texts,
    stage=st.sampled_from(["shadow", "canary", "extracted"]),
    answering=st.sampled_from(["monolith", "candidate"]),
    group=_texts,
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    target=st.binary(max_size=40).map(lambda target: b"/" + target.replace(b"\r", b"").replace(b"\n", b"")),
    candidate_target=st.binary(max_size=40).map(lambda target: target.replace(b"\r", b"").replace(b"\n", b"")),
    request_lines=_lines,
    candidate_lines=_lines,
    request_body=st.binary(max_size=200),
    strategy=st.sampled_from(["", "sandbox", "dry-run"]),
    subject=_texts,
    release=_texts,
    old=_sides,
    new=_sides,
    again=st.none() | _sides,
    withheld=st.booleans(),
    at=_seconds,
)


def _cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in pairwise(places)]


@given(st.lists(_exchanges, max_size=4), st.lists(st.integers(0, 100_000), max_size=12))
def test_however_the_stream_is_cut_the_same_exchanges_come_out(exchanges: list[Unequal], cuts: list[int]) -> None:
    frames = Frames(_MOST)
    found = [each for piece in _cut(b"".join(map(pack, exchanges)), cuts) for each in frames.feed(piece)]
    assert found == exchanges
    assert frames.held == 0


@given(_exchanges)
def test_a_stream_that_comes_byte_by_byte_is_read_too(exchange: Unequal) -> None:
    frames = Frames(_MOST)
    packed = pack(exchange)
    for number in range(len(packed) - 1):
        assert frames.feed(packed[number : number + 1]) == []
    assert frames.feed(packed[-1:]) == [exchange]


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_garbage_is_refused_with_the_one_error_or_waited_for(pieces: list[bytes]) -> None:
    frames = Frames(_MOST)
    try:
        for piece in pieces:
            frames.feed(piece)
    except BadFrame:
        pass
    else:
        assert frames.held <= _MOST


@given(_exchanges, st.integers(0, 100_000), st.integers(1, 255))
def test_a_frame_with_one_byte_changed_is_read_or_refused_with_the_one_error(
    exchange: Unequal, place: int, change: int
) -> None:
    packed = bytearray(pack(exchange))
    packed[place % len(packed)] ^= change
    try:
        found = Frames(_MOST).feed(bytes(packed))
    except BadFrame:
        return
    for each in found:
        assert isinstance(each, Unequal)
        assert pack(each)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=6,
)


@given(_exchanges, st.data())
def test_a_head_with_one_value_of_another_kind_is_read_or_refused_with_the_one_error(
    exchange: Unequal, data: st.DataObject
) -> None:
    packed = pack(exchange)
    end = 8 + int.from_bytes(packed[4:8], "big")
    head = json.loads(packed[8:end])
    place = head
    key = data.draw(st.sampled_from(sorted(head)))
    if isinstance(head[key], dict) and data.draw(st.booleans()):
        place = head[key]
        key = data.draw(st.sampled_from(sorted(place)))
    place[key] = data.draw(_json)
    with suppress(BadFrame):
        Frames(_MOST).feed(_framed(json.dumps(head).encode(), packed[end:]))


def _framed(head: bytes, bodies: bytes = b"") -> bytes:
    return (4 + len(head) + len(bodies)).to_bytes(4, "big") + len(head).to_bytes(4, "big") + head + bodies


def _exchange(**changed: Any) -> Unequal:
    side = Side(status=200, lines=[b"Content-Type: text/plain"], body=b"one", seconds=0.5)
    given: dict[str, Any] = {
        "route": "catalog.detail",
        "template": "/products/<int:id>/",
        "stage": "shadow",
        "answering": "monolith",
        "group": "",
        "method": "GET",
        "target": b"/products/7/",
        "candidate_target": b"/v1/products/7",
        "request_lines": [b"Host: shop", b"Cookie: sessionid=1"],
        "candidate_lines": [b"Host: shop"],
        "request_body": b"",
        "strategy": "",
        "subject": "",
        "release": "1.4",
        "old": side,
        "new": side,
        "again": None,
        "withheld": False,
        "at": 1.0,
    }
    return Unequal(**{**given, **changed})


def test_a_length_past_the_bound_is_refused_before_anything_of_it_is_kept() -> None:
    frames = Frames(1000)
    with pytest.raises(BadFrame, match="1001 bytes, where 1000"):
        frames.feed((1001).to_bytes(4, "big"))


def test_the_longest_bodies_that_are_taken_make_a_frame_that_is_taken() -> None:
    body = b"x" * 5000
    side = Side(status=200, lines=[b"X-Long: " + b"\xff" * 262_000], body=body, seconds=0.1)
    exchange = _exchange(
        request_body=body,
        old=side,
        new=side,
        again=side,
        request_lines=[b"Cookie: " + b"\xfe" * 60_000],
        candidate_lines=[b"Cookie: " + b"\xfe" * 60_000],
    )
    assert Frames(longest_frame(5000)).feed(pack(exchange)) == [exchange]


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"[]", "not whole"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "route"),
        (b'{"route": "\\ud800"}', "route"),
    ],
)
def test_a_head_that_is_none_is_refused_and_says_why(head: bytes, why: str) -> None:
    with pytest.raises(BadFrame, match=why):
        Frames(_MOST).feed(_framed(head))


def test_a_head_longer_than_its_frame_is_refused() -> None:
    with pytest.raises(BadFrame):
        Frames(_MOST).feed((6).to_bytes(4, "big") + (100).to_bytes(4, "big") + b"{}")


@pytest.mark.parametrize("line", ["a\r\nb", "a\nb", "\u20ac"])
def test_a_line_that_would_become_two_or_is_no_bytes_is_refused(line: str) -> None:
    packed = pack(_exchange(request_lines=[b"MARK"]))
    end = 8 + int.from_bytes(packed[4:8], "big")
    head = json.loads(packed[8:end])
    head["request_lines"] = [line]
    with pytest.raises(BadFrame, match="line"):
        Frames(_MOST).feed(_framed(json.dumps(head).encode(), packed[end:]))


def test_bodies_that_nobody_told_of_are_refused() -> None:
    packed = pack(_exchange())
    end = 8 + int.from_bytes(packed[4:8], "big")
    with pytest.raises(BadFrame, match="more bodies"):
        Frames(_MOST).feed(_framed(packed[8:end], packed[end:] + b"x"))


@pytest.mark.parametrize("at", ["NaN", "Infinity", "-1", "1" + "0" * 400, "null", '"now"'])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    packed = pack(_exchange(at=12345.0))
    end = 8 + int.from_bytes(packed[4:8], "big")
    with pytest.raises(BadFrame, match="a time"):
        Frames(_MOST).feed(_framed(packed[8:end].replace(b"12345.0", at.encode()), packed[end:]))


def test_what_it_holds_is_never_shown_by_its_repr() -> None:
    assert "sessionid" not in repr(_exchange())
    assert "one" not in repr(_exchange().old)


@given(st.text(max_size=30), st.integers(1, 16))
def test_a_route_always_goes_to_the_same_comparer_that_is_there(route: str, comparers: int) -> None:
    number = comparer_of(route, comparers)
    assert 0 <= number < comparers
    assert number == comparer_of(route, comparers)


def test_routes_are_spread_over_the_comparers_and_no_later_version_moves_them() -> None:
    routes = [f"catalog.route-{number}" for number in range(64)]
    assert {comparer_of(route, 4) for route in routes} == {0, 1, 2, 3}
    assert comparer_of("catalog.product-detail", 1000) == 292
