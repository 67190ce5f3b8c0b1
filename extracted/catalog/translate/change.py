from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from extracted.catalog.domain import Category, Product, Review
from extracted.catalog.errors import TranslationError
from extracted.catalog.translate import incoming

__all__ = ["Change", "Kind", "Removal", "Upsert", "change"]

Kind = Literal["category", "product", "review"]

_KINDS: dict[str, tuple[Kind, Callable[[object], Category | Product | Review]]] = {
    "category": ("category", incoming.category),
    "product": ("product", incoming.product),
    "review": ("review", incoming.review),
}


@dataclass(frozen=True, slots=True)
class Upsert:
    """The thing as it now is."""

    thing: Category | Product | Review


@dataclass(frozen=True, slots=True)
class Removal:
    """The thing is gone from the monolith."""

    kind: Kind
    id: int


Change = Upsert | Removal


def change(kind: str, id_: int, op: str, data: object) -> Change:
    """One entry of the feed, translated. Raises TranslationError."""
    if kind not in _KINDS:
        known = ", ".join(_KINDS)
        raise TranslationError("kind", kind, "is not known here", f"Known are {known}; upgrade the service first.")
    known_kind, translate = _KINDS[kind]
    if op not in {"upsert", "delete"}:
        raise TranslationError("op", op, "is not known here", "Known are upsert and delete; upgrade the service first.")
    # The feed tells the state of now: a thing deleted after its change was logged is sent without data.
    if op == "delete" or data is None:
        return Removal(known_kind, id_)
    if isinstance(data, Mapping) and data.get("id") != id_:
        raise TranslationError(
            "id", data.get("id"), f"is not the {id_} of its change", "The feed must send both alike."
        )
    return Upsert(translate(data))
