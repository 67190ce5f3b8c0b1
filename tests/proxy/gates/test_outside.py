"""Asking addresses and Prometheus, and judging all that is judged on the operator's machine."""

from __future__ import annotations

import gzip
import math
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest
from strangler_proxy.gates.command import Ran
from strangler_proxy.gates.here import judge_here, sent_along
from strangler_proxy.gates.outside import ask_probe, ask_prometheus

from strangler.evidence import AgreementWanted
from strangler.gates import CommandGate, Gates, ProbeGate, ProbeSeen, PrometheusGate, PrometheusSeen

PROBE = ProbeGate("http://catalog/ready")
QUERY = PrometheusGate("http://prometheus:9090/", 'sum(up{job="a"})', 1.0)


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.MockTransport:
    return httpx.MockTransport(answer)


def failing(error: Exception) -> httpx.MockTransport:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise error

    return httpx.MockTransport(refuse)


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    asked: list[str] = []

    def redirect(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": "http://169.254.169.254/"})

    assert ask_probe(PROBE, transport=answering(redirect)) == ProbeSeen(302)
    assert asked == ["http://catalog/ready"]


def test_the_text_is_looked_for_in_the_first_megabyte() -> None:
    gate = ProbeGate("http://catalog/ready", contains="grün")

    def body(content: bytes) -> ProbeSeen:
        return ask_probe(gate, transport=answering(lambda _: httpx.Response(200, content=content)))

    assert body("all grün".encode()) == ProbeSeen(200, True)
    assert body(b"red") == ProbeSeen(200, False)
    assert body(b" " * 1024 * 1024 + "grün".encode()) == ProbeSeen(200, False)


def test_an_address_that_does_not_answer_says_why() -> None:
    refused = ask_probe(PROBE, transport=failing(httpx.ConnectError("[Errno 111] Connection refused")))
    assert refused == ProbeSeen(error="Connection refused")
    slow = ask_probe(PROBE, transport=failing(httpx.ReadTimeout("")))
    assert slow == ProbeSeen(error="not within 5 s")
    assert ask_probe(ProbeGate("http://[")).error


@contextmanager
def dripping(head: bytes) -> Iterator[str]:
    """Where somebody answers with `head`, and then letter by letter without end."""

    def drip(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                with caller, suppress(OSError):
                    caller.recv(4096)
                    caller.sendall(head)
                    while True:
                        caller.sendall(b".")
                        select.select([caller], [], [], 0.01)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-Drops: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_is_not_waited_for(head: bytes) -> None:
    with dripping(head) as url:
        found = ask_probe(ProbeGate(url, contains="never", timeout=0.3))
    assert found == ProbeSeen(error="not within 0.3 s")


def test_what_is_packed_is_not_asked_for_and_not_unpacked() -> None:
    asked: list[str] = []

    def pack(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["accept-encoding"])
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(b"ready" * 1000))

    gate = ProbeGate("http://catalog/ready", contains="ready")
    assert ask_probe(gate, transport=answering(pack)) == ProbeSeen(200, False)
    assert asked == ["identity"]


def test_prometheus_gives_one_number() -> None:
    asked: list[httpx.URL] = []

    def given(data: Any, status: int = 200) -> PrometheusSeen:
        def say(request: httpx.Request) -> httpx.Response:
            asked.append(request.url)
            return httpx.Response(status, json=data)

        return ask_prometheus(QUERY, transport=answering(say))

    def success(kind: str, result: Any) -> PrometheusSeen:
        return given({"status": "success", "data": {"resultType": kind, "result": result}})

    one = {"metric": {}, "value": [1.0, "2.5"]}
    assert success("vector", [one]) == PrometheusSeen(2.5)
    assert asked[0].path == "/api/v1/query"
    assert asked[0].params["query"] == 'sum(up{job="a"})'
    assert success("scalar", [1.0, "3"]) == PrometheusSeen(3.0)
    assert math.isnan(success("vector", [{"value": [1.0, "NaN"]}]).value or 0.0)
    assert success("vector", []) == PrometheusSeen()
    assert success("vector", [one, one]).error == "it gave 2 series; aggregate them, as with sum(...)"
    assert success("matrix", []).error == "it gave a matrix, not a number"
    assert given({"status": "error", "error": "parse error"}, 400).error == "parse error"
    empty = {"status": "success", "data": {"resultType": "scalar", "result": []}}
    wrong: tuple[Any, ...] = ([], {"status": "success"}, empty)
    for garbled in wrong:
        assert given(garbled).error == "no answer of Prometheus, with status 200"
    page = ask_prometheus(QUERY, transport=answering(lambda _: httpx.Response(502, text="<html>")))
    assert page.error == "no answer of Prometheus, with status 502"
    assert ask_prometheus(QUERY, transport=failing(httpx.ConnectError("no"))).error == "no"


def test_only_what_is_outside_is_judged_here() -> None:
    gates = Gates(agreement=AgreementWanted(), requests=5, commands=(CommandGate("exit 1"),))
    (found,) = judge_here(gates, lambda command, timeout: Ran(1, "", 0.1))
    assert (found.name, found.verdict) == ("command", "fail")
    (found,) = judge_here(gates, None)
    assert (found.name, found.verdict) == ("command", "inconclusive")
    assert judge_here(Gates(requests=5), None) == []
    assert sent_along({"requests": 5, "command": "x", "probe": "y", "prometheus": {}}) == {"requests": 5}
