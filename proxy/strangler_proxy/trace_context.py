"""W3C Trace Context: what `traceparent` and `tracestate` say, read as strictly as the recommendation asks. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["RANDOM", "SAMPLED", "Parent", "parent_of", "parse_traceparent", "parse_tracestate", "traceparent"]

SAMPLED: Final = 1
RANDOM: Final = 2

_KNOWN_FLAGS: Final = SAMPLED | RANDOM
# Later versions may append something behind another dash; what stands before it keeps its meaning.
_TRACEPARENT: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_KEY: Final = rb"[a-z0-9][a-z0-9_\-*/@]{0,255}"
_VALUE: Final = rb"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER: Final = re.compile(rb"(%b)=(%b)" % (_KEY, _VALUE))
_MOST_MEMBERS: Final = 32


class Parent:
    """Whose child a request is. `state` is the tracestate as it is to be passed on, empty for none."""

    __slots__ = ("flags", "span_id", "state", "trace_id")

    def __init__(self, trace_id: int, span_id: int, flags: int, state: bytes) -> None:
        self.trace_id: int = trace_id
        self.span_id: int = span_id
        self.flags: int = flags
        self.state: bytes = state


def parent_of(lines: Iterable[bytes]) -> Parent | None:
    """What the header lines say of a parent, None for nothing that is valid.

    Without a valid traceparent the tracestate means nothing; one that is wrong itself is left out alone.
    """
    parents: list[bytes] = []
    states: list[bytes] = []
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == b"traceparent":
            parents.append(value.strip(b" \t"))
        elif name == b"tracestate":
            states.append(value)
    if len(parents) != 1:
        return None
    parent = parse_traceparent(parents[0])
    if parent is not None and states:
        parent.state = parse_tracestate(b",".join(states))
    return parent


def parse_traceparent(value: bytes) -> Parent | None:
    """One traceparent's value, None where it is not valid."""
    found = _TRACEPARENT.fullmatch(value)
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == b"ff" or (version == b"00" and rest is not None):
        return None
    parent = Parent(int(trace_id, 16), int(span_id, 16), int(flags, 16) & _KNOWN_FLAGS, b"")
    return parent if parent.trace_id and parent.span_id else None


def parse_tracestate(value: bytes) -> bytes:
    """A tracestate's members as they are to be passed on, in order; empty where the list is not valid."""
    members: list[bytes] = []
    keys: set[bytes] = set()
    for piece in value.split(b","):
        member = piece.strip(b" \t")
        if not member:
            continue
        found = _MEMBER.fullmatch(member)
        if found is None or found[1] in keys:
            return b""
        keys.add(found[1])
        members.append(member)
    return b",".join(members) if len(members) <= _MOST_MEMBERS else b""


def traceparent(trace_id: int, span_id: int, flags: int) -> bytes:
    """The value that names a span to whoever is asked on its behalf."""
    return b"00-%032x-%016x-%02x" % (trace_id, span_id, flags)
