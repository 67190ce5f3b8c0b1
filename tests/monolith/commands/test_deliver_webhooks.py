from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError

from monolith.orders.states import OrderState
from monolith.payments import provider
from monolith.payments.models import Payment, WebhookEvent

from .conftest import Run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("card", "state"),
    [
        (provider.LATE_APPROVE, OrderState.PAID),
        (provider.TIME_OUT, OrderState.PAID),
        (provider.LATE_DECLINE, OrderState.PAYMENT_FAILED),
    ],
)
def test_an_open_payment_ends_as_its_card_says(run: Run, make_order: Any, card: str, state: OrderState) -> None:
    order = make_order(card=card)
    assert run("deliver_webhooks") == "deliver_webhooks: 1 delivered, 0 known before\n"
    order.refresh_from_db()
    assert order.state == state


def test_what_is_settled_is_not_told_again(run: Run, make_order: Any) -> None:
    make_order(card=provider.LATE_APPROVE)
    run("deliver_webhooks")
    assert run("deliver_webhooks") == "deliver_webhooks: 0 delivered, 0 known before\n"
    assert WebhookEvent.objects.count() == 1


def test_a_fresh_payment_is_left_its_time(run: Run, make_order: Any) -> None:
    make_order(card=provider.LATE_APPROVE)
    assert run("deliver_webhooks", "--older-than=3600") == "deliver_webhooks: 0 delivered, 0 known before\n"
    assert Payment.objects.get().state == Payment.State.PENDING


def test_a_dry_run_delivers_nothing(run: Run, make_order: Any) -> None:
    make_order(card=provider.LATE_APPROVE)
    assert run("deliver_webhooks", "--dry-run") == "deliver_webhooks: 1 would be delivered\n"
    assert Payment.objects.get().state == Payment.State.PENDING


def test_a_negative_age_is_refused(run: Run) -> None:
    with pytest.raises(CommandError, match=r"--older-than is -1\.0"):
        run("deliver_webhooks", "--older-than=-1")
