"""The socket on which workers tell what is unequal: read while there is room, and closed on whoever talks nonsense."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from strangler_proxy.comparer.backlog import Backlog
from strangler_proxy.comparer.intake import Intake
from strangler_proxy.shadow.frame import pack
from strangler_proxy.unix import connect_unix

from tests.proxy.comparer.exchanges import exchange, side
from tests.proxy.control.fakes import until


@asynccontextmanager
async def listening(path: Path, *, most: int = 100) -> AsyncIterator[Intake]:
    intake: Intake
    backlog = Backlog(most, 1 << 30, lambda: intake.read_on())
    intake = Intake(backlog, 200_000)
    await intake.listen(path)
    try:
        yield intake
    finally:
        intake.close()


async def ended(connection: socket.socket) -> bool:
    """Whether the other end has closed it, once it has."""
    try:
        return await asyncio.get_running_loop().sock_recv(connection, 10) == b""
    except ConnectionError:
        return True


def test_what_several_workers_tell_is_taken_in(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "comparer.sock"
        async with listening(path) as intake:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            loop = asyncio.get_running_loop()
            with connect_unix(path) as one, connect_unix(path) as other:
                packed = pack(exchange(route="a"))
                await loop.sock_sendall(one, packed[:50])
                await loop.sock_sendall(other, pack(exchange(route="b")))
                assert (await intake.backlog.next()).route == "b"
                await loop.sock_sendall(one, packed[50:])
                assert (await intake.backlog.next()).route == "a"
            await intake.deserted()
        assert not path.exists()

    asyncio.run(scenario())


def test_garbage_ends_its_connection_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "comparer.sock"
        async with listening(path) as intake:
            loop = asyncio.get_running_loop()
            with connect_unix(path) as bad, connect_unix(path) as good:
                await loop.sock_sendall(bad, b"GET / HTTP/1.1\r\n\r\n" * 10)
                assert await ended(bad)
                assert intake.refused == 1
                await loop.sock_sendall(good, pack(exchange()))
                assert (await intake.backlog.next()).route == "catalog.detail"

    asyncio.run(scenario())


def test_a_frame_longer_than_bodies_may_be_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "comparer.sock"
        async with listening(path):
            with connect_unix(path) as connection:
                frame = pack(exchange(old=side(b"x" * 300_000)))
                await asyncio.get_running_loop().sock_sendall(connection, frame[:1000])
                assert await ended(connection)

    asyncio.run(scenario())


def test_while_the_backlog_is_full_nothing_is_read_and_afterwards_everything_is(tmp_path: Path) -> None:
    frame = pack(exchange(old=side(b"x" * 50_000)))

    async def scenario() -> None:
        path = tmp_path / "comparer.sock"
        async with listening(path, most=4) as intake:
            with connect_unix(path) as connection:
                sending = asyncio.create_task(_send(connection, frame * 200))
                await until(lambda: intake.backlog.full)
                # Whoever connects now is held up from the start.
                with connect_unix(path) as late:
                    await asyncio.get_running_loop().sock_sendall(late, pack(exchange(route="late")))
                    for _ in range(50):
                        await asyncio.sleep(0)
                    # No more than one reading brings is taken in beyond the bound.
                    assert intake.backlog.held < 4 + 10
                    assert not sending.done()
                    routes = []
                    for _ in range(201):
                        taken = await intake.backlog.next()
                        routes.append(taken.route)
                        intake.backlog.done(taken)
                    assert routes.count("late") == 1
                    await sending

    asyncio.run(scenario())


async def _send(connection: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(connection, data)


def test_a_new_comparer_takes_the_place_that_a_killed_one_has_left(tmp_path: Path) -> None:
    path = tmp_path / "comparer.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    async def scenario() -> None:
        async with listening(path) as intake:
            with connect_unix(path) as connection:
                await _send(connection, pack(exchange()))
                assert (await intake.backlog.next()).method == "GET"

    asyncio.run(scenario())
