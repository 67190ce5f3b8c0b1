"""The request that asks the monolith who a client is."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote_from_bytes

from strangler.vouch import SEAL, TARGET, WANTS, ask_seal
from strangler_proxy.credentials import Credentials
from strangler_proxy.form_token import form_token
from strangler_proxy.request_head import RequestHead

__all__ = ["SAFE", "vouch_request"]

SAFE: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
# What a path may have in a header line as it stands.
_PLAIN: Final = "".join(chr(code) for code in range(0x21, 0x7F))


def vouch_request(
    path: str,
    head: RequestHead,
    credentials: Credentials,
    *,
    secret: str,
    at: int,
    nonce: str,
    wants: bytes,
    forwarded: bytes,
    request_id: bytes,
    body: bytes,
) -> bytes:
    """The whole request to the vouching view at `path`, on behalf of the client that sent `head`.

    `at` is in seconds since the epoch; `secret`, `at` and `nonce` make its seal. `wants` names what is asked for,
    `forwarded` are whole lines that tell of the client, and of `body` only a form's CSRF token is taken along.
    """
    safe = head.method in SAFE
    # GET stands for all that change nothing: it alone has an answer with a body everywhere.
    method = b"GET" if safe else head.method
    asked = wants.decode("ascii")
    target = quote_from_bytes(head.target, safe=_PLAIN)
    seal = ask_seal(secret, at, nonce, method.decode("ascii"), target, asked)
    lines = f"{SEAL}: {seal}\r\n{TARGET}: {target}\r\n{WANTS}: {asked}\r\n".encode("ascii")
    form = b""
    if not safe:
        token = form_token(credentials.content_type, body)
        if token:
            form = b"csrfmiddlewaretoken=" + token
            lines += b"Content-Type: application/x-www-form-urlencoded\r\n"
        lines += b"Content-Length: %d\r\n" % len(form)
    return b"%b %b HTTP/1.1\r\n%b%bX-Request-Id: %b\r\n%b\r\n%b" % (
        method,
        path.encode("ascii"),
        credentials.block,
        forwarded,
        request_id,
        lines,
        form,
    )
