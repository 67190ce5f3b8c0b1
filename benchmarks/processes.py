"""Starting what is measured, and finding the processes that belong to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

__all__ = ["LOAD_CORES", "PROXY_CORES", "cpu_seconds", "free_port", "running", "tree", "worker", "workplace"]

_TICKS = os.sysconf("SC_CLK_TCK")
_GIVEN: set[int] = set()
_CORES = sorted(os.sched_getaffinity(0))
# What is measured has a core of its own, so that neither the load nor the upstream can take its time or its caches.
PROXY_CORES = frozenset(_CORES[:1])
LOAD_CORES = frozenset(_CORES[1:] or _CORES)


def workplace(stack: ExitStack) -> Path:
    """A folder for configurations and logs, gone when the stack closes; a peer that gives up root may read there."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    folder.chmod(0o755)
    return folder


def free_port() -> int:
    """A port of loopback that nobody listens on, another one each time: whoever was given one need not listen yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _GIVEN:
            _GIVEN.add(port)
            return port


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    *,
    cores: frozenset[int] | None = None,
) -> Iterator[int]:
    """Run a command in `folder` until the block ends; gives its process id once something listens on `port`.

    What it prints goes to a file there. `cores` are those that it and its children may use; all by default.
    """
    with (folder / f"{Path(command[0]).name}-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=None if cores is None else lambda: os.sched_setaffinity(0, cores),
        )
    try:
        _wait_for(port, process, log.name)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.args!r} does not listen on {port}:\n{Path(log).read_text()}") from None
            time.sleep(0.05)


def tree(pid: int) -> dict[int, float]:
    """A process and its living descendants: their ids, and the seconds of processor time each has used so far."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
            used[int(entry.name)] = (int(fields[11]) + int(fields[12])) / _TICKS
    found: dict[int, float] = {}
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        if each in used:
            found[each] = used[each]
        waiting += children.get(each, [])
    return found


def cpu_seconds(pid: int) -> float:
    """The processor time, user and system, that a process and its living descendants have used so far."""
    return sum(tree(pid).values())


def worker(pid: int, before: Mapping[int, float]) -> int:
    """Which process of the tree does the work: the one that has used the most processor time since `before`."""
    used = {each: seconds - before.get(each, 0.0) for each, seconds in tree(pid).items()}
    return max(used, key=lambda each: used[each])
