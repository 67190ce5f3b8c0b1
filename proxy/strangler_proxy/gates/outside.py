"""Asking what others say: an address, and Prometheus. Only what an operator wrote is ever asked.

Each is bounded in time and in size, follows no redirect, and takes no proxy from the environment. Ask where no event
loop runs.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any, Final

import httpx

from strangler.gates import ProbeGate, ProbeSeen, PrometheusGate, PrometheusSeen
from strangler_proxy.gates.headers import HeaderUnset, sent_headers
from strangler_proxy.plain import plain, reason

__all__ = ["ask_probe", "ask_prometheus"]

_MOST_BYTES: Final = 1024 * 1024
_LONGEST: Final = 200
_HEADERS: Final = {"User-Agent": "strangler", "Accept-Encoding": "identity"}


def ask_probe(gate: ProbeGate, *, transport: httpx.AsyncBaseTransport | None = None) -> ProbeSeen:
    """What the address answers."""
    try:
        headers = sent_headers(gate.headers, os.environ)
        status, body = _asked(gate.url, {}, headers, gate.timeout, transport, whole=bool(gate.contains))
    except HeaderUnset as error:
        return ProbeSeen(error=str(error))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return ProbeSeen(error=_why(error, gate.timeout))
    return ProbeSeen(status, gate.contains.encode() in body)


def ask_prometheus(gate: PrometheusGate, *, transport: httpx.AsyncBaseTransport | None = None) -> PrometheusSeen:
    """The number that the query gives."""
    url = f"{gate.url.rstrip('/')}/api/v1/query"
    try:
        headers = sent_headers(gate.headers, os.environ)
        status, body = _asked(url, {"query": gate.query}, headers, gate.timeout, transport, whole=True)
    except HeaderUnset as error:
        return PrometheusSeen(error=str(error))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return PrometheusSeen(error=_why(error, gate.timeout))
    try:
        document = json.loads(body)
        if document["status"] != "success":
            return PrometheusSeen(error=plain(str(document.get("error", "it failed")))[:_LONGEST])
        return _number(document["data"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return PrometheusSeen(error=f"no answer of Prometheus, with status {status}")


def _number(data: Any) -> PrometheusSeen:
    kind, result = data["resultType"], data["result"]
    if kind == "scalar":
        return PrometheusSeen(float(result[1]))
    if kind != "vector":
        return PrometheusSeen(error=f"it gave a {plain(str(kind))[:20]}, not a number")
    if not result:
        return PrometheusSeen()
    if len(result) > 1:
        return PrometheusSeen(error=f"it gave {len(result)} series; aggregate them, as with sum(...)")
    return PrometheusSeen(float(result[0]["value"][1]))


def _asked(
    url: str,
    query: dict[str, str],
    headers: dict[str, str],
    timeout: float,
    transport: httpx.AsyncBaseTransport | None,
    *,
    whole: bool,
) -> tuple[int, bytes]:
    """The status, and up to a megabyte of the body if it is wanted. Raises TimeoutError when all of it takes longer:
    httpx itself bounds only each silence, and a head can drip for hours."""

    client = httpx.AsyncClient(
        headers=headers, timeout=timeout, trust_env=False, follow_redirects=False, transport=transport
    )

    async def within() -> tuple[int, bytes]:
        async with asyncio.timeout(timeout), client:
            return await _answer(client, url, query, whole=whole)

    return asyncio.run(within())


async def _answer(client: httpx.AsyncClient, url: str, query: dict[str, str], *, whole: bool) -> tuple[int, bytes]:
    async with client.stream("GET", url, params=query or None, headers=_HEADERS) as response:
        body = bytearray()
        # Not asked for; and what is packed small would be unpacked into more than is wanted.
        packed = response.headers.get("Content-Encoding", "identity") != "identity"
        if whole and not packed:
            async for part in response.aiter_bytes():
                body += part
                if len(body) >= _MOST_BYTES:
                    break
        return response.status_code, bytes(body[:_MOST_BYTES])


def _why(error: Exception, timeout: float) -> str:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return f"not within {timeout:g} s"
    return plain(reason(error))[:_LONGEST]
