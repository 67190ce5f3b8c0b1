"""The demo's story, told on the running stack."""

from __future__ import annotations

import pytest

from demo.stack import Stack
from demo.story import Story

pytestmark = [pytest.mark.usefixtures("at_monolith"), pytest.mark.timeout(600)]

ROUTES = {"catalog.categories", "catalog.product-detail", "catalog.product-list", "catalog.reviews"}


def test_the_story_moves_the_reads_there_and_back_with_no_customer_noticing(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(stack, seconds=3)
    assert story.tell(), capsys.readouterr().out
    phases = {phase.name: phase for phase in story.phases}
    assert list(phases) == ["before", "in shadow", "at 10 %", "at 50 %", "extracted", "after"]
    for name, side in {
        "before": "monolith",
        "in shadow": "monolith",
        "extracted": "candidate",
        "after": "monolith",
    }.items():
        traffic = phases[name].traffic
        moved = sum(traffic[route, side] for route in ROUTES)
        # A request that was under way during the move was still counted by the side that it had begun with.
        assert moved > 0.9 * sum(count for (route, _), count in traffic.items() if route in ROUTES), (name, traffic)
        assert moved > 0, (name, traffic)
    said = capsys.readouterr().out
    assert "live on 2/2 workers" in said
    assert "0 failed" in said
    assert "0 differing answers" in said
    report = said.partition("strangler shadow report")[2]
    assert all(f"{route}: At least 9" in report for route in ROUTES), report
