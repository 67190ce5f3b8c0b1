from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.evidence import Sketch, hash64


def filled(count: int, start: int = 0) -> Sketch:
    made = Sketch()
    for number in range(start, start + count):
        made.add(hash64(str(number).encode()))
    return made


@given(st.lists(st.integers(0, 2**64 - 1), max_size=120))
def test_few_are_counted_exactly(hashes: list[int]) -> None:
    sketch = Sketch()
    for each in hashes * 2:
        sketch.add(each)
    assert sketch.exact
    assert sketch.estimate() == len(set(hashes))
    assert bool(sketch) is bool(hashes)


@pytest.mark.parametrize("count", [121, 300, 1000, 2000, 2560, 3000, 5000, 20_000, 100_000])
def test_many_are_counted_within_three_standard_errors(count: int) -> None:
    sketch = filled(count)
    assert not sketch.exact
    assert abs(sketch.estimate() - count) <= 3 * sketch.error * count


@pytest.mark.parametrize(("first", "second"), [(10, 10), (100, 100), (10, 1000), (1000, 10), (3000, 3000)])
def test_merging_is_counting_everything_in_one(first: int, second: int) -> None:
    merged = filled(first)
    merged.merge(filled(second, start=first // 2))
    assert merged.to_json() == filled(first // 2 + second if second > first // 2 else first).to_json()


@pytest.mark.parametrize("count", [0, 5, 5000])
def test_it_travels_as_json_in_about_a_kilobyte(count: int) -> None:
    sketch = filled(count)
    text = json.dumps(sketch.to_json())
    assert Sketch.from_json(json.loads(text)).to_json() == sketch.to_json()
    assert len(text) < 2500


def test_a_hash_is_the_same_in_every_process() -> None:
    assert hash64(b"strangler") == 0xA39BEED343BA5F04
