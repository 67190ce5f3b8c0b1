"""A parity case: one request, with the answers that were seen, kept in a file to be asked again.

    {"strangler": "parity-case", "version": 1,
     "request": {"method": "GET", "target": "/api/v1/products/1/", "route": "catalog.product-detail"},
     "old": {"status": 200, "headers": [["Content-Type", "application/json"]], "body": {"text": "{\\"id\\": 1}"}},
     "new": {"status": 404, "headers": [], "body": null},
     "verdict": "differ", "differences": [{"path": "status", "kind": "value", "severity": "breaking"}],
     "rules": {"file": "strangler.rules.toml", "revision": "4b1f…"}, "note": "hidden products"}

Only the first two members and `request` have to be there. Request and answers are in the form of
`strangler.compare.form`; `case.schema.json` beside this file is the JSON Schema.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from strangler.compare.form import answer_from_json, answer_to_json, request_from_json, request_to_json
from strangler.compare.rules import Rules
from strangler.compare.values import Answer, Comparison, Difference, DifferenceKind, Pair, Request, Severity, Verdict
from strangler.errors import Problem, RecordingError, StranglerError
from strangler.recording.recorded import LATEST

__all__ = ["CASE_SUFFIX", "Case", "case_text", "line_of", "read_case", "write_case"]

CASE_SUFFIX: Final = ".parity.json"
"""With what the name of every case's file ends."""

_FIRST: Final = {"strangler": "parity-case", "version": 1}
_RIGHT: Final = "A case is what `strangler replay --save` writes; docs/reference/library.md shows the least of one."


@dataclass(frozen=True, slots=True)
class Case:
    """One request, and what is known of it.

    `old` and `new` are the answers that were seen, None where that side's was not kept. `verdict`, `cause` and
    `differences` are what came of comparing them then, under `rules_file` (empty: none) at `rules_revision`; of the
    differences only place, kind and severity are kept. `at` is when it was asked (seconds since 1970, 0.0 where nobody
    knows), `release` the candidate's, and `note` is for people.
    """

    request: Request
    old: Answer | None = None
    new: Answer | None = None
    verdict: Verdict | None = None
    cause: str = ""
    differences: tuple[Difference, ...] = ()
    rules_file: str = ""
    rules_revision: str = ""
    release: str = ""
    at: float = 0.0
    note: str = ""

    @classmethod
    def of(cls, pair: Pair, comparison: Comparison, rules: Rules, *, rules_file: str = "") -> Case:
        """The case that a pair makes, with what came of comparing it under `rules`. Redact the pair before."""
        verdict, cause = comparison.verdict, str(comparison.cause)
        return cls(pair.request, pair.old, pair.new, verdict, cause, comparison.differences, rules_file, rules.revision)

    def __str__(self) -> str:
        return f"{self.request.method} {self.request.target}"

    def to_json(self) -> dict[str, Any]:
        """The case as a JSON document; what is not known is left out."""
        document: dict[str, Any] = {**_FIRST, "request": request_to_json(self.request)}
        for side, answer in (("old", self.old), ("new", self.new)):
            if answer is not None:
                document[side] = answer_to_json(answer)
        if self.verdict is not None:
            document["verdict"] = self.verdict.value
        if self.cause:
            document["cause"] = self.cause
        if self.differences:
            # Without their values, which stand in the pair, and of which a redactor knows nothing.
            document["differences"] = [
                {"path": each.path, "kind": each.kind.value, "severity": each.severity.value}
                for each in self.differences
            ]
        if self.rules_file or self.rules_revision:
            document["rules"] = {"file": self.rules_file, "revision": self.rules_revision}
        rest = {"release": self.release, "at": self.at, "note": self.note}
        return document | {name: value for name, value in rest.items() if value}

    @classmethod
    def from_json(cls, document: Any) -> Case:
        """What `to_json` gave; members that are not known are passed over. Raises ValueError, which names the place,
        for anything else."""
        if not isinstance(document, dict) or document.get("strangler") != _FIRST["strangler"]:
            raise ValueError('strangler is not "parity-case"')
        if document.get("version") != _FIRST["version"]:
            raise ValueError(f"version is {document.get('version')!r}, and 1 is the only one there is")
        request = request_from_json(document.get("request"))
        if not request.method or not request.target.startswith("/"):
            raise ValueError("request has no method, or a target that does not begin with a slash")
        old, new = (
            answer_from_json(document[side], side) if document.get(side) is not None else None
            for side in ("old", "new")
        )
        rules = _member(document, "rules", dict)
        verdict = _member(document, "verdict", str)
        differences = _member(document, "differences", list)
        return cls(
            request,
            old,
            new,
            _verdict(verdict) if verdict else None,
            _member(document, "cause", str),
            tuple(_difference(each, f"differences[{at}]") for at, each in enumerate(differences)),
            _member(rules, "file", str),
            _member(rules, "revision", str),
            _member(document, "release", str),
            _moment(document.get("at", 0)),
            _member(document, "note", str),
        )


def read_case(path: Path) -> Case:
    """The case in the file at `path`. Raises RecordingError with the line where something is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise RecordingError([Problem(str(path), None, "", f"cannot be read: {said}", _RIGHT)]) from error
    try:
        return Case.from_json(json.loads(text))
    except json.JSONDecodeError as error:
        raise RecordingError([Problem(str(path), error.lineno, "", f"is no JSON: {error.msg}", _RIGHT)]) from error
    except (ValueError, RecursionError) as error:
        member = str(error).partition(" ")[0].partition(".")[0].partition("[")[0]
        raise RecordingError([Problem(str(path), line_of(text, member), "", str(error), _RIGHT)]) from error


def case_text(case: Case) -> str:
    """A case as its file has it, in ASCII."""
    return json.dumps(case.to_json(), indent=1) + "\n"


def write_case(path: Path, case: Case) -> None:
    """Write a case to a file that only its owner can read, and make the folders to it. Raises StranglerError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(case_text(case))
    except OSError as error:
        raise StranglerError(f"{path} cannot be written: {error.strerror}. Save to another folder.") from error


def line_of(text: str, member: str) -> int | None:
    """The line, from 1, on which `member` of a case begins in its file; None where it does not have it."""
    # Within a text, such as a body, the quotes have backslashes.
    found = re.search(rf'(?<!\\)"{re.escape(member)}"\s*:', text)
    return None if found is None else text.count("\n", 0, found.start()) + 1


def _member(document: dict[str, Any], name: str, kind: type) -> Any:
    value = document.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise ValueError(f"{name} is not {'an object' if kind is dict else 'a list' if kind is list else 'a text'}")
    return value


def _verdict(text: str) -> Verdict:
    try:
        return Verdict(text)
    except ValueError:
        raise ValueError(f"verdict is {text!r}, and not one of {', '.join(Verdict)}") from None


def _difference(document: Any, place: str) -> Difference:
    if not isinstance(document, dict) or not isinstance(document.get("path"), str):
        raise ValueError(f"{place} has no path")
    try:
        kind, severity = DifferenceKind(str(document.get("kind"))), Severity(str(document.get("severity")))
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    return Difference(document["path"], kind, severity=severity)


def _moment(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:
        raise ValueError(f"at is not a number from 0 to {LATEST}")
    return float(value)
