"""A run's figures for a person to read."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tests.soak.gauges import Gauge
from tests.soak.journal import EXCUSES
from tests.soak.soak import Figures
from tests.soak.witness import seconds_of

__all__ = ["report"]

_MIB = 1 << 20
_STILL = {
    "sleep": "the witness woke that late",
    "answer": "the witness waited for its own upstream's answer",
    "turn": "an upstream waited for a processor, most of that time",
    "nothing": "the witness has not said anything",
}
_MOST_SHOWN = 20
# The share of a run's seconds that the machine may have stood still: a run with more of them says nothing.
_MOST_STILL = 0.05


def report(figures: Figures) -> tuple[bool, str]:
    """Whether the run was good, and its figures; with the log of what was done where it was not."""
    still = seconds_of(figures.standstills)
    says_something = still <= _MOST_STILL * figures.seconds
    good = says_something and not figures.guilty and not figures.violations
    lines = [*_counts(figures), *_still(figures, still), *_memory(figures)]
    if not good:
        lines += [*_log(figures), *_wrong(figures)]
    if not says_something:
        lines.append(
            f"THE RUN SAYS NOTHING: the machine stood still for more than {_MOST_STILL:.0%} of it."
            " Repeat it with fewer neighbours, or at a higher priority."
        )
    total = sum(figures.right.values())
    lines.append(f"{'GOOD' if good else 'NOT GOOD'}: {total} requests were right in {figures.seconds:.0f} s.")
    return good, "\n".join(lines)


def _counts(figures: Figures) -> Iterator[str]:
    yield "right: " + ", ".join(f"{count} {kind}" for kind, count in figures.right.most_common())
    yield f"executed POSTs: {figures.executed}"
    yield "done to it: " + ", ".join(f"{count} {what}" for what, count in figures.acts.most_common())
    yield "excused:" if figures.excused else "excused: nothing"
    for name, count in figures.excused.items():
        yield f"  {count} {name}: {EXCUSES[name]}"


def _still(figures: Figures, seconds: float) -> Iterator[str]:
    yield f"the machine stood still: {len(figures.standstills)} times, {seconds:.1f} of {figures.seconds:.0f} s"
    for each in sorted(figures.standstills, key=lambda each: each.began - each.ended)[:_MOST_SHOWN]:
        yield f"  {each.began:8.2f} to {each.ended:8.2f} s  {_STILL[each.what]}"


def _memory(figures: Figures) -> Iterator[str]:
    yield "memory in MiB, descriptors, from first to last sample:"
    for role, samples in figures.samples.items():
        yield f"  {role:<30} {_over(samples)}  {samples[0].descriptors:>4} .. {samples[-1].descriptors}"


def _over(samples: list[Gauge]) -> str:
    step = max(math.ceil(len(samples) / 8), 1)
    shown = samples[::step]
    return " ".join(f"{each.rss / _MIB:5.1f}" for each in shown)


def _log(figures: Figures) -> Iterator[str]:
    yield "what was done:"
    for each in figures.disturbances:
        what = " ".join(part for part in (each.what, each.upstream, each.note) if part)
        held = f", {len(each.clients)} connections" if each.clients else ""
        yield f"  {each.began:8.2f} to {each.ended:8.2f} s  {what}{held}"


def _wrong(figures: Figures) -> Iterator[str]:
    yield f"WITHOUT EXCUSE: {len(figures.guilty)} requests"
    for each in figures.guilty[:_MOST_SHOWN]:
        yield (
            f"  {each.began:8.2f} to {each.ended:8.2f} s  {each.outcome} {each.kind} {each.name} route {each.route}"
            f" port {each.port} {'begun ' if each.begun else ''}{'reused ' if each.reused else ''}"
            f"{'behind ' if each.behind else ''}{each.why}"
        )
    for violation in figures.violations[:_MOST_SHOWN]:
        yield f"VIOLATION: {violation}"
