from __future__ import annotations

import itertools

import pytest

from monolith.orders.states import FINAL, TRANSITIONS, OrderState, TransitionRefused, check_transition, may_become


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(OrderState)


@pytest.mark.parametrize(("now", "then"), list(itertools.product(OrderState, OrderState)))
def test_a_transition_is_refused_exactly_when_the_table_does_not_name_it(now: OrderState, then: OrderState) -> None:
    if then in TRANSITIONS[now]:
        check_transition(now, then)
    else:
        with pytest.raises(TransitionRefused, match=str(now)):
            check_transition(now, then)


def test_an_order_goes_the_whole_way_and_no_further() -> None:
    way = ["pending_payment", "paid", "shipped", "delivered", "refunded"]
    assert all(may_become(now, then) for now, then in itertools.pairwise(way))
    assert {OrderState.CANCELLED, OrderState.REFUNDED} == FINAL
