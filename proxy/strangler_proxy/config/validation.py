"""One table of the file held against its model; what pydantic finds wrong becomes Problems."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from strangler.errors import Problem
from strangler_proxy.config.forms import shown
from strangler_proxy.config.place import Place, did_you_mean
from strangler_proxy.config.positions import Path

__all__ = ["validated"]

Model = TypeVar("Model", bound=BaseModel)

_FORMS = {
    "string_type": "write text in quotes",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "list_type": 'write a list, such as ["..."]',
    "dict_type": 'write a table, such as { NAME = "value" }',
    "model_type": "write a table",
}


def validated(
    model: type[Model], raw: Any, path: Path, place: Place, *, unset: Iterable[Path] = ()
) -> tuple[Model | None, list[Problem]]:
    """The table at `path` as its model, or None and everything that is wrong in it.

    `unset` are the paths whose value names an environment variable that is not set: they are a problem already.
    """
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        known = set(unset)
        return None, [
            _problem(model, details, raw, path, place)
            for details in error.errors(include_url=False)
            if (*path, *_location(details, raw)) not in known
        ]


def _location(details: ErrorDetails, raw: Any) -> Path:
    """Where in the file it is, of which `raw` was read: a form may stand for a longer one that the model has."""
    location: Path = ()
    # A wrong key of a dict has the marker "[key]" behind its place.
    for part in (each for each in details["loc"] if each != "[key]"):
        if isinstance(raw, dict) and isinstance(part, str):
            location = (*location, part)
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int):
            location = (*location, part)
            raw = raw[part] if part < len(raw) else None
    return location


def _model_at(model: type[BaseModel], details: ErrorDetails) -> type[BaseModel]:
    """The model of the table that it is in."""
    for part in details["loc"][:-1]:
        field = model.model_fields.get(str(part))
        inner = None if field is None else _model_in(field.annotation)
        model = inner or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each)) is not None), None)


def _problem(model: type[BaseModel], details: ErrorDetails, raw: Any, path: Path, place: Place) -> Problem:
    location = _location(details, raw)
    where = (*path, *location)
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    model = _model_at(model, details)
    # What is wrong within a list or a table of names is told by the key that it is the value of.
    field = next((model.model_fields[str(each)] for each in details["loc"][::-1] if each in model.model_fields), None)
    if kind == "form":
        return place.problem(where, context["wrong"], context["right"])
    if kind == "extra_forbidden":
        known = list(model.model_fields)
        right = did_you_mean(str(details["loc"][-1]), known, f"the keys here are {', '.join(known)}")
        return place.problem(where, "is not a key that Strangler knows", right)
    if kind == "missing":
        return place.problem(where, "is missing", f"add {details['loc'][-1]} = {_example(field)}")
    if kind == "greater_than_equal":
        return place.problem(where, f"is {shown(value)}, too small", f"write at least {context['ge']}")
    if kind == "less_than_equal":
        return place.problem(where, f"is {shown(value)}, too large", f"write at most {context['le']}")
    if kind in ("too_short", "string_too_short"):
        return place.problem(where, "is empty", f"write something such as {_example(field)}, or leave the key away")
    return place.problem(where, f"is {shown(value)}", _FORMS.get(kind, details["msg"].lower()))


def _example(field: FieldInfo | None) -> str:
    if field is None:
        return '"..."'
    if field.examples:
        return shown(field.examples[0])
    default = field.get_default()
    return "[" + ", ".join(shown(each) for each in default) + "]" if isinstance(default, list) else shown(default)
