from __future__ import annotations

import logging

import pytest

from strangler.testing import FixedMoveGuard, MoveGuardConformance
from strangler.toggles import MoveGuard, Refusal, Stage, Toggle, refused_by

ORDERS = Toggle("orders.create", stage=Stage.EXTRACTED)
HOME = Toggle("orders.create")


class TestFixedMoveGuard(MoveGuardConformance):
    names = ("orders.create", "catalog.list")

    @pytest.fixture
    def guard(self) -> MoveGuard:
        return FixedMoveGuard({"orders.create": "Orders were written there since."})


def test_the_first_guard_that_refuses_is_told_and_the_others_are_not_asked() -> None:
    first, second = (FixedMoveGuard({"orders.create": wrong}) for wrong in ("Orders were written.", "Never reached."))
    assert refused_by([first, second], ORDERS, HOME) == Refusal(
        "orders.create", "Orders were written.", "Ask whoever wrote the test."
    )
    assert second.asked == []
    assert refused_by([first, second], HOME, ORDERS) is None
    assert second.asked == [("orders.create", Stage.MONOLITH, Stage.EXTRACTED)]


def test_a_guard_that_fails_has_not_said_yes(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def may_move(self, before: Toggle, after: Toggle) -> Refusal | None:
            raise OSError("no route to the database")

    with caplog.at_level(logging.ERROR, "strangler.toggles"):
        refusal = refused_by([Broken()], ORDERS, HOME)
    assert refusal is not None
    assert "no route to the database" in refusal.wrong
    assert "orders.create" in caplog.text
