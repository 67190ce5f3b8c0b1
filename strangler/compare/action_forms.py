"""The keys of a rule that say what may differ, and what each can be: `strangler.compare.rule_file` has the grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import inf
from typing import Any, Final

from strangler.compare.actions import (
    Action,
    Grade,
    Ids,
    Ignore,
    ListOrder,
    Normal,
    NormalForm,
    SameClass,
    TimeTolerance,
    Tolerance,
    UrlHost,
    ValueClass,
)
from strangler.compare.safe_pattern import check_pattern
from strangler.compare.values import Severity

__all__ = ["ACTIONS", "SPACE_NAME", "Refused"]

SPACE_NAME: Final = re.compile(r"[A-Za-z_][\w-]{0,60}")
"""How a name space of ids can be called."""


class Refused(ValueError):  # turned into a Problem; it never leaves the package
    """A value that is refused for a reason of its own, which its text says."""


def _true(value: Any) -> None:
    if value is not True:
        raise ValueError


def _ignore(value: Any) -> Action:
    _true(value)
    return Ignore()


def _url_host(value: Any) -> Action:
    _true(value)
    return UrlHost()


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite() or number < 0:
        raise ValueError
    return number


def _tolerance(value: Any) -> Action:
    if isinstance(value, Mapping):
        if not value or set(value) - {"absolute", "relative"}:
            raise ValueError
        return Tolerance(_number(value.get("absolute", 0)), _number(value.get("relative", 0)))
    return Tolerance(_number(value))


def _time(value: Any) -> Action:
    seconds = float(_number(value))
    if seconds == inf:
        raise ValueError
    return TimeTolerance(seconds)


def _class(value: Any) -> Action:
    return SameClass(ValueClass(value))


def _severity(value: Any) -> Action:
    return Grade(Severity(value))


def _list(value: Any) -> Action:
    how, _, key = str(value).partition(":")
    if how == "key" and key:
        return ListOrder("key", key)
    if value in ("set", "sequence"):
        return ListOrder(how)
    raise ValueError


def _normal(value: Any) -> Action:
    listed = value if isinstance(value, list) else [value]
    forms = tuple(NormalForm(each) for each in listed)
    if not forms or len(set(forms)) != len(forms):
        raise ValueError
    return Normal(tuple(form for form in NormalForm if form in forms))


def _ids(value: Any) -> Action:
    if isinstance(value, str):
        return Ids(_space(value))
    if set(value) != {"space", "within"}:
        raise ValueError
    within = str(value["within"])
    try:
        pattern = check_pattern(within)
    except ValueError as error:
        raise Refused(f"`within` {error}") from None
    if pattern.groups != 1:
        raise Refused("`within` needs exactly one group: around the id")
    return Ids(_space(value["space"]), within)


def _space(value: Any) -> str:
    if not isinstance(value, str) or SPACE_NAME.fullmatch(value) is None:
        raise ValueError
    return value


ACTIONS: Final[Mapping[str, tuple[Callable[[Any], Action], str]]] = {
    "ignore": (_ignore, "Write true, or take the key away."),
    "tolerance": (_tolerance, "Write a number from 0 up, or {absolute = 0.01, relative = 0.001}."),
    "time": (_time, "Write a number of seconds from 0 up."),
    "class": (_class, f"Write one of: {', '.join(ValueClass)}."),
    "list": (_list, 'Write "set", "sequence", or "key:NAME".'),
    "normal": (_normal, f"Write one of: {', '.join(NormalForm)}; or a list of them."),
    "ids": (
        _ids,
        'Write the name of a name space, such as "product", or {space = "product", within = "/p/(\\\\d+)/"}.',
    ),
    "url_host": (_url_host, "Write true, or take the key away."),
    "severity": (_severity, f"Write one of: {', '.join(Severity)}."),
}
