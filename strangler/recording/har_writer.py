"""Writing HAR 1.2, so that a recording opens in a browser's developer tools."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import IO, Any, Final
from urllib.parse import parse_qsl, urlsplit

import strangler
from strangler.compare import Answer, Request
from strangler.compare.decoding import Undecodable, decoded
from strangler.compare.limits import TooMuch
from strangler.recording.recorded import Recorded

__all__ = ["write_har"]

_LONGEST: Final = 16 * 1024 * 1024


def write_har(file: IO[str], recorded: Iterable[Recorded], *, scheme: str = "http") -> int:
    """Write what was recorded as one HAR; how many entries it has.

    Each has the old answer, where there is one, else the new; without any the status is 0, as browsers have it for a
    request that was not answered. Addresses are made of `scheme` and the recorded Host; bodies are unpacked. Nothing
    but one entry is in memory at a time.
    """
    creator = json.dumps({"name": "strangler", "version": strangler.__version__})
    file.write(f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": [')
    count = 0
    for each in recorded:
        file.write(",\n" if count else "\n")
        json.dump(_entry(each, scheme), file)
        count += 1
    file.write("\n]}}\n")
    return count


def _entry(recorded: Recorded, scheme: str) -> dict[str, Any]:
    answer = recorded.new if recorded.old is None else recorded.old
    seconds = recorded.new_seconds if recorded.old is None else recorded.old_seconds
    milliseconds = round((seconds or 0.0) * 1000, 3)
    return {
        "startedDateTime": datetime.fromtimestamp(recorded.at, UTC).isoformat(timespec="milliseconds"),
        "time": milliseconds,
        "request": _request(recorded.request, scheme),
        "response": _response(Answer(0) if answer is None else answer),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": " ".join(filter(None, (recorded.request.route, recorded.client))),
    }


def _request(request: Request, scheme: str) -> dict[str, Any]:
    host = _first(request.headers, "host") or "localhost"
    query = urlsplit(request.target).query
    document: dict[str, Any] = {
        "method": request.method,
        "url": f"{scheme}://{host}{request.target}",
        "httpVersion": "HTTP/1.1",
        "cookies": _cookies(value for name, value in request.headers if name.lower() == "cookie"),
        "headers": _headers(request.headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(query, keep_blank_values=True)],
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        document["postData"] = {"mimeType": _first(request.headers, "content-type"), **_body(request.body)}
    return document


def _response(answer: Answer) -> dict[str, Any]:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = ""
    media_type = _first(answer.headers, "content-type") or "application/octet-stream"
    content = _unpacked(answer)
    return {
        "status": answer.status,
        "statusText": phrase,
        "httpVersion": "HTTP/1.1",
        "cookies": _cookies(value for name, value in answer.headers if name.lower() == "set-cookie"),
        "headers": _headers(answer.headers),
        "content": {"size": len(content), "mimeType": media_type, **_body(content)},
        "redirectURL": _first(answer.headers, "location"),
        "headersSize": -1,
        "bodySize": len(answer.body),
    }


def _unpacked(answer: Answer) -> bytes:
    try:
        return decoded(answer, _LONGEST)
    except (TooMuch, Undecodable):
        return answer.body


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode("ascii"), "encoding": "base64"}


def _cookies(values: Iterable[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for value in values:
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(value)
        except CookieError:
            continue
        found += [{"name": name, "value": crumb.value} for name, crumb in jar.items()]
    return found


def _headers(headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _first(headers: Iterable[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")
