"""What an observer logs of a seam."""

from __future__ import annotations

import logging

import pytest

from strangler.seam import Seam, log_result
from strangler.testing import FixedToggles
from strangler.toggles import Stage


def seam_log(caplog: pytest.LogCaptureFixture, stage: Stage, old: object, new: object) -> list[tuple[int, str]]:
    def answers(value: object) -> object:
        if isinstance(value, Exception):
            raise value
        return value

    toggles = FixedToggles({"shop.price": stage})
    seam = Seam(
        "shop.price", old=lambda: answers(old), new=lambda: lambda: answers(new), toggles=toggles, observer=log_result
    )
    with caplog.at_level(logging.INFO, "strangler.seam.results"):
        seam.facade()()
        assert seam.drain(10)
    return [(each.levelno, each.getMessage()) for each in caplog.records if each.name == "strangler.seam.results"]


def test_agreement_is_one_line_at_info(caplog: pytest.LogCaptureFixture) -> None:
    assert seam_log(caplog, Stage.SHADOW, 1, 1) == [(logging.INFO, "seam shop.price: agree")]


def test_a_difference_is_a_warning_that_names_the_field_and_keeps_the_values(caplog: pytest.LogCaptureFixture) -> None:
    [(level, said)] = seam_log(caplog, Stage.SHADOW, {"name": "Zoë"}, {"name": "Joe"})
    assert level == logging.WARNING
    assert said == "seam shop.price: differ: $.name value"


def test_a_fallback_is_a_warning_that_names_the_error(caplog: pytest.LogCaptureFixture) -> None:
    [(level, said)] = seam_log(caplog, Stage.EXTRACTED, 1, TimeoutError("secret"))
    assert (level, said) == (logging.WARNING, "seam shop.price: fallback: TimeoutError")
