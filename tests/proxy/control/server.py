"""A control plane's application behind a real server in a thread, with a client of it."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.bootstrap import Bootstrap
from strangler_proxy.control.process import settings_of

TOKEN = "a-token-that-nobody-guesses"


@contextmanager
def serving(control: ControlPlane, bootstrap: Bootstrap | None = None) -> Iterator[httpx.Client]:
    """A client, with the token, of `control`'s API, of which `bootstrap` is the first token, by default that one."""
    tls = control.config.control_tls
    server = uvicorn.Server(settings_of(control, bootstrap or Bootstrap(TOKEN)))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        address = f"{'http' if tls is None else 'https'}://127.0.0.1:{listening.getsockname()[1]}"
        trusting = True if tls is None else ssl.create_default_context(cafile=str(tls.certificate))
        try:
            with httpx.Client(
                base_url=address,
                headers={"Authorization": f"Bearer {TOKEN}"},
                timeout=30,
                trust_env=False,
                verify=trusting,
            ) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
