"""Every error that Strangler raises on purpose.

StranglerError
├── ConfigError               a file that a person wrote is wrong: all problems at once
│   └── RecordingError        a recording that cannot be read
├── ToggleError
│   ├── UnknownToggle         no toggle of that name
│   ├── IllegalMove           a move that the stages do not allow
│   ├── MoveRefused           a move that somebody who knows what it would lose does not allow
│   ├── IllegalRollout        a rollout that cannot begin, or cannot do what it is told
│   ├── UnknownRollout        no rollout of that name
│   └── RevisionConflict      somebody else moved first
├── PlanError                 a step of the plan that cannot be done as it is asked for
│   └── PlanWaits             one that can be done by and by, once others are
├── SeamError                 a seam that is put together wrongly
├── PolicyError               a limit on calls that cannot work
├── CallRefused               a call that was not made, so that nothing came of it
│   ├── BreakerOpen           whoever it is for has been failing
│   └── BulkheadFull          too many are under way or waiting
├── DeadlineExceeded          the time for it is over, or too short to begin
├── EffectStopped             an effect that a copy of a request must not have
├── NoAnswer                  a side of a parity test gave none
├── MissingExtra              a package that an extra brings along is not installed
├── IdentityRefused           an identity that is forged, expired, or meant for another
├── KeysUnavailable           no key to verify an identity with
├── SnapshotError             a snapshot that cannot be read
├── StoreUnavailable          the store does not answer
├── DocumentConflict          somebody else wrote that document first
├── ControlUnreachable        the control plane does not answer
└── ControlRefused            the control plane answered no
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "BreakerOpen",
    "BulkheadFull",
    "CallRefused",
    "ConfigError",
    "ControlRefused",
    "ControlUnreachable",
    "DeadlineExceeded",
    "DocumentConflict",
    "EffectStopped",
    "IdentityRefused",
    "IllegalMove",
    "IllegalRollout",
    "KeysUnavailable",
    "MissingExtra",
    "MoveRefused",
    "NoAnswer",
    "PlanError",
    "PlanWaits",
    "PolicyError",
    "Problem",
    "RecordingError",
    "RevisionConflict",
    "SeamError",
    "SnapshotError",
    "StoreUnavailable",
    "StranglerError",
    "ToggleError",
    "UnknownRollout",
    "UnknownToggle",
]


class StranglerError(Exception):
    """The root: whoever catches this catches all that Strangler raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where (file, line, key), what is wrong, and what would be right.

    `line` counts from 1 and is None where a whole file is meant; `key` is the dotted key, empty for a whole file.
    """

    file: str
    line: int | None
    key: str
    wrong: str
    right: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f" {self.key}:" if self.key else ""
        return f"{place}:{key} {self.wrong}\n    {self.right}"


class ConfigError(StranglerError):
    """A file is wrong. `problems` holds every one that was found, in the order of their lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line or 0)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RecordingError(ConfigError):
    """A recording is wrong, whoever wrote it: newline JSON, HAR or an access log. Of many problems the first twenty."""


class ToggleError(StranglerError):
    """Something about a toggle or its move. `remedy` says what to do instead; it may be empty."""

    def __init__(self, wrong: str, remedy: str = "") -> None:
        self.wrong = wrong
        self.remedy = remedy
        super().__init__(f"{wrong} {remedy}".strip())


class UnknownToggle(ToggleError):
    """No toggle has that name, or no toggle matches that glob."""


class IllegalMove(ToggleError):
    """The stages do not allow this move; the message names the rule."""


class MoveRefused(ToggleError):
    """A guard of moves refused, whatever the stages allow: the move would lose something. Nothing was changed."""


class IllegalRollout(ToggleError):
    """A rollout cannot begin as it is asked to, or cannot do what it is told in the state that it is in."""


class UnknownRollout(ToggleError):
    """No rollout has that name."""


class RevisionConflict(ToggleError):
    """Somebody else moved first: the revision is `actual` and not `expected`. Nothing was changed."""

    def __init__(self, expected: int, actual: int) -> None:
        self.expected = expected
        self.actual = actual
        super().__init__(
            f"The toggles are at revision {actual}, not {expected}: somebody was first; nothing was changed.",
            "Look at `strangler history`, then repeat the move if it is still wanted.",
        )


class PlanError(StranglerError):
    """A step of the plan cannot be done as it is asked for. `remedy` says what to do instead; it may be empty."""

    def __init__(self, wrong: str, remedy: str = "") -> None:
        self.wrong = wrong
        self.remedy = remedy
        super().__init__(f"{wrong} {remedy}".strip())


class PlanWaits(PlanError):
    """A step of the plan cannot be done yet: somebody else is at the plan, or a step that it needs is not done. Nothing
    is wrong with what was asked for."""


class SeamError(StranglerError):
    """A seam is put together in a way that cannot work; found when it is constructed, never when it is called."""


class PolicyError(StranglerError):
    """A limit on calls that cannot work, such as one of zero; found when it is constructed."""


class CallRefused(StranglerError):
    """The call was not made: whoever it is for has seen nothing of it, so that another way may be taken.

    `retry_after` is for how many seconds another try will surely be refused too; 0.0 where that is not known.
    """

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class BreakerOpen(CallRefused):
    """Calls of this kind have been failing, so that for a while none is made."""


class BulkheadFull(CallRefused):
    """As many calls as may be are under way; and as many as may wait are waiting, or this one has waited too long."""


class DeadlineExceeded(StranglerError):
    """The time for it is over. `begun`: whether the call was made; if not, whoever it is for has seen nothing of it."""

    def __init__(self, message: str, *, begun: bool) -> None:
        self.begun = begun
        super().__init__(message)


class EffectStopped(StranglerError):
    """While a copy of a customer's request was served, something was to be done that its customer or others would see.

    It was not done. `kind` says what, such as `mail` or `http`; `target` for whom, as far as a log may know.
    """

    def __init__(self, kind: str, target: str, remedy: str = "") -> None:
        self.kind = kind
        self.target = target
        super().__init__(f"Stopped, as a copy of a request is being served: {kind} ({target or 'no target'}).{remedy}")


class IdentityRefused(StranglerError):
    """There is no identity, or one that is forged, expired, or meant for another service or another request.

    `why` is one word for logs and metrics: `missing`, `malformed`, `algorithm`, `type`, `key`, `signature`, `expired`,
    `early`, `audience`, `issuer`, `binding` or `claims`.
    """

    def __init__(self, why: str, message: str) -> None:
        self.why = why
        super().__init__(message)


class KeysUnavailable(StranglerError):
    """No public key can be read, so no identity can be verified and none may be believed."""


class MissingExtra(StranglerError):
    """`package` is not installed; the extra `extra` of Strangler brings it along."""

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(f"{package} is not installed: pip install 'strangler[{extra}]'")


class NoAnswer(StranglerError):
    """A side that a parity test asked gave no answer: `refused`, `timeout`, `broken`, `too-long` or `unsendable`."""

    def __init__(self, side: str, why: str, detail: str = "") -> None:
        self.side = side
        self.why = why
        super().__init__(f"{side} gave no answer: {why}" + (f" ({detail})" if detail else ""))


class SnapshotError(StranglerError):
    """A snapshot that is cut off, garbled, or of a format that this version does not know."""


class StoreUnavailable(StranglerError):
    """The store does not answer. Traffic goes on by the last snapshot; moves are refused until it is back."""


class DocumentConflict(StranglerError):
    """Somebody else wrote first: the document is at version `actual` (0: there is none), not `expected`. Nothing was
    changed."""

    def __init__(self, kind: str, name: str, expected: int, actual: int) -> None:
        self.kind = kind
        self.name = name
        self.expected = expected
        self.actual = actual
        super().__init__(
            f"The {kind} {name!r} is at version {actual}, not {expected}: somebody was first; nothing was changed."
            " Look at it again, then repeat what is still wanted."
        )


class ControlUnreachable(StranglerError):
    """Nothing answers at the control plane's address."""


class ControlRefused(StranglerError):
    """The control plane answered with an error. `status` is its HTTP status, `code` its error code; `wrong` says what
    is wrong, `remedy` what to do (may be empty)."""

    def __init__(self, status: int, code: str, wrong: str, remedy: str = "") -> None:
        self.status = status
        self.code = code
        self.wrong = wrong
        self.remedy = remedy
        super().__init__(f"{wrong} {remedy}".strip())
