"""How a person is named on the command line."""

from __future__ import annotations

import re
from typing import Final

import click

__all__ = ["SUBJECT_HELP", "subject_in"]

SUBJECT_HELP: Final = "what `subject` of [proxy] names, else the value of the cookie strangler_subject"
# Version, subject and signature: see `strangler_proxy.subject`. Only the proxy can say whether it is genuine.
_COOKIE: Final = re.compile(r"v1\.([\w-]{22})\.[\w-]{22}", re.ASCII)


def subject_in(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The subject that was given, or that is in the cookie that was given: people have the cookie at hand."""
    cookie = None if value is None else _COOKIE.fullmatch(value)
    return value if cookie is None else cookie.group(1)
