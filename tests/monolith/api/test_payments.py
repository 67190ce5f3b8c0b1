from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from monolith.orders.models import Order
from monolith.payments import provider
from monolith.payments.models import Payment, Refund, WebhookEvent
from tests.monolith.api.conftest import Api
from tests.monolith.conftest import MakeCustomer, MakeOrder

pytestmark = pytest.mark.django_db


def payment_of(order: Order) -> Payment:
    return Payment.objects.get(order=order)


def test_a_payment_is_seen_by_whose_order_it_is_and_by_staff(
    api: Api, make_order: MakeOrder, make_customer: MakeCustomer
) -> None:
    ada = make_customer()
    order = make_order(ada)
    payment = payment_of(order)
    told = api("get", f"payments/{payment.reference}/", by=ada).json()
    assert told.items() >= {
        "reference": payment.reference, "order": order.number, "amount": "28.70", "currency": "EUR",
        "state": "succeeded", "card_last4": "4242", "refunds": [],
    }.items()  # fmt: skip
    assert api("get", f"payments/{payment.reference}/", by=make_customer()).status_code == 404
    assert api("get", f"payments/{payment.reference}/", by=make_customer(is_staff=True)).status_code == 200
    assert api("get", f"payments/{payment.reference}/").status_code == 401


def test_staff_give_money_back_and_never_more_than_was_paid(
    api: Api, make_order: MakeOrder, make_customer: MakeCustomer
) -> None:
    staff = make_customer(is_staff=True)
    path = f"payments/{payment_of(make_order()).reference}/refund/"
    answer = api("post", path, {"amount": "8.70", "reason": "scratched"}, by=staff)
    assert answer.status_code == 201
    assert (answer.json()["amount"], answer.json()["reason"]) == ("8.70", "scratched")
    too_much = api("post", path, {"amount": "20.01"}, by=staff)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "refund_refused")
    assert api("post", path, {"amount": "20.00"}, by=staff).status_code == 201
    for amount in ("0", "-1", "1.001", "x"):
        assert api("post", path, {"amount": amount}, by=staff).status_code == 400


def test_nobody_else_gives_money_back(api: Api, make_order: MakeOrder, make_customer: MakeCustomer) -> None:
    ada = make_customer()
    path = f"payments/{payment_of(make_order(ada)).reference}/refund/"
    assert api("post", path, {"amount": "1.00"}, by=ada).status_code == 403
    assert api("post", path, {"amount": "1.00"}).status_code == 401
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_customer(is_staff=True))
    session = strict.post(f"/api/v1/{path}", {"amount": "1.00"}, content_type="application/json")
    assert session.status_code == 403
    assert not Refund.objects.exists()


def send(webhook: provider.SignedWebhook, signature: str | None = None) -> Any:
    return Client(enforce_csrf_checks=True).post(
        "/api/v1/payments/webhook/",
        webhook.body,
        content_type="application/json",
        headers={"x-payment-signature": webhook.signature if signature is None else signature},
    )


def test_a_late_webhook_pays_the_order_once(make_order: MakeOrder) -> None:
    order = make_order(card=provider.TIME_OUT)
    webhook = provider.webhook_for(payment_of(order).reference, "succeeded", settings.PAYMENT_WEBHOOK_SECRET)
    assert order.state == "pending_payment"
    assert [send(webhook).json() for _ in range(2)] == [{"news": True}, {"news": False}]
    order.refresh_from_db()
    assert order.state == "paid"
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize("signature", ["", "wrong", "ü", "0" * 64])
def test_a_webhook_without_the_provider_s_signature_does_nothing(make_order: MakeOrder, signature: str) -> None:
    order = make_order(card=provider.TIME_OUT)
    webhook = provider.webhook_for(payment_of(order).reference, "succeeded", settings.PAYMENT_WEBHOOK_SECRET)
    answer = send(webhook, signature)
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    order.refresh_from_db()
    assert order.state == "pending_payment"


def test_a_signed_message_that_makes_no_sense_is_refused(db: None) -> None:
    secret = settings.PAYMENT_WEBHOOK_SECRET
    unknown = provider.webhook_for("pay_unknown", "succeeded", secret)
    for body in (b"{}", b"no json", unknown.body):
        answer = send(provider.SignedWebhook(body, provider.sign(body, secret)))
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_webhook")
