from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from extracted.catalog.domain import Money
from extracted.catalog.errors import TranslationError

__all__ = ["Row"]

_LARGEST_ID = 2**63 - 1
_LARGEST_COUNT = 2**31 - 1
_LARGEST_AMOUNT = Decimal(10) ** 12
_HUNDREDTH = Decimal("0.01")
# ISO 4217 currencies whose minor unit is not the hundredth.
_NO_HUNDREDTHS = frozenset({
    "BHD", "BIF", "CLF", "CLP", "DJF", "GNF", "IQD", "ISK", "JOD", "JPY", "KMF", "KRW", "KWD", "LYD", "MRU", "OMR",
    "PYG", "RWF", "TND", "UGX", "UYI", "UYW", "VND", "VUV", "XAF", "XOF", "XPF",
})  # fmt: skip

_SLUG = re.compile(r"[-a-zA-Z0-9_]+")

_Choice = TypeVar("_Choice", bound=StrEnum)


class Row:
    """One row of the monolith, read field by field. What cannot be read raises TranslationError with the remedy."""

    def __init__(self, data: object) -> None:
        if not isinstance(data, Mapping):
            raise TranslationError("data", data, "is no object", "An upsert must carry the row it is about.")
        self._data: Mapping[str, object] = data

    def _value(self, field: str) -> object:
        if field not in self._data:
            raise TranslationError(field, None, "is missing", f"The feed must send {field} with every row.")
        return self._data[field]

    def text(self, field: str, *, empty: bool = True) -> str:
        """Any text that a database and a JSON answer can hold."""
        return _text(field, self._value(field), empty=empty)

    def optional_text(self, field: str) -> str | None:
        """A text, or None where the monolith has null or an empty text."""
        value = self._value(field)
        return _text(field, value, empty=True) or None if value is not None else None

    def slug(self, field: str) -> str:
        """A text that can be one segment of an address as it stands."""
        value = self.text(field, empty=False)
        if not _SLUG.fullmatch(value):
            raise TranslationError(field, value, "is no slug", "Give it letters a to z, digits, hyphens, underscores.")
        return value

    def flag(self, field: str) -> bool:
        value = self._value(field)
        if not isinstance(value, bool):
            raise TranslationError(field, value, "is neither true nor false", "Send a JSON boolean.")
        return value

    def id(self, field: str) -> int:
        return _whole(field, self._value(field), 1, _LARGEST_ID)

    def optional_id(self, field: str) -> int | None:
        value = self._value(field)
        return None if value is None else _whole(field, value, 1, _LARGEST_ID)

    def count(self, field: str) -> int:
        return _whole(field, self._value(field), 0, _LARGEST_COUNT)

    def optional_count(self, field: str) -> int | None:
        value = self._value(field)
        return None if value is None else _whole(field, value, 0, _LARGEST_COUNT)

    def stars(self, field: str) -> int:
        return _whole(field, self._value(field), 1, 5)

    def choice(self, field: str, choices: type[_Choice]) -> _Choice:
        value = self.text(field)
        try:
            return choices(value)
        except ValueError:
            known = ", ".join(choices)
            raise TranslationError(field, value, "is not known here", f"Send one of {known}.") from None

    def currency(self, field: str) -> str:
        value = self.text(field, empty=False)
        if len(value) != 3 or not value.isascii() or not value.isalpha() or not value.isupper():
            raise TranslationError(field, value, "is no currency", "Send three capital letters, as EUR.")
        if value in _NO_HUNDREDTHS:
            raise TranslationError(
                field, value, "has no hundredths", "Prices are kept in hundredths here; sell it in another currency."
            )
        return value

    def money(self, field: str, currency: str) -> Money:
        return Money(_hundredths(field, self._value(field)), currency)

    def optional_money(self, field: str, currency: str) -> Money | None:
        value = self._value(field)
        return None if value is None else Money(_hundredths(field, value), currency)

    def basis_points(self, field: str) -> int:
        """A rate in percent with at most two places, as basis points: "19.00" is 1900."""
        return _hundredths(field, self._value(field))

    def moment(self, field: str) -> datetime:
        """An ISO 8601 time with an offset, in UTC."""
        value = self._value(field)
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
            if moment is not None and moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise TranslationError(
            field, value, "is no time with an offset", "Send ISO 8601, as 2026-01-02T03:04:05.678901Z."
        )

    def texts(self, field: str) -> tuple[tuple[str, str], ...]:
        """An object of texts, sorted by name: not every database of the monolith keeps an order of its own."""
        value = self._value(field)
        if not isinstance(value, Mapping):
            raise TranslationError(field, value, "is no object", "Send an object of texts; {} for none.")
        read = (
            (_text(field, key, empty=True), _text(f"{field}.{key!a}", text, empty=True)) for key, text in value.items()
        )
        return tuple(sorted(read))


def _text(field: str, value: object, *, empty: bool) -> str:
    if not isinstance(value, str):
        raise TranslationError(field, value, "is no text", "Send a JSON string.")
    if not value and not empty:
        raise TranslationError(field, value, "is empty", f"Give the row a {field} in the monolith.")
    if "\0" in value:
        raise TranslationError(field, value, "has a NUL character", "Take it out in the monolith.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise TranslationError(field, value, "has half a character", "Write the text anew in the monolith.") from None
    return value


def _whole(field: str, value: object, smallest: int, largest: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TranslationError(field, value, "is no whole number", "Send a JSON integer.")
    if not smallest <= value <= largest:
        raise TranslationError(field, value, f"is not within {smallest} and {largest}", "Correct it in the monolith.")
    return value


def _hundredths(field: str, value: object) -> int:
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite():
        raise TranslationError(field, value, "is no decimal", 'Send a decimal as text, as "89.90".')
    if not 0 <= amount < _LARGEST_AMOUNT:
        raise TranslationError(field, value, "is below zero or too large", "Correct it in the monolith.")
    hundredths = amount.quantize(_HUNDREDTH)
    if hundredths != amount:
        raise TranslationError(field, value, "is finer than a hundredth", "Round it in the monolith.")
    return int(hundredths.scaleb(2))
