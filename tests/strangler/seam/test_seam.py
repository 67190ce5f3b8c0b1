from __future__ import annotations

import os
import threading
from math import inf

import pytest

from strangler.compare import Difference, DifferenceKind, Verdict
from strangler.resilience import Deadline, remaining
from strangler.seam import Seam, SeamCounts
from strangler.testing import FixedToggles
from strangler.toggles import BUCKETS, Side, Stage, Toggle
from tests.strangler.seam.world import NAME, Facts, Implementation, World


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
