"""Scripts of an other side that does what it should not."""

from __future__ import annotations

from tests.proxy.dataplane.raw import Connection

__all__ = ["drips", "garbage", "half", "hangs", "hangs_up", "lies", "unasked_upgrade"]


def hangs(connection: Connection) -> None:
    connection.rest()


def hangs_up(connection: Connection) -> None:
    connection.head()
    connection.reset()


def garbage(connection: Connection) -> None:
    connection.head()
    connection.send(b"what?\r\n\r\n")


def unasked_upgrade(connection: Connection) -> None:
    connection.head()
    connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")


def half(connection: Connection) -> None:
    connection.head()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    connection.close()


def lies(connection: Connection) -> None:
    connection.head()
    connection.send(b"HTTP/1.1 500 No\r\nSet-Cookie: sessionid=evil\r\nX-Evil: 1\r\nContent-Length: 4\r\n\r\nevil")


def drips(connection: Connection) -> None:
    connection.head()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nx")
    connection.rest()
