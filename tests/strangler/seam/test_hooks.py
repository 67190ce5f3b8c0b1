from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest

from strangler.compare import Comparison, Difference, DifferenceKind, Severity, Verdict
from strangler.seam import Seam, SeamCounts
from strangler.testing import FixedToggles
from strangler.toggles import Stage
from tests.strangler.seam.world import NAME, CatalogFacts, Facts, Implementation, World


def test_compare_may_say_yes_or_no() -> None:
    world = World(Stage.SHADOW, new=Implementation("1.01"), compare=lambda old, new: old.number == new.number)
    world.facts.product(1)
    assert world.settled() == SeamCounts(agree=1)
    world = World(Stage.SHADOW, compare=lambda old, new: False)
    world.facts.product(1)
    assert world.settled() == SeamCounts(differ=1, kinds={"value": 1})
    assert world.results[0].differences[0].old == "Facts(number=1, price='1.00')"


def test_compare_may_give_a_whole_comparison() -> None:
    warning = Difference("$.price", DifferenceKind.NOTATION, "1.0", "1.00", Severity.WARNING)
    world = World(Stage.SHADOW, compare=lambda old, new: Comparison(Verdict.INCONCLUSIVE, (warning,), "lag"))
    world.facts.product(1)
    assert world.settled() == SeamCounts(inconclusive=1)
    assert (world.results[0].differences, world.results[0].cause) == ((warning,), "lag")


def test_clean_gives_the_form_that_is_compared_and_published() -> None:
    world = World(Stage.SHADOW, new=Implementation("1.01"), clean=lambda facts: facts.number)
    assert world.facts.product(3) == Facts(3, "1.00")
    assert world.settled() == SeamCounts(agree=1)
    assert world.results[0].old is not None
    assert world.results[0].old.value == 3


def test_what_is_changed_after_the_call_is_no_difference_when_it_is_copied() -> None:
    go = threading.Event()

    class New(Implementation):
        def products(self, numbers: list[int]) -> list[int]:
            assert go.wait(10)
            return numbers

    for copied, agree in ((copy.deepcopy, 1), (None, 0)):
        go.clear()
        world = World(Stage.SHADOW, new=New(), copy=copied, compare=lambda old, new: old == [1] == new)
        answer = world.facts.products([1])
        answer.append(2)
        go.set()
        assert world.settled().agree == agree


def test_around_is_entered_in_the_background_thread_around_each_shadow() -> None:
    seen: list[tuple[str, str]] = []

    @contextmanager
    def around() -> Iterator[None]:
        seen.append(("in", threading.current_thread().name))
        yield
        seen.append(("out", threading.current_thread().name))

    world = World(Stage.SHADOW, new=Implementation(error=TimeoutError()), around=around)
    world.facts.product(1)
    assert world.settled().differ == 1
    assert seen == [("in", f"strangler-seam-{NAME}"), ("out", f"strangler-seam-{NAME}")]


LANGUAGE: ContextVar[str] = ContextVar("language", default="en")


def test_the_shadow_sees_the_callers_context() -> None:
    class Speaking(Implementation):
        def product(self, number: int) -> Facts:
            return Facts(number, LANGUAGE.get())

    world = World(Stage.SHADOW, old=Speaking(), new=Speaking())
    token = LANGUAGE.set("de")
    world.facts.product(1)
    LANGUAGE.reset(token)
    assert world.settled() == SeamCounts(agree=1)


def fails(*_: object) -> Any:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("hook", "doing"),
    [("compare", "compare"), ("clean", "clean"), ("copy", "copy"), ("around", "around")],
)
def test_a_hook_that_fails_is_told_and_never_reaches_the_caller(hook: str, doing: str) -> None:
    hooks: dict[str, Any] = {hook: fails}
    world = World(Stage.SHADOW, **hooks)
    assert world.facts.product(1) == Facts(1, "1.00")
    assert world.settled() == SeamCounts(inconclusive=1)
    assert [each for each, _ in world.errors] == [f"seam {NAME}: {doing}"]


def test_an_around_that_fails_at_its_end_is_told_too() -> None:
    @contextmanager
    def around() -> Iterator[None]:
        yield
        raise ZeroDivisionError

    world = World(Stage.SHADOW, around=around)
    world.facts.product(1)
    assert world.settled() == SeamCounts(inconclusive=1)
    assert world.results[0].cause == "around: ZeroDivisionError()"


def test_an_observer_and_an_error_hook_that_fail_harm_nobody(caplog: pytest.LogCaptureFixture) -> None:
    for stage in (Stage.SHADOW, Stage.EXTRACTED):
        seam = Seam[CatalogFacts](
            NAME,
            old=Implementation(),
            new=lambda: Implementation(error=TimeoutError()),
            toggles=FixedToggles({NAME: stage}),
            observer=fails,
            on_error=fails,
        )
        assert seam.facade().product(1) == Facts(1, "1.00")
        assert seam.drain(10)
    assert "on_error failed" in caplog.text


def test_without_a_hook_failures_are_logged_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    seam = Seam[CatalogFacts](
        "logged.seam",
        old=Implementation(),
        new=lambda: Implementation(error=TimeoutError("slow")),
        toggles=FixedToggles({"logged.seam": Stage.EXTRACTED}),
    )
    for _ in range(5):
        seam.facade().product(1)
    assert [record.getMessage() for record in caplog.records] == ["seam logged.seam: new failed"]
    assert "TimeoutError: slow" in caplog.text
