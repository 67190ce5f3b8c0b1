"""Whole proxies that record real traffic: what the file holds, that it replays, and what ends a recording."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import httpx
import pytest

from strangler.recording import open_recording
from tests.proxy.supervisor.proxy import STRANGLER, Proxy, kill
from tests.waiting import until

pytestmark = pytest.mark.slow

URL: Final = "/api/v1/recording"
SECRETS: Final = {
    "cookie": "planted-session-4711",
    "bearer": "planted-bearer-4712",
    "password": "planted-password-4713",
    "answered": "planted-answered-4714",
    "configured": "planted-loyalty-4715",
    "token": "planted-json-token-4716",
}
RULES: Final = """
[[redact]]
path = "$.loyalty"
why = "Says who it is."
[[redact]]
header = "X-Loyalty"
why = "Says who it is."
"""


class Shop:
    """A site that answers with JSON: what it was asked for and sent, with a session, and its price for everything."""

    def __init__(self, price: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                body = json.dumps(
                    {
                        "path": self.path,
                        "sent": sent,
                        "price": price,
                        "loyalty": SECRETS["configured"],
                        "access_token": SECRETS["token"],
                    }
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Set-Cookie", f"sessionid={SECRETS['answered']}; HttpOnly; Path=/")
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the server's own name for it

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.port: int = self._server.server_address[1]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def shops() -> Iterator[tuple[Shop, Shop]]:
    """The monolith, and the candidate which has another price."""
    both = Shop("1.00"), Shop("1.50")
    try:
        yield both
    finally:
        for each in both:
            each.close()


@pytest.fixture
def proxy(tmp_path: Path, shops: tuple[Shop, Shop]) -> Iterator[Proxy]:
    """A proxy between the two, whose one route nobody copies."""
    proxy = Proxy(tmp_path)
    proxy.configure(*(shop.port for shop in shops))
    file = tmp_path / "strangler.toml"
    file.write_text(f"{file.read_text()}\nsample = 0.0\n")
    (tmp_path / "strangler.rules.toml").write_text(RULES)
    proxy.start()
    until(lambda: proxy.status()["comparers"][0]["live"])
    try:
        yield proxy
    finally:
        proxy.stop()


def begin(proxy: Proxy, file: Path, **given: Any) -> dict[str, Any]:
    answered = proxy.api("POST", URL, json={"file": str(file), "wait_seconds": 20, **given})
    assert answered.status_code == 200, answered.text
    recording: dict[str, Any] = answered.json()["recording"]
    assert (recording["problem"], recording["missing"]) == (None, [])
    return recording


def end(proxy: Proxy) -> dict[str, Any]:
    recording: dict[str, Any] = proxy.api("DELETE", URL).json()["recording"]
    return recording


def read(proxy: Proxy) -> dict[str, Any] | None:
    recording: dict[str, Any] | None = proxy.api("GET", URL).json()["recording"]
    return recording


def visit(proxy: Proxy, number: int = 0, *, as_somebody: bool = True) -> None:
    """A customer looks at the products, and sends a form to a page that no route takes."""
    with httpx.Client(base_url=f"http://{proxy.addresses['listen']}", trust_env=False, timeout=20) as customer:
        headers = {}
        if as_somebody:
            headers = {
                "Authorization": f"Bearer {SECRETS['bearer']}",
                "Cookie": f"sessionid={SECRETS['cookie']}",
                "X-Loyalty": SECRETS["configured"],
            }
        assert customer.get(f"/products/?page={number}", headers=headers).status_code == 200
        form = {"user": "ada", "password": SECRETS["password"]}
        assert customer.post("/login/", data=form, headers=headers).status_code == 200


def test_what_was_recorded_replays_and_tells_the_sides_apart(proxy: Proxy, shops: tuple[Shop, Shop]) -> None:
    file = proxy.folder / "visits.ndjson"
    begin(proxy, file)
    for number in range(5):
        visit(proxy, number, as_somebody=False)
    ended = end(proxy)
    assert (ended["written"], ended["dropped"]) == (10, {})
    recording = open_recording(file)
    assert [each.request.route for each in recording] == ["catalog.list", ""] * 5
    assert len({each.client for each in recording}) == 1
    old, new = (f"http://127.0.0.1:{shop.port}" for shop in shops)
    same = proxy.run("replay", "visits.ndjson", "--old", old, "--new", old, "--json")
    assert (same.returncode, json.loads(same.stdout)["pairs"]["agree"]) == (0, 5), same.stdout + same.stderr
    other = proxy.run("replay", "visits.ndjson", "--old", old, "--new", new, "--unsafe", "--json")
    assert other.returncode == 1, other.stdout + other.stderr
    told = json.loads(other.stdout)
    assert told["pairs"]["differ"] > 0
    assert {each["field"] for each in told["differences"]} == {"$.price"}


@pytest.mark.parametrize("packed", [False, True])
def test_no_secret_is_in_the_file_or_in_the_log(proxy: Proxy, packed: bool) -> None:
    file = proxy.folder / "visits.ndjson"
    begin(proxy, file, gzip=packed)
    visit(proxy)
    assert end(proxy)["written"] == 2
    text = json.dumps([each.to_json() for each in open_recording(file)])
    raw = file.read_bytes() + proxy.log.read_bytes()
    assert "redacted-" in text
    assert not [name for name, secret in SECRETS.items() if secret in text or secret.encode() in raw]
    assert file.stat().st_mode & 0o077 == 0


def test_the_answer_that_the_customer_got_is_recorded_with_the_side_that_gave_it(proxy: Proxy) -> None:
    proxy.flip("extracted")
    file = proxy.folder / "visits.ndjson"
    begin(proxy, file, routes=["catalog.*"])
    visit(proxy)
    end(proxy)
    [told] = open_recording(file)
    assert told.old is None
    assert told.new is not None
    assert b'"1.50"' in told.new.body
    assert told.new_seconds is not None


def test_a_comparer_that_is_killed_is_followed_by_the_next_which_goes_on(proxy: Proxy) -> None:
    file = proxy.folder / "visits.ndjson"
    began = begin(proxy, file)
    visit(proxy)
    until(lambda: (read(proxy) or {})["written"] == 2)
    kill(proxy.child(" comparer "))

    def goes_on() -> bool:
        # What was on its way to the one that died is lost; what passes from then on is not.
        visit(proxy)
        return bool((read(proxy) or {})["written"] >= 4)

    until(goes_on)
    ended = end(proxy)
    assert ended["id"] == began["id"]
    files = list(proxy.folder.glob("visits*.ndjson"))
    assert len(files) == 2
    assert sum(open_recording(each).count for each in files) == ended["written"] >= 4


def test_a_worker_that_is_killed_is_followed_by_one_that_records_too(proxy: Proxy) -> None:
    begin(proxy, proxy.folder / "visits.ndjson")
    before = [worker["pid"] for worker in proxy.status()["workers"]]
    for pid in before:
        kill(pid)
    until(lambda: proxy.status()["live"] == "2/2" and not set(before) & {w["pid"] for w in proxy.status()["workers"]})

    def visited() -> bool:
        visit(proxy)
        return bool((read(proxy) or {})["written"])

    until(visited)
    assert end(proxy)["written"] > 0


def test_a_reload_ends_it_and_keeps_what_was_written(proxy: Proxy) -> None:
    file = proxy.folder / "visits.ndjson"
    begin(proxy, file)
    visit(proxy)
    assert proxy.run("reload").returncode == 0
    assert read(proxy) is None
    visit(proxy)
    until(lambda: open_recording(file).count == 2)


def test_a_control_plane_that_is_killed_ends_it(proxy: Proxy) -> None:
    file = proxy.folder / "visits.ndjson"
    begin(proxy, file)
    visit(proxy)
    kill(proxy.child(" control "))
    until(lambda: proxy.status()["live"] == "2/2" and proxy.status()["comparers"][0]["live"])
    assert read(proxy) is None
    # Whoever writes hears that nothing is wanted any more, and lets go of the file.
    until(lambda: begin(proxy, proxy.folder / "next.ndjson")["id"])
    visit(proxy)
    assert end(proxy)["written"] == 2
    assert open_recording(file).count == 2


def test_a_stop_of_the_proxy_keeps_what_was_written(proxy: Proxy) -> None:
    file = proxy.folder / "visits.ndjson"
    begin(proxy, file)
    visit(proxy)
    assert proxy.stop() == 0
    assert open_recording(file).count == 2


def test_the_command_shows_what_it_came_to_and_ends_with_ctrl_c(proxy: Proxy) -> None:
    command = [*STRANGLER, "record", "visits.ndjson", "--why", "test"]
    with subprocess.Popen(
        command, cwd=proxy.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        line = process.stderr.readline()
        assert str(proxy.folder / "visits.ndjson") in line
        visit(proxy)
        until(lambda: (read(proxy) or {})["written"] == 2)
        assert "recording to" in proxy.run("status").stdout
        os.kill(process.pid, signal.SIGINT)
        assert "2 requests" in process.stdout.read()
        assert process.wait(30) == 0
    assert (read(proxy) or {})["end"] == "stopped"


def test_metrics_count_what_was_recorded(proxy: Proxy) -> None:
    begin(proxy, proxy.folder / "visits.ndjson", sample="0.001%")
    for _ in range(3):
        visit(proxy)
    end(proxy)
    begin(proxy, proxy.folder / "more.ndjson")
    visit(proxy)
    end(proxy)
    text = proxy.api("GET", "/metrics").text
    assert "strangler_recorded_total 2.0" in text
    assert 'strangler_recording_dropped_total{cause="sample"} 6.0' in text
