from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.errors import BreakerOpen, BulkheadFull, DeadlineExceeded, PolicyError
from strangler.resilience import Deadline, Retry, RetryBudget, RetrySettings
from strangler.testing import ManualClock

SETTINGS = RetrySettings(attempts=4, pause=1.0, longest_pause=3.0, longest_wait=10.0)


def retry(clock: ManualClock, settings: RetrySettings = SETTINGS, **more: Any) -> Retry:
    known: dict[str, Any] = {"worth": (OSError,), "budget": RetryBudget(reserve=100), "jitter": lambda: 1.0}
    return Retry(settings, sleep=clock.sleep, sleep_async=clock.sleep_async, **(known | more))


class Service:
    """Fails with one exception after the other, then answers. Sync or async."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.calls

    async def later(self) -> int:
        return self()


Ask = Callable[[Retry, Service], int]


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    if request.param == "sync":
        return lambda tested, service: tested(service)()

    async def asked(tested: Retry, service: Service) -> int:
        return await tested(service.later)()

    return lambda tested, service: asyncio.run(asked(tested, service))


def test_what_is_worth_it_is_tried_again_after_pauses_that_double_up_to_a_bound(ask: Ask) -> None:
    clock = ManualClock()
    service = Service(OSError(), OSError(), OSError())
    assert ask(retry(clock), service) == 4
    assert clock.slept == [1.0, 2.0, 3.0]


def test_after_the_last_try_its_own_exception_is_raised(ask: Ask) -> None:
    errors = [OSError(str(number)) for number in range(9)]
    service = Service(*errors)
    with pytest.raises(OSError, match="3") as raised:
        ask(retry(ManualClock()), service)
    assert raised.value is errors[3]
    assert service.calls == 4


def test_what_is_not_worth_it_is_raised_at_once(ask: Ask) -> None:
    clock = ManualClock()
    service = Service(LookupError())
    with pytest.raises(LookupError):
        ask(retry(clock), service)
    service = Service(OSError("no"), OSError("yes"))
    with pytest.raises(OSError, match="no"):
        ask(retry(clock, worth=lambda error: str(error) == "yes"), service)
    assert (service.calls, clock.slept) == (1, [])


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 2000))
def test_a_pause_is_anything_up_to_its_bound(drawn: float, failures: int) -> None:
    bound = RetrySettings(pause=0.5, longest_pause=4.0).bound(failures)
    assert bound == min(0.5 * 2.0 ** min(failures - 1, 10), 4.0)
    clock = ManualClock()
    retry(clock, jitter=lambda: drawn)(Service(OSError()))()
    assert clock.slept == [drawn * 1.0]


class Busy(OSError):
    def __init__(self, retry_after: float | None) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


def test_it_does_not_come_before_it_was_told_to(ask: Ask) -> None:
    clock = ManualClock()
    assert ask(retry(clock), Service(Busy(7.0), Busy(0.5), Busy(None))) == 4
    assert clock.slept == [7.0, 2.0, 3.0]
    clock = ManualClock()
    told = retry(clock, retry_after=lambda error: 8.0)
    assert ask(told, Service(OSError())) == 2
    assert clock.slept == [8.0]


def test_it_does_not_come_at_all_when_it_was_told_to_come_much_later(ask: Ask) -> None:
    clock = ManualClock()
    service = Service(Busy(10.5))
    with pytest.raises(Busy):
        ask(retry(clock), service)
    assert (service.calls, clock.slept) == (1, [])


def test_it_does_not_pause_beyond_the_deadline(ask: Ask) -> None:
    clock = ManualClock()
    service = Service(OSError(), OSError("second"), OSError())
    with Deadline(3.0, clock=clock), pytest.raises(OSError, match="second"):
        ask(retry(clock), service)
    assert (service.calls, clock.slept) == (2, [1.0])


@pytest.mark.parametrize(
    "refused", [BreakerOpen("open", 1.0), BulkheadFull("full"), DeadlineExceeded("over", begun=False)]
)
def test_a_refused_try_ends_it_and_the_failure_of_the_call_that_was_made_is_raised(
    ask: Ask, refused: Exception
) -> None:
    clock = ManualClock()
    everything = retry(clock, worth=(Exception,))
    service = Service(OSError("made"), refused)
    with pytest.raises(OSError, match="made"):
        ask(everything, service)
    assert (service.calls, clock.slept) == (2, [1.0])
    with pytest.raises(type(refused)) as raised:
        ask(everything, Service(refused))
    assert raised.value is refused


def test_a_call_that_the_deadline_ended_is_not_made_again(ask: Ask) -> None:
    service = Service(DeadlineExceeded("over", begun=True))
    with pytest.raises(DeadlineExceeded):
        ask(retry(ManualClock(), worth=(Exception,)), service)
    assert service.calls == 1


def test_all_callers_share_one_budget(ask: Ask) -> None:
    budget = RetryBudget(share=0.5, reserve=3)
    calls = 0
    for _ in range(20):
        service = Service(*[OSError("refused")] * 9)
        with pytest.raises(OSError, match="refused"):
            ask(retry(ManualClock(), budget=budget), service)
        calls += service.calls
    assert calls <= 20 + 3 + 10
    assert calls >= 20 + 10
    assert budget.left < 1


@given(st.floats(0, 1), st.integers(1, 20), st.lists(st.booleans(), max_size=200))
def test_retries_are_never_more_than_the_reserve_and_the_share_of_the_calls(
    share: float, reserve: int, steps: list[bool]
) -> None:
    budget = RetryBudget(share=share, reserve=reserve)
    calls = retries = 0
    for is_call in steps:
        if is_call:
            budget.called()
            calls += 1
        else:
            retries += budget.retry()
        assert retries <= reserve + share * calls + 1e-6
        assert 0 <= budget.left <= reserve


def test_a_cancelled_call_is_not_made_again() -> None:
    calls = 0

    async def hang() -> None:
        nonlocal calls
        calls += 1
        await asyncio.Event().wait()

    async def cancel() -> None:
        task = asyncio.ensure_future(retry(ManualClock(), worth=(Exception,))(hang)())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert calls == 1


def test_a_failure_that_was_overcome_is_not_kept_alive() -> None:
    error = Busy(None)
    kept = weakref.ref(error)
    service = Service(error)
    del error
    gc.disable()
    try:
        assert retry(ManualClock())(service)() == 2
        assert kept() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"attempts": 0}, "from 1 on"), ({"attempts": 2.0}, "whole"), ({"pause": 0}, "above 0"),
        ({"pause": -1}, "above 0"), ({"longest_pause": 0.01}, "not below pause"), ({"longest_wait": -1}, "not below 0"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_work_is_one_clear_error(wrong: dict[str, Any], remedy: str) -> None:
    with pytest.raises(PolicyError, match=rf"RetrySettings: {next(iter(wrong))} is .*{remedy}"):
        RetrySettings(**wrong)


@pytest.mark.parametrize("wrong", [OSError, (OSError, "x"), (OSError(),)])
def test_exceptions_that_are_no_tuple_are_one_clear_error(wrong: Any) -> None:
    with pytest.raises(PolicyError, match=r"Retry: worth is .*\(OSError,\)"):
        Retry(worth=wrong)


@pytest.mark.parametrize("wrong", [{"share": -0.1}, {"share": 1.1}, {"reserve": 0}, {"reserve": 1.5}])
def test_a_budget_that_cannot_work_is_one_clear_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match=rf"RetryBudget: {next(iter(wrong))} is"):
        RetryBudget(**wrong)
