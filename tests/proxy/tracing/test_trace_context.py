"""traceparent and tracestate are read as W3C Trace Context asks, and whatever is not valid is as good as not sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.trace_context import Parent, parent_of, parse_traceparent, parse_tracestate, traceparent

TRACE = b"0af7651916cd43dd8448eb211c80319c"
SPAN = b"b7ad6b7169203331"
VALID = b"00-%b-%b-01" % (TRACE, SPAN)


def said(parent: Parent | None) -> tuple[int, int, int, bytes] | None:
    return None if parent is None else (parent.trace_id, parent.span_id, parent.flags, parent.state)


EXPECTED = (int(TRACE, 16), int(SPAN, 16), 1, b"")


def test_a_valid_traceparent_names_trace_span_and_flags() -> None:
    assert said(parse_traceparent(VALID)) == EXPECTED


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"00",
        VALID[:-1],
        VALID + b"0",
        VALID + b"-",
        VALID + b"-what-the-future-holds",
        b" " + VALID,
        VALID.upper(),
        VALID.replace(b"-", b"_"),
        b"0-" + VALID[3:],
        b"0x" + VALID[2:],
        b"ff" + VALID[2:],
        b"00-%b-%b-01" % (b"0" * 32, SPAN),
        b"00-%b-%b-01" % (TRACE, b"0" * 16),
        b"00-%b-%b-01" % (TRACE[:-1], SPAN),
        b"00-%b-%b-01" % (TRACE + b"0", SPAN),
        b"00-%b-%b-01" % (TRACE[:-1] + b"g", SPAN),
        b"00-%b-%b-1" % (TRACE, SPAN),
        b"00-%b-%b-0x" % (TRACE, SPAN),
        b"cc%b.extra" % VALID[2:],
    ],
)
def test_what_is_not_a_traceparent_is_none(value: bytes) -> None:
    assert parse_traceparent(value) is None


@pytest.mark.parametrize("rest", [b"", b"-", b"-what-the-future-holds", b"-\xff\n"])
def test_a_version_to_come_is_read_as_far_as_it_is_known(rest: bytes) -> None:
    assert said(parse_traceparent(b"cc" + VALID[2:] + rest)) == EXPECTED


def test_flags_that_mean_nothing_yet_are_not_passed_on() -> None:
    parent = parse_traceparent(VALID[:-2] + b"ff")
    assert parent is not None
    assert parent.flags == 3


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 3))
def test_what_is_sent_on_is_read_as_it_was_meant(trace_id: int, span_id: int, flags: int) -> None:
    assert said(parse_traceparent(traceparent(trace_id, span_id, flags))) == (trace_id, span_id, flags, b"")


@given(st.binary(max_size=80) | st.text("0123456789abcdefABCDEF-", min_size=50, max_size=60).map(str.encode))
def test_nothing_that_a_client_sends_raises(value: bytes) -> None:
    parent = parse_traceparent(value)
    assert parent is None or traceparent(parent.trace_id, parent.span_id, 0)[3:52] == value[3:52]
    parse_tracestate(value)


@pytest.mark.parametrize(
    ("value", "passed_on"),
    [
        (b"a=1", b"a=1"),
        (b"a=1,b=2", b"a=1,b=2"),
        (b" a=1 ,\tb=2\t", b"a=1,b=2"),
        (b"a=1,,b=2,", b"a=1,b=2"),
        (b"", b""),
        (b"1a-_*/@x=!\x22#$%&'()*+-./:;<>?[]^`{|}~", b"1a-_*/@x=!\x22#$%&'()*+-./:;<>?[]^`{|}~"),
        (b"tenant@system=a b", b"tenant@system=a b"),
        (b"a=" + b"v" * 256, b"a=" + b"v" * 256),
        (b"k" * 256 + b"=1", b"k" * 256 + b"=1"),
        (b",".join(b"k%d=1" % n for n in range(32)), b",".join(b"k%d=1" % n for n in range(32))),
    ],
)
def test_a_tracestate_is_passed_on_in_its_order(value: bytes, passed_on: bytes) -> None:
    assert parse_tracestate(value) == passed_on


@pytest.mark.parametrize(
    "value",
    [
        b"a",
        b"a=",
        b"=1",
        b"A=1",
        b"a =1",
        b"a=1=2",
        b"a=\xc3\xa4",
        b"a=\x01",
        b"a=1,a=2",
        b"a=1;b=2,c",
        b"a=" + b"v" * 257,
        b"k" * 257 + b"=1",
        b",".join(b"k%d=1" % n for n in range(33)),
    ],
)
def test_a_tracestate_with_anything_wrong_is_left_out_whole(value: bytes) -> None:
    assert parse_tracestate(value) == b""


def test_several_tracestate_lines_are_one_list() -> None:
    lines = [b"Tracestate: a=1, b=2", b"TraceParent:  " + VALID + b" ", b"TRACESTATE:c=3"]
    assert said(parent_of(lines)) == (*EXPECTED[:3], b"a=1,b=2,c=3")


def test_a_wrong_tracestate_does_not_undo_the_traceparent() -> None:
    assert said(parent_of([b"traceparent: " + VALID, b"tracestate: a=1,a=2"])) == EXPECTED


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"tracestate: a=1"],
        [b"traceparent: " + VALID, b"traceparent: " + VALID],
        [b"traceparent: nonsense", b"tracestate: a=1"],
    ],
)
def test_without_one_valid_traceparent_there_is_no_parent(lines: list[bytes]) -> None:
    assert parent_of(lines) is None
