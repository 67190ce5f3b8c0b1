"""A breaker beside a model of it in plain words, whatever comes in whatever order."""

from __future__ import annotations

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from strangler.resilience import CLOSED, HALF_OPEN, OPEN, Breaker, BreakerSettings

NEVER = 10**9


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin, end, are cancelled or lost in any order; a model in plain words says what must follow."""

    @initialize(places=st.integers(1, 3), wanted=st.integers(1, 4), row=st.integers(1, 3), lease=st.integers(2, 8))
    def start(self, places: int, wanted: int, row: int, lease: int) -> None:
        self.places, self.wanted, self.row, self.lease = places, wanted, row, lease
        settings = BreakerSettings(
            minimum_calls=NEVER, consecutive_failures=row, open_for=4, growth=2.0, longest_open=16, jitter=0.0,
            probes=places, successes=wanted, lease=lease,
        )  # fmt: skip
        self.tested = Breaker(settings)
        self.now = 0
        self.state, self.period = CLOSED, 0
        self.failed, self.won, self.until, self.pause = 0, 0, 0, 4
        # Every permit ever given that has not been reported: its period, and when it was given.
        self.out: list[tuple[int, int, int]] = []

    def leased(self) -> int:
        return sum(1 for _, period, at in self.out if period == self.period and self.now - at < self.lease)

    @rule(seconds=st.integers(1, 9))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def a_call_begins(self) -> None:
        if self.state == OPEN and self.now >= self.until:
            self.state, self.won = HALF_OPEN, 0
            self.period += 1
        let = self.state == CLOSED or (self.state == HALF_OPEN and self.leased() < self.places)
        permit = self.tested.acquire(self.now)
        assert (permit > 0) is let
        if permit:
            self.out.append((permit, self.period, self.now))

    @rule(fails=st.booleans())
    def a_call_is_made(self, fails: bool) -> None:
        before = len(self.out)
        self.a_call_begins()
        if len(self.out) > before:
            self.end(len(self.out) - 1, fails)

    @rule(data=st.data(), fails=st.booleans())
    def a_call_ends(self, data: st.DataObject, fails: bool) -> None:
        if self.out:
            self.end(data.draw(st.integers(0, len(self.out) - 1)), fails)

    def end(self, which: int, fails: bool) -> None:
        permit, period, at = self.out.pop(which)
        (self.tested.failure if fails else self.tested.success)(permit, self.now)
        if period != self.period or (self.state == HALF_OPEN and self.now - at >= self.lease):
            return
        if self.state == CLOSED:
            self.failed = self.failed + 1 if fails else 0
            if self.failed == self.row:
                self.open(4)
        elif fails:
            self.open(min(self.pause * 2, 16))
        else:
            self.won += 1
            if self.won == self.wanted:
                self.state, self.failed = CLOSED, 0
                self.period += 1

    def open(self, pause: int) -> None:
        self.state, self.pause, self.until = OPEN, pause, self.now + pause
        self.period += 1

    @rule(data=st.data())
    def a_call_is_cancelled(self, data: st.DataObject) -> None:
        if self.out:
            permit, _, _ = self.out.pop(data.draw(st.integers(0, len(self.out) - 1)))
            self.tested.cancelled(permit, self.now)

    @rule(data=st.data())
    def a_late_result_is_told(self, data: st.DataObject) -> None:
        late = [permit for permit, period, _ in self.out if period != self.period]
        if late:
            self.tested.failure(data.draw(st.sampled_from(late)), self.now)

    @invariant()
    def the_states_agree(self) -> None:
        assert self.tested.state == self.state
        if self.state == HALF_OPEN:
            assert self.leased() <= self.places
        assert self.tested.remaining(self.now) == (max(0, self.until - self.now) if self.state == OPEN else 0)


BreakerMachine.TestCase.settings = hypothesis_settings(max_examples=80, stateful_step_count=50, deadline=None)
TestBreakerMachine = BreakerMachine.TestCase
