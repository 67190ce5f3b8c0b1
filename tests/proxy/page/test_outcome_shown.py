"""What a move came to, in words."""

from __future__ import annotations

from typing import Any

from strangler_proxy.page.outcome_shown import told_move


def outcome(*names: str, **changes: Any) -> dict[str, Any]:
    moved = [{"name": name, "from": {}, "to": {}} for name in names]
    whole = {"revision": 7, "moved": moved, "acknowledged": ["0", "1"], "missing": [], "lost": [], "refused": []}
    return {**whole, **changes}


def test_it_names_what_moved_and_where_it_is_live() -> None:
    assert told_move(outcome("a", "b")) == "a, b: live on 2 of 2 workers, revision 7."
    assert told_move(outcome(*"abcdefgh")).startswith("a, b, c, d, e and 3 more: ")
    assert told_move(outcome("a", acknowledged=["0"])) == "a: live on 1 of 1 worker, revision 7."


def test_it_says_that_nothing_moved() -> None:
    assert told_move(outcome(), unmoved="It is there") == "It is there; live on 2 of 2 workers, revision 7."


def test_it_says_who_has_not_followed_and_what_was_kept_back() -> None:
    refused = [{"name": "b", "message": "b has orders on both sides.", "remedy": ""}]
    told = told_move(outcome("a", missing=["eu-2/0"], lost=["us-1"], refused=refused))
    assert told == (
        "a: live on 2 of 3 workers, revision 7. Not acknowledged in time by eu-2/0. Not heard of, and not waited for:"
        " replica us-1. Kept back: b has orders on both sides."
    )
