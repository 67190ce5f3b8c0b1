"""Frozen values as plain JSON types and back, by their annotations: the one place where the format is read."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = ["FormError", "default_of", "from_document", "hints_of", "to_document"]

Value = TypeVar("Value")


class FormError(ValueError):
    """A document that is not of the form: `key` is where (`views[3].forms[0].route`), the message what is wrong."""

    def __init__(self, key: str, wrong: str) -> None:
        self.key = key
        self.wrong = wrong
        super().__init__(f"{key}: {wrong}")


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields."""
    return get_type_hints(kind)


def default_of(field: Field[Any]) -> Any:
    """What a field holds where nothing is said; MISSING where something must be."""
    return field.default_factory() if field.default_factory is not MISSING else field.default


def to_document(value: Any) -> Any:
    """A dataclass as plain JSON types. What holds its default is left out."""
    if is_dataclass(value):
        held = ((each, getattr(value, each.name)) for each in fields(value))
        return {each.name: to_document(content) for each, content in held if content != default_of(each)}
    if isinstance(value, Mapping):
        return {str(name): to_document(content) for name, content in value.items()}
    if isinstance(value, tuple | list):
        return [to_document(each) for each in value]
    return value


def from_document(kind: type[Value], document: Any, key: str = "") -> Value:
    """The dataclass `kind` that `to_document` wrote; members that are not known are passed over. Raises FormError."""
    if not isinstance(document, Mapping):
        raise FormError(key, "is not an object")
    made: Any = kind
    hints, given = hints_of(made), {}
    for field in fields(made):
        place = f"{key}.{field.name}" if key else field.name
        if field.name in document:
            given[field.name] = _value(hints[field.name], document[field.name], place)
        elif default_of(field) is MISSING:
            raise FormError(place, "is missing")
    return kind(**given)


def _value(hint: Any, found: Any, key: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if found is None:
            return None
        return _value(next(each for each in get_args(hint) if each is not type(None)), found, key)
    if origin is tuple:
        if not isinstance(found, list):
            raise FormError(key, "is not a list")
        return tuple(_value(get_args(hint)[0], each, f"{key}[{number}]") for number, each in enumerate(found))
    if origin is not None:
        if not isinstance(found, Mapping):
            raise FormError(key, "is not an object")
        return {name: _value(get_args(hint)[1], each, f"{key}.{name}") for name, each in found.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        return from_document(hint, found, key)
    return _plain(hint, found, key)


def _plain(hint: Any, found: Any, key: str) -> Any:
    words = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    right = isinstance(found, hint) and (hint is bool or not isinstance(found, bool))
    if hint is float and isinstance(found, int) and not isinstance(found, bool):
        return float(found)
    if not right:
        raise FormError(key, f"is not {words[hint]}")
    return found
