"""A real `strangler serve` before one server, as `strangler init` sets it up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import free_port, running
from tests.proxy.supervisor.proxy import STRANGLER

__all__ = ["proxied"]


@contextmanager
def proxied(monolith: int, folder: Path) -> Iterator[int]:
    """The port of a proxy before whatever listens on the port `monolith`; its state is in `folder`."""
    port = free_port()
    (folder / "strangler.toml").write_text(
        f"""
        [proxy]
        listen = "127.0.0.1:{port}"
        workers = 2
        [control]
        listen = "127.0.0.1:0"
        [upstreams.monolith]
        url = "http://127.0.0.1:{monolith}"
        """
    )
    with running([*STRANGLER, "--config", str(folder / "strangler.toml"), "serve"], port, folder):
        yield port
