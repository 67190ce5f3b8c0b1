from __future__ import annotations

import json
from datetime import UTC, datetime

from strangler.documents import CallCount, Document, Event

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def test_a_document_is_plain_json() -> None:
    document = Document("plan", "shop", 3, {"step": 1}, AT)
    assert json.loads(json.dumps(document.to_json())) == {
        "kind": "plan",
        "name": "shop",
        "version": 3,
        "content": {"step": 1},
        "at": "2026-03-01T12:30:00+00:00",
    }


def test_an_event_is_plain_json() -> None:
    event = Event(at=AT, who="ana", action="plan.approve", name="shop", detail={"step": 1}, id=7)
    assert json.loads(json.dumps(event.to_json())) == {
        "id": 7,
        "at": "2026-03-01T12:30:00+00:00",
        "who": "ana",
        "action": "plan.approve",
        "name": "shop",
        "why": "",
        "detail": {"step": 1},
    }


def test_counted_calls_are_told_as_an_event() -> None:
    last = AT.replace(second=59)
    call = CallCount(AT.replace(second=3), last, "ana (ci)", "ci", "192.0.2.1", "GET /metrics", 200, 4, id=9)
    detail = {"status": 200, "count": 4, "last": last.isoformat(), "token": "ci", "address": "192.0.2.1"}
    assert call.minute == AT
    assert call.to_event() == Event(call.at, "ana (ci)", "api.calls", "GET /metrics", detail=detail, id=9)
