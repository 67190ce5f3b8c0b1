"""A side that is a WSGI application in this process, such as a Django project's."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from strangler.compare import Answer, Request

__all__ = ["WsgiSide"]

_Trouble: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None
_Application: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiSide:
    """Calls `application` in the thread of whoever asks, so that it sees the test's own database transaction.

    The request seems to come from 127.0.0.1, over the given `scheme`. What the application raises, the test raises.
    """

    # Not by a client's transport: those we know decode a path twice, or break where it is not ASCII.

    def __init__(self, application: _Application, *, scheme: str = "http") -> None:
        self._application = application
        self._scheme = scheme

    def __call__(self, request: Request) -> Answer:
        """The application's whole answer."""
        began: list[tuple[str, list[tuple[str, str]]]] = []
        body = bytearray()

        def start_response(
            status: str, headers: list[tuple[str, str]], trouble: _Trouble = None
        ) -> Callable[[bytes], None]:
            if trouble is not None and trouble[1] is not None and body:
                raise trouble[1]
            began.append((status, headers))
            return body.extend

        pieces = self._application(self._environ(request), start_response)
        try:
            for piece in pieces:
                body += piece
        finally:
            if close := getattr(pieces, "close", None):
                close()
        status, headers = began[-1]
        # As a server would: what answers HEAD has no body.
        return Answer(int(status[:3]), tuple(headers), b"" if request.method == "HEAD" else bytes(body))

    def _environ(self, request: Request) -> dict[str, Any]:
        path, _, query = request.target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
            "RAW_URI": request.target,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(request.body)) if request.body else "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443" if self._scheme == "https" else "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self._scheme,
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers:
            key = name.upper().replace("-", "_")
            if key == "CONTENT_LENGTH":
                continue
            key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
            glue = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{glue}{value}" if key in environ else value
        return environ
