"""What the counts prove."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strangler.callers import Caller, Callers, Counted, Passage, Reached, read_callers, text_of
from strangler.errors import ConfigError
from strangler.evidence import GateVerdict

DAY = 86400.0
NOW = 1_800_000_000.0
AT = datetime.fromtimestamp(NOW, UTC)


def reached(passage: Passage, ago: float, *, method: str = "GET", route: str = "products/") -> Reached:
    return Reached(passage, method, route, "shop:products", Counted(1, NOW - 90 * DAY, NOW - ago))


def counts(*views: Reached) -> Callers:
    return Callers(at=NOW, since=NOW - 30 * DAY, machines=("web-1",), views=views)


def verdict(callers: Callers, *, methods: tuple[str, ...] = ()) -> GateVerdict:
    return callers.unused({"products/"}, seconds=14 * DAY, now=AT, methods=methods).verdict


def test_nobody_for_the_whole_time_passes() -> None:
    assert verdict(counts()) is GateVerdict.PASS
    assert verdict(counts(reached(Passage.THROUGH, 15 * DAY))) is GateVerdict.PASS


@pytest.mark.parametrize("passage", [Passage.THROUGH, Passage.PAST])
def test_one_request_of_a_customer_or_of_somebody_past_the_proxy_fails(passage: Passage) -> None:
    judged = counts(reached(passage, DAY)).unused({"products/"}, seconds=14 * DAY, now=AT)
    assert judged.verdict is GateVerdict.FAIL
    assert "shop:products" in judged.reason


def test_copies_are_nobodys_requests() -> None:
    assert verdict(counts(reached(Passage.COPIES, 1.0))) is GateVerdict.PASS


def test_other_views_and_other_methods_do_not_count() -> None:
    assert verdict(counts(reached(Passage.PAST, 1.0, route="orders/"))) is GateVerdict.PASS
    posted = counts(reached(Passage.PAST, 1.0, method="POST"))
    assert verdict(posted, methods=("GET", "HEAD")) is GateVerdict.PASS
    assert verdict(posted, methods=("POST",)) is GateVerdict.FAIL


def test_counting_that_has_not_lasted_proves_nothing() -> None:
    assert verdict(Callers(at=NOW)) is GateVerdict.INCONCLUSIVE
    assert verdict(replace(counts(), since=NOW - 13 * DAY)) is GateVerdict.INCONCLUSIVE
    assert verdict(replace(counts(), at=NOW - DAY)) is GateVerdict.INCONCLUSIVE


def test_a_monolith_that_did_not_count_does_not_look_like_one_without_traffic() -> None:
    silent = ((NOW - 20 * DAY, NOW - 12 * DAY),)
    assert verdict(replace(counts(), silences=silent)) is GateVerdict.INCONCLUSIVE
    short = ((NOW - 20 * DAY, NOW - 13.5 * DAY),)
    assert verdict(replace(counts(), silences=short)) is GateVerdict.PASS


def test_the_document_is_read_as_it_was_written(tmp_path: Path) -> None:
    caller = Caller("private", "curl", "GET", "products/", Counted(3, NOW - 9, NOW), ("10.0.0.7",), ("/products/",))
    callers = replace(
        counts(reached(Passage.THROUGH, 1.0), reached(Passage.PAST, 2.0)),
        silences=((NOW - 7200, NOW - 3600),),
        callers=(caller,),
    )
    file = tmp_path / "callers.json"
    file.write_text(text_of(callers))
    found = read_callers(file)
    assert set(found.views) == set(callers.views)
    assert replace(found, views=()) == replace(callers, views=())
    assert found.silence == 3600


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "strangler.callers", "version": 1, "since": 3}', "[" * 99999]
)
def test_a_wrong_document_says_what_to_do(tmp_path: Path, text: str) -> None:
    file = tmp_path / "callers.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match="strangler_callers --json"):
        read_callers(file)
