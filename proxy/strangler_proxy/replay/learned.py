"""Ids that one side gives where the recording has another: learned from answers, put into later requests.

A side that is asked to make an order gives it an id of its own, and later requests have to ask for that one. What is
learned is a pair of values at one place of two answers:

    tokens    (a UUID, or at least eight characters with a digit among them), from any answer; they stand for themselves
              wherever a later request has them as a whole value
    numbers   and short codes, from answers to what changes something only, and only with the noun that they are of:
              `order` for `/orders/7/`, for `"order_id": 7`, and for the `"id"` of what a POST to `/orders/` gave
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from strangler_proxy.replay.redacted import MARK, MARKS

__all__ = ["Learned", "is_token"]

_MOST: Final = 4096
_DEEPEST: Final = 64
_TOKEN: Final = re.compile(r"(?=[^\s/?#&=]*\d)[A-Za-z0-9._~-]{8,200}")
_CODE: Final = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_ID: Final = re.compile(r"(?:(?P<noun>.*?)_?(?:id|pk|uuid|guid|number|code|key|ref|reference|slug))", re.IGNORECASE)
_PARTS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-_]")
_KEPT: Final = "/:@!$&'()*+,;=-._~"


class Learned:
    """What one side's ids are for those of the recording, for one client. Holds 4096 pairs, then the oldest go."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], str] = {}

    def __len__(self) -> int:
        return len(self._pairs)

    def learn_location(self, theirs: str, ours: str, *, numbers: bool) -> None:
        """From two redirects: what was recorded, and what this side answered. `numbers` as for `learn_json`."""
        try:
            left, right = urlsplit(theirs), urlsplit(ours)
        except ValueError:
            return
        before, after = left.path.split("/"), right.path.split("/")
        if len(before) == len(after):
            for noun, one, other in zip(_nouns_of_path(left.path), before, after, strict=True):
                self._learn(noun, unquote(one), unquote(other), numbers=numbers)
        given = dict(parse_qsl(right.query))
        for name, value in parse_qsl(left.query):
            self._learn(_noun_of(name, ""), value, given.get(name, value), numbers=numbers)

    def learn_json(self, target: str, theirs: bytes, ours: bytes, *, numbers: bool) -> None:
        """From two bodies, of answers to a request for `target`. `numbers`: whether that changes something."""
        if theirs == ours:
            return
        try:
            left, right = json.loads(theirs), json.loads(ours)
        except (ValueError, RecursionError):
            return
        nouns = [noun for noun in _nouns_of_path(target.partition("?")[0]) if noun]
        self._learn_tree(nouns[-1] if nouns else "", "", left, right, numbers, 0)

    def put_into_path(self, path: str) -> str:
        """A path with this side's ids."""
        if not self._pairs:
            return path
        return "/".join(
            self._put_into_segment(noun, segment)
            for noun, segment in zip(_nouns_of_path(path), path.split("/"), strict=True)
        )

    def put_into_field(self, name: str, value: str, noun: str = "") -> str:
        """A form field's or query parameter's value with this side's id. `noun` is what an `id` alone is of."""
        return self._pairs.get(("", value)) or self._pairs.get((_noun_of(name, noun), value)) or value

    def put_into_text(self, text: str) -> str:
        """A text with what this side has in the place of values that were taken out of the recording, as far as the
        mark of such a value was seen where this side has it."""
        if MARK not in text:
            return text
        return MARKS.sub(lambda found: self._pairs.get(("", found[0]), found[0]), text)

    def put_into_json(self, target: str, document: Any) -> Any:
        """A request's JSON with this side's ids."""
        nouns = [noun for noun in _nouns_of_path(target.partition("?")[0]) if noun]
        return self._put_into_tree(nouns[-1] if nouns else "", "", document, 0)

    def _learn(self, noun: str, theirs: str, ours: str, *, numbers: bool) -> None:
        if theirs == ours:
            return
        if is_token(theirs) and is_token(ours):
            noun = ""
        elif not (numbers and noun and _CODE.fullmatch(theirs) and _CODE.fullmatch(ours)):
            return
        self._pairs.pop((noun, theirs), None)
        self._pairs[noun, theirs] = ours
        while len(self._pairs) > _MOST:
            del self._pairs[next(iter(self._pairs))]

    def _learn_tree(self, noun: str, key: str, theirs: Any, ours: Any, numbers: bool, depth: int) -> None:
        if depth > _DEEPEST:
            return
        if isinstance(theirs, dict) and isinstance(ours, dict):
            inner = _noun_of_object(key, noun)
            for name, value in theirs.items():
                if name in ours:
                    self._learn_tree(inner, name, value, ours[name], numbers, depth + 1)
        elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
            for one, other in zip(theirs, ours, strict=True):
                self._learn_tree(noun, key, one, other, numbers, depth + 1)
        elif isinstance(theirs, str) and isinstance(ours, str) and "/" in theirs and "/" in ours:
            self.learn_location(theirs, ours, numbers=numbers)
        elif _is_scalar(theirs) and _is_scalar(ours) and type(theirs) is type(ours):
            of = _noun_of(key, noun)
            self._learn(of, str(theirs), str(ours), numbers=numbers and _ID.fullmatch(key) is not None)

    def _put_into_segment(self, noun: str, segment: str) -> str:
        value = unquote(segment)
        ours = self._pairs.get(("", value)) or self._pairs.get((noun, value))
        return segment if ours is None or not value else quote(ours, safe=_KEPT)

    def _put_into_tree(self, noun: str, key: str, document: Any, depth: int) -> Any:
        if depth > _DEEPEST:
            return document
        if isinstance(document, dict):
            inner = _noun_of_object(key, noun)
            return {name: self._put_into_tree(inner, name, value, depth + 1) for name, value in document.items()}
        if isinstance(document, list):
            return [self._put_into_tree(noun, key, value, depth + 1) for value in document]
        if not _is_scalar(document):
            return document
        text = str(document)
        ours = self._pairs.get(("", text))
        if ours is None and MARK in text:
            return self.put_into_text(text)
        if ours is None and _ID.fullmatch(key):
            ours = self._pairs.get((_noun_of(key, noun), text))
        if ours is None:
            return document
        return int(ours) if isinstance(document, int) and ours.isdecimal() else ours


def is_token(text: str) -> bool:
    """Whether a value stands for itself wherever it is found: at least eight characters, a digit among them."""
    return _TOKEN.fullmatch(text) is not None


def _nouns_of_path(path: str) -> Iterator[str]:
    """For each segment the noun that its value would be of: the word before it, in the singular."""
    noun = ""
    for segment in path.split("/"):
        yield noun
        if segment and not any(letter.isdigit() for letter in segment):
            noun = _singular(segment)


def _noun_of(name: str, noun: str) -> str:
    """The noun that a field's value is of: `order` for `order_id` and `orderId`; for `id` alone `noun`."""
    found = _ID.fullmatch(name)
    word = found["noun"] if found is not None else name
    return _singular(word.rstrip("_-")) or noun


def _noun_of_object(key: str, noun: str) -> str:
    """The noun of the object below `key`, in an object of `noun`: an envelope has none of its own."""
    return noun if key in ("", "data", "result", "results", "item", "items") else _singular(key)


def _singular(word: str) -> str:
    last = _PARTS.split(word)[-1].lower()
    return f"{last[:-3]}y" if last.endswith("ies") and len(last) > 4 else last.removesuffix("s")


def _is_scalar(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or isinstance(value, str)
