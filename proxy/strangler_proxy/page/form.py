"""What a form sends: read, and known to come from one of our pages."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from strangler_proxy.page.visitor import Visitor

__all__ = ["FORM_TOKEN", "FormRefused", "form_of", "read_form"]

FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
_MOST_FIELDS: Final = 1000
_AGAIN: Final = "Go back to the page, reload it and send it again."


class FormRefused(Exception):
    """A form that is not taken, with the `status` of the answer, and the `fields` of it that can be read. It becomes a
    page."""

    def __init__(self, status: int, wrong: str, remedy: str, fields: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.wrong = wrong
        self.remedy = remedy
        self.fields = fields or {}
        super().__init__(f"{wrong} {remedy}")


def read_form(body: bytes, visitor: Visitor | None) -> Mapping[str, str]:
    """The fields of a form, without the token that says that one of this visitor's pages sent it. Nobody's form (the
    one to sign in by) has none. Raises FormRefused."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise FormRefused(422, "The form cannot be read.", _AGAIN) from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        # Of two values under one name somebody else might read the other.
        raise FormRefused(422, "The form says something twice.", _AGAIN)
    shown = fields.pop(FORM_TOKEN, "")
    if visitor is not None and not compare_digest(shown.encode(), visitor.form_token.encode()):
        raise FormRefused(
            403,
            "The form is not from a page of this visit, so nothing was done.",
            f"{_AGAIN} You may have signed in anew since it was shown.",
            fields,
        )
    return fields


def form_of(request: Request) -> Mapping[str, str]:
    """The fields of the form that was sent, which the door has checked."""
    fields: Mapping[str, str] = request.state.form
    return fields
