from __future__ import annotations

from pathlib import Path

from strangler_proxy.causes import MEANINGS, told_causes

from strangler.compare import Cause
from strangler.evidence import Missed


def test_every_word_that_evidence_is_counted_by_has_a_meaning_and_stands_on_the_page() -> None:
    assert set(MEANINGS) == {*Cause, *Missed}
    page = (Path(__file__).parents[2] / "docs" / "reference" / "operating.md").read_text(encoding="utf-8")
    for word, meaning in MEANINGS.items():
        assert f"| `{word}` | {meaning} |" in page
    assert told_causes({"skip": 1, "new-word": 2}) == [(2, "new-word", ""), (1, "skip", MEANINGS["skip"])]
