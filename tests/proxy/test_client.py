from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
from strangler_proxy.client import ControlClient
from strangler_proxy.config.values import Address

from strangler.errors import ControlRefused, ControlUnreachable, StranglerError


def client(answer: Callable[[httpx.Request], httpx.Response]) -> ControlClient:
    return ControlClient(Address("127.0.0.1", 8081), "hush", transport=httpx.MockTransport(answer))


def test_a_flip_says_who_with_the_token() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"revision": 2})

    with client(answer) as control:
        assert control.flip(["catalog.*"], "canary", why="x", share="5%") == {"revision": 2}
    (request,) = asked
    assert str(request.url) == "http://127.0.0.1:8081/api/v1/flip"
    assert request.headers["Authorization"] == "Bearer hush"
    assert "@" in request.headers["X-Strangler-Who"]
    assert json.loads(request.content)["names"] == ["catalog.*"]


def test_a_read_says_who_too_for_it_is_counted_in_the_audit() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    with client(answer) as control:
        control.status()
        control.metrics()
    assert ["@" in request.headers["X-Strangler-Who"] for request in asked] == [True, True]


def test_back_of_all_is_another_request_than_back_of_some() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        return httpx.Response(200, json={"all": body.get("all"), "names": body.get("names")})

    with client(answer) as control:
        assert control.back(None, why="x") == {"all": True, "names": None}
        assert control.back(["a"], why="x") == {"all": None, "names": ["a"]}


def test_a_refusal_keeps_status_code_message_and_remedy() -> None:
    error = {"code": "illegal_move", "message": "No.", "remedy": "Do that."}
    with (
        client(lambda _: httpx.Response(409, json={"error": error})) as control,
        pytest.raises(ControlRefused, match=r"No\. Do that\.") as caught,
    ):
        control.status()
    assert (caught.value.status, caught.value.code) == (409, "illegal_move")


def test_metrics_come_as_the_text_that_they_are() -> None:
    with client(lambda request: httpx.Response(200, text=f"at {request.url.path}\n")) as control:
        assert control.metrics() == "at /metrics\n"
    with client(lambda _: httpx.Response(401, text="no")) as control, pytest.raises(ControlRefused, match="token"):
        control.metrics()

    def gone(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused")

    with client(gone) as control, pytest.raises(ControlUnreachable, match="Nothing answers"):
        control.metrics()


def test_an_error_without_a_reason_is_a_refusal_all_the_same() -> None:
    with client(lambda _: httpx.Response(500, json=["?"])) as control, pytest.raises(ControlRefused, match="500"):
        control.history()


def test_nobody_there_is_unreachable() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with client(answer) as control, pytest.raises(ControlUnreachable, match="Is `strangler serve` running"):
        control.snapshot()


def test_somebody_else_there_is_unreachable_too() -> None:
    with (
        client(lambda _: httpx.Response(200, text="<html>")) as control,
        pytest.raises(ControlUnreachable, match="not a control plane"),
    ):
        control.status()


def test_a_token_that_is_not_taken_is_told_to_people() -> None:
    error = {"code": "unauthorized", "message": "That is not the control plane's token.", "remedy": "Send a header."}
    with (
        client(lambda _: httpx.Response(401, json={"error": error})) as control,
        pytest.raises(ControlRefused, match="does not take this token: STRANGLER_TOKEN") as caught,
    ):
        control.status()
    assert caught.value.code == "unauthorized"


def test_what_is_not_text_is_never_taken_for_somebody_elses_answer() -> None:
    with client(lambda _: httpx.Response(200, json={})) as control, pytest.raises(StranglerError, match="not UTF-8"):
        control.back(["\udcff"], why="x")
