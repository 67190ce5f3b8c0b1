"""A side that is an ASGI application in this process, such as a Starlette or FastAPI service."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes

from strangler.compare import Answer, Request
from strangler.errors import NoAnswer

__all__ = ["AsgiSide"]

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_Application: TypeAlias = Callable[[_Message, _Receive, _Send], Awaitable[None]]
_T = TypeVar("_T")
_HERE: Final = "the application in this process"


class AsgiSide:
    """Calls `application` in a thread and an event loop of its own, which it has from first to last.

    The application is started (`lifespan`) with the first request, where it takes part in that, and stopped by `close`,
    or by the end of a `with` block. The request seems to come from 127.0.0.1, over the given `scheme`. What the
    application raises, the test raises; an answer that takes more than `seconds` is NoAnswer.
    """

    def __init__(self, application: _Application, *, scheme: str = "http", seconds: float = 30.0) -> None:
        self._application = application
        self._scheme = scheme
        self._seconds = seconds
        self._thread: _LoopThread | None = None
        self._lifespan = _Lifespan(application)

    def __call__(self, request: Request) -> Answer:
        """The application's whole answer. Raises NoAnswer."""
        if self._thread is None:
            self._thread = _LoopThread()
            self._thread.run(self._lifespan.start())
        try:
            return self._thread.run(asyncio.wait_for(self._ask(request), self._seconds))
        except TimeoutError:
            raise NoAnswer(_HERE, "timeout") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the application, its loop and its thread. What it raises on the way is raised here."""
        if self._thread is None:
            return
        try:
            self._thread.run(self._lifespan.stop())
        finally:
            self._thread.end()
            self._thread = None
            self._lifespan = _Lifespan(self._application)

    async def _ask(self, request: Request) -> Answer:
        given: list[_Message] = [{"type": "http.request", "body": request.body, "more_body": False}]
        ended = asyncio.Event()
        head: list[_Message] = []
        body = bytearray()

        async def receive() -> _Message:
            if given:
                return given.pop()
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(message: _Message) -> None:
            if message["type"] == "http.response.start":
                head.append(message)
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    ended.set()

        await self._application(self._scope(request), receive, send)
        if not head:
            raise NoAnswer(_HERE, "broken")
        lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head[0].get("headers", ()))
        # As a server would: what answers HEAD has no body.
        return Answer(head[0]["status"], lines, b"" if request.method == "HEAD" else bytes(body))

    def _scope(self, request: Request) -> _Message:
        path, _, query = request.target.partition("?")
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
        if request.body and not any(name in (b"content-length", b"transfer-encoding") for name, _ in headers):
            headers.append((b"content-length", str(len(request.body)).encode("ascii")))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": self._scheme,
            "path": unquote_to_bytes(path.encode("latin-1")).decode("utf-8", "replace"),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 49152),
            "server": ("localhost", 443 if self._scheme == "https" else 80),
            "state": dict(self._lifespan.state),
        }


class _LoopThread:
    """A thread with an event loop in it."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live, name="strangler-parity-side", daemon=True)
        self._thread.start()
        self._ready.wait()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What comes of `work` in that loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def end(self) -> None:
        """Cancel what is left, and end the thread."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _live(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            runner.run(self._wait())

    async def _wait(self) -> None:
        self._over = asyncio.Event()
        self._ready.set()
        await self._over.wait()


class _Lifespan:
    """The application's start and stop; one that knows nothing of them is left alone."""

    def __init__(self, application: _Application) -> None:
        self.state: dict[str, Any] = {}
        self._application = application
        self._heard: asyncio.Queue[_Message] = asyncio.Queue()
        self._said: asyncio.Queue[str] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises RuntimeError where the application says that it cannot start."""
        self._task = asyncio.create_task(self._live())
        if await self._tell("lifespan.startup") == "lifespan.startup.failed":
            raise RuntimeError("the application in this process did not start") from await self._ending()

    async def stop(self) -> None:
        """Wait until the application has stopped. Raises what it raised."""
        if self._task is not None and not self._task.done():
            await self._tell("lifespan.shutdown")
        if (error := await self._ending()) is not None:
            raise error

    async def _tell(self, kind: str) -> str:
        await self._heard.put({"type": kind})
        return await self._said.get()

    async def _ending(self) -> BaseException | None:
        task, self._task = self._task, None
        return None if task is None else (await asyncio.gather(task, return_exceptions=True))[0]

    async def _live(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        said: list[str] = []

        async def send(message: _Message) -> None:
            said.append(message["type"])
            await self._said.put(message["type"])

        try:
            await self._application(scope, self._heard.get, send)
        except Exception:
            # One that has said nothing knows nothing of lifespans.
            if said:
                raise
        finally:
            await self._said.put("ended")
