from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from strangler.resilience import ENTERED, FULL, QUEUED, Places


class PlacesMachine(RuleBasedStateMachine):
    """Waiters come, leave and withdraw in any order; a list is the model."""

    @initialize(limit=st.integers(1, 3), queue=st.integers(0, 3))
    def start(self, limit: int, queue: int) -> None:
        self.limit, self.queue = limit, queue
        self.tested: Places[int] = Places(limit, queue)
        self.inside: list[int] = []
        self.line: list[int] = []
        self.last = 0

    @rule()
    def one_comes(self) -> None:
        self.last += 1
        came = self.tested.enter(self.last)
        if len(self.inside) < self.limit:
            assert came == ENTERED
            self.inside.append(self.last)
        elif len(self.line) < self.queue:
            assert came == QUEUED
            self.line.append(self.last)
        else:
            assert came == FULL

    @rule(data=st.data())
    def one_leaves(self, data: st.DataObject) -> None:
        if not self.inside:
            return
        self.inside.remove(data.draw(st.sampled_from(self.inside)))
        following = self.tested.leave()
        assert following == (self.line[0] if self.line else None)
        if following is not None:
            self.inside.append(self.line.pop(0))

    @rule(data=st.data())
    def one_withdraws(self, data: st.DataObject) -> None:
        if self.inside or self.line:
            one = data.draw(st.sampled_from(self.inside + self.line))
            assert self.tested.withdraw(one) is (one in self.line)
            if one in self.line:
                self.line.remove(one)

    @invariant()
    def the_counts_agree(self) -> None:
        assert (self.tested.inside, self.tested.waiting) == (len(self.inside), len(self.line))
        assert self.tested.inside <= self.limit
        assert not self.line or self.tested.inside == self.limit


TestPlacesMachine = PlacesMachine.TestCase
