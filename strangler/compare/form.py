"""Pairs as JSON: the form of recordings, of parity cases and of kept pairs.

    {"request": {"method": "GET", "target": "/api/v1/products/1/", "route": "catalog.product-detail",
                 "headers": [["Accept", "application/json"]], "body": null},
     "old": {"status": 200, "headers": [["Content-Type", "application/json"]], "body": {"text": "{\\"id\\": 1}"}},
     "new": {"status": 404, "headers": [], "body": {"base64": "/9g="}}}

A body is `null` where it is empty, text where it is UTF-8, else base64, so that every byte comes back. Headers are as
on the wire, read as Latin-1.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from strangler.compare.values import Answer, Pair, Request

__all__ = [
    "answer_from_json",
    "answer_to_json",
    "body_from_json",
    "body_to_json",
    "pair_from_json",
    "pair_to_json",
    "request_from_json",
    "request_to_json",
]


def pair_to_json(pair: Pair) -> dict[str, Any]:
    """A pair as a JSON document."""
    return {
        "request": request_to_json(pair.request),
        "old": answer_to_json(pair.old),
        "new": answer_to_json(pair.new),
    }


def pair_from_json(document: Any) -> Pair:
    """What `pair_to_json` gave. Raises ValueError, which names the place, for anything else."""
    found = _object(document, "a pair")
    return Pair(
        request_from_json(found.get("request"), "request"),
        answer_from_json(found.get("old"), "old"),
        answer_from_json(found.get("new"), "new"),
    )


def request_to_json(request: Request) -> dict[str, Any]:
    """A request as a JSON document."""
    return {
        "method": request.method,
        "target": request.target,
        "route": request.route,
        "headers": [list(each) for each in request.headers],
        "body": body_to_json(request.body),
    }


def request_from_json(document: Any, place: str = "request") -> Request:
    """What `request_to_json` gave; headers and body may be left out. Raises ValueError for anything else."""
    found = _object(document, place)
    return Request(
        _text(found.get("method"), f"{place}.method"),
        _text(found.get("target"), f"{place}.target"),
        _text(found.get("route", ""), f"{place}.route"),
        _headers(found.get("headers", []), f"{place}.headers"),
        body_from_json(found.get("body"), f"{place}.body"),
    )


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """An answer as a JSON document."""
    return {
        "status": answer.status,
        "headers": [list(each) for each in answer.headers],
        "body": body_to_json(answer.body),
    }


def answer_from_json(document: Any, place: str = "answer") -> Answer:
    """What `answer_to_json` gave; headers and body may be left out. Raises ValueError for anything else."""
    found = _object(document, place)
    status = found.get("status")
    if type(status) is not int or not 100 <= status <= 999:
        raise ValueError(f"{place}.status is not a number from 100 to 999")
    headers = _headers(found.get("headers", []), f"{place}.headers")
    return Answer(status, headers, body_from_json(found.get("body"), f"{place}.body"))


def body_to_json(body: bytes) -> dict[str, str] | None:
    """A body as a JSON document."""
    if not body:
        return None
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def body_from_json(document: Any, place: str = "body") -> bytes:
    """What `body_to_json` gave. Raises ValueError for anything else."""
    if document is None:
        return b""
    found = _object(document, place)
    if set(found) == {"text"}:
        try:
            return _text(found["text"], f"{place}.text").encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(f"{place}.text holds half of a surrogate pair, which is not UTF-8") from None
    if set(found) == {"base64"}:
        try:
            return base64.b64decode(_text(found["base64"], f"{place}.base64"), validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError):
            raise ValueError(f"{place}.base64 is not base64") from None
    raise ValueError(f'{place} is neither null nor {{"text": …}} nor {{"base64": …}}')


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{place} is not an object")
    return value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{place} is not a text")
    return value


def _headers(value: Any, place: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        raise ValueError(f"{place} is not a list")
    found = []
    for number, each in enumerate(value):
        if not isinstance(each, list) or len(each) != 2:
            raise ValueError(f"{place}[{number}] is not a name with a value")
        name, text = (_text(part, f"{place}[{number}]") for part in each)
        if not f"{name}{text}".isascii():
            try:
                f"{name}{text}".encode("latin-1")
            except UnicodeEncodeError:
                raise ValueError(f"{place}[{number}] has letters that no header can carry") from None
        found.append((name, text))
    return tuple(found)
