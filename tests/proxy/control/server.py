"""A control plane's application behind a real server in a thread, with a client of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from strangler_proxy.control import ControlPlane, app
from strangler_proxy.control.bootstrap import Bootstrap

TOKEN = "a-token-that-nobody-guesses"


@contextmanager
def serving(control: ControlPlane) -> Iterator[httpx.Client]:
    """A client, with the token, of `control`'s API."""
    settings = uvicorn.Config(app(control, Bootstrap(TOKEN)), http="h11", ws="none", lifespan="on", log_config=None)
    server = uvicorn.Server(settings)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            with httpx.Client(
                base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30, trust_env=False
            ) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
