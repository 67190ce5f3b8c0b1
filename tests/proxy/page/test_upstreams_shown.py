"""What the page of upstreams shows of what the API tells."""

from __future__ import annotations

from typing import Any

import pytest
from strangler_proxy.page.upstreams_shown import Gauge, copies_shown, upstreams_shown


def upstream(name: str, **changes: Any) -> dict[str, Any]:
    part = {"now": 1, "most": 10}
    return {
        "name": name, "ok": True, "troubles": [], "addresses": [], "breaker": {"closed": 2}, "workers": 2,
        "failures": {}, "monolith": False, "routes": 1, "urls": [], "probed": False,
        "in_flight": part, "waiting": part, "refused": {},
        "connections": {"in_use": 1, "unused": 2, "connecting": 0, "most": 20, "made": 5, "failed": {}},
        "breaker_opens": None, "copies": {**part, "sent": 0, "halted": 0}, **changes,
    }  # fmt: skip


def test_those_in_trouble_come_first_then_the_monolith() -> None:
    rows = [upstream("a"), upstream("m", monolith=True), upstream("z", ok=False)]
    shown = upstreams_shown({"upstreams": rows})
    assert [(each.told["name"], each.role) for each in shown] == [
        ("z", "candidate of 1 route"),
        ("m", "answers what no candidate does"),
        ("a", "candidate of 1 route"),
    ]


@pytest.mark.parametrize(
    ("states", "told", "kind"),
    [
        ({}, "no worker has told yet", "wait"),
        ({"off": 2}, "none", "info"),
        ({"closed": 2}, "closed", "ok"),
        ({"half-open": 2}, "half-open in 2 of 2", "wait"),
        ({"closed": 1, "open": 1}, "open in 1 of 2, closed in 1 of 2", "bad"),
    ],
)
def test_a_breaker_is_told_in_words(states: dict[str, int], told: str, kind: str) -> None:
    (shown,) = upstreams_shown({"upstreams": [upstream("a", breaker=states)]})
    assert (shown.breaker, shown.breaker_kind) == (told, kind)


def test_an_address_is_well_for_all_for_some_or_for_nobody() -> None:
    addresses = [{"address": f"127.0.0.1:{well}", "well": well} for well in (2, 1, 0)]
    (shown,) = upstreams_shown({"upstreams": [upstream("a", addresses=addresses)]})
    assert [each.state for each in shown.addresses] == ["well", "left out by some", "left out"]


def test_when_a_breaker_opens_is_told() -> None:
    settings = {"failures": 5, "rate": 0.5, "calls": 20, "window": 10.0, "seconds": 1.0}
    (shown,) = upstreams_shown({"upstreams": [upstream("a", breaker_opens=settings)]})
    assert shown.opens == "opens after 5 failures in a row, or when 50% of at least 20 requests within 10 s failed"


def test_what_is_nearly_full_says_so_and_what_was_not_told_is_not_full() -> None:
    assert Gauge("x", 8, 10).is_nearly_full
    assert not Gauge("x", 7, 10).is_nearly_full
    assert (Gauge("x", 0, 0).part, Gauge("x", 12, 10).part) == (0.0, 1.0)


def test_what_was_dropped_is_told_apart_from_what_was_not_meant_to_be_copied() -> None:
    part = {"now": 1, "most": 10}
    routes = [{"route": f"r{number}", "missed": 1, "causes": {}} for number in range(25)]
    missed = {"skip": 5, "session": 3, "queue-full": 2, "new-word": 1}
    copies = {"sent": 9, "queue": part, "bytes": part, "missed": missed, "routes": routes}
    shown = copies_shown({"copies": copies})
    assert shown.missed == 11
    assert [(number, word) for number, word, _ in shown.dropped] == [(2, "queue-full"), (1, "new-word")]
    assert [(number, word) for number, word, _ in shown.meant] == [(5, "skip"), (3, "session")]
    assert "shadow.queue" in shown.dropped[0][2]
    assert (len(shown.routes), shown.more_routes) == (20, 5)
