"""Recorded requests to write and to read."""

from __future__ import annotations

from hypothesis import strategies as st

from strangler.compare import Answer, Request
from strangler.recording import Recorded

__all__ = ["RECORDED", "recorded"]

_WIRE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=8)
_HEADERS = st.lists(st.tuples(_WIRE, _WIRE), max_size=3).map(tuple)
_BODIES = st.binary(max_size=12) | st.text(max_size=12).map(lambda text: text.encode("utf-8", "replace"))
_REQUESTS = st.builds(
    Request, st.sampled_from(["GET", "POST"]), st.text(min_size=1, max_size=12), st.text(max_size=5), _HEADERS, _BODIES
)
_ANSWERS = st.none() | st.builds(Answer, st.integers(100, 999), _HEADERS, _BODIES)
_SECONDS = st.none() | st.floats(0, 1e6)
RECORDED = st.builds(
    Recorded, st.floats(0, 4e9), _REQUESTS, _ANSWERS, _ANSWERS, st.text(max_size=6), _SECONDS, _SECONDS
)


def recorded(
    target: str = "/", method: str = "GET", *, at: float = 1.0, client: str = "", body: bytes = b""
) -> Recorded:
    """A request that the monolith answered with 200."""
    answer = Answer(200, (("Content-Type", "text/plain"),), b"here you are")
    return Recorded(at, Request(method, target, "", (("Host", "shop.example"),), body), answer, None, client, 0.25)
