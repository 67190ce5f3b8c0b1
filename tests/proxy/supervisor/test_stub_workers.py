"""The supervisor over processes that only pretend, so that they can be made to fail at will."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.waiting import until

pytestmark = pytest.mark.slow

STUB = """
import http.server, pathlib, signal, socket, sys
words = sys.argv[1:]
kind, fd = words[0], int(words[words.index("--fd") + 1])
slot = words[words.index("--slot") + 1] if kind == "worker" else ""
if slot == "0" and not pathlib.Path("well").exists():
    sys.exit("worker 0 feels unwell")
if kind == "control":
    signal.pause()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(slot.encode())
    def log_request(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=fd)
server.socket.setblocking(True)
server.socket.listen(64)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server.serve_forever()
"""

SERVE = """
import sys
from pathlib import Path
from strangler_proxy.config import load_config
from strangler_proxy.journal import log_to_stderr
from strangler_proxy.supervisor import Supervisor
log_to_stderr("supervisor")
supervisor = Supervisor(load_config(Path("strangler.toml")), launcher=(sys.executable, "stub.py"))
supervisor.run(lambda started: print(started.listen, flush=True))
"""

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
workers = 2
[control]
listen = "127.0.0.1:0"
[upstreams.monolith]
url = "http://127.0.0.1:1"
"""


def test_while_one_worker_dies_at_each_start_the_others_get_all_customers_until_it_is_well(tmp_path: Path) -> None:
    (tmp_path / "stub.py").write_text(STUB)
    (tmp_path / "strangler.toml").write_text(CONFIG)
    log = tmp_path / "log"
    with log.open("wb") as errors, (tmp_path / "out").open("wb") as out:
        serving = subprocess.Popen([sys.executable, "-c", SERVE], cwd=tmp_path, stdout=out, stderr=errors)
    try:
        until(lambda: (tmp_path / "out").read_text().endswith("\n"))
        until(lambda: "worker 0 gets no connections" in log.read_text())
        address = f"http://{(tmp_path / 'out').read_text().strip()}"
        answers = {httpx.get(address, trust_env=False, timeout=20).text for _ in range(30)}
        assert answers == {"1"}
        (tmp_path / "well").touch()
        until(lambda: "0" in {httpx.get(address, trust_env=False, timeout=20).text for _ in range(10)})
        assert "worker 0 feels unwell" in log.read_text()
    finally:
        serving.terminate()
        assert serving.wait(30) == 0
