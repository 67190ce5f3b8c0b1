"""A whole proxy as its own processes, in front of a small HTTP server, in a temporary folder."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import Any

import httpx

from tests.waiting import until

STRANGLER = (sys.executable, "-P", "-m", "strangler_proxy")
# Nobody is asked by TLS here, and httpx would read all certificates that it trusts before each request.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@contextmanager
def upstream(name: str, slow_requests: Queue[None] | None = None, go: Event | None = None) -> Iterator[int]:
    """The port of a server which answers everything with its own name: /slow only once `go` is set."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if slow_requests is not None and go is not None and self.path == "/slow":
                slow_requests.put(None)
                go.wait(30)
            body = name.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Proxy:
    """`strangler serve` in `folder`, and the commands that operate it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / ".strangler"
        self.log = folder / "log.txt"
        self.said = folder / "said.txt"
        self.slow_requests: Queue[None] = Queue()
        self.answer_slowly = Event()
        self.workers = 2
        self.options: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, monolith: int, catalog: int, *, workers: int = 2, more: str = "") -> None:
        """Write a configuration with one route, on ports that the system chooses, and with `more` tables."""
        self.workers = workers
        (self.folder / "strangler.toml").write_text(
            f"""
            [proxy]
            listen = "127.0.0.1:0"
            workers = {workers}
            [control]
            listen = "127.0.0.1:0"
            [upstreams.monolith]
            url = "http://127.0.0.1:{monolith}"
            [upstreams.catalog]
            url = "http://127.0.0.1:{catalog}"
            [[routes]]
            name = "catalog.list"
            path = "/products/"
            candidate = "catalog"
            {more}
            """
        )

    def start(self) -> None:
        """Start it, and wait until every worker is live."""
        begun = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log, self.said.open("wb") as said:
            self._process = subprocess.Popen(
                [*STRANGLER, "serve", *self.options], cwd=self.folder, stdout=said, stderr=log
            )
        until(lambda: self.process.poll() is not None or b"Strangler is serving" in self.log.read_bytes()[begun:])
        until(lambda: self.process.poll() is not None or self.status()["live"] == self.all_live)
        assert self.process.poll() is None, self.log.read_text()

    @property
    def all_live(self) -> str:
        """What `live` says of it when all is well."""
        return f"{self.workers}/{self.workers}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The supervisor."""
        assert self._process is not None
        return self._process

    def stop(self) -> int:
        """End it in order; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(30)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line."""
        return subprocess.run([*STRANGLER, *words], cwd=self.folder, capture_output=True, text=True, timeout=60)

    @property
    def addresses(self) -> dict[str, str]:
        """Where it listens."""
        document: dict[str, str] = json.loads((self.state / "addresses.json").read_text())
        return document

    def get(self, path: str = "/products/") -> str:
        """What a customer is answered; the proxy's error where it is one."""
        url = f"http://{self.addresses['listen']}{path}"
        answered = httpx.get(url, trust_env=False, verify=_NO_CERTIFICATES, timeout=20)
        return answered.text if answered.is_success else str(answered.status_code)

    def api(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Ask the control API."""
        token = (self.state / "control.token").read_text().strip()
        return httpx.request(
            method,
            f"http://{self.addresses['control']}{path}",
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            verify=_NO_CERTIFICATES,
            timeout=20,
            **given,
        )

    def status(self) -> dict[str, Any]:
        """What the control API tells; nothing live while it does not answer."""
        try:
            state: dict[str, Any] = self.api("GET", "/api/v1/status").json()
        except (httpx.TransportError, OSError):
            return {"live": "", "workers": [], "store": {"ok": False, "error": ""}, "revision": -1}
        return state

    def flip(self, stage: str, **more: Any) -> dict[str, Any]:
        """Move the route, and fail unless every worker acknowledged."""
        body = {"names": ["catalog.list"], "stage": stage, "why": "test", "force": True, "wait_seconds": 20, **more}
        outcome: dict[str, Any] = self.api("POST", "/api/v1/flip", json=body).json()
        assert outcome.get("missing") == [], outcome
        return outcome

    def child(self, kind: str) -> int:
        """The process id of a child, by words of its command."""
        found = [pid for pid, command in children(self.process.pid) if kind in command]
        assert len(found) == 1, found
        return found[0]


def children(pid: int) -> list[tuple[int, str]]:
    """The live children of a process, with their commands."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
                command = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError):
                continue
            if parent == pid and command:
                found.append((int(each.name), command))
    return found


def is_running(pid: int) -> bool:
    """Whether a process runs still, zombies aside."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def served(folder: Path) -> Iterator[Proxy]:
    """A proxy that serves, before a monolith and a catalogue that answer with their names."""
    proxy = Proxy(folder)
    with (
        upstream("monolith", proxy.slow_requests, proxy.answer_slowly) as monolith,
        upstream("catalog") as catalog,
    ):
        proxy.configure(monolith, catalog)
        proxy.start()
        try:
            yield proxy
        finally:
            proxy.stop()


def kill(pid: int) -> None:
    """Kill a process as no process can prevent."""
    os.kill(pid, signal.SIGKILL)
