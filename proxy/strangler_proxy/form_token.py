"""The CSRF token in a form, found in as much of its body as is at hand."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["form_token", "is_form"]

# A token is of letters and digits, so no encoding of a form changes it. It proves that the sender knows it, wherever
# in the form it stands: finding one that Django would not have looked at lets nobody in who knows none.
_FIELD: Final = b"csrfmiddlewaretoken"
_URLENCODED: Final = re.compile(rb"(?:^|&|\n)" + _FIELD + rb"=([A-Za-z0-9]{32,64})(?=&|\r|$)")
_MULTIPART: Final = re.compile(
    rb'content-disposition:[ \t]*form-data;[ \t]*name="?' + _FIELD + rb'"?[ \t]*\r\n'
    rb"(?:[!-9;-~]+:[^\r\n]*\r\n){0,8}\r\n([A-Za-z0-9]{32,64})\r\n--",
    re.IGNORECASE,
)


def is_form(content_type: bytes) -> bool:
    """Whether a body of this type is a form that Django reads: urlencoded or multipart."""
    kind = content_type.partition(b";")[0].strip(b" \t").lower()
    return kind in (b"application/x-www-form-urlencoded", b"multipart/form-data")


def form_token(content_type: bytes, body: bytes) -> bytes:
    """The token in the beginning of a form's body; empty where there is none, or none that could be one."""
    kind = content_type.partition(b";")[0].strip(b" \t").lower()
    if kind == b"application/x-www-form-urlencoded":
        found = _URLENCODED.search(body)
    elif kind == b"multipart/form-data":
        found = _MULTIPART.search(body)
    else:
        return b""
    return b"" if found is None else found[1]
