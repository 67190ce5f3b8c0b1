"""What `python -m extracted.catalog ready` says of a running service."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from extracted.catalog.readiness import ask_readiness


def body(status: str = "ready", rejected: int = 0) -> dict[str, Any]:
    filled = {"status": "complete", "categories": 2, "products": 3, "reviews": 4, "rejected": rejected}
    feed = {"status": "up", "lag_seconds": 0.1}
    return {
        "status": status,
        "release": "7",
        "dependencies": {"database": {"status": "up"}, "feed": feed, "import": filled},
    }


def said(answer: httpx.Response | Exception) -> tuple[int, str]:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/health/ready"
        if isinstance(answer, Exception):
            raise answer
        return answer

    lines: list[str] = []
    code = ask_readiness("http://catalog:8100/", lines.append, httpx.MockTransport(handle))
    return code, "\n".join(lines)


def test_a_ready_service_says_how_much_it_holds() -> None:
    code, lines = said(httpx.Response(200, json=body()))
    assert code == 0
    assert "2 categories, 3 products, 4 reviews; 0 rows rejected" in lines


def test_rejected_rows_are_a_no_with_the_command_that_lists_them() -> None:
    code, lines = said(httpx.Response(200, json=body(rejected=1)))
    assert code == 1
    assert "python -m extracted.catalog rejected" in lines


def test_a_service_that_is_not_ready_is_a_no() -> None:
    assert said(httpx.Response(503, json=body("unready")))[0] == 1


@pytest.mark.parametrize(
    "answer", [httpx.ConnectError("refused"), httpx.Response(200, text="hello"), httpx.Response(200, json={})]
)
def test_nobody_there_and_somebody_else_there_are_told_with_a_remedy(answer: httpx.Response | Exception) -> None:
    code, lines = said(answer)
    assert code == 3
    assert "CATALOG_SERVICE_URL" in lines
