from __future__ import annotations

import pytest

from strangler.compare import Redaction, RedactionKind


@pytest.mark.parametrize(
    ("kind", "what", "wrong"),
    [
        ("path", "", "says no place"),
        ("path", "name", "does not start with"),
        ("path", "$.[", "makes no sense"),
        ("pattern", "(", "not a regular expression"),
        ("pattern", "a*", "matches nothing at all"),
    ],
)
def test_a_redaction_that_makes_no_sense_is_refused(kind: str, what: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        Redaction(RedactionKind(kind), what, "because")


def test_the_line_of_a_redaction_is_no_part_of_it() -> None:
    first = Redaction(RedactionKind.HEADER, "X-*", "because", line=3)
    assert first == Redaction(RedactionKind.HEADER, "X-*", "because", line=9)
