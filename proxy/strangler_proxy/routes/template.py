"""Path templates in the syntax of Django's `path()`: parsed, ranked by how specific they are, and matched."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = [
    "CONVERTERS",
    "VARIABLE",
    "Literal",
    "Segment",
    "Template",
    "TemplateError",
    "Variable",
    "parse_template",
    "placeholders",
]

# Django's own expressions, most specific first: the order in which converters win.
CONVERTERS: Final = {
    "int": "[0-9]+",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "slug": "[-a-zA-Z0-9_]+",
    "str": "[^/]+",
    "path": ".+",
}
_RANK: Final = {name: rank for rank, name in enumerate(CONVERTERS)}
VARIABLE: Final = re.compile(r"<(?:(?P<converter>[^>:]+):)?(?P<name>[^>]+)>")
# Python's int() refuses longer ones with a ValueError, and Django then takes the path for unmatched.
_INT_DIGITS: Final = 4300
# How long a text may be for an expression with that many variables. With two or more, a regular expression can try
# every way to share a text between them, and a worker that does this for one client serves nobody else meanwhile.
_LONGEST: Final = {2: 1000, 3: 200}
_LONGEST_OF_MORE: Final = 40


class TemplateError(ValueError):
    """A template that cannot be read: what is wrong, and what would be right."""

    def __init__(self, wrong: str, right: str) -> None:
        self.wrong = wrong
        self.right = right
        super().__init__(f"{wrong}; {right}")


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A named part of a path, of what its converter allows."""

    name: str
    converter: str


Part = Literal | Variable


@dataclass(frozen=True)
class Segment:
    """What stands between two slashes: one literal (`text` is then that), or parts of which some are variables.

    `spans` is True with a `path` variable, which takes slashes too. Smaller `rank` is more specific.
    """

    parts: tuple[Part, ...]

    @cached_property
    def text(self) -> str | None:
        if any(isinstance(part, Variable) for part in self.parts):
            return None
        return "".join(part.text for part in self.parts if isinstance(part, Literal))

    @cached_property
    def spans(self) -> bool:
        return any(isinstance(part, Variable) and part.converter == "path" for part in self.parts)

    @cached_property
    def rank(self) -> tuple[int, ...]:
        if self.text is not None:
            return (0,)
        literal = sum(len(part.text) for part in self.parts if isinstance(part, Literal))
        return (1, -literal, *(_RANK[part.converter] for part in self.parts if isinstance(part, Variable)))

    @cached_property
    def single(self) -> Variable | None:
        """The variable that this segment is, where it is nothing else."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return only if isinstance(only, Variable) else None

    @cached_property
    def shape(self) -> tuple[str, ...]:
        """The same for segments that differ in nothing but the names of their variables."""
        return tuple(f"={part.text}" if isinstance(part, Literal) else f"<{part.converter}>" for part in self.parts)

    @cached_property
    def fits(self) -> Callable[[str], object]:
        """Tells whether a text between two slashes is this segment, by a true value. Not for segments that span."""
        if self.single is None:
            return self.match
        return _FITS[self.single.converter]

    @cached_property
    def expression(self) -> str:
        return "".join(
            re.escape(part.text) if isinstance(part, Literal) else f"(?P<{part.name}>{CONVERTERS[part.converter]})"
            for part in self.parts
        )

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.expression)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The names of the `int` variables."""
        return tuple(part.name for part in self.parts if isinstance(part, Variable) and part.converter == "int")

    def match(self, text: str) -> dict[str, str] | None:
        """The variables' values where this segment is `text`, None where it is not. Not for segments that span."""
        if self.single is not None:
            return {self.single.name: text} if self.fits(text) else None
        if self.longest is not None and len(text) > self.longest:
            return None
        found = self.pattern.fullmatch(text)
        return None if found is None else _checked(found.groupdict(), self.numbers)

    @cached_property
    def open_ended(self) -> int:
        """How many of its variables have no length of their own."""
        return sum(isinstance(part, Variable) and part.converter != "uuid" for part in self.parts)

    @cached_property
    def longest(self) -> int | None:
        """How long a text is looked at, in characters; None for any."""
        return _longest(self.open_ended)


def _longest(open_ended: int) -> int | None:
    return None if open_ended < 2 else _LONGEST.get(open_ended, _LONGEST_OF_MORE)


def _is_int(text: str) -> bool:
    return text.isdigit() and text.isascii() and len(text) <= _INT_DIGITS


def _is_slug(text: str) -> bool:
    # Several times as fast as the expression, and asked on the way of every request.
    return text.isascii() and text.replace("-", "a").replace("_", "a").isalnum()


_FITS: Final[Mapping[str, Callable[[str], object]]] = {
    "int": _is_int,
    "uuid": re.compile(CONVERTERS["uuid"]).fullmatch,
    "slug": _is_slug,
    "str": bool,
    "path": bool,
}


def _checked(values: dict[str, str], numbers: tuple[str, ...]) -> dict[str, str] | None:
    return None if any(len(values[name]) > _INT_DIGITS for name in numbers) else values


@dataclass(frozen=True)
class Template:
    """A path template. It owns its path with and without the last slash, as `APPEND_SLASH` makes the two one."""

    text: str
    segments: tuple[Segment, ...]

    @property
    def slash(self) -> bool:
        """Whether it was written with a last slash."""
        return self.text.endswith("/")

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(part.name for segment in self.segments for part in segment.parts if isinstance(part, Variable))

    @cached_property
    def rank(self) -> tuple[tuple[int, ...], ...]:
        """Compared with another template's: the smaller is the more specific.

        The end of a template ranks behind every segment, so that of two templates one of which begins as the other
        ends the longer one wins (only behind a `path` variable can both match).
        """
        return (*(segment.rank for segment in self.segments), (2,))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The expression that Django would use for the template as written."""
        body = "/".join(segment.expression for segment in self.segments)
        return re.compile(f"/{body}/" if self.slash and self.text != "/" else f"/{body}")

    def match(self, path: str) -> dict[str, str] | None:
        """The variables' values where the template owns the decoded `path`, else None."""
        if not self._is_short_enough(path):
            return None
        found = self.pattern.fullmatch(path)
        if found is None:
            if path.endswith("/"):
                found = None if self.slash else self.pattern.fullmatch(path[:-1])
            elif self.slash:
                found = self.pattern.fullmatch(path + "/")
        if found is None:
            return None
        numbers = tuple(name for segment in self.segments for name in segment.numbers)
        return _checked(found.groupdict(), numbers)

    @cached_property
    def _longest_tail(self) -> int | None:
        """How long a path may be from the first segment on that spans slashes."""
        for index, segment in enumerate(self.segments):
            if segment.spans:
                return _longest(sum(each.open_ended for each in self.segments[index:]))
        return None

    def _is_short_enough(self, path: str) -> bool:
        texts = path[1:].split("/")
        for index, segment in enumerate(self.segments):
            if segment.spans:
                return self._longest_tail is None or len("/".join(texts[index:])) <= self._longest_tail
            if segment.longest is not None and index < len(texts) and len(texts[index]) > segment.longest:
                return False
        return True


def parse_template(text: str) -> Template:
    """Read a template such as `/api/v1/products/<int:id>/`. Raises TemplateError."""
    if text.startswith("^") or "(?P<" in text:
        raise TemplateError(
            f"the path {text!r} is a regular expression",
            "write it as in Django's path(), such as '/products/<int:id>/'",
        )
    if not text.startswith("/"):
        raise TemplateError(f"the path {text!r} does not begin with a slash", "begin it with a slash")
    for character in "?#":
        if character in VARIABLE.sub("", text):
            raise TemplateError(
                f"the path {text!r} contains {character!r}, which ends a path",
                "write the path alone; conditions on the query go under `query`",
            )
    segments: list[list[Part]] = [[]]
    seen: set[str] = set()
    end = 0
    for found in VARIABLE.finditer(text):
        _literal(segments, text, text[end : found.start()])
        segments[-1].append(_variable(text, found, seen))
        end = found.end()
    _literal(segments, text, text[end:])
    del segments[0]
    if len(segments) > 1 and not segments[-1]:
        del segments[-1]
    if "//" in VARIABLE.sub("x", text):
        raise TemplateError(f"the path {text!r} has an empty segment ('//')", "write one slash between segments")
    return Template(text, tuple(Segment(tuple(parts) or (Literal(""),)) for parts in segments))


def _literal(segments: list[list[Part]], text: str, literal: str) -> None:
    if "<" in literal or ">" in literal:
        raise TemplateError(f"the path {text!r} has an unmatched angle bracket", "write variables as <int:id>")
    first, *others = literal.split("/")
    if first:
        segments[-1].append(Literal(first))
    segments.extend([Literal(other)] if other else [] for other in others)


def _variable(text: str, found: re.Match[str], seen: set[str]) -> Variable:
    whole, converter, name = found[0], found["converter"] or "str", found["name"]
    if any(character.isspace() for character in whole):
        raise TemplateError(f"the path {text!r} has white space in {whole}", "take the white space out")
    if not name.isidentifier():
        raise TemplateError(
            f"the path {text!r} has a variable {name!r}, which is not an identifier",
            f"name it with letters, digits and _, such as <{converter}:id>",
        )
    if converter not in CONVERTERS:
        raise TemplateError(
            f"the path {text!r} uses an unknown converter {converter!r}",
            f"use one of {', '.join(CONVERTERS)}, as in <int:{name}>",
        )
    if name in seen:
        raise TemplateError(f"the path {text!r} names the variable {name!r} twice", "give each variable its own name")
    seen.add(name)
    return Variable(name, converter)


def placeholders(rewrite: str) -> list[str]:
    """The names that a rewrite such as `/v1/products/<id>` puts in, in their order. Raises TemplateError."""
    if not rewrite.startswith("/"):
        raise TemplateError(f"the rewrite {rewrite!r} does not begin with a slash", "begin it with a slash")
    rest = VARIABLE.sub("", rewrite)
    if any(character in "<>?#" or character.isspace() for character in rest):
        raise TemplateError(
            f"the rewrite {rewrite!r} has a character that a path cannot have",
            "write a path with variables as <id>; the query is passed on as it came",
        )
    return [found["name"] for found in VARIABLE.finditer(rewrite)]
