"""Raw bytes on both sides of a worker: a scriptable upstream, a client, and the worker itself in a thread."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from strangler_proxy.access_log import AccessLog
from strangler_proxy.config import Address, Config, Limits, Route, ShadowSettings, Upstream
from strangler_proxy.subject import Subjects
from strangler_proxy.worker import Worker, event_loop

from strangler.toggles import Side, Snapshot, Stage, Toggle
from tests.waiting import until

__all__ = ["Connection", "Proxy", "RawUpstream", "answer", "config", "route", "snapshot"]

T = TypeVar("T")
TIMEOUT = 30.0
KEY = bytes(range(32))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Connection:
    """One end of a TCP connection, read piece by piece. `received` is all that was read while it `remembers`."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.settimeout(TIMEOUT)
        self._buffer = bytearray()
        self._received = bytearray()
        self.remembers = True

    @property
    def received(self) -> bytes:
        return bytes(self._received)

    @classmethod
    def to(cls, port: int, *, receive_buffer: int | None = None) -> Self:
        sock = socket.socket()
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            sock.connect(("127.0.0.1", port))
        except OSError:
            sock.close()
            raise
        return cls(sock)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def _more(self) -> bytes:
        data = self.socket.recv(65536)
        self._buffer += data
        if self.remembers:
            self._received += data
        return data

    def until(self, mark: bytes) -> bytes:
        """Everything up to and with `mark`; raises EOFError where the connection ends before."""
        while mark not in self._buffer:
            if not self._more():
                raise EOFError(f"ended after {bytes(self._buffer)!r}")
        end = self._buffer.index(mark) + len(mark)
        return self._take(end)

    def head(self) -> bytes:
        return self.until(b"\r\n\r\n")

    def exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not self._more():
                raise EOFError(f"ended after {bytes(self._buffer)!r}")
        return self._take(size)

    def _take(self, size: int) -> bytes:
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    def rest(self) -> bytes:
        """Everything until the other end closes."""
        while self._more():
            pass
        return self._take(len(self._buffer))

    def ended(self) -> bool:
        """Whether the other end closed or reset the connection, having sent nothing more."""
        if self._buffer:
            return False
        try:
            return not self._more()
        except ConnectionError:
            return True

    def chunks(self) -> bytes:
        """A body in chunks with its framing and trailers, as it came."""
        body = b""
        while True:
            line = self.until(b"\r\n")
            body += line
            size = int(line, 16)
            if not size:
                break
            body += self.exactly(size + 2)
        while line != b"\r\n":
            line = self.until(b"\r\n")
            body += line
        return body

    def response(self, *, head_only: bool = False) -> tuple[bytes, bytes]:
        """The next response, by its Content-Length or chunks: head and body, both as they came."""
        head = self.head()
        fields = head.lower()
        if head_only or b" 204 " in head[:13] or b" 304 " in head[:13] or b"HTTP/1.1 1" in head[:10]:
            return head, b""
        if b"transfer-encoding: chunked" in fields:
            return head, self.chunks()
        length = next(
            (int(line.split(b":")[1]) for line in fields.split(b"\r\n") if line.startswith(b"content-length:")), None
        )
        return head, self.rest() if length is None else self.exactly(length)

    def ask(self, request: bytes, *, head_only: bool = False) -> tuple[bytes, bytes]:
        self.send(request)
        return self.response(head_only=head_only)

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


Script = Callable[[Connection], None]


def answer(response: bytes = OK) -> Script:
    """A script that reads requests without a body, or with a Content-Length, and answers each with the same bytes."""

    def serve(connection: Connection) -> None:
        while True:
            head = connection.head()
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    connection.exactly(int(line.split(b":")[1]))
            if b"\r\ntransfer-encoding: chunked" in head.lower():
                connection.chunks()
            connection.send(response)

    return serve


class RawUpstream:
    """Accepts connections and plays a script on each, in a thread. `connections` keeps them in order."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or answer()
        self.connections: list[Connection] = []
        self.problems: list[BaseException] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def received(self) -> bytes:
        """All bytes of all connections, in the order of the connections."""
        return b"".join(connection.received for connection in self.connections)

    @property
    def heads(self) -> list[bytes]:
        """The heads of requests without bodies, one after the other."""
        return [part + b"\r\n\r\n" for part in self.received.split(b"\r\n\r\n") if part]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(sock)
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            self.script(connection)
        except (EOFError, OSError):
            pass
        except BaseException as problem:
            self.problems.append(problem)
        finally:
            connection.close()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
        for thread in [self._accepting, *self._threads]:
            thread.join(TIMEOUT)
        assert not self.problems, self.problems


def route(name: str, path: str, *methods: str, **more: Any) -> Route:
    """A route to the upstream `catalog`."""
    return Route(name=name, methods=frozenset(methods or ("GET", "HEAD")), path=path, candidate="catalog", **more)


def config(
    monolith: int,
    catalog: int | None = None,
    *,
    routes: tuple[Route, ...] = (),
    limits: Limits | None = None,
    text: str = "",
    shadow: ShadowSettings | None = None,
    **times: Any,
) -> Config:
    """A configuration; `times` are the time limits and pool sizes of both upstreams. Without `shadow` nothing is copied
    to the other side."""
    upstreams = {"monolith": Upstream("monolith", Address("127.0.0.1", monolith), **times)}
    if catalog is not None:
        upstreams["catalog"] = Upstream("catalog", Address("127.0.0.1", catalog), **times)
    return Config(
        path=Path("strangler.toml"),
        upstreams=upstreams,
        routes=routes,
        limits=limits or Limits(),
        text=text,
        shadow=shadow or ShadowSettings(sample=0.0),
    )


def snapshot(
    stage: Stage, *names: str, share: int = 0, revision: int = 1, overrides: dict[str, Side] | None = None
) -> Snapshot:
    """A snapshot in which all of `names` stand in `stage`."""
    toggles = [Toggle(name=name, stage=stage, share=share, overrides=overrides or {}) for name in names]
    return Snapshot(revision=revision, toggles={toggle.name: toggle for toggle in toggles})


class Proxy:
    """A worker in a thread with an event loop of its own."""

    def __init__(
        self,
        configuration: Config,
        toggles: Snapshot | None = None,
        *,
        plain_asyncio: bool = False,
        family: int = socket.AF_INET,
    ) -> None:
        self._configuration = configuration
        self._toggles = toggles
        self._factory = asyncio.new_event_loop if plain_asyncio else event_loop()
        self._ready = threading.Event()
        self._log_file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the proxy
        self.problems: list[dict[str, Any]] = []
        listener = (
            socket.create_server(("127.0.0.1", 0))
            if family == socket.AF_INET
            else socket.create_server(("", 0), family=family, dualstack_ipv6=True)
        )
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self.worker: Worker
        self.loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self.grace = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(TIMEOUT)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._factory) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(lambda _, context: self.problems.append(context))
        self._stop = asyncio.Event()
        log = AccessLog(self._log_file.fileno())
        self.worker = Worker(self._configuration, Subjects(KEY, self._configuration.subject), log=log)
        if self._toggles is not None:
            self.worker.gateway.put_into_force(self._toggles)
        await self.worker.start([self._listener])
        self._ready.set()
        await self._stop.wait()
        await self.worker.drain(self.grace)

    def call(self, function: Callable[[], T]) -> T:
        """Call `function` in the worker's event loop."""

        async def called() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(called(), self.loop).result(TIMEOUT)

    def put_into_force(self, toggles: Snapshot) -> None:
        self.call(lambda: self.worker.gateway.put_into_force(toggles))

    def client(self, *, receive_buffer: int | None = None) -> Connection:
        return Connection.to(self.port, receive_buffer=receive_buffer)

    def ask(self, request: bytes, *, head_only: bool = False) -> tuple[bytes, bytes]:
        """One request on a connection of its own."""
        with self.client() as client:
            return client.ask(request, head_only=head_only)

    def counts(self) -> list[dict[str, Any]]:
        return self.call(self.worker.gateway.counts.take)

    def log(self) -> list[dict[str, Any]]:
        """The access log so far."""
        self.call(self.worker.gateway.log.flush)
        until(lambda: self.log_text().count("\n") >= self.worker.gateway.counts.total)
        return [json.loads(line) for line in self.log_text().splitlines()]

    def log_text(self) -> str:
        size = os.fstat(self._log_file.fileno()).st_size
        return os.pread(self._log_file.fileno(), size, 0).decode()

    def drain(self, grace: float) -> None:
        """Begin to drain; `close` waits for its end."""
        self.grace = grace
        self.loop.call_soon_threadsafe(self._stop.set)

    def close(self) -> None:
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(TIMEOUT)
        assert not self._thread.is_alive()
        self._listener.close()
        self._log_file.close()
        assert not self.problems, self.problems
