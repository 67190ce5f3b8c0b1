"""A whole pair that is kept as an example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from strangler.compare.form import pair_from_json, pair_to_json
from strangler.compare.values import Difference, DifferenceKind, Pair, Severity, Verdict
from strangler.evidence.scope import Scope
from strangler.evidence.shape import items_of, member_of, number_of, text_of

__all__ = ["KeptPair"]

_LONGEST_ID: Final = 200
_LONGEST_PATH: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeptPair:
    """One pair with its verdict, redacted before it came here (`Redactor`).

    `id` is unique; `at` is when the customer asked (seconds since 1970); `cause` says why the verdict is inconclusive.
    `subject` is a keyed hash or empty. `seconds` is how long each side took, the old one first.
    """

    id: str
    at: float
    scope: Scope
    template: str
    stage: str
    answering: str
    verdict: Verdict
    pair: Pair
    cause: str = ""
    differences: tuple[Difference, ...] = ()
    group: str = ""
    subject: str = ""
    seconds: tuple[float, float] = (0.0, 0.0)

    @property
    def size(self) -> int:
        """About how many bytes it takes to keep."""
        pair = self.pair
        headers = (*pair.request.headers, *pair.old.headers, *pair.new.headers)
        shown = sum(2 * len(each.path) + len(each.old or "") + len(each.new or "") + 100 for each in self.differences)
        bodies = len(pair.request.body) + len(pair.old.body) + len(pair.new.body)
        return bodies + shown + sum(len(name) + len(value) for name, value in headers) + len(pair.request.target) + 500

    def to_json(self) -> dict[str, Any]:
        """The kept pair as a JSON document; the pair in it as `strangler.compare.form` says."""
        return {**self.head(), "pair": pair_to_json(self.pair)}

    def head(self) -> dict[str, Any]:
        """What `to_json` gives, without the pair itself."""
        return {
            "id": self.id,
            "at": self.at,
            "route": self.scope.route,
            "release": self.scope.release,
            "rules": self.scope.rules,
            "template": self.template,
            "stage": self.stage,
            "answering": self.answering,
            "verdict": self.verdict.value,
            "cause": self.cause,
            "differences": [
                {
                    "path": each.path,
                    "field": each.field,
                    "kind": each.kind.value,
                    "severity": each.severity.value,
                    "old": each.old,
                    "new": each.new,
                }
                for each in self.differences
            ],
            "group": self.group,
            "subject": self.subject,
            "seconds": list(self.seconds),
        }

    @classmethod
    def from_json(cls, document: Any) -> KeptPair:
        """What `to_json` gave. Raises ValueError for anything else."""

        def text(key: str) -> str:
            return text_of(member_of(document, key, "a kept pair"), key)

        def number(key: str) -> float:
            return number_of(member_of(document, key, "a kept pair"), key)

        old, new = items_of(member_of(document, "seconds", "a kept pair"), "seconds", 2)
        return cls(
            id=text_of(member_of(document, "id", "a kept pair"), "id", _LONGEST_ID),
            at=number("at"),
            scope=Scope(text("route"), text("release"), text("rules")),
            template=text("template"),
            stage=text("stage"),
            answering=text("answering"),
            verdict=Verdict(text("verdict")),
            pair=pair_from_json(member_of(document, "pair", "a kept pair")),
            cause=text("cause"),
            differences=tuple(
                _difference(each) for each in items_of(member_of(document, "differences", "a kept pair"), "differences")
            ),
            group=text("group"),
            subject=text("subject"),
            seconds=(number_of(old, "seconds"), number_of(new, "seconds")),
        )


def _difference(document: Any) -> Difference:
    def text(key: str) -> str:
        # A path is as long as the keys in it.
        return text_of(member_of(document, key, "a difference"), key, _LONGEST_PATH)

    def side(key: str) -> str | None:
        return None if member_of(document, key, "a difference") is None else text(key)

    return Difference(
        text("path"),
        DifferenceKind(text("kind")),
        side("old"),
        side("new"),
        Severity(text("severity")),
        text("field"),
    )
