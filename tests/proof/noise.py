"""What both sides do not repeat: when they answered, and a few products drawn by chance, put into their documents."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from strangler.compare import Answer

__all__ = ["Spoil", "noisy", "with_body"]

Spoil = Callable[[dict[str, Any], random.Random], dict[str, Any]]
"""What a bug makes of a document that has noise in it."""

_SUGGESTED: Final = 3
_BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NAMES: Final = ("Oak table", "Lamp, small", "Käse knife", "Bowl", "Wool blanket XL", "Pan of iron")


def noisy(answer: Answer, chance: random.Random, spoil: Spoil | None = None) -> Answer:
    """The answer with `served_at` and `suggestions`, where it is a good one with an object that has something in it;
    then `spoil` has its way with the document. Else the bytes of the rest stay as they are."""
    if answer.status != 200 or not answer.body.startswith(b'{"'):
        return answer
    noise: dict[str, Any] = {
        "served_at": (_BEGAN + timedelta(microseconds=chance.randrange(10**13))).isoformat(),
        "suggestions": [_suggestion(chance) for _ in range(_SUGGESTED)],
    }
    if spoil is not None:
        noise = spoil({**noise, **json.loads(answer.body)}, chance)
        return with_body(answer, json.dumps(noise, ensure_ascii=False).encode())
    return with_body(answer, json.dumps(noise, ensure_ascii=False)[:-1].encode() + b", " + answer.body[1:])


def with_body(answer: Answer, body: bytes) -> Answer:
    """The answer with another body, and a length that fits."""
    headers = tuple(
        (name, str(len(body)) if name.lower() == "content-length" else value) for name, value in answer.headers
    )
    return Answer(answer.status, headers, body)


def _suggestion(chance: random.Random) -> dict[str, Any]:
    number = chance.randrange(1, 400)
    return {
        "id": number,
        "name": chance.choice(_NAMES),
        "price": f"{chance.randrange(100, 99_999) / 100:.2f}",
        "url": f"/products/{number}-{chance.choice('abcde')}/",
        "in_stock": chance.random() < 0.7,
    }
