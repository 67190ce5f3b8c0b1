"""Equal header lines, by what a client can tell of them."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.shadow.same import same_lines

from strangler.compare.headers import VOLATILE

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
