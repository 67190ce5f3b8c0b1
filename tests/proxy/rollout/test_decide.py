from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.rollout import Act, ActKind, BackTo, Place, Rollout, RolloutState, Seen, decide
from strangler_proxy.rollout.follow import followed, held_back, intended
from strangler_proxy.rollout.rollout import GUARDED, OVER, START, Intent

from strangler.evidence import GateVerdict
from strangler.toggles import Stage, Toggle
from tests.proxy.rollout.fakes import DETAIL, FAIL, INCONCLUSIVE, LIST, PASS, gate, schedule

WALK = schedule()
PLACES = [each.place for each in WALK.stations]
SHADOW, MONOLITH = Place(Stage.SHADOW), Place(Stage.MONOLITH)


def rollout(at: int = 1, **changes: Any) -> Rollout:
    place = SHADOW if at == START else PLACES[at]
    given = {"name": "catalog.*", "toggles": (DETAIL, LIST), "schedule": WALK, "began": SHADOW, "place": place}
    return Rollout(**{**given, "who": "ana", "why": "x", "started": 0.0, "at": at, "since": 1000.0, **changes})


def at(place: Place, *names: str) -> dict[str, Toggle]:
    return {name: Toggle(name, stage=place.stage, share=place.share) for name in names or (DETAIL, LIST)}


def seen(walk: Rollout, *verdicts: GateVerdict, place: Place | None = None, **changes: Any) -> Seen:
    judgements = {name: [gate(each) for each in verdicts] for name in walk.toggles}
    return Seen(**{"toggles": at(place or walk.place), "judgements": judgements, **changes})


def test_before_the_first_station_it_goes_there_without_gates() -> None:
    act = decide(rollout(START, reason="Begun by ana: x."), Seen(at(SHADOW)), 1000.0)
    assert (act.kind, act.intent) == (
        ActKind.ADVANCE,
        Intent(PLACES[0], 0, RolloutState.RUNNING, "Begun by ana: x. On to canary 1%."),
    )


def test_it_holds_for_the_least_time_whatever_passes() -> None:
    act = decide(rollout(), seen(rollout(), PASS), 1059.0)
    assert (act.kind, act.reason) == (ActKind.HOLD, "canary 5% for 1 s yet. All gates pass so far.")


def test_when_the_time_is_over_and_every_gate_passes_it_goes_to_the_next_station_and_no_further() -> None:
    act = decide(rollout(), seen(rollout(), PASS, PASS), 5000.0)
    assert act.kind is ActKind.ADVANCE
    assert act.intent == Intent(PLACES[2], 2, RolloutState.RUNNING, "All gates pass at canary 5%. On to canary 25%.")


def test_one_gate_of_one_toggle_that_does_not_pass_holds_all() -> None:
    walk = rollout()
    one = seen(walk, PASS, judgements={LIST: [gate(PASS), gate(INCONCLUSIVE, "latency")], DETAIL: [gate(PASS)]})
    act = decide(walk, one, 1060.0)
    assert act.kind is ActKind.HOLD
    held = "canary 5% has had its time; it pauses in 5 min unless this passes"
    assert act.reason == f"{held}: catalog.list: It is inconclusive."


def test_no_data_never_passes() -> None:
    walk = rollout()
    act = decide(walk, seen(walk, PASS, judgements={LIST: [gate(PASS)]}), 1060.0)
    assert (act.kind, "catalog.detail: nothing was seen of it." in act.reason) == (ActKind.HOLD, True)
    assert decide(walk, seen(walk), 1060.0).kind is ActKind.HOLD


def test_patience_has_an_end_and_then_a_person_is_wanted() -> None:
    walk = rollout()
    assert decide(walk, seen(walk, INCONCLUSIVE), 1359.0).kind is ActKind.HOLD
    act = decide(walk, seen(walk, INCONCLUSIVE), 1360.0)
    assert act.kind is ActKind.PAUSE
    assert act.reason.startswith("Paused at canary 5%: after 6 min, catalog.detail: It is inconclusive.")
    # Whoever resumed it gave it new patience.
    assert decide(replace(walk, waiting=1300.0), seen(walk, INCONCLUSIVE), 1599.0).kind is ActKind.HOLD


def test_a_gate_that_fails_takes_all_back_to_the_last_good_station_at_once() -> None:
    walk = rollout(2)
    judgements = {LIST: [gate(PASS)], DETAIL: [gate(PASS), gate(FAIL, "latency")]}
    for state in GUARDED:
        act = decide(replace(walk, state=state), seen(walk, judgements=judgements), 1000.0)
        assert act.kind is ActKind.BACK, state
        assert act.intent is not None
        assert (act.intent.place, act.intent.at, act.intent.state) == (PLACES[1], 1, RolloutState.STEPPED_BACK)
        assert act.reason == "A gate fails at canary 25%, so back to canary 5%: catalog.detail: It is fail."


def test_what_is_over_or_in_a_persons_hands_is_left_alone_even_where_a_gate_fails() -> None:
    for state in OVER | {RolloutState.OVERTAKEN}:
        walk = rollout(state=state)
        assert decide(walk, seen(walk, FAIL), 1e6).kind is ActKind.NOTHING


def test_the_way_back_may_lead_further() -> None:
    def back(walk: Rollout) -> Place:
        act = decide(walk, seen(walk, FAIL), 1000.0)
        assert act.intent is not None
        return act.intent.place

    assert back(rollout(2, schedule=schedule(back_to=BackTo.SHADOW))) == SHADOW
    assert back(rollout(2, schedule=schedule(back_to=BackTo.MONOLITH))) == MONOLITH
    assert back(rollout(0)) == SHADOW
    assert back(rollout(0, began=MONOLITH)) == MONOLITH
    # It began where it stands: the stage before customers notice is the nearest that is good.
    assert back(rollout(0, began=PLACES[0])) == SHADOW
    first_shadow = schedule("shadow", "5%")
    assert back(rollout(0, schedule=first_shadow, place=SHADOW, began=SHADOW)) == MONOLITH


def test_what_is_not_running_goes_nowhere_by_itself() -> None:
    for state in (RolloutState.FROZEN, RolloutState.PAUSED, RolloutState.STEPPED_BACK):
        walk = rollout(state=state, reason="Because.")
        act = decide(walk, seen(walk, PASS), 1e6)
        assert (act.kind, act.reason) == (ActKind.NOTHING, "Because.")


def test_the_last_station_is_passed_too_before_it_is_finished() -> None:
    walk = rollout(3)
    assert decide(walk, seen(walk, INCONCLUSIVE), 1060.0).kind is ActKind.HOLD
    act = decide(walk, seen(walk, PASS), 1060.0)
    assert act == Act(ActKind.FINISH, "All gates pass at extracted. It was the last station: finished.")
    assert followed(walk, act, 1060.0).state is RolloutState.FINISHED


def test_a_schedule_may_end_below_everybody_and_says_where() -> None:
    half = schedule("5%", "50%")
    walk = rollout(1, schedule=half, place=half.stations[1].place)
    act = decide(walk, seen(walk, PASS), 1060.0)
    assert (act.kind, "canary 50%" in act.reason) == (ActKind.FINISH, True)


def test_a_toggle_moved_by_hand_is_left_where_it_is() -> None:
    walk = rollout()
    moved = {**at(walk.place, DETAIL), **at(MONOLITH, LIST)}
    act = decide(walk, seen(walk, FAIL, toggles=moved), 1000.0)
    assert act.kind is ActKind.YIELD
    assert act.reason == "Moved by hand: catalog.list is at monolith, and the rollout had left it at canary 5%."
    assert followed(walk, act, 1.0).state is RolloutState.OVERTAKEN
    retired = {**at(walk.place, DETAIL), **at(Place(Stage.RETIRED), LIST)}
    assert decide(walk, seen(walk, PASS, toggles=retired), 1e6).kind is ActKind.YIELD
    gone = decide(walk, seen(walk, PASS, toggles=at(walk.place, DETAIL)), 1e6)
    assert (gone.kind, gone.reason) == (ActKind.YIELD, "There is no toggle catalog.list any more.")


def test_an_override_by_hand_is_no_move() -> None:
    walk = rollout()
    toggles = at(walk.place)
    toggles[LIST] = replace(toggles[LIST], overrides={"ana": toggles[LIST].side()})
    assert decide(walk, seen(walk, PASS, toggles=toggles), 1001.0).kind is ActKind.HOLD


class TestReleases:
    """A release that comes in the middle."""

    walk = rollout(releases={LIST: ("r1",)})

    def heard(self, *releases: str, walk: Rollout | None = None, verdict: GateVerdict = PASS) -> Act:
        walk = walk or self.walk
        return decide(walk, seen(walk, verdict, heard={LIST: frozenset(releases)}), 1060.0)

    def test_begins_the_evidence_and_the_time_of_the_station_anew(self) -> None:
        act = self.heard("r2")
        assert act.kind is ActKind.RENEW
        assert "catalog.list is answered by release r2 after r1" in act.reason
        renewed = followed(self.walk, act, 1060.0)
        assert (renewed.since, renewed.releases[LIST], renewed.at) == (1060.0, ("r2",), 1)

    def test_is_noticed_while_the_old_one_still_answers_and_not_again_when_that_has_gone(self) -> None:
        walk = followed(self.walk, self.heard("r1", "r2"), 1060.0)
        assert walk.releases[LIST] == ("r1", "r2")
        later = decide(walk, seen(walk, PASS, heard={LIST: frozenset({"r2"})}), 1120.0)
        assert later.kind is ActKind.ADVANCE

    def test_that_is_taken_back_begins_it_anew_too(self) -> None:
        walk = replace(self.walk, releases={LIST: ("r1", "r2")})
        assert self.heard("r1", walk=walk).kind is ActKind.RENEW

    def test_does_not_hide_that_a_gate_fails(self) -> None:
        assert self.heard("r2", verdict=FAIL).kind is ActKind.BACK

    def test_is_only_noted_where_none_was_heard_of_before(self) -> None:
        act = self.heard("r1", walk=rollout(reason="Because."))
        assert (act.kind, act.reason) == (ActKind.MEET, "Because.")
        noted = followed(rollout(), act, 1060.0)
        assert (noted.since, noted.releases) == (1000.0, {LIST: ("r1",)})

    def test_leaves_one_that_waits_for_a_person_waiting(self) -> None:
        walk = replace(self.walk, state=RolloutState.STEPPED_BACK, reason="A gate fails.")
        renewed = followed(walk, self.heard("r2", walk=walk), 1060.0)
        assert (renewed.state, renewed.reason) == (RolloutState.STEPPED_BACK, "A gate fails.")


class TestADeathInBetween:
    """An intent is written, the move is made, the rest is written: whatever of it is missing is seen."""

    forward = Intent(PLACES[2], 2, RolloutState.RUNNING, "On.")
    back = Intent(PLACES[0], 0, RolloutState.STEPPED_BACK, "Back.")

    def test_after_the_move_only_the_note_of_it_is_made(self) -> None:
        for intent in (self.forward, self.back):
            walk = rollout(pending=intent)
            act = decide(walk, seen(walk, PASS, place=intent.place), 1e6)
            assert act == Act(ActKind.SETTLE, intent.reason, intent)
            after = followed(walk, act, 1e6)
            assert (after.place, after.at, after.state, after.pending) == (intent.place, intent.at, intent.state, None)
            assert after.failed is (intent is self.back)

    def test_before_the_move_the_way_back_is_taken_and_the_way_forward_judged_anew(self) -> None:
        walk = rollout(pending=self.back)
        assert decide(walk, seen(walk, PASS), 1e6) == Act(ActKind.BACK, "Back.", self.back)
        walk = rollout(pending=self.forward)
        act = decide(walk, seen(walk, FAIL), 1e6)
        assert act.kind is ActKind.CANCEL
        assert decide(followed(walk, act, 1e6), seen(walk, FAIL), 1e6).kind is ActKind.BACK

    def test_a_hand_in_between_is_seen(self) -> None:
        walk = rollout(pending=self.forward)
        assert decide(walk, seen(walk, PASS, place=MONOLITH), 1e6).kind is ActKind.YIELD


def test_a_refused_way_back_leaves_it_where_it_is_and_wants_a_person() -> None:
    walk = rollout(2)
    act = decide(walk, seen(walk, FAIL), 1000.0)
    held = held_back(intended(walk, act), act, "Writes would be lost.")
    assert (held.state, held.place, held.failed, held.pending) == (RolloutState.PAUSED, PLACES[2], True, None)
    assert held.reason == "It was to go to canary 5%, and that is refused: Writes would be lost."


verdicts = st.sampled_from(list(GateVerdict))
releases = st.frozensets(st.sampled_from(["r1", "r2"]), max_size=2)
hand = st.sampled_from([None, SHADOW, MONOLITH, *PLACES, Place(Stage.RETIRED)])
intents = st.one_of(
    st.none(),
    st.builds(Intent, st.sampled_from(PLACES), st.integers(0, 3), st.sampled_from(RolloutState), st.just("Why.")),
)


@given(
    st.integers(START, 3),
    st.sampled_from(RolloutState),
    intents,
    st.lists(st.tuples(verdicts, verdicts), max_size=2),
    releases,
    hand,
    st.sampled_from([0.0, 1000.0, 1059.0, 1060.0, 1361.0]),
    st.sampled_from(BackTo),
)
def test_whatever_is_seen_no_act_breaks_a_rule(
    station: int,
    state: RolloutState,
    pending: Intent | None,
    judged: list[tuple[GateVerdict, GateVerdict]],
    heard: frozenset[str],
    moved: Place | None,
    now: float,
    back_to: BackTo,
) -> None:
    walk = rollout(station, state=state, pending=pending, schedule=schedule(back_to=back_to), releases={LIST: ("r1",)})
    judgements = {LIST: [gate(a) for a, _ in judged], DETAIL: [gate(b) for _, b in judged]}
    looked = seen(walk, judgements=judgements, heard={LIST: heard})
    if moved is not None:
        looked = replace(looked, toggles={**looked.toggles, **at(moved, LIST)})
    act = decide(walk, looked, now)
    stands = {Place.of(each) for each in looked.toggles.values()}
    if act.kind in (ActKind.ADVANCE, ActKind.BACK):
        assert act.intent is not None
        assert stands == {walk.place}, "nobody's hand is fought, and nothing retired is moved"
        assert act.reason
    if act.kind is ActKind.ADVANCE:
        assert act.intent is not None
        assert state is RolloutState.RUNNING
        assert act.intent.at == walk.at + 1, "never two steps at once"
        if station != START:
            assert judged
            assert {each for pair in judged for each in pair} == {PASS}
            assert now >= 1060.0
    if act.kind is ActKind.BACK:
        assert act.intent is not None
        assert act.intent.place < walk.place
    if FAIL in {each for pair in judged for each in pair}:
        assert act.kind not in (ActKind.ADVANCE, ActKind.FINISH) or station == START
    if act.kind is ActKind.FINISH:
        assert (walk.at, stands) == (3, {PLACES[3]})
