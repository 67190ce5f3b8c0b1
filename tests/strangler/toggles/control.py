"""A control plane made of the standard library: just enough of it for a client to follow."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from strangler.toggles import Snapshot

__all__ = ["Control"]


class Control:
    """Serves `snapshot` and holds long polls until it changes. `fault` makes it answer badly: a status or raw bytes."""

    def __init__(self, snapshot: Snapshot, *, token: str = "secret", port: int = 0, impatient: bool = False) -> None:
        self.fault: int | bytes | None = None
        self.asked: list[str] = []
        self._snapshot = snapshot
        self._token = token
        self._impatient = impatient
        self._changed = threading.Condition()
        self._stopped = False
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, snapshot: Snapshot) -> None:
        with self._changed:
            self._snapshot = snapshot
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def _handler(control) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - two selves
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                control.asked.append(self.path)
                if self.headers["Authorization"] != f"Bearer {control._token}":
                    self._send(401, b"{}")
                    return
                if control._stopped:
                    self.close_connection = True
                    return
                fault = control.fault
                if isinstance(fault, int):
                    self._send(fault, b"{}")
                elif fault is not None:
                    self._send(200, fault)
                else:
                    self._send(200, json.dumps(self._awaited().to_json()).encode())

            def _awaited(self) -> Snapshot:
                query = parse_qs(urlsplit(self.path).query)
                with control._changed:
                    if "wait" in query and not control._impatient:
                        known = int(query["revision"][0])
                        control._changed.wait_for(
                            lambda: control._snapshot.revision != known or control._stopped, float(query["wait"][0])
                        )
                    return control._snapshot

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler
