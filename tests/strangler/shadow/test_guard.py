"""The guard: what becomes of effects, how they are counted, and who is told."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from strangler.errors import EffectStopped, PolicyError
from strangler.shadow import Effect, EffectCounts, Guard, Outcome, Reaction, Strategy, log_effect, shadowed


def test_a_customers_own_request_has_its_effects_and_none_is_counted() -> None:
    guard = Guard()
    assert not guard.stops("mail")
    guard.count("session")
    assert guard.counts() == {}


def test_mail_is_recorded_and_all_else_raises_unless_it_is_said_otherwise() -> None:
    with shadowed(Strategy.READ):
        guard = Guard()
        assert guard.stops("mail", "one mail")
        with pytest.raises(EffectStopped, match=r"task \(orders\.invoice\)") as caught:
            guard.stops("task", "orders.invoice")
        assert (caught.value.kind, caught.value.target) == ("task", "orders.invoice")
        other = Guard(reactions={"mail": "raise", "task": Reaction.RECORD})
        assert other.stops("task")
        with pytest.raises(EffectStopped):
            other.stops("mail")
    assert guard.counts() == {"mail": EffectCounts(recorded=1), "task": EffectCounts(stopped=1)}


@pytest.mark.parametrize("strategy", [Strategy.READ, Strategy.SANDBOX, Strategy.DRY_RUN])
def test_the_world_sees_nothing_of_any_copy(strategy: Strategy) -> None:
    with shadowed(strategy), pytest.raises(EffectStopped):
        Guard().stops("task")


def test_hosts_that_are_allowed_are_asked_with_safe_methods_only() -> None:
    guard = Guard(allowed_hosts=["Search.internal", "prices.internal:8443"])
    with shadowed(Strategy.READ):
        assert guard.passes("GET", "search.INTERNAL", 80)
        assert guard.passes("HEAD", "search.internal", 9200)
        assert guard.passes("OPTIONS", "prices.internal", 8443)
        for method, host, port, remedy in [
            ("POST", "search.internal", 80, "Only GET, HEAD and OPTIONS"),
            ("GET", "prices.internal", 443, "allowed_hosts"),
            ("GET", "notsearch.internal", 80, "allowed_hosts"),
        ]:
            with pytest.raises(EffectStopped, match=remedy):
                guard.passes(method, host, port)
    assert guard.counts() == {"http": EffectCounts(passed=3, stopped=3)}


def test_what_cannot_be_feigned_is_refused_whatever_is_set() -> None:
    guard = Guard(reactions={"database": "record"})
    with shadowed(Strategy.READ), pytest.raises(EffectStopped):
        guard.refuse("database", "default")
    assert guard.counts() == {"database": EffectCounts(stopped=1)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"allowed_hosts": ["http://search"]},
        {"allowed_hosts": [""]},
        {"allowed_hosts": ["a b"]},
        {"reactions": {"mail": "swallow"}},
    ],
)
def test_what_cannot_work_is_told_when_the_guard_is_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match="Guard"):
        Guard(**wrong)


def test_the_observer_is_told_and_its_failure_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Effect] = []
    with shadowed(Strategy.SANDBOX):
        Guard(observer=seen.append).stops("mail", "one mail")

        def broken(effect: Effect) -> None:
            raise ZeroDivisionError

        assert Guard(observer=broken).stops("mail")
    assert seen == [Effect("mail", "one mail", Strategy.SANDBOX, Outcome.RECORDED)]
    assert "The observer of effects failed" in caplog.text


def test_an_effect_can_be_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "strangler.shadow"):
        log_effect(Effect("mail", "one mail", Strategy.READ, Outcome.RECORDED))
        log_effect(Effect("http", "POST billing", Strategy.DRY_RUN, Outcome.STOPPED))
    assert [(each.levelname, each.message) for each in caplog.records] == [
        ("DEBUG", "recorded: mail one mail (read)"),
        ("WARNING", "stopped: http POST billing (dry-run)"),
    ]


def test_threads_count_together() -> None:
    guard = Guard()

    def many() -> None:
        for _ in range(500):
            guard.stops("mail")

    with shadowed(Strategy.READ), ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(copy_context().run, many) for _ in range(4)]:
            done.result()
    assert guard.counts()["mail"].recorded == 2000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_a_free_lock() -> None:
    guard = Guard()
    before = guard._lock
    guard.after_fork()
    assert guard._lock is not before
