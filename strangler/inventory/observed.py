"""What was seen of a view while it ran: the tables it touched, and what went over the bounds of apps."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Observed", "Together"]


@dataclass(frozen=True, slots=True)
class Together:
    """Tables of several apps in one transaction or one statement, how often."""

    tables: tuple[str, ...]
    apps: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Observed:
    """What one view, by its `key`, did in `requests` requests of `method`.

    `reads` and `writes` are tables. `transactions` are those that wrote tables of several apps, or wrote one app's and
    read another's; `joins` single statements over tables of several apps. `statements` is how many touched a table.
    """

    key: str
    method: str
    requests: int
    statements: int = 0
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    transactions: tuple[Together, ...] = ()
    joins: tuple[Together, ...] = ()
