"""Ways to make an answer wrong: in its text, in its headers, for some customers only."""

from __future__ import annotations

import random
import re

from strangler.compare import Answer
from tests.parity.cases import Case
from tests.proof.flaws.flaw import Change
from tests.proof.noise import with_body

__all__ = [
    "add_header",
    "for_members",
    "in_card",
    "in_german",
    "in_header",
    "in_text",
    "recoded",
    "with_status",
    "without_header",
]


def in_text(pattern: str, by: str, *, count: int = 1) -> Change:
    """In a page: where it first matches, or with a `count` of 0 everywhere."""
    compiled = re.compile(pattern, re.DOTALL)

    def change(_: Case, answer: Answer, __: random.Random) -> Answer:
        return (
            with_body(answer, compiled.sub(by, answer.body.decode(), count=count).encode()) if _page(answer) else answer
        )

    return change


def in_card(pattern: str, by: str) -> Change:
    """In one of the products under "You may also like" that match, whichever."""
    compiled = re.compile(pattern, re.DOTALL)

    def change(_: Case, answer: Answer, chance: random.Random) -> Answer:
        text = answer.body.decode() if _page(answer) else ""
        start = max(text.find("<h2>You may also like"), text.find("<h2>Das könnte"))
        cards = [*re.finditer(r'<li class="card">.*?</li>', text[start:], re.DOTALL)] if start >= 0 else []
        cards = [card for card in cards if compiled.search(card[0])]
        if not cards:
            return answer
        card = chance.choice(cards)
        wrong = compiled.sub(by, card[0], count=1)
        return with_body(answer, (text[: start + card.start()] + wrong + text[start + card.end() :]).encode())

    return change


def recoded(read_as: str, written_as: str) -> Change:
    """In how a page's text is coded; what cannot be written becomes a question mark."""

    def change(_: Case, answer: Answer, __: random.Random) -> Answer:
        recoded = answer.body.decode(read_as).encode(written_as, "replace") if _page(answer) else answer.body
        return with_body(answer, recoded)

    return change


def in_header(name: str, pattern: str, by: str) -> Change:
    """In every value of a header; where that leaves nothing, the header goes."""

    def change(_: Case, answer: Answer, __: random.Random) -> Answer:
        changed = [
            (key, re.sub(pattern, by, value) if key.lower() == name.lower() else value) for key, value in answer.headers
        ]
        return Answer(answer.status, tuple(each for each in changed if each[1]), answer.body)

    return change


def without_header(name: str) -> Change:
    """Without a header."""
    return lambda _, answer, __: Answer(
        answer.status, tuple(each for each in answer.headers if each[0].lower() != name.lower()), answer.body
    )


def add_header(name: str, value: str) -> Change:
    """With one more header."""
    return lambda _, answer, __: Answer(answer.status, (*answer.headers, (name, value)), answer.body)


def with_status(old: int, new: int) -> Change:
    """With another status for one."""
    return lambda _, answer, __: Answer(new, answer.headers, answer.body) if answer.status == old else answer


def for_members(change: Change) -> Change:
    """Only for those who are signed in."""
    return lambda case, answer, chance: (
        change(case, answer, chance) if "sessionid" in case.headers.get("Cookie", "") else answer
    )


def in_german(change: Change) -> Change:
    """Only for those who read German."""
    return lambda case, answer, chance: (
        change(case, answer, chance) if case.headers["Accept-Language"].startswith("de") else answer
    )


def _page(answer: Answer) -> bool:
    return "text/html" in (answer.header("Content-Type") or "") and bool(answer.body)
