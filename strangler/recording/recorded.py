"""One recorded request, with what was answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from strangler.compare import Answer, Pair, Request
from strangler.compare.form import answer_from_json, answer_to_json, request_from_json, request_to_json

__all__ = ["LATEST", "Recorded"]

LATEST: Final = 253_402_300_799
"""The last moment that a recording can be of, in seconds since 1970: the end of the year 9999."""

_NO_ANSWER = Answer(100)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request, and each side's answer as far as it was seen.

    `at` is when it was asked, in seconds since 1970. `client` tells clients apart (a keyed hash; never an address or a
    cookie), empty where nobody knows. `old_seconds` and `new_seconds` are how long each side took, None where that was
    not measured.
    """

    at: float
    request: Request
    old: Answer | None = None
    new: Answer | None = None
    client: str = ""
    old_seconds: float | None = None
    new_seconds: float | None = None

    def redacted(self, redactor: Callable[[Pair], Pair]) -> Recorded:
        """The same without what `redactor` takes out of pairs."""
        pair = redactor(Pair(self.request, self.old or _NO_ANSWER, self.new or _NO_ANSWER))
        return replace(
            self,
            request=pair.request,
            old=None if self.old is None else pair.old,
            new=None if self.new is None else pair.new,
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON object that stands for it on a line of a recording; what is not known is left out."""
        document: dict[str, Any] = {"at": self.at}
        if self.client:
            document["client"] = self.client
        document["request"] = request_to_json(self.request)
        for name, answer, seconds in (("old", self.old, self.old_seconds), ("new", self.new, self.new_seconds)):
            if answer is not None:
                document[name] = answer_to_json(answer)
            if seconds is not None:
                document[f"{name}_seconds"] = seconds
        return document

    @classmethod
    def from_json(cls, document: Any) -> Recorded:
        """What `to_json` gave; members that are not known are passed over. Raises ValueError for anything else."""
        if not isinstance(document, dict):
            raise ValueError("it is not an object")
        at = _number(document, "at")
        if at is None:
            raise ValueError("at is missing")
        client = document.get("client", "")
        if not isinstance(client, str):
            raise ValueError("client is not a text")
        request = request_from_json(document.get("request"))
        if not request.method or not request.target:
            raise ValueError("request has no method or no target")
        old, new = (
            None if document.get(name) is None else answer_from_json(document[name], name) for name in ("old", "new")
        )
        return cls(at, request, old, new, client, _number(document, "old_seconds"), _number(document, "new_seconds"))


def _number(document: dict[str, Any], name: str) -> float | None:
    value = document.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:
        raise ValueError(f"{name} is not a number from 0 to {LATEST}")
    return float(value)
