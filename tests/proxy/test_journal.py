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


def test_an_address_that_is_asked_is_not_written_down_for_it_may_be_a_secret() -> None:
    written = subprocess.run([sys.executable, "-c", ASKING], capture_output=True, text=True, check=True).stderr
    assert "INFO control: something happened" in written
    assert "hush" not in written
    assert "chat.example" not in written
