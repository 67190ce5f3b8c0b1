"""What the forms of a route's page come to."""

from __future__ import annotations

import pytest
from strangler_proxy.page.route_form import MoveForm, RolloutForm


def test_a_form_is_put_as_the_api_takes_it() -> None:
    fields = {"stage": "canary", "share": " 12.5 ", "why": "a tenth", "force": "yes", "revision": "7"}
    form = MoveForm.of(fields)
    assert (form.stage, form.api_share, form.why, form.force, form.revision) == ("canary", "12.5%", "a tenth", True, 7)
    assert MoveForm.of({"stage": "canary", "share": "5%"}).api_share == "5%"


def test_a_share_belongs_to_canary_alone() -> None:
    assert MoveForm.of({"stage": "shadow", "share": "10"}).api_share is None
    assert MoveForm.of({"stage": "canary", "share": ""}).api_share is None


@pytest.mark.parametrize("revision", ["", "-1", "1.5", "seven", "٣", "9" * 16])
def test_a_revision_that_is_none_is_the_very_first(revision: str) -> None:
    assert MoveForm.of({"revision": revision}).revision == 0


def test_whatever_is_left_out_is_empty() -> None:
    assert MoveForm.of({}) == MoveForm()
    assert RolloutForm.of({"order": "start"}) == RolloutForm("start")
