"""The audit as a file for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from strangler_proxy.audit_csv import AUDIT_COLUMNS, audit_csv


def event(**more: Any) -> dict[str, Any]:
    return {"kind": "event", "id": 7, "at": "t", "who": "ada", "action": "a.b", "name": "n", "why": "", **more}


def rows(*entries: dict[str, Any], head: bool = True) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(audit_csv(entries, head=head)), newline="")))


def test_moves_and_events_have_the_same_columns() -> None:
    toggle = {"stage": "canary", "share": 10_000, "overrides": {}}
    move = event(kind="move", revision=3, evidence={"reason": "ok"}, forced=True, to=toggle, **{"from": None})
    head, first, second = rows(move, event(detail={"status": 200}))
    assert tuple(head) == AUDIT_COLUMNS
    told = dict(zip(head, first, strict=True))
    assert (told["to"], told["forced"], told["revision"], told["known"]) == (
        "canary 10%",
        "yes",
        "3",
        '{"reason": "ok"}',
    )
    assert dict(zip(head, second, strict=True))["known"] == '{"status": 200}'
    assert rows(event(), head=False)[0][3] == "ada"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "\uff1d1", "\u00a0=1", "\n=1"])
def test_nothing_in_it_is_a_formula(text: str) -> None:
    (row,) = rows(event(why=text, name=text, who=text), head=False)
    assert row.count(f"'{text}") == 3


def test_lines_and_quotes_stay_within_their_cell() -> None:
    (row,) = rows(event(why='a "b", c\nd;e'), head=False)
    assert 'a "b", c\nd;e' in row
