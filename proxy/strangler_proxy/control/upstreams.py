"""How the upstreams are, as the workers tell it: addresses they leave out, breakers that are open, and what failed."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from strangler_proxy.control.workers import Worker, Workers

__all__ = ["Troubles", "upstream_rows"]

_HEALTHY: Final = "strangler_endpoint_healthy"
_EJECTED: Final = "strangler_endpoint_ejected"
_BREAKER: Final = "strangler_breaker_state"
_HALTED: Final = "strangler_shadow_halted"
_FAILURES: Final = "strangler_upstream_failures_total"
# These are told by the addresses and the breaker, once and not for each request.
_TOLD_ELSEWHERE: Final = frozenset({"breaker-open", "unhealthy"})
_AGAIN_SECONDS: Final = 60.0

_log = logging.getLogger("strangler.upstreams")


@dataclass(slots=True)
class _Told:
    """What the workers say of one upstream: how many leave each address out, how many breakers stand where, and how
    many hold copies back."""

    left_out: dict[str, int] = field(default_factory=dict)
    breaker: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    halted: int = 0

    @property
    def workers(self) -> int:
        """How many workers have told of it; each tells one state of its breaker."""
        return sum(self.breaker.values())

    def troubles(self) -> list[str]:
        """What is not as it should be, in words."""
        if not self.workers:
            return []
        troubles = [
            f"{address} gets no requests{_part(' from', number, self.workers)}"
            for address, number in sorted(self.left_out.items())
            if number
        ]
        if not self.left_out:
            troubles.append("it has no address: its name does not resolve")
        opened = self.breaker.get("open", 0) + self.breaker.get("half-open", 0)
        if opened:
            troubles.append(f"the breaker is open{_part(' in', opened, self.workers)}")
        if self.halted:
            slower = "it answers more slowly than it usually does"
            troubles.append(f"gets no copies of requests{_part(' from', self.halted, self.workers)}, for {slower}")
        return troubles


def _part(where: str, number: int, workers: int) -> str:
    return "" if number == workers else f"{where} {number} of {workers} workers"


def _told(names: Iterable[str], workers: Iterable[Worker]) -> dict[str, _Told]:
    told = {name: _Told() for name in names}
    for worker in workers:
        out: dict[tuple[str, str], bool] = {}
        for measure, labels, value in worker.gauges:
            if measure == _BREAKER and value and labels[0] in told:
                told[labels[0]].breaker[labels[1]] += 1
            elif measure == _HALTED and labels[0] in told:
                told[labels[0]].halted += bool(value)
            elif measure in (_HEALTHY, _EJECTED) and labels[0] in told:
                place = (labels[0], labels[1])
                out[place] = out.get(place, False) or bool(value) is (measure == _EJECTED)
        for (name, address), left_out in out.items():
            told[name].left_out[address] = told[name].left_out.get(address, 0) + left_out
    return told


def upstream_rows(names: Iterable[str], workers: Workers) -> list[dict[str, Any]]:
    """One row for each upstream of `names`, as `status` has it. One of which no worker has told yet counts as well."""
    failures: dict[str, dict[str, int]] = defaultdict(dict)
    for (measure, *labels), number in sorted(workers.measured.counters.items()):
        if measure == _FAILURES:
            failures[labels[0]][labels[1]] = int(number)
    rows = []
    for name, told in _told(names, workers.linked().values()).items():
        troubles = told.troubles()
        rows.append(
            {
                "name": name,
                "ok": not troubles,
                "troubles": troubles,
                "addresses": [
                    {"address": address, "well": told.workers - number} for address, number in told.left_out.items()
                ],
                "breaker": dict(told.breaker),
                "workers": told.workers,
                "failures": failures.get(name, {}),
            }
        )
    return rows


class Troubles:
    """Writes into the log what befalls the upstreams `names`: each change once, failures by cause once a minute."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._known: dict[str, list[str]] = {name: [] for name in self._names}
        self._failed: dict[tuple[str, str], int] = defaultdict(int)
        self._said: dict[tuple[str, str], float] = {}

    def look(self, workers: Iterable[Worker], counters: Iterable[Any], *, now: float | None = None) -> None:
        """Take in what the workers measured last, and what one of them has just counted."""
        for name, told in _told(self._names, workers).items():
            troubles = told.troubles()
            if troubles == self._known[name] or not told.workers:
                continue
            self._known[name] = troubles
            if troubles:
                _log.warning("upstream %s: %s", name, "; ".join(troubles))
            else:
                _log.info("upstream %s: well again", name)
        self._failures(counters, monotonic() if now is None else now)

    def _failures(self, counters: Iterable[Any], now: float) -> None:
        for measure, labels, grown in counters:
            if measure == _FAILURES and labels[1] not in _TOLD_ELSEWHERE:
                self._failed[labels[0], labels[1]] += int(grown)
        for (name, cause), number in list(self._failed.items()):
            if now - self._said.get((name, cause), -_AGAIN_SECONDS) < _AGAIN_SECONDS:
                continue
            self._said[name, cause] = now
            del self._failed[name, cause]
            requests = "a request" if number == 1 else f"{number} requests"
            _log.warning("upstream %s: %s failed (%s)", name, requests, cause)
