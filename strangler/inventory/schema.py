"""The format of `inventory.json` as a JSON Schema, made from the values themselves."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from inspect import cleandoc
from typing import Any, Final, Union, get_args, get_origin

from strangler.inventory.document import default_of, hints_of, to_document
from strangler.inventory.inventory import VERSION, Inventory

__all__ = ["inventory_schema"]

_PLAIN: Final = {str: "string", int: "integer", float: "number", bool: "boolean"}


def inventory_schema() -> dict[str, Any]:
    """The schema (draft 2020-12). It allows members that it does not know, as readers do."""
    whole = _object(Inventory)
    whole["properties"] = {
        "format": {"const": "strangler.inventory"},
        "version": {"const": VERSION},
        **whole["properties"],
    }
    whole["required"] = ["format", "version", *whole["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "inventory.json",
        **whole,
        "$defs": {
            kind.__name__: _object(kind) for kind in sorted(set(_within(Inventory)), key=lambda one: one.__name__)
        },
    }


def _within(kind: Any) -> Iterator[type[Any]]:
    for hint in hints_of(kind).values():
        for each in (hint, *get_args(hint)):
            if isinstance(each, type) and is_dataclass(each):
                yield each
                yield from _within(each)


def _object(kind: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for field in fields(kind):
        properties[field.name] = _schema(hints_of(kind)[field.name])
        default = default_of(field)
        if default is MISSING:
            required.append(field.name)
        else:
            properties[field.name]["default"] = to_document(default)
    described = {"type": "object", "description": cleandoc(kind.__doc__ or ""), "properties": properties}
    return {**described, "required": required} if required else described


def _schema(hint: Any) -> dict[str, Any]:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        known = next(each for each in get_args(hint) if each is not type(None))
        return {"type": [_PLAIN[known], "null"]}
    if origin is tuple:
        return {"type": "array", "items": _schema(get_args(hint)[0])}
    if origin is not None:
        return {"type": "object", "additionalProperties": _schema(get_args(hint)[1])}
    return {"type": _PLAIN[hint]} if hint in _PLAIN else {"$ref": f"#/$defs/{hint.__name__}"}
