"""What a command printed, without the secrets in it, for the audit."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from strangler.evidence.marks import Marks
from strangler.evidence.secret_names import is_secret
from strangler.evidence.text_secrets import assigned_taken_out, tokens_taken_out, urls_taken_out

__all__ = ["redacted"]

_SHORTEST: Final = 8
_KEY_BYTES: Final = 16


def redacted(text: str, environment: Mapping[str, str]) -> str:
    """`text` without tokens, accounts and secret parameters in URLs, values behind secret names, and the values of
    environment variables with such names, of eight letters or more."""
    marks = Marks(secrets.token_bytes(_KEY_BYTES))
    known = {value for name, value in environment.items() if is_secret(name) and len(value) >= _SHORTEST}
    for value in sorted(known, key=len, reverse=True):
        text = text.replace(value, marks.of(value))
    return assigned_taken_out(urls_taken_out(tokens_taken_out(text, marks), is_secret, marks), is_secret, marks)
