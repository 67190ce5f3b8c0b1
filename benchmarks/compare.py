"""What comparing two unequal JSON answers costs, beside deepdiff and jsondiff on the same documents.

Ours is given two answers, and reads them, compares headers and bodies and says where they differ. The peers are given
the same bodies by `json.loads`, as people do it, and told of an order that does not matter where they can be. A peer
that takes longer than the cap is cut off: it is at least so much slower, then and with every longer document.
"""

from __future__ import annotations

import gc
import json
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import process_time
from types import FrameType
from typing import Any

import jsondiff
from deepdiff import DeepDiff
from deepdiff.helper import CannotCompare

from benchmarks.bars import Bar
from benchmarks.pace import Pace
from strangler.compare import Answer, Comparison, Rules, Verdict, compare_answers, parse_rules

__all__ = ["measure"]

TIMES_FASTER = 20
RULES_RATIO = 3.0
LINEAR = 1.5
HOSTILE_MS = 2_000.0
_SIZES = {"1 KB": 5, "10 KB": 50, "100 KB": 500, "1 MB": 5_000, "5 MB": 25_000}
_SHORTEST = 0.1
_HEADERS = (("Content-Type", "application/json"), ("Vary", "Accept, Cookie"), ("Allow", "GET, HEAD, OPTIONS"))


@dataclass(frozen=True, slots=True)
class _Case:
    """One way to be unequal: what becomes of the new document, and how each of us is told to compare."""

    name: str
    change: Callable[[dict[str, Any]], bytes]
    verdict: Verdict
    rules: Rules
    deepdiff: dict[str, Any]
    jsondiff: bool = True


def _page(products: int) -> dict[str, Any]:
    """A page of the shop's products, about 200 bytes each, whose numbers and texts are no two alike."""
    chance = random.Random(products)
    return {
        "count": products,
        "next": None,
        "results": [
            {
                "id": number,
                "sku": f"SKU-{number:06d}",
                "name": f"Oak table number {number}",
                "price": f"{chance.random() * 100:.2f}",
                "rating": round(chance.random() * 5, 2),
                "in_stock": chance.random() < 0.5,
                "tags": ["oak", f"t{number % 13}"],
                "category": {"id": number % 7, "slug": f"category-{number % 7}"},
            }
            for number in range(products)
        ],
    }


def _as_it_is(page: dict[str, Any]) -> bytes:
    return json.dumps(page, indent=1, sort_keys=True).encode()


def _one(page: dict[str, Any]) -> bytes:
    page["results"][len(page["results"]) // 2]["price"] = "0.00"
    return json.dumps(page).encode()


def _many(page: dict[str, Any]) -> bytes:
    for product in page["results"]:
        product["rating"] += 1
    return json.dumps(page).encode()


def _shuffled(page: dict[str, Any]) -> bytes:
    random.Random(1).shuffle(page["results"])
    return json.dumps(page).encode()


def _by_id(old: Any, new: Any, _level: object = None) -> bool:
    try:
        return bool(old["id"] == new["id"])
    except (KeyError, TypeError):
        raise CannotCompare from None


def _list_rule(how: str) -> Rules:
    return parse_rules(f'[[rule]]\npath = "$.results"\nlist = "{how}"\nwhy = "measured"', "rules.toml")


def _fifty_rules() -> Rules:
    """What a big rules file may have: most of it for fields that this page does not have, some at any depth."""
    places = [
        *(f'path = "$.results[*].field{number}"\nignore = true' for number in range(40)),
        *(f'path = "$..field{number}"\ntolerance = 0.01' for number in range(6)),
        'path = "$.results[*].rating"\ntolerance = 0.01',
        'path = "$..updated_at"\ntime = 2',
        'path = "$.next"\nurl_host = true',
        'header = "X-*"\nignore = true',
    ]
    return parse_rules("\n".join(f'[[rule]]\n{place}\nwhy = "measured"' for place in places), "rules.toml")


_CASES = (
    _Case("equal, other bytes", _as_it_is, Verdict.AGREE, Rules(), {}),
    _Case("one field", _one, Verdict.DIFFER, Rules(), {}),
    _Case("many fields", _many, Verdict.DIFFER, Rules(), {}),
    _Case("reordered, a set", _shuffled, Verdict.AGREE, _list_rule("set"), {"ignore_order": True}, jsondiff=False),
    _Case(
        "reordered, by key", _shuffled, Verdict.AGREE, _list_rule("key:id"), {"iterable_compare_func": _by_id}, False
    ),
)


class _CutOff(BaseException):
    """Not an Exception: a peer must not catch it."""


@contextmanager
def _capped(seconds: float) -> Iterator[None]:
    def cut_off(_signal: int, _frame: FrameType | None) -> None:
        raise _CutOff

    before = signal.signal(signal.SIGPROF, cut_off)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _seconds(action: Callable[[], object], rounds: int) -> float:
    """Processor time of one call: the median of so many rounds, or fewer when they take long."""

    def taken(calls: int) -> float:
        start = process_time()
        for _ in range(calls):
            action()
        return process_time() - start

    calls, first = 1, taken(1)
    # The clock may tick only a hundred times a second.
    while first < _SHORTEST:
        calls *= 2 if first < _SHORTEST / 20 else max(2, int(_SHORTEST / first) + 1)
        first = taken(calls)
    if first > 1.0:
        return first / calls
    return median(taken(calls) / calls for _ in range(rounds))


def _capped_seconds(action: Callable[[], object], cap: float) -> float | None:
    """As `_seconds`, of a peer; None when it was cut off."""
    try:
        with _capped(cap):
            first = _seconds(action, 1)
        return first if first > 0.5 else _seconds(action, 3)
    except _CutOff:
        return None


def _peers(case: _Case) -> dict[str, Callable[[bytes, bytes], object]]:
    peers: dict[str, Callable[[bytes, bytes], object]] = {
        "deepdiff": lambda old, new: DeepDiff(json.loads(old), json.loads(new), **case.deepdiff)
    }
    if case.jsondiff:
        peers["jsondiff"] = lambda old, new: jsondiff.diff(json.loads(old), json.loads(new))
    return peers


def _ours(case: _Case, old: Answer, new: Answer) -> Callable[[], Comparison]:
    compare = partial(compare_answers, old, new, case.rules)
    if compare().verdict is not case.verdict:
        raise AssertionError(f"{case.name}: {compare()}")
    return compare


def _answer(body: bytes) -> Answer:
    return Answer(200, _HEADERS, body)


def _table(pace: Pace, cap: float) -> dict[str, float]:
    """Print the table; the greatest ratio of ours to each peer's."""
    print(f"Comparing, ms of processor time, and how many times as long a peer takes (cut off after {cap:g} s)")
    print(f"{'':<20}{'':<8}{'ours':>10}{'deepdiff':>12}{'':>10}{'jsondiff':>12}")
    worst: dict[str, float] = {}
    for case in _CASES:
        cut: set[str] = set()
        for size, products in _SIZES.items():
            old, new = json.dumps(_page(products)).encode(), case.change(_page(products))
            ours = _seconds(_ours(case, _answer(old), _answer(new)), pace.rounds(5))
            line = f"{case.name:<20}{size:<8}{ours * 1e3:>10.3f}"
            for peer, compare in _peers(case).items():
                theirs = None if peer in cut else _capped_seconds(partial(compare, old, new), cap)
                if theirs is None:
                    cut.add(peer)
                worst[peer] = max(worst.get(peer, 0.0), ours / (theirs or cap))
                shown = f"> {cap / ours:,.0f} x" if theirs is None else f"{theirs / ours:,.0f} x"
                line += f"{'' if theirs is None else f'{theirs * 1e3:,.1f}':>12}{shown:>10}"
            print(line, flush=True)
    return worst


def _growth(pace: Pace) -> float:
    """Print what a byte of 5 MB costs to a byte of 100 KB; the greatest ratio to what it does in `json.loads`, which
    feels the processor's caches and Python's collector just as well."""
    worst = 0.0
    for case in _CASES:
        seen: dict[str, list[float]] = {"ours": [], "loads": []}
        pairs = {size: (json.dumps(_page(size)).encode(), case.change(_page(size))) for size in (500, 25_000)}
        for _ in range(pace.rounds(5)):
            taken: dict[str, list[float]] = {"ours": [], "loads": []}
            for size, (old, new) in pairs.items():
                taken["ours"].append(_seconds(_ours(case, _answer(old), _answer(new)), 3) / size)
                taken["loads"].append(_seconds(partial(_loaded, old, new), 3) / size)
            for name, (small, large) in taken.items():
                seen[name].append(large / small)
        ours, loads = median(seen["ours"]), median(seen["loads"])
        worst = max(worst, ours / loads)
        print(f"{case.name:<20}5 MB to 100 KB, a byte: {ours:.2f}, json.loads {loads:.2f}")
    return worst


def _loaded(old: bytes, new: bytes) -> None:
    json.loads(old)
    json.loads(new)


def _under_rules(pace: Pace) -> float:
    """Print what fifty rules add; the greatest ratio."""
    fifty, worst = _fifty_rules(), 0.0
    for name, change in (("equal, other bytes", _as_it_is), ("one field", _one)):
        old, new = _answer(json.dumps(_page(500)).encode()), _answer(change(_page(500)))
        seen: dict[str, list[float]] = {"none": [], "fifty": []}
        for _ in range(pace.rounds(9)):
            seen["none"].append(_seconds(partial(compare_answers, old, new), 5))
            seen["fifty"].append(_seconds(partial(compare_answers, old, new, fifty), 5))
        none, many = median(seen["none"]), median(seen["fifty"])
        worst = max(worst, many / none)
        print(f"{name:<20}100 KB  no rules {none * 1e3:.3f} ms, 50 rules {many * 1e3:.3f} ms, ratio {many / none:.2f}")
    return worst


def _hostile(pace: Pace) -> float:
    """Print what answers cost that are meant to cost; the greatest in ms."""
    deep = b'{"a":' * 120
    documents = {
        "5 MB of [": (b"[" * 5_000_000, b"[" * 4_999_999),
        "a number of 5 MB": (b"1" * 5_000_000, b"1" * 4_999_999 + b"2"),
        "a key 500,000 times": (b"{" + b",".join([b'"a":1'] * 500_000) + b"}", b'{"a":1}'),
        "120 levels of 40 KB": (
            b"".join(b'{"a":[' + b"1," * 20_000 + b'1],"b":' for _ in range(120)) + b"1" + b"}" * 120,
            b"".join(b'{"a":[' + b"1," * 20_000 + b'1],"b":' for _ in range(120)) + b"2" + b"}" * 120,
        ),
        "10,000 x 10,000": tuple(
            json.dumps([{"a": sign * number} for number in range(1, 10_001)]).encode() for sign in (1, -1)
        ),
        "500,000 unequal": (json.dumps([1] * 500_000).encode(), json.dumps([2] * 500_000).encode()),
        "depth and width": (deep + b"1" + b"}" * 120, deep + b"[" + b"1," * 1_000_000 + b"1]" + b"}" * 120),
    }
    rules = parse_rules('[[rule]]\npath = "$"\nlist = "set"\nwhy = "measured"', "rules.toml")
    worst = 0.0
    for name, (old, new) in documents.items():
        some = rules if " x " in name else Rules()
        compare = partial(compare_answers, _answer(old), _answer(new), some)
        milliseconds = _seconds(compare, pace.rounds(3)) * 1e3
        worst = max(worst, milliseconds)
        print(f"{name:<20}        {milliseconds:>10.1f} ms  {compare().verdict}")
    return worst


def _equal_bytes(pace: Pace) -> None:
    body = json.dumps(_page(_SIZES["5 MB"])).encode()
    old, new = _answer(body), _answer(bytes(bytearray(body)))
    bare = _seconds(lambda: old.body == new.body, pace.rounds(5))
    ours = _seconds(partial(compare_answers, old, new), pace.rounds(5))
    print(f"{'equal bytes':<20}5 MB    {ours * 1e3:>10.3f} ms, of which comparing the bytes {bare * 1e3:.3f} ms")


def measure(pace: Pace) -> list[Bar]:
    """Print milliseconds a comparison beside the peers, under fifty rules, and of hostile answers.

    The bars are on the worst of all cases and sizes, on how time grows with size, and on the worst hostile answer.
    """
    # Python's collector looks through everything that was ever imported or measured here, ever again, for all of us.
    gc.collect()
    gc.freeze()
    worst = _table(pace, pace.seconds(10))
    growth = _growth(pace)
    _equal_bytes(pace)
    under_rules = _under_rules(pace)
    hostile = _hostile(pace)
    return [
        Bar("a comparison's time to deepdiff's, the worst case", worst["deepdiff"], 1 / TIMES_FASTER),
        Bar("a comparison's time to jsondiff's, the worst case", worst["jsondiff"], 1.0, strict=True),
        Bar("comparing 5 MB to 100 KB, a byte, to reading them", growth, LINEAR),
        Bar("comparing under 50 rules, to none", under_rules, RULES_RATIO),
        Bar("a comparison of hostile answers", hostile, HOSTILE_MS, "ms"),
    ]
