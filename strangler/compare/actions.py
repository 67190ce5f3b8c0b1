"""What a rule can do: one class each, as text as a rule file has it. Those with `allows` excuse two unequal values at
one place."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from strangler.compare.json_text import Node, close, decimal
from strangler.compare.toml_text import quoted
from strangler.compare.values import Severity

__all__ = [
    "Action",
    "Excuse",
    "Grade",
    "Ids",
    "Ignore",
    "ListOrder",
    "Normal",
    "NormalForm",
    "SameClass",
    "TimeTolerance",
    "Tolerance",
    "UrlHost",
    "ValueClass",
]

_UUID: Final = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=:-]{8,}")
_SPACE: Final = re.compile(r"\s+")


class ValueClass(StrEnum):
    """Kinds of values that are allowed to differ from one another as long as both are of the kind."""

    UUID = "uuid"
    """32 hex digits, with or without hyphens."""
    TIMESTAMP = "timestamp"
    """ISO 8601 with date and time, or an HTTP date."""
    URL = "url"
    """An absolute http or https address."""
    TOKEN = "token"  # noqa: S105
    """At least eight characters of the kind that tokens are made of, without a space."""

    def holds(self, text: str) -> bool:
        """Whether `text` is of this class."""
        if self is ValueClass.UUID:
            return _UUID.fullmatch(text) is not None
        if self is ValueClass.TIMESTAMP:
            return _instant(text) is not None
        if self is ValueClass.URL:
            return _absolute(text) is not None
        return _TOKEN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing at this place or below it matters, not even whether it is there."""

    def __str__(self) -> str:
        return "ignore = true"


@dataclass(frozen=True, slots=True)
class Grade:
    """Differences at this place and below it are of this severity."""

    severity: Severity

    def __str__(self) -> str:
        return f'severity = "{self.severity}"'


@dataclass(frozen=True, slots=True)
class ListOrder:
    """How a list is compared: as a `sequence`, as a `set`, or by `key`: elements with the same value there belong
    together, whatever their order."""

    how: str
    key: str = ""

    def __str__(self) -> str:
        return f"list = {quoted(f'{self.how}:{self.key}' if self.key else self.how)}"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Numbers, or strings that hold numbers, that lie close enough: within `absolute`, or within `relative` times the
    greater one. Nought allows a difference in notation alone."""

    absolute: Decimal = Decimal(0)
    relative: Decimal = Decimal(0)

    def allows(self, old: Node, new: Node) -> bool:
        if type(old) is not type(new) or not isinstance(old, str | bytes):
            return False
        left, right = decimal(old), decimal(new)
        if left is None or right is None:
            return False
        return close(left, right, self.absolute, self.relative)

    def __str__(self) -> str:
        if not self.relative:
            return f"tolerance = {self.absolute}"
        return f"tolerance = {{absolute = {self.absolute}, relative = {self.relative}}}"


@dataclass(frozen=True, slots=True)
class TimeTolerance:
    """Timestamps (ISO 8601, HTTP dates, or seconds since 1970 as numbers) at most `seconds` apart."""

    seconds: float

    def allows(self, old: Node, new: Node) -> bool:
        if type(old) is bytes and type(new) is bytes:
            return Tolerance(Decimal(str(self.seconds))).allows(old, new)
        if type(old) is not str or type(new) is not str:
            return False
        left, right = _instant(old), _instant(new)
        if left is None or right is None or (left.tzinfo is None) != (right.tzinfo is None):
            return False
        return abs((left - right).total_seconds()) <= self.seconds

    def __str__(self) -> str:
        short = f"{self.seconds:g}"
        return f"time = {short if float(short) == self.seconds else repr(self.seconds)}"


@dataclass(frozen=True, slots=True)
class SameClass:
    """Strings of one class are as good as equal."""

    value_class: ValueClass

    def allows(self, old: Node, new: Node) -> bool:
        return all(type(each) is str and self.value_class.holds(each) for each in (old, new))

    def __str__(self) -> str:
        return f'class = "{self.value_class}"'


@dataclass(frozen=True, slots=True)
class UrlHost:
    """Absolute URLs that are equal but for scheme, host and port."""

    def allows(self, old: Node, new: Node) -> bool:
        if type(old) is not str or type(new) is not str:
            return False
        left = _absolute(old)
        return left is not None and left == _absolute(new)

    def __str__(self) -> str:
        return "url_host = true"


class NormalForm(StrEnum):
    """What does not matter about two texts."""

    UNICODE = "unicode"
    """In which of several ways a character is composed (NFC)."""
    CASEFOLD = "casefold"
    """Upper and lower case."""
    SPACE = "space"
    """How much white space, and of which kind, stands where there is some."""
    TRIM = "trim"
    """White space at both ends."""

    def of(self, text: str) -> str:
        """The text in this form."""
        if self is NormalForm.UNICODE:
            return unicodedata.normalize("NFC", text)
        if self is NormalForm.CASEFOLD:
            return text.casefold()
        return _SPACE.sub(" ", text) if self is NormalForm.SPACE else text.strip()


@dataclass(frozen=True, slots=True)
class Normal:
    """Texts that are equal in all of these forms at once, taken in the order of `NormalForm`."""

    forms: tuple[NormalForm, ...]

    def allows(self, old: Node, new: Node) -> bool:
        return type(old) is str and type(new) is str and self._of(old) == self._of(new)

    def _of(self, text: str) -> str:
        for form in NormalForm:
            if form in self.forms:
                text = form.of(text)
        # Folding the case can leave characters composed in another way.
        return NormalForm.UNICODE.of(text) if NormalForm.UNICODE in self.forms else text

    def __str__(self) -> str:
        return "normal = [" + ", ".join(f'"{form}"' for form in self.forms) + "]"


@dataclass(frozen=True, slots=True)
class Ids:
    """Values are ids of the name space `space`, or have them in their text: in the one group of each match of `within`.

    See `strangler.compare.id_map`. What stands around such ids must be equal, or be excused by another rule.
    """

    space: str
    within: str = ""

    def __str__(self) -> str:
        space = quoted(self.space)
        return f"ids = {{space = {space}, within = {quoted(self.within)}}}" if self.within else f"ids = {space}"


Excuse = Tolerance | TimeTolerance | SameClass | UrlHost | Normal
Action = Ignore | Grade | ListOrder | Ids | Excuse


def _instant(text: str) -> datetime | None:
    if len(text) < 15 or len(text) > 40:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _absolute(text: str) -> str | None:
    """What follows scheme and host of an absolute http(s) address, None for anything else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    return parts._replace(scheme="", netloc="").geturl()
