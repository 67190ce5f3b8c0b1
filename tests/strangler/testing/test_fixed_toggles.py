from __future__ import annotations

from strangler.testing import FixedToggles
from strangler.toggles import BUCKETS, Side, Stage, ToggleReader

NAME = "catalog.facts"


def test_toggles_stand_as_the_test_says() -> None:
    toggles = FixedToggles({NAME: Stage.EXTRACTED})
    reader: ToggleReader = toggles
    assert reader.toggle("other") is None
    assert (toggles.stage(NAME), toggles.stage("other")) == (Stage.EXTRACTED, Stage.MONOLITH)
    assert (toggles.side(NAME), toggles.side("other")) == (Side.CANDIDATE, Side.MONOLITH)


def test_a_toggle_can_be_set_from_any_stage_to_any_other() -> None:
    toggles = FixedToggles({NAME: Stage.RETIRED})
    for stage in Stage:
        toggles.set(NAME, stage)
        assert toggles.stage(NAME) is stage
    assert toggles.snapshot.revision == 1 + len(Stage)
    assert toggles.snapshot.toggles[NAME].revision == toggles.snapshot.revision


def test_a_canary_takes_everybody_unless_a_share_is_given() -> None:
    toggles = FixedToggles({NAME: Stage.CANARY})
    assert toggles.side(NAME, "anybody") is Side.CANDIDATE
    toggles.set(NAME, Stage.CANARY, share=0, overrides={"me": Side.CANDIDATE})
    assert (toggles.side(NAME, "me"), toggles.side(NAME, "you")) == (Side.CANDIDATE, Side.MONOLITH)
    toggles.set(NAME, Stage.CANARY, share=BUCKETS // 2)
    assert {toggles.side(NAME, f"user-{number}") for number in range(50)} == set(Side)
