"""Every error that the catalogue service raises on purpose.

StranglerError
└── CatalogError
    ├── SettingsError         the environment is wrong: all problems at once
    ├── InvalidValue          a value that the domain does not allow (also a ValueError)
    ├── TranslationError      a row of the monolith that has no meaning here
    ├── FeedError
    │   ├── FeedUnavailable   the monolith does not answer, or answers with an error of its own
    │   ├── FeedRefused       the monolith does not accept our token
    │   ├── CursorRefused     the monolith does not know our cursor
    │   └── FeedGarbled       an answer that is not the feed we agreed on
    ├── StoreError
    │   ├── StoreGone         the database does not answer
    │   └── PositionMoved     another importer was first; nothing was written
    └── NotFilled             the first import has not reached the end
"""

from __future__ import annotations

from collections.abc import Iterable

from strangler.errors import StranglerError

__all__ = [
    "CatalogError",
    "CursorRefused",
    "FeedError",
    "FeedGarbled",
    "FeedRefused",
    "FeedUnavailable",
    "InvalidValue",
    "NotFilled",
    "PositionMoved",
    "SettingsError",
    "StoreError",
    "StoreGone",
    "TranslationError",
]


class CatalogError(StranglerError):
    """The root of the service's own errors."""


class SettingsError(CatalogError):
    """The environment is wrong. `problems` holds every one: variable, what is wrong, what would be right."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class InvalidValue(CatalogError, ValueError):
    """A value that the domain does not allow."""


class TranslationError(CatalogError):
    """A row of the monolith cannot be said in this service's words.

    `field` and `value` name the place, `wrong` what is wrong with it, `remedy` what somebody can do in the
    monolith. The value is shortened, for it ends up in logs and on the health page.
    """

    def __init__(self, field: str, value: object, wrong: str, remedy: str) -> None:
        self.field = field
        self.value = _shortened(value)
        self.wrong = wrong
        self.remedy = remedy
        super().__init__(f"{field} = {self.value} {wrong}. {remedy}")


def _shortened(value: object, limit: int = 120) -> str:
    shown = ascii(value)
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


class FeedError(CatalogError):
    """Something about the monolith's changes feed."""


class FeedUnavailable(FeedError):
    """The monolith does not answer in time, or with an error of its own. Asking again later is right.

    `retry_after` is how many seconds it asked us to wait; 0 where it did not say.
    """

    retry_after: float = 0.0


class FeedRefused(FeedError):
    """The monolith does not accept our token. Asking again is useless until somebody changes it."""


class CursorRefused(FeedError):
    """The monolith does not know our cursor: its database is another one. The import must begin anew."""


class FeedGarbled(FeedError):
    """The answer is not the feed we agreed on: not JSON, or without what every change must carry."""


class StoreError(CatalogError):
    """Something about the service's own database."""


class StoreGone(StoreError):
    """The database does not answer."""


class PositionMoved(StoreError):
    """Another importer has moved the feed position since we read it. Nothing of ours was written."""


class NotFilled(CatalogError):
    """The first import has not reached the end, so what the store would answer is not the catalogue."""
