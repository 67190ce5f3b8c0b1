"""Whether the machine itself stood still: a process beside the proxy that sleeps, asks an upstream of its own, and sees
how long those of the run waited for a processor.

`python -m tests.soak.witness PORT FOLDER` writes each measurement down as it ends. It knows no other port than that of
its own upstream, which the proxy does not know, and of the run's upstreams only what the kernel tells: so nothing that
the proxy does wrong can be taken for the machine's.
"""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MEASUREMENTS", "STILL", "Measurement", "pid_file", "read", "seconds_of", "standstills", "waited"]

# The file in which a witness writes down what it measured.
MEASUREMENTS = "witness.measurements"
# Usually both take a millisecond. Who has to wait this long for that is starved, and an upstream with him.
STILL = 1.0
# A witness wants little, and little is had soon. An upstream wants more: it starves where it could have gone on, and
# waited for its turn for this share of the time. The proxy's few processes alone could not take that much from it.
_STARVED = 0.75
_LOOKED_AFTER = 1.0
_PAUSE = 0.1
# Longer than any machine stands still that a run is still worth something on.
_GIVEN_UP = 600.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """How long something had to wait between two times.

    The witness itself to wake (`sleep`) or for its upstream's answer (`answer`), the whole of that time; an upstream of
    the run for a processor (`turn`); the reader for the witness (`nothing`).
    """

    what: str
    began: float
    ended: float
    waited: float

    @property
    def still(self) -> bool:
        """Whether the machine stood still."""
        return self.waited >= (_STARVED * (self.ended - self.began) if self.what == "turn" else STILL)


def read(path: Path, origin: float) -> list[Measurement]:
    """What a witness has written down so far, in seconds since `origin` of the monotonic clock."""
    found = []
    for line in path.read_text().splitlines(keepends=True) if path.exists() else ():
        # The last line may be half written.
        if line.endswith("\n"):
            what, began, ended, waited_for = line.split()
            found.append(Measurement(what, float(began) - origin, float(ended) - origin, float(waited_for)))
    return found


def standstills(measured: Iterable[Measurement], now: float) -> list[Measurement]:
    """Those that say that the machine stood still, with one that has not ended `now`."""
    measured = list(measured)
    last = max((each.ended for each in measured), default=now) + _PAUSE
    return [each for each in (*measured, Measurement("nothing", last, now, now - last)) if each.still]


def seconds_of(still: Iterable[Measurement]) -> float:
    """How long the machine stood still in all; what overlaps counts once."""
    total, until = 0.0, -float("inf")
    for each in sorted(still, key=lambda each: each.began):
        total += max(each.ended - max(each.began, until), 0.0)
        until = max(until, each.ended)
    return total


def pid_file(folder: Path, name: str) -> Path:
    """Where it is written which process an upstream of the run is."""
    return folder / f"{name}.pid"


def waited(pid: int) -> float | None:
    """How many seconds a process has waited for a processor since it began; None when it is gone."""
    try:
        return int((Path("/proc") / str(pid) / "schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return None


def _spent(since: float, what: str) -> Measurement:
    now = time.monotonic()
    return Measurement(what, since, now, now - since)


class _Turns:
    """Looks after the run's upstreams, whichever processes they are at the time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[int, tuple[float, float]] = {}

    def look(self) -> Iterator[Measurement]:
        before, self._seen = self._seen, {}
        for path in self._folder.glob(pid_file(self._folder, "*").name):
            pid = int(path.read_text() or 0)
            now, so_far = time.monotonic(), waited(pid)
            if so_far is None:
                continue
            self._seen[pid] = now, so_far
            if pid in before:
                since, had = before[pid]
                yield Measurement("turn", since, now, so_far - had)


def _measurements(port: int, folder: Path) -> Iterator[Measurement]:
    upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=_GIVEN_UP)
    turns, look_at = _Turns(folder), 0.0
    while True:
        due = time.monotonic() + _PAUSE
        time.sleep(_PAUSE)
        yield _spent(due, "sleep")
        began = time.monotonic()
        upstream.request("GET", "/m/echo", headers={"X-Soak-Id": "witness"})
        upstream.getresponse().read()
        yield _spent(began, "answer")
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + _LOOKED_AFTER
            yield from turns.look()


def _main(port: int, folder: Path) -> None:
    with (folder / MEASUREMENTS).open("a", buffering=1) as file:
        for each in _measurements(port, folder):
            file.write(f"{each.what} {each.began:.4f} {each.ended:.4f} {each.waited:.4f}\n")


if __name__ == "__main__":
    _main(int(sys.argv[1]), Path(sys.argv[2]))
