"""While the shop stays open, there is something to watch."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from demo.__main__ import leave_open
from demo.addresses import Addresses
from demo.stack import Stack, StackError
from tests.waiting import until


class Counting(ThreadingHTTPServer):
    asked = 0


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Counting)
        self.server.asked += 1
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def shop() -> Iterator[Counting]:
    with Counting(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_customers_go_on_shopping_until_it_ends(
    shop: Counting, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack(tmp_path, Addresses(shop=shop.server_port))
    part = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    stack.processes["proxy"] = part

    def end() -> None:
        until(lambda: shop.asked >= 3)
        part.communicate()

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(StackError, match="proxy ended by itself"):
        leave_open(stack)
    ending.join()
    assert not [each for each in threading.enumerate() if each.name == "customers"]
    said = capsys.readouterr().out
    assert f"{stack.addresses.url('control')}/room/" in said
    assert str(stack.state / "control.token") in said
