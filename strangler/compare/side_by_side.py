"""Both sides of a pair, line by line beside each other, and the request as curl commands. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final, NamedTuple

from strangler.compare.document import digest
from strangler.compare.json_text import Duplicates, Node, TooDeep, parse
from strangler.compare.values import Answer, Request

__all__ = ["Row", "curl", "lines_of", "side_by_side"]

# Matching lines takes the square of their number at worst; what lies beyond is compared line by line.
_MOST_MATCHED: Final = 2000
_CONTEXT: Final = 2
_NOT_SENT: Final = frozenset({"host", "content-length", "connection", "transfer-encoding", "via", "forwarded"})


class Row(NamedTuple):
    """A line of each side, None where a side has none; `differs` marks it. Both None stand for lines left out."""

    old: str | None
    new: str | None
    differs: bool = False


def lines_of(answer: Answer) -> list[str]:
    """An answer as lines: status, headers in small letters, an empty line, the body; JSON indented, with its numbers as
    they are written and keys that stand twice, binary by its length and digest."""
    headers = sorted(f"{name.lower()}: {value}" for name, value in answer.headers)
    return [f"HTTP {answer.status}", *headers, "", *_body(answer)]


def _body(answer: Answer) -> list[str]:
    try:
        text = answer.body.decode("utf-8")
    except UnicodeDecodeError:
        return [f"(no text: {digest(answer.body)})"]
    with suppress(ValueError, RecursionError, TooDeep):
        text = _indented(parse(text), "")
    return text.splitlines()


def _indented(node: Node, indent: str) -> str:
    within = f"{indent}  "
    if type(node) is list:
        begin, items, end = "[", [_indented(each, within) for each in node], "]"
    elif type(node) is dict or type(node) is Duplicates:
        groups = node.groups if isinstance(node, Duplicates) else {key: [each] for key, each in node.items()}
        members = [(key, each) for key, group in groups.items() for each in group]
        begin, items, end = "{", [f"{_indented(key, within)}: {_indented(each, within)}" for key, each in members], "}"
    else:
        return node.decode() if type(node) is bytes else json.dumps(node, ensure_ascii=False)
    between = f",\n{within}"
    return f"{begin}\n{within}{between.join(items)}\n{indent}{end}" if items else begin + end


def side_by_side(old: Sequence[str], new: Sequence[str], *, whole: bool = False) -> list[Row]:
    """The lines of both sides beside each other. What is equal is left out but for two lines around each difference,
    unless all of it is wanted (`whole`)."""
    rows: list[Row] = list(_rows(old, new))
    if whole:
        return rows
    near = {at + step for at, row in enumerate(rows) if row.differs for step in range(-_CONTEXT, _CONTEXT + 1)}
    shown: list[Row] = []
    for at, row in enumerate(rows):
        if at in near:
            shown.append(row)
        elif not shown or shown[-1] != Row(None, None):
            shown.append(Row(None, None))
    return shown


def _rows(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    if max(len(old), len(new)) > _MOST_MATCHED:
        yield from (Row(a, b, a != b) for a, b in zip_longest(old, new))
        return
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (Row(a, b) for a, b in zip(old[i1:i2], new[j1:j2], strict=True))
        else:
            yield from (Row(a, b, True) for a, b in zip_longest(old[i1:i2], new[j1:j2]))


def curl(request: Request, base: str, *, host: str = "") -> str:
    """The request as a curl command to the upstream at `base`, with another Host than its own where `host` says so.
    Marks stand where secrets were taken out."""
    words = ["curl", "-sS", "-i"]
    if "/." in request.target:
        words.append("--path-as-is")
    if any(letter in request.target for letter in "[]{}"):
        words.append("-g")
    if request.method == "HEAD":
        words.append("-I")
    elif request.method != "GET":
        words += ["-X", request.method]
    if host:
        words += ["-H", f"Host: {host}"]
    for name, value in request.headers:
        if name.lower() not in _NOT_SENT:
            # Without a value curl takes a header for one that it is not to send.
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
    if request.body:
        words += ["--data-raw", request.body.decode("utf-8", "backslashreplace")]
    return " ".join(_word(word) for word in [*words, base.rstrip("/") + request.target])


def _word(text: str) -> str:
    """A word for a shell. What cannot be seen is written out: it would play with the terminal it is pasted into."""
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(letter if _is_plain(letter) else _escaped(ord(letter)) for letter in text) + "'"


def _is_plain(letter: str) -> bool:
    return letter.isprintable() and letter not in "\\'"


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
