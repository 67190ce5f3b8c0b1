"""Whether the machine itself stood still: a process beside the proxy that sleeps, and asks an upstream of its own.

`python -m tests.soak.witness PORT FILE` writes each measurement down as it ends. It knows no other port than that of
its own upstream, which the proxy does not know: so nothing that the proxy does wrong can be taken for the machine's.
"""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["STILL", "Measurement", "read", "seconds_of", "standstills"]

# Usually both take a millisecond. Who has to wait this long for that is starved, and an upstream with him.
STILL = 1.0
_PAUSE = 0.1
# Longer than any machine stands still that a run is still worth something on.
_GIVEN_UP = 600.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """How late the witness woke (`sleep`), or how long it waited for an answer (`answer`): from when until when."""

    what: str
    began: float
    ended: float


def read(path: Path, origin: float) -> list[Measurement]:
    """What a witness has written down so far, in seconds since `origin` of the monotonic clock."""
    found = []
    for line in path.read_text().splitlines(keepends=True) if path.exists() else ():
        # The last line may be half written.
        if line.endswith("\n"):
            what, began, ended = line.split()
            found.append(Measurement(what, float(began) - origin, float(ended) - origin))
    return found


def standstills(measured: Iterable[Measurement], now: float) -> list[Measurement]:
    """Those that took so long that the machine stood still, with one that has not ended `now`."""
    measured = list(measured)
    found = [each for each in measured if each.ended - each.began >= STILL]
    heard = max((each.ended for each in measured), default=now)
    if now - heard - _PAUSE >= STILL:
        found.append(Measurement("nothing", heard + _PAUSE, now))
    return found


def seconds_of(still: Iterable[Measurement]) -> float:
    """How long the machine stood still in all; what overlaps counts once."""
    total, until = 0.0, -float("inf")
    for each in sorted(still, key=lambda each: each.began):
        total += max(each.ended - max(each.began, until), 0.0)
        until = max(until, each.ended)
    return total


def _measurements(port: int) -> Iterator[Measurement]:
    upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=_GIVEN_UP)
    while True:
        due = time.monotonic() + _PAUSE
        time.sleep(_PAUSE)
        yield Measurement("sleep", due, time.monotonic())
        began = time.monotonic()
        upstream.request("GET", "/m/echo", headers={"X-Soak-Id": "witness"})
        upstream.getresponse().read()
        yield Measurement("answer", began, time.monotonic())


def _main(port: int, path: Path) -> None:
    with path.open("a", buffering=1) as file:
        for each in _measurements(port):
            file.write(f"{each.what} {each.began:.4f} {each.ended:.4f}\n")


if __name__ == "__main__":
    _main(int(sys.argv[1]), Path(sys.argv[2]))
