"""Who asks, as far as a request says it, for whole visits to be copied or not at all."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Final

from strangler.evidence import subject_hash
from strangler.toggles import BUCKETS
from strangler_proxy.request_head import RequestHead
from strangler_proxy.subject import COOKIE, Subjects

__all__ = ["Visitors"]

_COLON: Final = ord(":")
_OWN: Final = COOKIE.encode() + b"="
# The salt of the buckets that copies are drawn by: none of a toggle's, so that copies and canaries are drawn
# independently of each other.
_SALT: Final = b"strangler:copies\0"


class Visitors:
    """Finds subjects where `subjects` would, in the lines of a request, without making a new one where there is none.

    `key` is what subjects are hashed with for evidence: the replica's own, so that all its processes name one alike.
    """

    __slots__ = ("_seeded", "_sources", "_subjects", "key")

    def __init__(self, subjects: Subjects) -> None:
        self.key: bytes = os.urandom(32)
        self._subjects = subjects
        # Whether it is a cookie's name with its equals sign, or a header's in small letters.
        self._sources: list[tuple[bool, bytes]] = []
        for source in subjects.sources:
            kind, _, name = source.partition(":")
            self._sources.append(
                (kind == "cookie", name.encode() + b"=" if kind == "cookie" else name.lower().encode())
            )
        self._seeded = sha256(_SALT)

    def subject(self, head: RequestHead) -> bytes:
        """The subject; empty where it is not known."""
        for is_cookie, name in self._sources:
            value = _cookie(head, name) if is_cookie else _header(head, name)
            if value:
                return value
        if head.cookies is not None:
            own = _cookie(head, _OWN)
            if own and (known := self._subjects.verified(own)) is not None:
                return known.encode()
        return b""

    def mark(self, head: RequestHead) -> str:
        """The subject as evidence has it, 16 hex digits; empty where it is not known."""
        subject = self.subject(head)
        return subject_hash(self.key, subject.decode("utf-8", "backslashreplace")) if subject else ""

    def bucket(self, head: RequestHead, forwarded: bytes) -> int:
        """The bucket of whoever asks: of the subject, else of the client as it is in `forwarded`, the lines that
        tell an upstream of it."""
        digest = self._seeded.copy()
        digest.update(self.subject(head) or forwarded)
        return (int.from_bytes(digest.digest()[:8], "big") * BUCKETS) >> 64


def _header(head: RequestHead, name: bytes) -> bytes:
    size = len(name)
    for line in head.came:
        if len(line) > size and line[size] == _COLON and line[:size].lower() == name:
            return line[size + 1 :].strip()
    return b""


def _cookie(head: RequestHead, start: bytes) -> bytes:
    """The first value of a cookie that is not empty; `start` is its name with the equals sign."""
    if head.cookies is None:
        return b""
    for index in head.cookies:
        line = head.lines[index]
        if start not in line:
            continue
        for pair in line[line.find(_COLON) + 1 :].split(b";"):
            pair = pair.strip()
            if pair.startswith(start):
                value = pair[len(start) :].strip().strip(b'"')
                if value:
                    return value
    return b""
