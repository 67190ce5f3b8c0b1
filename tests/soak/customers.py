"""Customers of every kind: each does, at its own pace, what its seed tells it, and checks whatever comes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.soak.journal import Journal, Request
from tests.soak.upstream import noise
from tests.soak.wire import Answer, Broken, Connection, request

__all__ = ["KINDS", "Customer"]

_OWN = frozenset({502, 503, 504})


@dataclass(slots=True)
class Want:
    """A request on its way: what was sent, so that the answer can be held against it."""

    kind: str
    name: str
    route: str
    method: str
    target: str
    began: float
    body: bytes = b""
    size: int = -1
    behind: str = ""


class Customer:
    """One customer, on one kept connection for what allows it.

    `clock` gives the run's seconds, `patience` is how many of them a customer waits for an answer.
    """

    def __init__(
        self,
        number: int,
        port: int,
        journal: Journal,
        seed: str,
        clock: Callable[[], float],
        *,
        patience: float,
        prefix: str = "c",
    ) -> None:
        self._name = f"{prefix}-{number}"
        self._port = port
        self._patience = patience
        self._journal = journal
        self._random = random.Random(f"{seed}/{number}")
        self._clock = clock
        self._count = 0
        self._kept: Connection | None = None

    async def live(self, pause: float, over: Callable[[], bool]) -> None:
        """Ask until it is `over`, with pauses of `pause` seconds on average."""
        kinds, weights = zip(*((kind, weight) for kind, (weight, _) in KINDS.items()), strict=True)
        while not over():
            await asyncio.sleep(min(self._random.expovariate(1 / pause), 5 * pause))
            [kind] = self._random.choices(kinds, weights)
            await KINDS[kind][1](self, kind)
        if self._kept is not None:
            await self._kept.close()

    def _want(
        self, kind: str, method: str, path: str, *, size: int = -1, chunked: int = 0, more: str = "", body: bytes = b""
    ) -> Want:
        self._count += 1
        route = self._random.choices("cmn", (5, 3, 2))[0]
        query = f"size={max(size, 0)}&chunked={chunked}{more}"
        name = f"{self._name}-{self._count}"
        return Want(kind, name, route, method, f"/{route}/{path}?{query}", self._clock(), body, size)

    async def _connection(self, want: Want) -> Connection | None:
        if self._kept is None or not self._kept.usable:
            if self._kept is not None:
                await self._kept.close()
            try:
                self._kept = await Connection.to(self._port)
            except Broken as error:
                self._kept = None
                self._failed(want, error)
        return self._kept

    async def _fresh(self, want: Want, *, receive_buffer: int = 0) -> Connection | None:
        try:
            return await Connection.to(self._port, receive_buffer=receive_buffer)
        except Broken as error:
            self._failed(want, error)
            return None

    async def get(self, kind: str) -> None:
        """Ask for a page or a download, on the kept connection."""
        size = self._random.choice((0, 1, 500, 5_000, 50_000, 300_000))
        method = "HEAD" if self._random.random() < 0.1 else "GET"
        path, more = ("noise", "") if size else ("echo", f"&ms={self._random.choice((0, 0, 0, 20, 200))}")
        want = self._want(kind, method, path, size=size or -1, chunked=self._random.getrandbits(1), more=more)
        if (connection := await self._connection(want)) is not None:
            await connection.send(request(method, want.target, want.name))
            await self._take(want, connection, head_only=method == "HEAD")

    async def pipeline(self, kind: str) -> None:
        """Ask three things at once; they are to be answered in order."""
        wants = [self._want(kind, "GET", "noise", size=self._random.randrange(1, 30_000)) for _ in range(3)]
        if (connection := await self._connection(wants[0])) is None:
            return
        await connection.send(b"".join(request("GET", want.target, want.name) for want in wants))
        behind = ""
        for want in wants:
            want.behind = behind
            if not await self._take(want, connection):
                behind = "cut"
            elif connection.told_last:
                behind = behind or "last"

    async def post(self, kind: str) -> None:
        """Send something that must be executed once, by length or in chunks, in one go or slowly."""
        size = self._random.choice((0, 10, 1_000, 60_000, 200_000))
        want = self._want(kind, "POST", "post")
        want.body = noise(want.name, size)
        chunked = self._random.choice((0, 7_000))
        if (connection := await self._connection(want)) is None:
            return
        data = request("POST", want.target, want.name, want.body, chunked=chunked)
        if self._random.random() < 0.15:
            await connection.send(data, pieces=max(len(data) // 8, 100), pause=0.05)
        else:
            await connection.send(data)
        await self._take(want, connection)

    async def large(self, kind: str) -> None:
        """Two megabytes, up or down, on a connection of their own that is told to close."""
        up = self._random.random() < 0.5
        want = self._want(kind, "POST" if up else "GET", "post" if up else "noise", size=-1 if up else 2_000_000)
        if up:
            want.body = noise(want.name, 2_000_000)
        if (connection := await self._fresh(want)) is not None:
            chunked = self._random.choice((0, 50_000)) if up else 0
            head = request(want.method, want.target, want.name, want.body, chunked=chunked, more=("Connection: close",))
            await connection.send(head)
            await self._take(want, connection)
            await connection.close()

    async def slow(self, kind: str) -> None:
        """Read half a megabyte slowly through a small window."""
        want = self._want(kind, "GET", "noise", size=500_000)
        if (connection := await self._fresh(want, receive_buffer=16_384)) is not None:
            await connection.send(request("GET", want.target, want.name))
            await self._take(want, connection, pause=0.1)
            await connection.close()

    async def events(self, kind: str) -> None:
        """Follow a stream of events to its end."""
        count = self._random.randrange(5, 20)
        want = self._want(kind, "GET", "events", more=f"&count={count}&every=100")
        if (connection := await self._fresh(want)) is not None:
            await connection.send(request("GET", want.target, want.name))
            await self._take(want, connection, events=count)
            await connection.close()

    async def tunnel(self, kind: str) -> None:
        """Upgrade, exchange a few lines, end one direction, and read the other to its end."""
        want = self._want(kind, "GET", "tunnel")
        if (connection := await self._fresh(want)) is None:
            return
        more = ("Connection: Upgrade", "Upgrade: soak")
        await connection.send(request("GET", want.target, want.name, more=more))
        if await self._take(want, connection, expected=101, counts=False):
            try:
                await self._exchange(want, connection)
            except Broken as error:
                self._failed(want, error)
        await connection.close()

    async def _exchange(self, want: Want, connection: Connection) -> None:
        mark, said = want.name.encode(), b""
        lines = [f"line {number}\n".encode() for number in range(self._random.randrange(1, 15))]
        expected = b"".join(b"%b %b" % (mark, line) for line in lines) + b"%b bye\n" % mark
        for line in lines:
            await connection.send(line)
            await asyncio.sleep(self._random.uniform(0, 0.1))
        connection.end_sending()
        while data := await connection.some(self._patience):
            said += data
        if said == expected:
            self._journal.right[want.kind] += 1
        elif expected.startswith(said):
            self._failed(want, connection.broken("the tunnel ended early", begun=True))
        else:
            self._note(want, "wrong", f"the tunnel said {said[:200]!r}", connection.port)

    async def leave_asking(self, kind: str) -> None:
        """Be gone in the middle of a POST's body."""
        want = self._want(kind, "POST", "post")
        self._journal.unfinished.add(want.name)
        if (connection := await self._fresh(want)) is not None:
            data = request("POST", want.target, want.name, noise(want.name, 100_000))
            await connection.send(data[: self._random.randrange(10, len(data) - 1)])
            await asyncio.sleep(self._random.choice((0, 0.05)))
            connection.reset()
            self._journal.right[kind] += 1

    async def leave_listening(self, kind: str) -> None:
        """Be gone in the middle of a download, or before it began."""
        want = self._want(kind, "GET", "noise", size=3_000_000)
        if (connection := await self._fresh(want)) is None:
            return
        await connection.send(request("GET", want.target, want.name))
        try:
            for _ in range(self._random.randrange(3)):
                await connection.some(self._patience)
        except Broken as error:
            self._failed(want, error)
        else:
            self._journal.right[kind] += 1
        connection.reset()

    async def _take(
        self,
        want: Want,
        connection: Connection,
        *,
        head_only: bool = False,
        pause: float = 0.0,
        events: int = 0,
        expected: int = 200,
        counts: bool = True,
    ) -> bool:
        """Take the answer to `want` and hold it against what was asked; whether it was right."""
        try:
            answer = await connection.answer(seconds=self._patience, head_only=head_only, pause=pause)
        except Broken as error:
            self._failed(want, error)
            return False
        if answer.status in _OWN and "x-soak-who" not in answer.fields:
            self._note(want, "refused", f"{answer.status}", answer.port)
            return False
        wrong = _wrong(want, answer, expected, events, head_only=head_only)
        if wrong:
            self._note(want, "wrong", wrong, answer.port)
            connection.spoiled()
            return False
        who = answer.fields["x-soak-who"]
        if who not in self._journal.sides(want.route, want.began, self._clock()):
            self._note(want, "side", f"{who} answered", answer.port, who=who)
        if want.method == "POST":
            self._journal.accepted[want.name] = hashlib.sha256(want.body).hexdigest()
        if counts:
            self._journal.right[want.kind] += 1
        return True

    def _failed(self, want: Want, error: Broken) -> None:
        self._note(want, "broken", error.why, error.port, begun=error.begun, reused=error.reused)

    def _note(
        self,
        want: Want,
        outcome: str,
        why: str,
        port: int,
        *,
        begun: bool = False,
        reused: bool = False,
        who: str = "",
    ) -> None:
        self._journal.doubtful.append(
            Request(
                want.kind,
                want.name,
                want.route,
                want.method != "POST",
                want.began,
                self._clock(),
                outcome,
                why,
                port,
                begun,
                reused,
                want.behind,
                who,
            )
        )


def _wrong(want: Want, answer: Answer, expected: int, events: int, *, head_only: bool) -> str:
    """What is wrong with a whole answer; empty when nothing is."""
    who = answer.fields.get("x-soak-who", "")
    if answer.status != expected:
        return f"status {answer.status}: {answer.body[:100]!r}"
    if answer.fields.get("x-soak-id") != want.name:
        return f"the answer to {answer.fields.get('x-soak-id')!r}"
    if who not in {"monolith", "catalog"}:
        return f"an answer by {who!r}"
    if head_only or expected == 101:
        right = b""
    elif events:
        right = b"".join(f"id: {number}\ndata: {want.name} {who}\n\n".encode() for number in range(events))
    elif want.size >= 0:
        right = noise(want.name, want.size)
    else:
        digest = hashlib.sha256(want.body).hexdigest()
        told = {"who": who, "id": want.name, "method": want.method, "target": want.target, "body": digest}
        right = json.dumps(told).encode()
    if answer.body != right:
        return f"{len(answer.body)} bytes where {len(right)} are right: {answer.body[:200]!r}"
    return ""


# How often each kind is done, and what it is.
KINDS: dict[str, tuple[int, Callable[[Customer, str], Awaitable[None]]]] = {
    "get": (40, Customer.get),
    "pipeline": (8, Customer.pipeline),
    "post": (25, Customer.post),
    "large": (2, Customer.large),
    "slow": (2, Customer.slow),
    "events": (4, Customer.events),
    "tunnel": (6, Customer.tunnel),
    "leave asking": (4, Customer.leave_asking),
    "leave listening": (4, Customer.leave_listening),
}
