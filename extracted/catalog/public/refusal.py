from __future__ import annotations

from typing import Any

from extracted.catalog.errors import CatalogError
from extracted.catalog.public.phrases import phrase

__all__ = ["Refusal", "refusal"]


class Refusal(CatalogError):
    """The public contract's no: a status and the body that goes with it."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.body = body
        self.headers = headers or {}
        super().__init__(f"{status}: {body}")


def refusal(status: int, name: str, language: str, **values: object) -> Refusal:
    """A refusal with the one detail of that name."""
    return Refusal(status, {"detail": phrase(name, language, **values)})
