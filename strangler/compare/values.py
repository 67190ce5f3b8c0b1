"""The values of a comparison: what was asked, both answers, and how they differ."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Answer", "Comparison", "Difference", "DifferenceKind", "Pair", "Request", "Severity", "Verdict"]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked. `target` is the path with its query as sent; `route` is empty outside every route. Headers are in
    the order in which they came, one entry a line; names in any case."""

    method: str = "GET"
    target: str = ""
    route: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """One side's whole answer. Headers are in the order in which they came, one entry a line; names in any case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every header of that name, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    def header(self, name: str) -> str | None:
        """The first header of that name, None where there is none."""
        return next(iter(self.all(name)), None)


@dataclass(frozen=True, slots=True)
class Pair:
    """One request with both sides' answers."""

    request: Request
    old: Answer
    new: Answer


class DifferenceKind(StrEnum):
    """In what two answers differ at one place."""

    VALUE = "value"
    """Same type, another value."""
    TYPE = "type"
    """Another JSON type; an integer and a number with a fraction are two types."""
    NOTATION = "notation"
    """The same number, written differently: 1.0 and 1.00."""
    MISSING = "missing"
    """The new answer lacks it."""
    EXTRA = "extra"
    """Only the new answer has it."""
    DUPLICATE = "duplicate"
    """A key stands in an object more often on one side than on the other."""
    CLASS = "class"
    """A rule wants both values of one class, and one is not; or an id is of another kind than its fellows."""
    ENCODING = "encoding"
    """A body that cannot be decoded as its own headers say, on one side only."""
    ID = "id"
    """An id that contradicts the id map: on either side it belongs to another one."""
    EXCEPTION = "exception"
    """One side raised where the other answered, or raised something else. Of seams only."""


class Severity(StrEnum):
    """How bad a difference is."""

    BREAKING = "breaking"
    WARNING = "warning"


class Verdict(StrEnum):
    """What a comparison came to."""

    AGREE = "agree"
    DIFFER = "differ"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the sides differ.

    `path` is the place: `status`, `header:Vary`, `header:Set-Cookie.sessionid.Path`, `body`, or a JSON path such as
    `$.results[3].price`. `field` is the same with every list index as `[*]`, so that differences can be counted by
    field. `old` and `new` are the values as written, cut short; None where a side has nothing there.
    """

    path: str
    kind: DifferenceKind
    old: str | None = None
    new: str | None = None
    severity: Severity = Severity.BREAKING
    field: str = ""

    def __post_init__(self) -> None:
        if not self.field:
            object.__setattr__(self, "field", self.path)

    def __str__(self) -> str:
        old = "nothing" if self.old is None else self.old
        new = "nothing" if self.new is None else self.new
        return f"{self.path}: {self.kind} ({self.severity}): {old} -> {new}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing one pair.

    The verdict is `differ` when at least one difference is breaking, and `inconclusive` when none is but something
    could not be compared: then `cause` is one of the words of `Cause`, and `detail` says it for people. `matched` holds
    the numbers of the rules that were asked: see `Rules.unused`. `truncated` says that there were more differences than
    are listed. `learned` counts the pairs of ids that were taken on trust, for neither had been seen before.
    """

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    cause: str = ""
    matched: frozenset[int] = frozenset()
    truncated: bool = False
    detail: str = ""
    learned: int = 0

    @property
    def breaking(self) -> tuple[Difference, ...]:
        """The differences that are breaking."""
        return tuple(each for each in self.differences if each.severity is Severity.BREAKING)

    @property
    def warnings(self) -> tuple[Difference, ...]:
        """The differences that are warnings."""
        return tuple(each for each in self.differences if each.severity is Severity.WARNING)
