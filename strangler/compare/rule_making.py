"""A rule made of a difference: where one can stand that excuses it, and what it can do there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, Final

from strangler.compare.action_forms import ACTIONS, Refused
from strangler.compare.actions import Action, Excuse, NormalForm, ValueClass
from strangler.compare.json_text import Node, close, decimal, parse
from strangler.compare.paths import places_on
from strangler.compare.rules import Rule
from strangler.compare.values import Difference

__all__ = ["action_of", "lists_around", "rule_at", "rule_place", "suggested"]

_HEADER: Final = "header:"
_ROUNDED: Final = Decimal("0.01")
_BEYOND: Final[Mapping[str, str]] = {
    "status": "No rule excuses another status: the sides then answer something else. Mend the side that is wrong.",
    "body": "No rule excuses a body as a whole: it is there on one side alone, cannot be read as what it says it is, or"
    " has no places within it. Mend the side that is wrong.",
}
# What a glob would take for more than itself.
_GLOB: Final = str.maketrans({"[": "[[]", "*": "[*]", "?": "[?]"})


def rule_place(field: str) -> tuple[str, str]:
    """The path and the header, one of them empty, at which a rule meets the difference at `field`, as differences are
    counted by it. Raises ValueError, which says why, where no rule can."""
    if field in _BEYOND:
        raise ValueError(_BEYOND[field])
    if field.startswith(_HEADER):
        return "", field.removeprefix(_HEADER).translate(_GLOB)
    try:
        places_on(field)
    except ValueError as error:
        raise ValueError(f"No rule can stand there, for {error}.") from None
    return field, ""


def lists_around(field: str) -> list[str]:
    """The paths of the lists that `field` lies in, the innermost first: where a rule `list` can stand."""
    try:
        path, _ = rule_place(field)
        places = places_on(path) if path else []
    except ValueError:
        return []
    return [place for place, below in reversed([*pairwise(places)]) if _is_element(place, below)]


def action_of(key: str, text: str) -> Action:
    """What a rule does, by its key and its value as people type it: `tolerance` takes `0.01` or `0.1%` of the greater
    one, `normal` a list with commas; `ignore` and `url_host` take nothing. Raises ValueError, which says what is right,
    for a value that is refused."""
    read, right = ACTIONS[key]
    try:
        return read(_VALUES.get(key, str.strip)(text))
    except Refused as error:
        raise ValueError(f"{key} cannot be {text!r}: {error}. {right}") from None
    except (ValueError, TypeError, KeyError, ArithmeticError):
        raise ValueError(f"{key} cannot be {text!r}. {right}") from None


def rule_at(field: str, action: Action, why: str, *, route: str = "*") -> Rule:
    """The rule that does `action` at the `field` of a difference, or at a path around it. Raises ValueError as
    `rule_place`."""
    path, header = rule_place(field)
    return Rule(action, why, route, path, header)


def suggested(difference: Difference) -> tuple[str, str] | None:
    """The key and the value, as `action_of` takes them, of the narrowest rule that excuses the two values of a
    difference, as far as it shows them; None where but a wide one would."""
    if difference.old is None or difference.new is None:
        return None
    try:
        old, new = (_node(difference.path, text) for text in (difference.old, difference.new))
    except ValueError:
        return None
    # A number may be a moment too, but then it says so nowhere.
    for key, text in (_NOTATION, *_apart(old, new), *_NARROWEST):
        action = action_of(key, text)
        if isinstance(action, Excuse) and action.allows(old, new):
            return key, text
    return None


def _node(path: str, text: str) -> Node:
    """A value, of which differences in bodies show JSON. Raises ValueError where it is cut short."""
    return text if path.startswith(_HEADER) else parse(text)


def _apart(old: Node, new: Node) -> list[tuple[str, str]]:
    """A tolerance as great as the distance of two numbers, where that is what rounding could do."""
    numbers = [decimal(each) if isinstance(each, str | bytes) else None for each in (old, new)]
    if numbers[0] is None or numbers[1] is None:
        return []
    if not close(numbers[0], numbers[1], Decimal(0), _ROUNDED):
        return []
    try:
        return [("tolerance", f"{abs(numbers[0] - numbers[1]).normalize()}")]
    except ArithmeticError:
        # JSON can write numbers with which nobody can reckon.
        return []


def _is_element(place: str, below: str) -> bool:
    step = below[len(place) :]
    return step == "[*]" or step[1:-1].isdigit()


def _number(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise ValueError from None


def _tolerance(text: str) -> Any:
    share = text.strip().removesuffix("%")
    return _number(text) if share == text.strip() else {"relative": _number(share) / 100}


# Of those that excuse a difference, the first is taken: it excuses the least besides.
_NOTATION: Final = ("tolerance", "0")
_NARROWEST: Final = (
    *(("normal", form.value) for form in NormalForm),
    *(("time", seconds) for seconds in ("1", "5", "60")),
    ("url_host", ""),
    ("class", ValueClass.UUID.value),
    ("class", ValueClass.TIMESTAMP.value),
)
_VALUES: Final[Mapping[str, Callable[[str], Any]]] = {
    "ignore": lambda _: True,
    "url_host": lambda _: True,
    "tolerance": _tolerance,
    "time": _number,
    "normal": lambda text: [each.strip() for each in text.split(",")],
}
