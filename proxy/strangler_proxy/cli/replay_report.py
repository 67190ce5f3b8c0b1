"""What a replay came to, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strangler.compare import Rule, Verdict
from strangler.recording import Recording
from strangler_proxy.cli.output import print_pairs, print_table, print_text
from strangler_proxy.cli.verdict import side_words
from strangler_proxy.replay.tally import Found, Tally, latency_of
from strangler_proxy.words import counted

__all__ = ["print_report"]

_MOST_SHOWN = 50
_LONGEST = 60


def print_report(recording: Recording, tally: Tally, *, unused: Sequence[Rule], saved: tuple[int, int] | None) -> None:
    """Differences first, the verdict last: that is where one looks when a long replay ends."""
    found = tally.found
    if found:
        columns = ("count", "severity", "kind", "endpoint", "field")
        print_table(columns, (row for each in found[:_MOST_SHOWN] for row in _rows(each)))
        if len(found) > _MOST_SHOWN:
            print_text(f"and {len(found) - _MOST_SHOWN} further kinds of differences: --json tells them all.")
        print_text()
    causes = tally.causes
    if causes:
        print_table(("inconclusive", "pairs"), sorted(causes.items()))
        print_text()
    if unused:
        print_text("Rules that no pair came to a place for:")
        for rule in unused:
            print_text(f"  {rule}" if rule.line is None else f"  line {rule.line}: {rule}")
        print_text()
    print_pairs(_summary(recording, tally, saved))


def _rows(found: Found) -> Iterator[tuple[object, ...]]:
    """A kind of difference, and an example beneath it: so that eighty columns hold both."""
    example = found.example
    yield found.count, example.severity, example.kind, found.endpoint, example.field
    values = f"{_short(side_words(example.old))} → {_short(side_words(example.new))}"
    yield "", "", "", f"{found.endpoint.route or 'no route'}, such as {found.target}", values


def _summary(recording: Recording, tally: Tally, saved: tuple[int, int] | None) -> list[tuple[str, object]]:
    verdicts = tally.verdicts
    pairs: list[tuple[str, object]] = [("recording", f"{recording.path} ({recording.format}, {_held(recording)})")]
    if tally.left_out:
        counts = ", ".join(f"{word} {count}" for word, count in sorted(tally.left_out.items()))
        unsafe = any(word.startswith("unsafe") for word in tally.left_out)
        pairs.append(("left out", f"{counts}{'; --unsafe asks for those too, and both sides write' if unsafe else ''}"))
    pairs.append(("pairs", ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in Verdict)))
    if tally.noise:
        places = "place" if tally.noise == 1 else "places"
        pairs.append(("noise", f"{tally.noise} {places} that the old side does not repeat itself"))
    for side, histogram in tally.latency.items():
        known = [f"{name} {value:g} ms" for name, value in latency_of(histogram).items() if value is not None]
        pairs.append((f"{side} latency", ", ".join(known) or "none"))
    if saved is not None:
        dropped = f", {saved[1]} more were not, for there are many of their kind" if saved[1] else ""
        pairs.append(("saved", f"{counted(saved[0], 'case')}{dropped}"))
    pairs.append(("verdict", _verdict(tally)))
    return pairs


def _verdict(tally: Tally) -> str:
    verdict = tally.verdict
    if verdict is Verdict.INCONCLUSIVE:
        verdicts = tally.verdicts
        if not sum(verdicts.values()):
            return "inconclusive: no request was asked, and no data never passes"
        return f"inconclusive: {counted(verdicts[Verdict.INCONCLUSIVE], 'pair')} could not be compared"
    return str(verdict)


def _held(recording: Recording) -> str:
    skipped = (f"{count} skipped: {word}" for word, count in sorted(recording.skipped.items()))
    return ", ".join([counted(recording.count, "request"), *skipped])


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
