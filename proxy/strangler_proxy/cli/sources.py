"""What `strangler compare` compares: an answer in a file or at an address."""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from strangler.compare import Answer, Pair
from strangler.compare.form import answer_from_json, pair_from_json
from strangler.errors import StranglerError
from strangler_proxy.replay.side import Asking, Side

__all__ = ["Source", "is_url", "load_pair", "load_source"]

_LARGEST = 64 * 1024 * 1024
# What the system's own table may lack, or call by another name.
_TYPES = {
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".htm": "text/html; charset=utf-8",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".xml": "application/xml",
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Source:
    """An answer, and whether it is a whole one, with status and headers, or a body alone. Where there is none, `why`
    says so in a word."""

    answer: Answer | None
    whole: bool
    why: str = ""


def is_url(text: str) -> bool:
    """Whether it is the address of something to ask for."""
    return text.startswith(("http://", "https://"))


def load_source(text: str, *, content_type: str, headers: Sequence[tuple[str, str]], seconds: float) -> Source:
    """The answer at an address, a saved one, or the body in a file. Raises StranglerError."""
    if is_url(text):
        return asyncio.run(_asked(text, headers, seconds))
    path = Path(text)
    body = _read(path)
    if not content_type and path.suffix == ".json":
        document = _document(body)
        if isinstance(document, dict) and {"status", "headers"} <= set(document) <= {"status", "headers", "body"}:
            try:
                return Source(answer_from_json(document), True)
            except ValueError:
                pass  # a body that happens to look like one
    return Source(Answer(200, tuple(_body_headers(path, content_type)), body), False)


def load_pair(path: Path) -> Pair:
    """A pair that was saved, such as a parity case. Raises StranglerError."""
    document = _document(_read(path))
    # What is kept as evidence has its pair within.
    if isinstance(document, dict) and isinstance(document.get("pair"), dict):
        document = document["pair"]
    try:
        return pair_from_json(document)
    except ValueError as error:
        raise StranglerError(
            f"{path} is no saved pair: {error}. Give a case of `strangler replay --save`, or OLD and NEW."
        ) from error


def _body_headers(path: Path, content_type: str) -> Iterator[tuple[str, str]]:
    """What a server would say of the body in a file: of `page.html.gz` that it is HTML, packed by gzip."""
    guessed, coding = mimetypes.guess_type(path.name)
    plain = path.with_suffix("") if coding else path
    yield "Content-Type", content_type or _TYPES.get(plain.suffix.lower()) or guessed or "application/octet-stream"
    if coding:
        yield "Content-Encoding", coding


async def _asked(text: str, headers: Sequence[tuple[str, str]], seconds: float) -> Source:
    try:
        url = httpx.URL(text)
        side = Side("", str(url.copy_with(path="/", query=None, fragment=None)), seconds=seconds)
    except (ValueError, httpx.InvalidURL) as error:
        raise StranglerError(f"{text} is no address: {error}. Write one such as http://127.0.0.1:8000/.") from error
    async with side:
        named = any(name.lower() == "host" for name, _ in headers)
        host = () if named else (("Host", side.host),)
        given = await side.ask(Asking("GET", url.raw_path.decode("ascii"), [*host, *headers]))
    return Source(given.answer, True, given.why)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise StranglerError(f"{path} is larger than {_LARGEST} bytes. Compare smaller files.")
        return path.read_bytes()
    except OSError as error:
        raise StranglerError(f"{path} cannot be read: {error.strerror}. Name a file that is there.") from error


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
