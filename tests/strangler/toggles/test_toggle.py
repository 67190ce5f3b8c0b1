from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.errors import SnapshotError
from strangler.toggles import BUCKETS, Kind, Side, Stage, Toggle, bucket, default_salt

SHARES = st.integers(0, BUCKETS)
SIDES = st.sampled_from(Side)


def canary(share: int, **more: object) -> Toggle:
    return Toggle("catalog.list", stage=Stage.CANARY, share=share, **more)  # type: ignore[arg-type]


@given(st.text(), SHARES, SHARES)
def test_widening_a_share_never_moves_a_subject_out(subject: str, one: int, other: int) -> None:
    narrow, wide = sorted((one, other))
    if canary(narrow).side(subject) is Side.CANDIDATE:
        assert canary(wide).side(subject) is Side.CANDIDATE


@given(st.text(), SHARES)
def test_the_share_counts_buckets(subject: str, share: int) -> None:
    expected = Side.CANDIDATE if bucket("catalog", subject) < share else Side.MONOLITH
    assert canary(share).side(subject) is expected


@given(st.text())
def test_no_share_takes_nobody_and_a_full_share_everybody(subject: str) -> None:
    assert canary(0).side(subject) is Side.MONOLITH
    assert canary(BUCKETS).side(subject) is Side.CANDIDATE


@pytest.mark.parametrize(
    ("stage", "side"),
    [
        (Stage.MONOLITH, Side.MONOLITH),
        (Stage.SHADOW, Side.MONOLITH),
        (Stage.EXTRACTED, Side.CANDIDATE),
        (Stage.RETIRED, Side.CANDIDATE),
    ],
)
@given(subject=st.text(), share=SHARES, side_by_hand=SIDES)
def test_outside_canary_neither_subject_nor_share_nor_override_matters(
    stage: Stage, side: Side, subject: str, share: int, side_by_hand: Side
) -> None:
    toggle = Toggle("catalog.list", stage=stage, share=share, overrides={subject: side_by_hand})
    assert toggle.side(subject) is side
    assert not toggle.asks_subject


@given(st.text().filter(lambda text: not text.startswith("group:")), SHARES, SIDES)
def test_an_override_sets_its_subject_whatever_the_share(subject: str, share: int, side: Side) -> None:
    assert canary(share, overrides={subject: side}).side(subject) is side


def test_a_subjects_override_comes_first_then_that_of_its_first_group_that_has_one_then_the_share() -> None:
    overrides = {"group:staff": Side.CANDIDATE, "group:early": Side.MONOLITH, "ada": Side.MONOLITH}
    toggle = canary(0, overrides=overrides)
    assert toggle.groups == {"staff": Side.CANDIDATE, "early": Side.MONOLITH}
    assert toggle.asks_subject
    assert toggle.side("ben", ["others", "staff", "early"]) is Side.CANDIDATE
    assert toggle.side("ben", ["early", "staff"]) is Side.MONOLITH
    assert toggle.side("ada", ["staff"]) is Side.MONOLITH
    assert canary(BUCKETS, overrides=overrides).side("ben", ["others"]) is Side.CANDIDATE


def test_nobody_is_of_a_group_by_being_called_like_it() -> None:
    assert canary(0, overrides={"group:staff": Side.CANDIDATE}).side("group:staff") is Side.MONOLITH


def test_the_subject_matters_only_for_some_of_the_people_or_with_overrides() -> None:
    assert canary(1).asks_subject
    assert not canary(0).asks_subject
    assert not canary(BUCKETS).asks_subject
    assert canary(0, overrides={"me": Side.CANDIDATE}).asks_subject


def test_routes_of_one_bounded_context_share_their_buckets() -> None:
    assert default_salt("catalog.product-detail") == "catalog"
    assert Toggle("catalog.list").salt == Toggle("catalog.detail").salt == "catalog"
    assert Toggle("catalog.list", salt="own").salt == "own"


@pytest.mark.parametrize(
    "name", ["", "Catalog", "catalog.", ".catalog", "catalog..list", "a b", "-a", "a-", "é", "a/b"]
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a toggle's name"):
        Toggle(name)


@pytest.mark.parametrize("share", [-1, BUCKETS + 1])
def test_a_share_out_of_bounds_is_refused(share: int) -> None:
    with pytest.raises(ValueError, match="share"):
        Toggle("a", share=share)


def test_overrides_cannot_be_changed_from_outside() -> None:
    given_overrides = {"me": Side.CANDIDATE}
    toggle = canary(0, overrides=given_overrides)
    given_overrides["me"] = Side.MONOLITH
    assert toggle.side("me") is Side.CANDIDATE


TOGGLES = st.builds(
    Toggle,
    name=st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9][a-z0-9_-]{0,5}[a-z0-9])?", fullmatch=True),
    kind=st.sampled_from(Kind),
    stage=st.sampled_from(Stage),
    share=SHARES,
    overrides=st.dictionaries(st.text(), SIDES, max_size=3),
    salt=st.text(max_size=5),
    revision=st.integers(0, 10**6),
)


@given(TOGGLES)
def test_a_toggle_survives_json(toggle: Toggle) -> None:
    again = Toggle.from_json(toggle.to_json())
    assert again == toggle
    assert again.side("someone") is toggle.side("someone")


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"name": "a"},
        {**Toggle("a").to_json(), "stage": "gone"},
        {**Toggle("a").to_json(), "kind": "road"},
        {**Toggle("a").to_json(), "share": "many"},
        {**Toggle("a").to_json(), "share": BUCKETS + 1},
        {**Toggle("a").to_json(), "share": float("inf")},
        {**Toggle("a").to_json(), "name": "A"},
        {**Toggle("a").to_json(), "overrides": ["me"]},
        {**Toggle("a").to_json(), "overrides": {"me": "nobody"}},
    ],
)
def test_what_is_no_toggle_is_a_snapshot_error(document: object) -> None:
    with pytest.raises(SnapshotError, match="not a toggle"):
        Toggle.from_json(document)
