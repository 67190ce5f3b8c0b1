"""`strangler serve --edit-rules`, with a whole proxy: a rule that is written through the API comes into force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from strangler.compare import parse_rules
from tests.proxy.supervisor.proxy import Proxy, upstream
from tests.waiting import until

pytestmark = pytest.mark.slow

RULE = '[[rule]]\npath = "$.price"\ntolerance = 0.01\nwhy = "It rounds."\n'


def test_a_rule_written_through_the_api_comes_into_force_and_a_reload_forgets_nothing_of_the_permission(
    tmp_path: Path,
) -> None:
    proxy = Proxy(tmp_path)
    proxy.options = ["--edit-rules"]

    def rules() -> dict[str, Any]:
        try:
            said: dict[str, Any] = proxy.api("GET", "/api/v1/rules").json()
        except httpx.TransportError:
            # One control plane has ended, and the next has not begun.
            return {}
        return said

    with upstream("monolith") as monolith, upstream("catalog") as catalog:
        proxy.configure(monolith, catalog)
        proxy.start()
        try:
            before = rules()
            assert before["editable"] is True
            body = {"text": RULE, "expected_digest": before["digest"], "why": "It rounds."}
            assert proxy.api("PUT", "/api/v1/rules", json=body).json()["reloading"] is True
            wanted = parse_rules(RULE, "r").revision
            until(lambda: (now := rules()).get("in_force") == wanted and now["editable"])
            # The reload that nobody waited for is told to whoever asks.
            until(lambda: (rules().get("reloaded") or {}).get("ok"))
        finally:
            proxy.stop()
