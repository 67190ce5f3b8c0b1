"""What evidence belongs to: a route, the candidate's release, and the rules it was compared under."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["OTHERS", "Scope"]

OTHERS: Final = "…"
"""Stands for every name past a bound, so that whoever chooses names (a header, a key of a document) cannot fill the
store."""


class Scope(NamedTuple):
    """Evidence of one release under one revision of the rules is never added to that of another.

    `release` is empty where the candidate does not say which it is; `rules` is `Rules.revision`.
    """

    route: str
    release: str = ""
    rules: str = ""
