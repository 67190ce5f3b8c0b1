"""What the proxy's processes write to standard error."""

from __future__ import annotations

import subprocess
import sys

ASKING = """
import logging
import httpx
from strangler_proxy.journal import log_to_stderr

log_to_stderr("control")
logging.getLogger("strangler.notify").info("something happened")
with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(204))) as client:
    client.post("https://user:hush@chat.example/hooks/hush?key=hush")
"""

FLOODING = """
import logging
import sys
from strangler_proxy.journal import log_to_stderr

log_to_stderr("worker")
log = logging.getLogger("strangler.listener")
for number in range(20_000):
    log.warning("line %d", number)
print("not held up", flush=True)
sys.stdin.readline()
log.warning("afterwards")
"""


def test_an_address_that_is_asked_is_not_written_down_for_it_may_be_a_secret() -> None:
    written = subprocess.run([sys.executable, "-c", ASKING], capture_output=True, text=True, check=True).stderr
    assert "INFO control: something happened" in written
    assert "hush" not in written
    assert "chat.example" not in written


def test_a_reader_that_stands_still_costs_lines_and_holds_no_process_up() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FLOODING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as flooding:
        assert flooding.stdin is not None
        assert flooding.stdout is not None
        assert flooding.stderr is not None
        assert flooding.stdout.readline() == "not held up\n"
        first = flooding.stderr.readline()
        # That makes room in the pipe.
        flooding.stderr.read(8192)
        flooding.stdin.write("\n")
        flooding.stdin.flush()
        *_, lost, last = flooding.stderr.read().splitlines()
    assert first.endswith("WARNING worker: line 0\n")
    assert lost.endswith(" lines were lost here, for nobody took them")
    assert 0 < int(lost.split()[0]) < 20_000
    assert last.endswith("WARNING worker: afterwards")
    assert flooding.returncode == 0
