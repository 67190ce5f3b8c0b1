"""Each failure of an upstream is one number and one line, and so is each refusal of a request."""

from __future__ import annotations

from typing import Any

import pytest

from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream, cleanup, make_proxy, make_upstream
from tests.proxy.dataplane.raw import Proxy, answer, config, snapshot
from tests.proxy.dataplane.test_fallback import (
    FAILURES,
    FROM_MONOLITH,
    GET,
    NAME,
    POST,
    Setup,
    monolith,
    refused_port,
    setup,
)

__all__ = ["cleanup", "make_proxy", "make_upstream", "monolith", "setup"]


def causes(proxy: Proxy) -> dict[str, list[dict[str, Any]]]:
    return proxy.call(proxy.worker.gateway.counts.take_causes)


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_that_the_monolith_makes_good_is_one_failure_one_fallback_and_one_line(
    setup: Setup, make_upstream: MakeUpstream, failure: str
) -> None:
    script, _, cause = FAILURES[failure]
    proxy = setup(make_upstream(script).port, Stage.EXTRACTED)
    proxy.ask(GET)
    (line,) = proxy.log()
    assert (line["fallback"], line["status"]) == (cause, 200)
    assert causes(proxy) == {
        "failures": [{"upstream": "catalog", "cause": cause, "count": 1}],
        "fallbacks": [{"route": NAME, "upstream": "catalog", "cause": cause, "count": 1}],
        "refusals": [],
    }
    (told,) = proxy.counts()
    assert (told["stage"], told["side"], told["count"], told["fallbacks"]) == ("extracted", "monolith", 1, 1)


@pytest.mark.parametrize("failure", [name for name in FAILURES if not name.startswith("status-")])
def test_a_failure_that_nobody_makes_good_is_one_failure_and_one_line(
    setup: Setup, make_upstream: MakeUpstream, failure: str
) -> None:
    script, status, cause = FAILURES[failure]
    proxy = setup(make_upstream(script).port, Stage.EXTRACTED)
    proxy.ask(POST)
    (line,) = proxy.log()
    assert (line["error"], line["status"]) == (cause, status)
    assert causes(proxy) == {
        "failures": [{"upstream": "catalog", "cause": cause, "count": 1}],
        "fallbacks": [],
        "refusals": [],
    }


def test_a_connection_that_cannot_be_made_is_one_failure(setup: Setup) -> None:
    proxy = setup(refused_port(), Stage.CANARY)
    proxy.ask(POST)
    assert causes(proxy)["failures"] == [{"upstream": "catalog", "cause": "refused", "count": 1}]
    assert causes(proxy)["failures"] == []
    (told,) = proxy.counts()
    assert (told["stage"], told["status_class"]) == ("canary", "2xx")


def test_an_answer_that_is_whole_is_no_failure(setup: Setup, make_upstream: MakeUpstream) -> None:
    proxy = setup(make_upstream(answer(FROM_MONOLITH)).port, Stage.EXTRACTED)
    proxy.ask(GET)
    assert causes(proxy) == {"failures": [], "fallbacks": [], "refusals": []}


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ],
)
def test_a_refusal_is_one_number_and_one_line_in_the_same_words(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, request_bytes: bytes, status: int
) -> None:
    proxy = make_proxy(config(make_upstream().port), snapshot(Stage.MONOLITH))
    with proxy.client() as client:
        client.send(request_bytes)
        client.rest()
    (line,) = proxy.log()
    assert line["status"] == status
    assert causes(proxy)["refusals"] == [{"status": status, "reason": line["error"], "count": 1}]
    (told,) = proxy.counts()
    assert (told["route"], told["status_class"], told["count"]) == ("-", f"{status // 100}xx", 1)
