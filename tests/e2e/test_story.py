"""The demo's story, told on the running stack."""

from __future__ import annotations

import pytest

from demo.stack import Stack
from demo.story import Story
from tests.e2e.conftest import Strangler

pytestmark = [pytest.mark.usefixtures("at_monolith"), pytest.mark.timeout(900)]

ROUTES = {"catalog.categories", "catalog.product-detail", "catalog.product-list", "catalog.reviews"}


def test_the_story_moves_the_reads_there_takes_a_bad_release_back_and_no_customer_notices(
    stack: Stack, strangler: Strangler, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(stack, seconds=3)
    assert story.tell(), capsys.readouterr().out
    phases = {phase.name: phase for phase in story.phases}
    assert list(phases) == ["before", "in shadow", "taken back", "extracted", "after"]
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
    assert "catalog-reads.extracted: failed. The rollout did not arrive: A gate fails at" in said
    assert "catalog-reads.extracted: done." in said
    assert "catalog-reads.facts-extracted: done." in said
    assert "0 failed" in said
    assert "0 differing answers" in said
    audit = strangler("history", "catalog.product-list")["entries"]
    taken_back = [each for each in audit if each["who"].startswith("strangler rollout") and "back" in each["why"]]
    assert taken_back
    assert taken_back[0]["evidence"]
