"""What comes of asking the monolith who a client is: an identity to pass on, or an answer that refuses the client."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from email.utils import formatdate
from hmac import compare_digest
from http import HTTPStatus
from typing import Any, Final

from strangler.vouch import answer_seal
from strangler_proxy.answers import own_answer
from strangler_proxy.fields import is_token

__all__ = ["Refusal", "Vouched", "parse_answer", "vary"]

_NOT_TO_BE_TOLD: Final = frozenset({"connection", "content-length", "date", "keep-alive", "transfer-encoding"})
_CONTROLS: Final = bytes(code for code in range(32) if code != 9) + b"\x7f"


def vary(headers: Sequence[str]) -> bytes:
    """The line that tells caches what an answer to a known client depends on, where `headers` sign people in too.

    Services answer by the identity and see no cookie, so they cannot tell; nor can a view whose answer is relayed.
    """
    return b"Vary: %b" % ", ".join(["Cookie", "Authorization", *headers]).encode("ascii")


class Vouched:
    """The client is known, or known to be anonymous. `lines` are whole header lines to add to the request, each ended
    by CRLF; `set_cookies` are whole Set-Cookie lines of the monolith's, without CRLF, to relay to the client; `vary` is
    the line that tells caches of it."""

    __slots__ = ("lines", "set_cookies", "vary")

    def __init__(self, lines: bytes, set_cookies: list[bytes], vary: bytes) -> None:
        self.lines = lines
        self.set_cookies = set_cookies
        self.vary = vary


class Refusal:
    """The client gets this answer and the service nothing. `error` is for the log: why the monolith could not be asked,
    empty where the answer is the monolith's own."""

    __slots__ = ("body", "error", "lines", "status")

    def __init__(self, status: int, lines: list[bytes], body: bytes, error: str = "") -> None:
        self.status = status
        self.lines = lines
        self.body = body
        self.error = error

    def answer(self, request_id: bytes, *, close: bool, head_only: bool) -> bytes:
        """The whole answer in bytes; without its body where `head_only`. `close` announces the connection's end."""
        if self.error:
            return own_answer(self.status, request_id, close=close, head_only=head_only)
        try:
            phrase = HTTPStatus(self.status).phrase.encode()
        except ValueError:
            phrase = b""
        lines = [
            b"HTTP/1.1 %d %b" % (self.status, phrase),
            b"Date: %b" % formatdate(usegmt=True).encode(),
            *self.lines,
            b"Content-Length: %d" % len(self.body),
        ]
        if close:
            lines.append(b"Connection: close")
        return b"\r\n".join([*lines, b"", b"" if head_only else self.body])


def parse_answer(secret: str, nonce: str, body: bytes) -> dict[str, Any] | Refusal | None:
    """What the monolith answered to the question with `nonce`: facts about the client, or the answer that refuses it.

    None for what it did not seal for this question, and for what is sealed and makes no sense.
    """
    seal, _, text = body.decode("utf-8", "replace").partition("\n")
    if not compare_digest(seal.encode("utf-8", "replace"), answer_seal(secret, nonce, text).encode()):
        return None
    try:
        document = json.loads(text)
        if "refused" in document:
            return _refusal(document["refused"])
        return document if _is_sound(document) else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _refusal(document: dict[str, Any]) -> Refusal | None:
    lines = []
    for name, value in document["lines"]:
        line = b"%b: %b" % (name.encode("latin-1"), value.encode("latin-1"))
        if not is_token(name.encode("latin-1")) or line.translate(None, _CONTROLS) != line:
            return None
        if name.lower() not in _NOT_TO_BE_TOLD and not name.lower().startswith("x-strangler-"):
            lines.append(line)
    status = document["status"]
    if not isinstance(status, int) or not 200 <= status <= 599:
        return None
    return Refusal(status, lines, b64decode(document["body"], validate=True))


def _is_sound(document: dict[str, Any]) -> bool:
    """Whether the facts have the shape that they must have before they are signed."""
    user = document["user"]
    auth_time = document["auth_time"]
    if not isinstance(document["session"], str) or not isinstance(document["data"], dict):
        return False
    if not isinstance(document["here"], bool):
        return False
    if auth_time is not None and (not isinstance(auth_time, int) or isinstance(auth_time, bool)):
        return False
    if user is None:
        return True
    texts = isinstance(user["id"], str) and user["id"] != "" and isinstance(user["username"], str)
    flags = isinstance(user["staff"], bool) and isinstance(user["superuser"], bool)
    return texts and flags and _are_names(user["groups"]) and _are_names(user["permissions"])


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
