"""An order's states and which may follow which: pure."""

from __future__ import annotations

from enum import StrEnum

from monolith.errors import ShopError

__all__ = ["FINAL", "TRANSITIONS", "OrderState", "TransitionRefused", "check_transition", "may_become"]


class OrderState(StrEnum):
    PENDING_PAYMENT = "pending_payment"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    PAYMENT_FAILED = "payment_failed"


_S = OrderState

TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    _S.PENDING_PAYMENT: frozenset({_S.PAID, _S.PAYMENT_FAILED, _S.CANCELLED}),
    _S.PAYMENT_FAILED: frozenset({_S.CANCELLED}),
    # A paid order that is called off before it leaves gets its money back.
    _S.PAID: frozenset({_S.SHIPPED, _S.REFUNDED}),
    _S.SHIPPED: frozenset({_S.DELIVERED, _S.REFUNDED}),
    _S.DELIVERED: frozenset({_S.REFUNDED}),
    _S.CANCELLED: frozenset(),
    _S.REFUNDED: frozenset(),
}
FINAL = frozenset(state for state, after in TRANSITIONS.items() if not after)


class TransitionRefused(ShopError):
    """The order is in a state from which it cannot go there."""

    code = "transition_refused"


def may_become(now: str, then: str) -> bool:
    return OrderState(then) in TRANSITIONS[OrderState(now)]


def check_transition(now: str, then: str) -> None:
    """Raises TransitionRefused unless an order may go from ``now`` to ``then``."""
    if not may_become(now, then):
        allowed = ", ".join(sorted(TRANSITIONS[OrderState(now)])) or "nothing"
        raise TransitionRefused(f"An order that is {now} cannot become {then}; it may become {allowed}.")
