"""Reading HAR 1.2, as browsers and proxies export it: what a page asked for, and what it was given.

Every browser has its own idea of the format, so what is missing is taken as absent wherever that makes sense. Bodies
stand in it decoded; so headers that say how they were packed are left out.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlencode, urlsplit

from strangler.compare import Answer, Request
from strangler.recording.lines import opened
from strangler.recording.problems import Problems
from strangler.recording.recorded import LATEST, Recorded
from strangler.recording.target import target_of

__all__ = ["read_har"]

_LARGEST: Final = 512 * 1024 * 1024
_PACKED: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_CLIENT: Final = "browser"


class _Passed(Exception):
    """An entry that is none of ours to replay; its text is the word that it is counted by."""


def read_har(path: Path, problems: Problems, skipped: Counter[str]) -> Iterator[Recorded]:
    """The requests of a HAR, in the order in which they began, all of one client.

    Only those to the first one's host: a page also asks others. Passed over and counted in `skipped`: `other-host`,
    `websocket`, `not-http` (data:, blob:, extensions), `body-lost` (a form whose files the export left out).
    """
    entries = _entries(path, problems)
    host = ""
    found: list[Recorded] = []
    for number, entry in enumerate(entries):
        key = f"log.entries[{number}]"
        try:
            url = _url_of(_object(entry, key), key)
            host = host or url.netloc.lower()
            if url.netloc.lower() != host:
                raise _Passed("other-host")
            found.append(_recorded(entry, url, key))
        except _Passed as passed:
            skipped[str(passed)] += 1
        except ValueError as error:
            where, _, wrong = str(error).partition(": ")
            problems.add(wrong, "Export the HAR anew, or take the entry out.", key=where)
    # Browsers write an entry when its answer is there, or by page; what came of what is told by the order of requests.
    yield from sorted(found, key=lambda recorded: recorded.at)


def _entries(path: Path, problems: Problems) -> list[Any]:
    with opened(path) as file:
        try:
            data = file.read(_LARGEST + 1)
        except (OSError, EOFError, zlib.error) as error:
            problems.add(f"cannot be unpacked: {error}", "Copy the file anew.")
            return []
    if len(data) > _LARGEST:
        problems.add(f"is larger than {_LARGEST} bytes", "Export fewer requests at once.")
        return []
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)[:120]
        problems.add(f"is not JSON: {what}", "Export the HAR anew: it may be cut off.", line=line)
        return []
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        problems.add("has no list log.entries", "Export it as HAR 1.2.", key="log.entries")
        return []
    return entries


def _url_of(entry: Mapping[str, Any], key: str) -> SplitResult:
    url = _member(entry, "request", key).get("url")
    if not isinstance(url, str) or not url:
        raise ValueError(f"{key}.request.url: is missing")
    try:
        split = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"{key}.request.url: is no address: {error}") from None
    if split.scheme in ("ws", "wss") or entry.get("_resourceType") == "websocket" or "_webSocketMessages" in entry:
        raise _Passed("websocket")
    if split.scheme not in ("http", "https"):
        raise _Passed("not-http")
    return split


def _recorded(entry: Mapping[str, Any], url: SplitResult, key: str) -> Recorded:
    request = _member(entry, "request", key)
    method = request.get("method")
    if not isinstance(method, str) or not method:
        raise ValueError(f"{key}.request.method: is missing")
    headers = _headers(request.get("headers"), f"{key}.request.headers")
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", url.netloc.rpartition("@")[2]))
    asked = Request(method.upper(), target_of(url), "", tuple(headers), _asked_body(request, f"{key}.request"))
    answer = _answer(entry.get("response"), f"{key}.response")
    milliseconds = entry.get("time")
    measured = (
        isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool) and 0 <= milliseconds <= LATEST
    )
    seconds = float(milliseconds) / 1000 if measured and milliseconds is not None and answer is not None else None
    return Recorded(_moment(entry.get("startedDateTime"), key), asked, answer, None, _CLIENT, seconds)


def _asked_body(request: Mapping[str, Any], key: str) -> bytes:
    posted = request.get("postData")
    if not isinstance(posted, dict):
        return b""
    text, params = posted.get("text"), posted.get("params")
    if isinstance(text, str) and text:
        return _bytes(text, posted.get("encoding"), "utf-8", f"{key}.postData")
    if not isinstance(params, list) or not params:
        return b""
    if "urlencoded" not in str(posted.get("mimeType", "")):
        raise _Passed("body-lost")
    fields = [(str(each.get("name", "")), str(each.get("value", ""))) for each in params if isinstance(each, dict)]
    return urlencode(fields).encode("ascii")


def _answer(response: Any, key: str) -> Answer | None:
    """The recorded answer; None where there was none, or what there was is no answer (status 0: blocked, cancelled)."""
    status = response.get("status") if isinstance(response, dict) else None
    if type(status) is not int or not 100 <= status <= 999:
        return None
    if status == 101:
        raise _Passed("websocket")
    headers = [(name, value) for name, value in _headers(response.get("headers"), f"{key}.headers")
               if name.lower() not in _PACKED]  # fmt: skip
    content = response.get("content")
    text = content.get("text") if isinstance(content, dict) else None
    if not isinstance(text, str):
        return Answer(status, tuple(headers))
    media = next((value for name, value in headers if name.lower() == "content-type"), "")
    charset = media.lower().partition("charset=")[2].partition(";")[0].strip(' "') or "utf-8"
    return Answer(status, tuple(headers), _bytes(text, content.get("encoding"), charset, f"{key}.content"))


def _bytes(text: str, encoding: Any, charset: str, key: str) -> bytes:
    if encoding == "base64":
        try:
            return base64.b64decode(text, validate=False)
        except (binascii.Error, ValueError):
            raise ValueError(f"{key}: is not base64") from None
    try:
        return text.encode(charset)
    except (LookupError, UnicodeError):
        return text.encode("utf-8", "surrogatepass")


def _headers(value: Any, key: str) -> list[tuple[str, str]]:
    """Names with values; without the pseudo headers of HTTP/2, of which `:authority` is the Host."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{key}: is not a list")
    found: list[tuple[str, str]] = []
    for each in value:
        name, text = (each.get("name"), each.get("value")) if isinstance(each, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(text, str) or not name:
            raise ValueError(f"{key}: has one that is not a name with a value")
        if name.lower() == ":authority":
            name = "Host"
        elif name.startswith(":"):
            continue
        # Of several lines with one name some make one, with line ends between.
        found += [(_latin(name), _latin(line.strip())) for line in text.splitlines() or [""]]
    return found


def _latin(text: str) -> str:
    """As on the wire, where a letter beyond Latin-1 can only have been UTF-8."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("latin-1")
    return text


def _moment(text: Any, key: str) -> float:
    if text is None:
        return 0.0
    try:
        moment = datetime.fromisoformat(text)
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{key}.startedDateTime: is no moment: {str(text)[:40]!r}") from None


def _member(entry: Mapping[str, Any], name: str, key: str) -> Mapping[str, Any]:
    return _object(entry.get(name), f"{key}.{name}")


def _object(value: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{key}: is not an object")
    return value
