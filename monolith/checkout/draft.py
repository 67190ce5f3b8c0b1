"""What a customer has said in the steps so far, kept in the session."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from django.contrib.sessions.backends.base import SessionBase

from monolith.checkout.services import ShippingAddress

__all__ = ["Draft"]

_KEY = "checkout"
_REMEMBERED = 5


def _new_key() -> str:
    return secrets.token_urlsafe(18)


@dataclass(frozen=True, slots=True)
class Draft:
    """``card`` is the last four digits. ``key`` belongs to this address and card: another choice makes another key.

    ``placed``: the numbers of the last orders by their keys, so that a second click on "buy" finds the first one's.
    """

    address: ShippingAddress | None = None
    card: str = ""
    key: str = field(default_factory=_new_key)
    placed: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, session: SessionBase) -> Self:
        kept: dict[str, Any] = session.get(_KEY) or {}
        address = kept.get("address")
        return cls(
            address=ShippingAddress(**address) if address else None,
            card=kept.get("card", ""),
            key=kept.get("key") or _new_key(),
            placed=tuple((key, number) for key, number in kept.get("placed", ())),
        )

    def write(self, session: SessionBase) -> None:
        session[_KEY] = asdict(self)

    def with_address(self, address: ShippingAddress) -> Draft:
        return replace(self, address=address, key=_new_key())

    def with_card(self, card: str) -> Draft:
        return replace(self, card=card, key=_new_key())

    def bought(self, number: str) -> Draft:
        """An empty draft that remembers which order its key made."""
        return Draft(placed=(*self.placed, (self.key, number))[-_REMEMBERED:])

    def declined(self) -> Draft:
        """The same address, to be paid in another way."""
        return replace(self, card="", key=_new_key())
