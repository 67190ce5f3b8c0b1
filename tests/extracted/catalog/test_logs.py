from __future__ import annotations

import json
import logging

import pytest

from extracted.catalog.logs import JsonLines


def line(message: str, *values: object, **more: object) -> dict[str, object]:
    record = logging.LogRecord("shop", logging.WARNING, __file__, 1, message, values, None)
    record.__dict__.update(more)
    text = JsonLines().format(record)
    assert "\n" not in text
    read: dict[str, object] = json.loads(text)
    return read


def test_a_line_has_time_level_logger_and_message_and_what_was_brought_along() -> None:
    told = line("%s of %s\nfailed", 1, "zwölf", fields={"kind": "product", "error": ValueError("x")})
    assert told.pop("time")
    assert told == {
        "level": "warning",
        "logger": "shop",
        "message": "1 of zwölf\nfailed",
        "kind": "product",
        "error": "x",
    }


def test_an_exception_is_told_on_the_same_line() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    told = line("failed", exc_info=(caught.type, caught.value, caught.tb))
    assert "ZeroDivisionError" in str(told["exception"])
