"""What each header field means to a proxy, looked up by the bytes of its name: one look-up for a known one."""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "CLOSES",
    "CONDITION",
    "CONNECTION",
    "CONTENT_LENGTH",
    "COOKIE",
    "DROP",
    "EXPECT",
    "FORWARDED",
    "HOST",
    "INVALID",
    "KEEP",
    "LEARN",
    "MAX_FORWARDS",
    "OVERRIDE",
    "PERSISTS",
    "RELEASE",
    "REQUEST_ID",
    "SET_COOKIE",
    "SITE_DATA",
    "TE",
    "TESTER",
    "TRACE_PARENT",
    "TRACE_STATE",
    "TRANSFER_ENCODING",
    "UNKNOWN",
    "UPGRADE",
    "VIA",
    "Meanings",
    "is_token",
]

KEEP: Final = 0
DROP: Final = 1
HOST: Final = 2
CONTENT_LENGTH: Final = 3
TRANSFER_ENCODING: Final = 4
CONNECTION: Final = 5
COOKIE: Final = 6
SET_COOKIE: Final = 7
UPGRADE: Final = 8
EXPECT: Final = 9
REQUEST_ID: Final = 10
VIA: Final = 11
TE: Final = 12
INVALID: Final = 13
FORWARDED: Final = 14
SITE_DATA: Final = 15
TRACE_PARENT: Final = 16
TRACE_STATE: Final = 17
# A Connection line of which this is all: what nearly every one of them says.
PERSISTS: Final = 18
CLOSES: Final = 19
MAX_FORWARDS: Final = 20
# Asks for the answer only if it has changed, or for a part of it: passed on as it came, and left out of copies.
CONDITION: Final = 21
RELEASE: Final = 22
# Says that another method is meant: an application that heeds it may delete what a GET asks for.
OVERRIDE: Final = 23
# The signed word of a tester, for the proxy alone.
TESTER: Final = 24
UNKNOWN: Final = -1
# Added to a meaning: the field has few values, so that its whole lines are worth being remembered.
LEARN: Final = 64

_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MOST_REMEMBERED: Final = 2048
_LONGEST_REMEMBERED: Final = 64

_BOTH_WAYS: Final = {
    b"connection": CONNECTION,
    b"content-length": CONTENT_LENGTH,
    b"keep-alive": DROP,
    b"proxy-connection": DROP,
    b"transfer-encoding": TRANSFER_ENCODING,
    b"upgrade": UPGRADE,
}
_REQUEST: Final = {
    **_BOTH_WAYS,
    b"cookie": COOKIE,
    b"expect": EXPECT,
    b"forwarded": FORWARDED,
    b"host": HOST,
    b"max-forwards": MAX_FORWARDS,
    b"proxy-authorization": DROP,
    b"te": TE,
    b"traceparent": TRACE_PARENT,
    b"tracestate": TRACE_STATE,
    b"via": VIA,
    b"x-forwarded-for": FORWARDED,
    b"x-forwarded-host": FORWARDED,
    b"x-forwarded-proto": FORWARDED,
    b"x-request-id": REQUEST_ID,
    b"x-strangler-tester": TESTER,
}
_RESPONSE: Final = {
    **_BOTH_WAYS,
    b"clear-site-data": SITE_DATA,
    b"proxy-authenticate": DROP,
    b"set-cookie": SET_COOKIE,
    b"x-strangler-release": RELEASE,
}
_CONDITIONS: Final = frozenset(
    {b"if-match", b"if-modified-since", b"if-none-match", b"if-range", b"if-unmodified-since", b"range"}
)
_OVERRIDES: Final = frozenset({b"x-http-method", b"x-http-method-override", b"x-method-override"})
_FEW_VALUES: Final = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"accept-ranges",
        b"allow",
        b"cache-control",
        b"connection",
        b"content-encoding",
        b"content-language",
        b"content-type",
        b"cross-origin-opener-policy",
        b"date",
        b"dnt",
        b"host",
        b"keep-alive",
        b"origin",
        b"permissions-policy",
        b"pragma",
        b"priority",
        b"referrer-policy",
        b"save-data",
        b"server",
        b"strict-transport-security",
        b"upgrade-insecure-requests",
        b"user-agent",
        b"vary",
        b"x-content-type-options",
        b"x-frame-options",
        b"x-requested-with",
        b"x-strangler-release",
    }
)
_FEW_VALUES_PREFIXES: Final = (b"sec-", b"access-control-")
_REQUEST_PREFIXES: Final = (b"x-forwarded-", b"x-strangler-")
_RESPONSE_PREFIXES: Final = (b"x-strangler-",)


def is_token(text: bytes) -> bool:
    """Whether `text` is a token of RFC 9110: what names and methods are made of."""
    return _TOKEN.fullmatch(text) is not None


class Meanings(dict[bytes, int]):
    """Meanings of field names in requests or in responses, remembered by the bytes in which a name came.

    What is not remembered yet is worked out by `__missing__`. How much is remembered is bounded, since clients choose
    the names. A request's names with underscores are taken for what WSGI makes of them: `X_Forwarded_For` means
    `X-Forwarded-For`, and whatever means something to the proxy is dropped in that spelling. A meaning may have LEARN
    on top.
    """

    def __init__(self, *, requests: bool) -> None:
        super().__init__()
        self._named = _REQUEST if requests else _RESPONSE
        self._prefixes = _REQUEST_PREFIXES if requests else _RESPONSE_PREFIXES
        self._underscores = requests

    def __missing__(self, name: bytes) -> int:
        meaning = self._of(name)
        if len(name) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[name] = meaning
        return meaning

    def _of(self, name: bytes) -> int:
        if not is_token(name):
            return INVALID
        lowered = name.lower()
        if self._underscores and b"_" in lowered:
            spelled = lowered.replace(b"_", b"-")
            if spelled in _CONDITIONS:
                return CONDITION
            if spelled in _OVERRIDES:
                return OVERRIDE
            return DROP if spelled in self._named or spelled.startswith(self._prefixes) else KEEP
        if self._underscores and lowered in _CONDITIONS:
            return CONDITION
        if self._underscores and lowered in _OVERRIDES:
            return OVERRIDE
        meaning = self._named.get(lowered, KEEP)
        if meaning == KEEP and lowered.startswith(self._prefixes):
            return DROP
        few = lowered in _FEW_VALUES or (lowered.startswith(_FEW_VALUES_PREFIXES) and b"websocket" not in lowered)
        return meaning + LEARN if few else meaning
