from __future__ import annotations

import copy
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

import pytest

from strangler.compare import Comparison, Difference, DifferenceKind, Severity, Verdict
from strangler.errors import SeamError
from strangler.resilience import Deadline, remaining
from strangler.seam import Seam, SeamCounts, SeamResult
from strangler.testing import FixedToggles
from strangler.toggles import BUCKETS, Side, Stage, Toggle

NAME = "catalog.facts"


@dataclass(frozen=True)
class Facts:
    number: int
    price: str


class CatalogFacts(Protocol):
    def product(self, number: int) -> Facts: ...

    def products(self, numbers: list[int]) -> list[int]: ...


class Implementation:
    """One implementation that says what it is told, and keeps what it was asked."""

    def __init__(self, price: str = "1.00", error: Exception | None = None) -> None:
        self.price = price
        self.error = error
        self.asked: list[int] = []

    def product(self, number: int) -> Facts:
        self.asked.append(number)
        if self.error is not None:
            raise self.error
        return Facts(number, self.price)

    def products(self, numbers: list[int]) -> list[int]:
        return numbers


class World:
    """A seam with all that is around it."""

    def __init__(
        self, stage: Stage, *, old: Implementation | None = None, new: Implementation | None = None, **settings: Any
    ) -> None:
        self.old = old or Implementation()
        self.new = new or Implementation()
        self.made = 0
        self.results: list[SeamResult] = []
        self.errors: list[tuple[str, Exception]] = []
        self.toggles = FixedToggles({NAME: stage})
        self.seam = Seam[CatalogFacts](
            NAME,
            old=self.old,
            new=settings.pop("make", self._make),
            toggles=self.toggles,
            observer=self.results.append,
            on_error=lambda doing, error: self.errors.append((doing, error)),
            **settings,
        )
        self.facts = self.seam.facade()

    def _make(self) -> Implementation:
        self.made += 1
        return self.new

    def settled(self) -> SeamCounts:
        assert self.seam.drain(10)
        return self.seam.counts()


def test_at_monolith_only_the_old_one_exists() -> None:
    world = World(Stage.MONOLITH)
    assert world.facts.product(1) == Facts(1, "1.00")
    assert (world.made, world.results, world.settled()) == (0, [], SeamCounts())


def test_an_unknown_toggle_is_inert() -> None:
    seam = Seam(NAME, old=lambda: "old", new=lambda: lambda: "new", toggles=FixedToggles())
    assert seam.facade()() == "old"


def test_toggles_that_fail_are_inert_too() -> None:
    class Broken:
        def toggle(self, name: str) -> Toggle | None:
            raise OSError("gone")

    errors: list[str] = []
    seam = Seam(
        NAME,
        old=lambda: "old",
        new=lambda: lambda: "new",
        toggles=Broken(),
        on_error=lambda doing, error: errors.append(doing),
    )
    assert seam.facade()() == "old"
    assert errors == ["seam catalog.facts: toggle"]


def test_in_shadow_the_old_one_answers_and_agreement_is_counted() -> None:
    world = World(Stage.SHADOW)
    assert world.facts.product(7) == Facts(7, "1.00")
    assert world.settled() == SeamCounts(agree=1)
    (result,) = world.results
    assert (result.seam, result.method, result.stage, result.args) == (NAME, "product", Stage.SHADOW, (7,))
    assert result.verdict is Verdict.AGREE
    assert result.old is not None
    assert result.new is not None
    assert (result.old.side, result.new.side) == (Side.MONOLITH, Side.CANDIDATE)
    assert result.old.seconds >= 0
    assert world.new.asked == [7]


def test_in_shadow_a_difference_is_counted_and_located() -> None:
    world = World(Stage.SHADOW, new=Implementation("1.01"))
    assert world.facts.product(7) == Facts(7, "1.00")
    assert world.settled() == SeamCounts(differ=1, kinds={"value": 1})
    assert world.results[0].differences == (Difference("$.price", DifferenceKind.VALUE, '"1.00"', '"1.01"'),)


def test_in_shadow_an_exception_of_the_new_one_is_a_difference_nobody_notices() -> None:
    world = World(Stage.SHADOW, new=Implementation(error=TimeoutError("slow")))
    assert world.facts.product(7) == Facts(7, "1.00")
    assert world.settled() == SeamCounts(differ=1, kinds={"exception:builtins.TimeoutError": 1})
    (difference,) = world.results[0].differences
    assert (difference.kind, difference.old, difference.new) == (
        DifferenceKind.EXCEPTION,
        "an answer",
        "builtins.TimeoutError",
    )


def test_in_shadow_an_exception_of_the_old_one_reaches_the_caller_and_is_compared() -> None:
    world = World(Stage.SHADOW, old=Implementation(error=LookupError("old")), new=Implementation())
    with pytest.raises(LookupError, match="old"):
        world.facts.product(7)
    assert world.settled() == SeamCounts(differ=1, kinds={"exception:builtins.LookupError": 1})


@pytest.mark.parametrize(("new", "verdict"), [(LookupError("new"), "agree"), (KeyError("new"), "differ")])
def test_two_exceptions_agree_when_they_are_of_one_type(new: Exception, verdict: str) -> None:
    world = World(Stage.SHADOW, old=Implementation(error=LookupError("old")), new=Implementation(error=new))
    with pytest.raises(LookupError, match="old"):
        world.facts.product(7)
    world.settled()
    assert world.results[0].verdict == verdict


def test_the_shadow_runs_off_the_callers_thread_after_the_answer() -> None:
    order: list[str] = []
    answered = threading.Event()

    class New(Implementation):
        def product(self, number: int) -> Facts:
            assert answered.wait(10)
            order.append(threading.current_thread().name)
            return Facts(number, "1.00")

    world = World(Stage.SHADOW, new=New())
    world.facts.product(1)
    order.append("answered")
    answered.set()
    assert world.settled().agree == 1
    assert order == ["answered", f"strangler-seam-{NAME}"]


def test_the_callers_deadline_does_not_bound_the_shadow() -> None:
    left: list[float] = []

    class Unhurried(Implementation):
        def product(self, number: int) -> Facts:
            left.append(remaining())
            return super().product(number)

    world = World(Stage.SHADOW, new=Unhurried())
    with Deadline(60):
        world.facts.product(7)
        assert world.settled().agree == 1
    assert left == [inf]


def test_a_full_queue_drops_and_counts_and_holds_nobody_up() -> None:
    hang = threading.Event()

    class New(Implementation):
        def product(self, number: int) -> Facts:
            assert hang.wait(10)
            return Facts(number, "1.00")

    world = World(Stage.SHADOW, new=New(), threads=1, queue=3)
    for number in range(20):
        assert world.facts.product(number) == Facts(number, "1.00")
    assert not world.seam.drain(0.01)
    hang.set()
    counts = world.settled()
    assert counts.agree + counts.dropped == 20
    assert counts.agree in (3, 4)


def test_shadowing_without_threads_to_be_had_is_dropped_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(Stage.SHADOW)

    def none(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none)
    assert world.facts.product(1) == Facts(1, "1.00")
    assert world.seam.counts() == SeamCounts(dropped=1)
    assert [doing for doing, _ in world.errors] == ["seam catalog.facts: queue"]


def test_in_a_canary_the_share_decides_by_subject() -> None:
    subjects = {"in": Side.CANDIDATE, "out": Side.MONOLITH}
    asking: list[str] = []
    world = World(Stage.CANARY, new=Implementation("new"), subject=lambda: asking[-1])
    world.toggles.set(NAME, Stage.CANARY, share=BUCKETS // 2, overrides=subjects)
    for who, price in (("in", "new"), ("out", "1.00"), ("", "1.00")):
        asking.append(who)
        assert world.facts.product(1).price == price


@pytest.mark.parametrize(("share", "price"), [(BUCKETS, "new"), (BUCKETS - 1, "1.00"), (0, "1.00")])
def test_in_a_canary_without_a_subject_only_a_full_share_reaches_the_new_one(share: int, price: str) -> None:
    world = World(Stage.CANARY, new=Implementation("new"))
    world.toggles.set(NAME, Stage.CANARY, share=share, overrides={"somebody": Side.CANDIDATE})
    assert world.facts.product(1).price == price


def test_a_subject_that_cannot_be_found_means_the_old_one() -> None:
    def broken() -> str:
        raise ZeroDivisionError

    world = World(Stage.CANARY, new=Implementation("new"), subject=broken)
    world.toggles.set(NAME, Stage.CANARY, share=BUCKETS - 1)
    assert world.facts.product(1).price == "1.00"
    assert world.errors[0][0] == "seam catalog.facts: subject"


@pytest.mark.parametrize(
    ("groups", "price"), [(["staff"], "new"), (["others", "staff"], "new"), (["others"], "1.00"), ([], "1.00")]
)
def test_in_a_canary_a_groups_side_counts_without_a_subject_too(groups: list[str], price: str) -> None:
    world = World(Stage.CANARY, new=Implementation("new"), groups=lambda: groups)
    world.toggles.set(NAME, Stage.CANARY, share=0, overrides={"group:staff": Side.CANDIDATE})
    assert world.facts.product(1).price == price


def test_groups_that_cannot_be_found_mean_no_group_and_nobody_asks_for_them_unless_they_matter() -> None:
    def broken() -> list[str]:
        raise LookupError("no user")

    world = World(Stage.CANARY, new=Implementation("new"), groups=broken)
    world.toggles.set(NAME, Stage.CANARY, share=0, overrides={"ada": Side.CANDIDATE})
    assert world.facts.product(1).price == "1.00"
    assert not world.errors
    world.toggles.set(NAME, Stage.CANARY, share=0, overrides={"group:staff": Side.CANDIDATE})
    assert world.facts.product(1).price == "1.00"
    assert world.errors[0][0] == "seam catalog.facts: groups"


def test_nobody_asks_for_the_subject_unless_it_matters() -> None:
    asked: list[int] = []

    def subject() -> str:
        asked.append(1)
        return "me"

    for stage in Stage:
        World(stage, subject=subject).facts.product(1)
    assert asked == []


@pytest.mark.parametrize("stage", [Stage.CANARY, Stage.EXTRACTED])
def test_when_extracted_the_new_one_answers_and_the_old_one_is_not_asked(stage: Stage) -> None:
    world = World(stage, new=Implementation("new"))
    assert world.facts.product(1) == Facts(1, "new")
    assert (world.old.asked, world.settled()) == ([], SeamCounts())


@pytest.mark.parametrize("stage", [Stage.CANARY, Stage.EXTRACTED])
def test_an_error_of_the_new_one_falls_back_to_the_old_one_and_is_counted(stage: Stage) -> None:
    world = World(stage, new=Implementation(error=TimeoutError()))
    assert world.facts.product(1) == Facts(1, "1.00")
    assert world.settled() == SeamCounts(fallbacks=1)
    (result,) = world.results
    assert (result.fallback, result.verdict, result.stage) == (True, None, stage)
    assert result.new is not None
    assert isinstance(result.new.error, TimeoutError)
    assert isinstance(world.errors[0][1], TimeoutError)


def test_a_new_one_that_cannot_be_made_falls_back_and_is_tried_again() -> None:
    tries: list[int] = []

    def make() -> Implementation:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("no service")
        return Implementation("new")

    world = World(Stage.EXTRACTED, make=make)
    assert [world.facts.product(1).price for _ in range(3)] == ["1.00", "new", "new"]
    assert len(tries) == 2
    assert world.settled().fallbacks == 1


def test_a_new_one_that_cannot_be_made_is_inconclusive_in_shadow() -> None:
    def make() -> Implementation:
        raise ConnectionError("no service")

    world = World(Stage.SHADOW, make=make)
    assert world.facts.product(1).price == "1.00"
    assert world.settled() == SeamCounts(inconclusive=1)
    assert world.results[0].cause == "new: ConnectionError('no service')"


def test_an_exception_of_the_interface_is_an_answer_of_the_new_one() -> None:
    world = World(Stage.EXTRACTED, new=Implementation(error=LookupError("no such product")), raises=(LookupError,))
    with pytest.raises(LookupError, match="no such product"):
        world.facts.product(1)
    assert (world.old.asked, world.settled()) == ([], SeamCounts())


def test_an_error_of_the_old_one_after_a_fallback_is_the_callers() -> None:
    world = World(
        Stage.EXTRACTED, old=Implementation(error=LookupError("old")), new=Implementation(error=TimeoutError())
    )
    with pytest.raises(LookupError, match="old") as caught:
        world.facts.product(1)
    assert caught.value.__context__ is None


def test_a_request_to_stop_is_never_swallowed() -> None:
    class New(Implementation):
        def product(self, number: int) -> Facts:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        World(Stage.EXTRACTED, new=New()).facts.product(1)


def test_when_retired_the_new_one_answers_errors_and_all() -> None:
    assert World(Stage.RETIRED, new=Implementation("new")).facts.product(1).price == "new"
    world = World(Stage.RETIRED, new=Implementation(error=TimeoutError()))
    with pytest.raises(TimeoutError):
        world.facts.product(1)
    assert world.old.asked == []


def test_a_flip_holds_from_the_next_call_on() -> None:
    world = World(Stage.MONOLITH, new=Implementation("new"))
    product = world.facts.product
    assert product(1).price == "1.00"
    world.toggles.set(NAME, Stage.EXTRACTED)
    assert product(1).price == "new"
    world.toggles.set(NAME, Stage.MONOLITH)
    assert product(1).price == "1.00"
    assert world.made == 1


def test_threads_that_need_the_new_one_at_once_share_one() -> None:
    start = threading.Barrier(8)
    world = World(Stage.EXTRACTED)

    def ask() -> None:
        start.wait()
        world.facts.product(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.made == 1


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


def test_a_function_is_a_seam_as_well() -> None:
    def old_price(number: int, *, currency: str = "EUR") -> str:
        """What it costs."""
        return f"{number} {currency}"

    def new_price(number: int, *, currency: str = "EUR") -> str:
        return f"new {number}"

    toggles = FixedToggles({NAME: Stage.MONOLITH})
    seam = Seam(NAME, old=old_price, new=lambda: new_price, toggles=toggles)
    price = seam.facade()
    assert price(3, currency="USD") == "3 USD"
    assert (price.__name__, price.__doc__) == ("old_price", "What it costs.")
    toggles.set(NAME, Stage.EXTRACTED)
    assert price(3) == "new 3"


def test_a_facade_has_methods_and_nothing_else() -> None:
    facts: Any = World(Stage.MONOLITH).facts
    assert repr(facts) == "<seam catalog.facts>"
    assert facts.product.__name__ == "product"
    assert facts.product is facts.product
    with pytest.raises(AttributeError, match="not a method"):
        facts.price  # noqa: B018
    with pytest.raises(AttributeError, match="nosuch"):
        facts.nosuch()
    with pytest.raises(AttributeError, match="cannot be set"):
        facts.price = "2"


def test_a_new_one_without_the_method_falls_back() -> None:
    world = World(Stage.EXTRACTED, make=object)
    assert world.facts.product(1).price == "1.00"
    assert world.settled().fallbacks == 1


async def asynchronous(number: int) -> int:
    return number


async def streaming(number: int) -> AsyncIterator[int]:
    yield number


def generating(number: int) -> Iterator[int]:
    yield number


@pytest.mark.parametrize(
    ("function", "word"), [(asynchronous, "async;"), (streaming, "async generator"), (generating, "a generator")]
)
def test_what_has_no_answer_when_it_returns_is_refused_at_construction(function: Callable[..., Any], word: str) -> None:
    with pytest.raises(SeamError, match=word):
        Seam(NAME, old=function, new=lambda: function, toggles=FixedToggles())

    class Lazy:
        product = staticmethod(function)

    with pytest.raises(SeamError, match=f"method product is .*{word}"):
        Seam(NAME, old=Lazy(), new=Lazy, toggles=FixedToggles())


def test_a_new_one_that_is_async_is_an_error_of_the_new_one() -> None:
    world = World(Stage.EXTRACTED, make=lambda: asynchronous)
    assert world.facts.product(1).price == "1.00"
    assert isinstance(world.errors[0][1], SeamError)


@pytest.mark.parametrize("name", ["", "Catalog", "a b", "a."])
def test_a_name_that_no_toggle_can_have_is_refused(name: str) -> None:
    with pytest.raises(SeamError, match="not a toggle's name"):
        Seam(name, old=abs, new=lambda: abs, toggles=FixedToggles())


@pytest.mark.parametrize("sizes", [{"threads": 0}, {"queue": 0}])
def test_a_seam_that_could_never_shadow_is_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(SeamError, match="begin at 1"):
        Seam(NAME, old=abs, new=lambda: abs, toggles=FixedToggles(), **sizes)  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_shadows_by_threads_and_a_new_one_of_its_own() -> None:
    world = World(Stage.SHADOW)
    world.facts.product(1)
    assert world.settled() == SeamCounts(agree=1)
    child = os.fork()
    if child == 0:
        try:
            fresh = world.seam.counts() == SeamCounts()
            world.facts.product(2)
            os._exit(0 if fresh and world.settled() == SeamCounts(agree=1) and world.made == 2 else 3)
        except BaseException:
            os._exit(4)
    assert os.waitpid(child, 0)[1] == 0
    assert world.made == 1
