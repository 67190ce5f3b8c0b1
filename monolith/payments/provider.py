"""A payment provider that is not one: what it answers is decided by the card's number.

4242424242424242 approves, 4000000000000002 declines, 4000000000000119 times out (and was charged: the webhook comes
later), 4000000000000259 says "pending" and its webhook comes later, 4000000000000341 the same but declines then. Any
other number is declined as unknown.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from monolith.errors import ShopError

__all__ = [
    "APPROVE",
    "DECLINE",
    "LATE_APPROVE",
    "LATE_DECLINE",
    "TIME_OUT",
    "BadSignature",
    "BadWebhook",
    "ChargeResult",
    "Message",
    "ProviderTimeout",
    "SignedWebhook",
    "charge",
    "late_outcome",
    "read_webhook",
    "sign",
    "webhook_for",
]

APPROVE = "4242424242424242"
DECLINE = "4000000000000002"
TIME_OUT = "4000000000000119"
LATE_APPROVE = "4000000000000259"
LATE_DECLINE = "4000000000000341"

Outcome = Literal["succeeded", "failed"]
_KINDS: dict[str, Outcome] = {"payment.succeeded": "succeeded", "payment.failed": "failed"}


class ProviderTimeout(ShopError):
    """The provider did not answer in time: whether it charged the card is not known until its webhook comes."""

    code = "provider_timeout"


class BadSignature(ShopError):
    """The message does not carry the provider's signature."""

    code = "bad_signature"


class BadWebhook(ShopError):
    """The provider's signature is right, what it signed is not a message we know."""

    code = "bad_webhook"


@dataclass(frozen=True, slots=True)
class ChargeResult:
    status: Literal["succeeded", "failed", "pending"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What a webhook says: the payment of ``reference`` has ended so."""

    event_id: str
    kind: str
    reference: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    body: bytes
    signature: str


def charge(reference: str, amount: Decimal, currency: str, card: str) -> ChargeResult:
    """Asks for the money. Raises ProviderTimeout."""
    digits = "".join(filter(str.isdigit, card))
    if digits == TIME_OUT:
        raise ProviderTimeout(f"The payment provider did not answer in time for {reference}.")
    if digits in (LATE_APPROVE, LATE_DECLINE):
        return ChargeResult("pending")
    if digits == APPROVE:
        return ChargeResult("succeeded")
    return ChargeResult("failed", "card declined" if digits == DECLINE else "unknown card")


def late_outcome(card_last4: str) -> Outcome:
    """What a payment left open ends as, when the provider's webhook comes at last."""
    return "failed" if card_last4 == LATE_DECLINE[-4:] else "succeeded"


def sign(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def webhook_for(
    reference: str, outcome: Outcome, secret: str, *, event_id: str | None = None, reason: str = ""
) -> SignedWebhook:
    """The message that the provider would send; by default one and the same id for one and the same ending."""
    name = event_id or "evt_" + hashlib.sha256(f"{reference}:{outcome}".encode()).hexdigest()[:24]
    body = json.dumps(
        {"id": name, "type": f"payment.{outcome}", "data": {"reference": reference, "reason": reason}}
    ).encode()
    return SignedWebhook(body, sign(body, secret))


def read_webhook(body: bytes, signature: str, secret: str) -> Message:
    """Raises BadSignature, and BadWebhook when the message is not one we know."""
    if not hmac.compare_digest(sign(body, secret).encode(), signature.encode()):
        raise BadSignature("The signature of the webhook is not the provider's.")
    try:
        message = json.loads(body)
        event_id, kind, data = message["id"], message["type"], message["data"]
        reference, reason = data["reference"], data.get("reason", "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadWebhook("The webhook is not JSON with id, type and data.reference.") from error
    if not all(isinstance(text, str) for text in (event_id, kind, reference, reason)) or not event_id:
        raise BadWebhook("The webhook's id, type, data.reference and data.reason are texts.")
    if len(event_id) > 64 or kind not in _KINDS:
        raise BadWebhook("The webhook's id is at most 64 long and its type payment.succeeded or payment.failed.")
    return Message(event_id, kind, reference, _KINDS[kind], reason)
