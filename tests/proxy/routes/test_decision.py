from __future__ import annotations

from collections.abc import Mapping

import pytest
from strangler_proxy.routes import Decision, answer_for, decide, fallback_words
from strangler_proxy.routes.route import Route

from strangler.toggles import BUCKETS, Side, Stage, Toggle, bucket

ROUTE = Route("catalog.list", frozenset({"GET"}), "/a/", "catalog")
NEW = Route("catalog.new", frozenset({"GET"}), "/a/", "catalog", twin=False)

MONOLITH = Decision(Side.MONOLITH, "monolith", False)
CANDIDATE = Decision(Side.CANDIDATE, "catalog", True)
ALONE = Decision(Side.CANDIDATE, "catalog", False)


def toggle(stage: Stage, share: int = 0, overrides: Mapping[str, Side] | None = None) -> Toggle:
    return Toggle(ROUTE.name, stage=stage, share=share, overrides=overrides or {})


@pytest.mark.parametrize(
    ("stage", "decision"),
    [
        (Stage.MONOLITH, MONOLITH),
        (Stage.SHADOW, MONOLITH),
        (Stage.EXTRACTED, CANDIDATE),
        (Stage.RETIRED, ALONE),
    ],
)
def test_a_settled_stage_decides_for_everybody(stage: Stage, decision: Decision) -> None:
    assert decide(ROUTE, toggle(stage), "anybody") == decision


def test_a_canary_decides_by_bucket_and_override() -> None:
    place = bucket("catalog", "u1")
    assert decide(ROUTE, toggle(Stage.CANARY, share=place), "u1") == MONOLITH
    assert decide(ROUTE, toggle(Stage.CANARY, share=place + 1), "u1") == CANDIDATE
    assert decide(ROUTE, toggle(Stage.CANARY, share=0, overrides={"u1": Side.CANDIDATE}), "u1") == CANDIDATE
    assert decide(ROUTE, toggle(Stage.CANARY, share=BUCKETS)) == CANDIDATE


def test_what_no_route_takes_and_what_has_no_toggle_is_the_monoliths() -> None:
    assert decide(None, None) == MONOLITH
    assert decide(ROUTE, None) == MONOLITH
    assert decide(None, None, monolith="legacy").upstream == "legacy"


def test_a_route_without_a_twin_is_the_candidates_in_every_stage() -> None:
    assert all(decide(NEW, each) == ALONE for each in (None, *(toggle(stage) for stage in Stage)))


@pytest.mark.parametrize(
    ("route", "state", "why"),
    [
        (None, None, "no route takes the request"),
        (NEW, None, "no twin"),
        (ROUTE, None, "no toggle of this route yet"),
        (ROUTE, toggle(Stage.EXTRACTED), "stage extracted"),
        (
            ROUTE,
            toggle(Stage.CANARY, share=0, overrides={"u1": Side.CANDIDATE}),
            "override puts this subject on the candi",
        ),
        (ROUTE, toggle(Stage.CANARY, share=10_000), "is not below 10,000 (share 10% of 100,000 buckets)"),
    ],
)
def test_an_answer_says_why(route: Route | None, state: Toggle | None, why: str) -> None:
    answer = answer_for(route, state, "u1")
    assert why in answer.why
    assert (answer.side, answer.upstream, answer.fallback) == (
        decide(route, state, "u1").side,
        decide(route, state, "u1").upstream,
        decide(route, state, "u1").fallback,
    )


def test_the_fallback_is_told_by_method() -> None:
    extracted = answer_for(ROUTE, toggle(Stage.EXTRACTED), "")
    assert "502, 503 or 504" in fallback_words(extracted, "GET")
    assert "must not be sent twice" in fallback_words(extracted, "POST")
    assert "error for the customer" in fallback_words(answer_for(ROUTE, toggle(Stage.RETIRED), ""), "GET")
    assert "monolith itself" in fallback_words(answer_for(None, None, ""), "GET")
