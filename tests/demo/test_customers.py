"""Customers notice what a customer would notice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from demo.customers import Customers
from demo.forms import forms_of
from tests.waiting import until


class Broken(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(503)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def broken_shop() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Broken) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_error_is_a_failure_with_its_request(broken_shop: str) -> None:
    customers = Customers(broken_shop, count=2, pause=0)
    customers.start()
    until(lambda: customers.tally.failures)
    tally = customers.stop()
    assert tally.failures[0].request == "GET /"
    assert "503" in tally.failures[0].wrong


def test_what_came_since_a_copy_is_told_apart() -> None:
    customers = Customers("http://127.0.0.1:9")
    before = customers.tally.copy()
    customers.tally.requests["pages"] += 2
    customers.tally.milliseconds += [1.0, 2.0]
    assert customers.tally.since(before).requests == {"pages": 2}
    assert customers.tally.since(before).milliseconds == [1.0, 2.0]


def test_a_form_has_the_fields_that_a_browser_would_send() -> None:
    page = """<form action="/a/"><input type=hidden name=token value=t><input name=q><input type=radio name=r value=1>
    <input type=radio name=r value=2 checked></form><form method=post><input name=other value=o></form>"""
    first, second = forms_of(page)
    assert (first.action, first.fields) == ("/a/", {"token": "t", "q": "", "r": "2"})
    assert (second.action, second.fields) == ("", {"other": "o"})
