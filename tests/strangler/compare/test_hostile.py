"""Answers that are meant to cost: each comes to a verdict, and what was too much is said."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from strangler.compare import Answer, Limits, Rules, Verdict, compare_answers, judge, parse_rules
from tests.strangler.compare.documents import answer, compared

SET = parse_rules('[[rule]]\npath = "$"\nlist = "set"\nwhy = "x"', "f")
EVERYWHERE = parse_rules(
    "\n".join(f'[[rule]]\npath = "$..{key}"\nseverity = "warning"\nwhy = "x"' for key in "abc"), "f"
)


def test_five_million_brackets_are_inconclusive() -> None:
    found = compared("[" * 5_000_000, "[" * 4_999_999)
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, "limits")


@pytest.mark.parametrize("size", [100, 10_000])
def test_sets_of_ten_thousand_without_a_twin_are_inconclusive(size: int) -> None:
    old, new = [{"a": number} for number in range(size)], [{"a": -1 - number} for number in range(size)]
    found = compared(old, new, SET)
    assert found.verdict is (Verdict.DIFFER if size == 100 else Verdict.INCONCLUSIVE)


def test_lists_of_ten_thousand_and_one_less_end_without_aligning_each_with_each() -> None:
    old, new = [{"a": number} for number in range(10_000)], [{"a": -1 - number} for number in range(9_999)]
    assert compared(old, new).verdict is Verdict.DIFFER
    assert compared(old, new, EVERYWHERE).verdict is Verdict.DIFFER


def test_numbers_of_a_million_digits_are_compared() -> None:
    digits = "1" * 1_000_000
    assert compared(digits, f" {digits}").verdict is Verdict.AGREE
    assert compared(digits, digits[:-1] + "2").verdict is Verdict.DIFFER
    assert compared(f"{digits}.0", f"{digits}.00").differences[0].kind == "notation"
    assert len(compared(digits, "1").differences[0].old or "") == 200


def test_a_key_a_hundred_thousand_times_over_is_compared() -> None:
    one = "{" + ",".join(['"a":1'] * 100_000) + "}"
    assert compared(one, one + " ").verdict is Verdict.AGREE
    assert [each.kind for each in compared(one, one.replace(":1}", ":2}")).differences] == ["value"]
    assert [each.kind for each in compared(one, '{"a":1}').differences] == ["duplicate"]


def nested(depth: int, leaf: Any) -> Any:
    node = leaf
    for _ in range(depth):
        node = {"a": [1] * 300, "b": node}
    return node


@pytest.mark.parametrize("rules", [Rules(), EVERYWHERE, SET])
def test_equal_parts_at_every_depth_are_looked_at_in_time(rules: Rules) -> None:
    assert compared(nested(100, 1), nested(100, 2), rules).verdict is not Verdict.INCONCLUSIVE


def test_a_wide_object_under_many_patterns_is_compared() -> None:
    # Every subset of what the steps have come to is a state of its own.
    paths = ["$..a" + ".*" * number + ".b" for number in range(12)]
    rules = parse_rules("\n".join(f'[[rule]]\npath = "{path}"\nignore = true\nwhy = "x"' for path in paths), "f")
    node: Any = 1
    for number in range(100):
        node = {"ab"[number * 7 % 11 % 2]: node, "c": {str(each): each for each in range(20)}}
    assert compared(node, {**node, "z": 1}, rules).verdict is Verdict.DIFFER


def test_the_judge_of_hostile_answers_ends() -> None:
    old = answer([{"a": number} for number in range(3_000)])
    new = answer([{"a": str(number)} for number in range(2_999)])
    again = answer([{"b": number, "a": None} for number in range(3_000)])
    assert judge(old, new, [again]).comparison.verdict is Verdict.DIFFER
    deep = [answer("[" * 120 + str(number) + "]" * 120) for number in range(3)]
    assert judge(deep[0], deep[1], [deep[2]]).comparison.verdict is not Verdict.DIFFER
    past = [Answer(200, (("Content-Type", "application/json"),), b"[" * 100_000 + b"1" * each) for each in range(3)]
    assert judge(past[0], past[1], [past[2]]).comparison.verdict is Verdict.INCONCLUSIVE


def test_a_body_of_text_past_the_limit_is_inconclusive() -> None:
    old, new = (Answer(200, (("Content-Type", "text/plain"),), b"\n" * each) for each in (5_000, 5_001))
    found = compare_answers(old, new, limits=Limits(nodes=1_000))
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, "limits")


@pytest.mark.slow
def test_where_python_forbids_to_compare_texts_with_bytes_nothing_raises() -> None:
    program = (
        "from strangler.compare import Answer, compare_answers, judge\n"
        "one, other, third = (\n"
        "    Answer(200, (('Content-Type', 'application/json'),), body)\n"
        '    for body in (b\'{"a": 1, "b": 1}\', b\'{"a": "1", "b": 2}\', b\'{"a": "2", "b": 1}\')\n'
        ")\n"
        "print(compare_answers(one, other).verdict, judge(one, third, [other]).comparison.verdict)\n"
    )
    command = [sys.executable, "-bb", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["inconclusive", "inconclusive"]
