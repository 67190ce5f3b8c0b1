"""Where the parts of the shop listen on loopback."""

from __future__ import annotations

import socket
from dataclasses import asdict, dataclass
from typing import Self

__all__ = ["Addresses"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The port of each part: the proxy's two, the monolith under WSGI and ASGI, the catalogue service."""

    shop: int = 8080
    control: int = 8081
    monolith: int = 8000
    events: int = 8001
    catalog: int = 8100

    @classmethod
    def choose(cls) -> Self:
        """The usual ports; any of them that is taken is replaced by a free one."""
        usual = asdict(cls())
        taken: set[int] = set()
        chosen: dict[str, int] = {}
        for part, port in usual.items():
            chosen[part] = port if _is_free(port) else _free_port(taken | set(usual.values()))
            taken.add(chosen[part])
        return cls(**chosen)

    @classmethod
    def free(cls) -> Self:
        """Free ports, none of them the usual ones, for a stack beside another."""
        taken = set(asdict(cls()).values())
        chosen: dict[str, int] = {}
        for part in asdict(cls()):
            chosen[part] = _free_port(taken)
            taken.add(chosen[part])
        return cls(**chosen)

    def url(self, part: str) -> str:
        """The base URL of a part, without a last slash."""
        return f"http://127.0.0.1:{getattr(self, part)}"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port(avoid: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in avoid:
            return port
