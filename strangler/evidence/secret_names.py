"""Names behind which secrets stand: headers, and the keys, fields and parameters that are redacted unasked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Final

__all__ = ["COOKIE_HEADERS", "DIGEST_HEADERS", "SECRET_HEADERS", "SECRET_WORDS", "Names", "is_secret"]

COOKIE_HEADERS: Final = frozenset(["cookie", "set-cookie"])
"""Of these the values of the cookies are redacted, not their names and attributes."""

DIGEST_HEADERS: Final = frozenset(["content-digest", "content-md5", "digest", "etag", "repr-digest"])
"""A hash of the whole body, by which a short secret in it can be found: redacted where the body was."""

SECRET_HEADERS: Final = frozenset(
    [
        "authentication-info",
        "authorization",
        "cf-connecting-ip",
        "forwarded",
        "from",
        "proxy-authentication-info",
        "proxy-authorization",
        "true-client-ip",
        "x-amz-security-token",
        "x-api-key",
        "x-auth-token",
        "x-client-ip",
        "x-csrf-token",
        "x-csrftoken",
        "x-forwarded-for",
        "x-real-ip",
        "x-strangler-identity",
        "x-xsrf-token",
    ]
)
"""Credentials, and what says who or where the client is."""

SECRET_WORDS: Final = frozenset(
    [
        "accountnumber",
        "apikey",
        "authorization",
        "bic",
        "card",
        "cardnumber",
        "creditcard",
        "credential",
        "credentials",
        "csrf",
        "csrfmiddlewaretoken",
        "csrftoken",
        "cvc",
        "cvv",
        "iban",
        "jwt",
        "otp",
        "passcode",
        "passphrase",
        "passwd",
        "password",
        "passwords",
        "pin",
        "pwd",
        "secret",
        "secrets",
        "sessionid",
        "sessionkey",
        "signature",
        "ssn",
        "subscriptionkey",
        "token",
        "tokens",
        "xsrf",
    ]
)
"""A JSON key, form field or query parameter that is one of these, or has one of these among its words
(`new_password1`, `accessToken`, `card-number`), is redacted."""

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_KNOWN: dict[str, bool] = {}
_MOST_KNOWN: Final = 4096


def is_secret(name: str) -> bool:
    """Whether a key, field or parameter of that name is redacted unasked."""
    known = _KNOWN.get(name)
    if known is None:
        words = [word.lower() for word in _WORD.findall(name)]
        pairs = ["".join(two) for two in pairwise(words)]
        known = bool(SECRET_WORDS.intersection([*words, *pairs, "".join(words)]))
        if len(_KNOWN) < _MOST_KNOWN:
            _KNOWN[name] = known
    return known


class Names:
    """Names as redactions list them: globs, in any case."""

    __slots__ = ("_exact", "_globs")

    def __init__(self, globs: Iterable[str]) -> None:
        wanted = [each.lower() for each in globs]
        self._exact = frozenset(each for each in wanted if not set(each) & set("*?["))
        self._globs = tuple(each for each in wanted if each not in self._exact)

    def __contains__(self, name: str) -> bool:
        low = name.lower()
        return low in self._exact or any(fnmatchcase(low, glob) for glob in self._globs)
