from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

import strangler.resilience as package
from strangler.resilience import BreakerSettings, Bulkhead, RetryBudget, RetrySettings

PAGE = (Path(__file__).parents[3] / "docs/reference/library.md").read_text()


@pytest.mark.parametrize("settings", [BreakerSettings, RetrySettings])
def test_the_page_has_every_setting_with_its_default(settings: type[BreakerSettings | RetrySettings]) -> None:
    for each in fields(settings):
        assert f"\n| `{each.name}` | {each.default} |" in PAGE, each.name


@pytest.mark.parametrize("called", [Bulkhead, RetryBudget])
def test_the_page_has_the_defaults_of_what_takes_no_settings(called: type[Bulkhead | RetryBudget]) -> None:
    for name, parameter in inspect.signature(called).parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            assert re.search(rf"`{called.__name__}\([^)`]*\b{name}={parameter.default}\b", PAGE), name


def test_the_page_speaks_of_all_that_services_use() -> None:
    cores = {"Breaker", "Places", "ENTERED", "FULL", "QUEUED", "CLOSED", "OPEN", "HALF_OPEN", "DEADLINE_HEADER"}
    for name in set(package.__all__) - cores:
        assert re.search(rf"\b{name}\b", PAGE), name
