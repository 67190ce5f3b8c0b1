"""The published grammar: the JSON Schema of a step's table, made from the tables that read it."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from strangler_proxy.config.gates_table import gates_schema
from strangler_proxy.plan.table import MOVE_TABLES, ChecksTable, StepTable

__all__ = ["plan_schema"]

_REF: Final = "#/$defs/{model}"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def plan_schema() -> dict[str, Any]:
    """The JSON Schema of the table in a block ```` ```toml step=ID ````, read as JSON."""
    models = (StepTable, ChecksTable, *MOVE_TABLES.values())
    _, made = models_json_schema([(each, "validation") for each in models], ref_template=_REF)
    defs: dict[str, Any] = {**made["$defs"], "Gates": gates_schema()}
    for name, schema in defs.items():
        if name != "Gates":
            _tidy(schema)
    step = defs.pop("StepTable")
    moves = [{"$ref": _REF.format(model=table.__name__)} for table in MOVE_TABLES.values()]
    undo = [{"$ref": _REF.format(model=MOVE_TABLES[kind].__name__)} for kind in ("flip", "command")]
    properties = step["properties"]
    properties["moves"]["items"] = {"oneOf": moves}
    properties["undo"] = _of(properties["undo"], {"type": "array", "items": {"oneOf": undo}})
    for key, model in (("before", "Gates"), ("after", "Gates"), ("checks", "ChecksTable")):
        properties[key] = _of(properties[key], {"$ref": _REF.format(model=model)})
    defs["ChecksTable"]["minProperties"] = 1
    for key, model in (("no_traffic", "NoTrafficTable"), ("nothing_left", "NothingLeftTable")):
        described = defs["ChecksTable"]["properties"][key]
        defs["ChecksTable"]["properties"][key] = _of(described, {"$ref": _REF.format(model=model)})
    return {
        "$schema": _DIALECT,
        **step,
        "title": "A step of a migration plan",
        "anyOf": [{"required": [key]} for key in ("moves", "before", "after", "checks")],
        "$defs": defs,
    }


def _of(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the description: a key that is left away is no null in TOML."""
    return {**schema, "description": described["description"]}


def _tidy(schema: dict[str, Any]) -> None:
    """Without pydantic's titles, and without the nulls that stand for a key left away."""
    schema.pop("title", None)
    for described in schema.get("properties", {}).values():
        described.pop("title", None)
        if described.get("default", ...) is None:
            del described["default"]
        kept = [each for each in described.get("anyOf", ()) if each != {"type": "null"}]
        if len(kept) == 1:
            del described["anyOf"]
            described.update(kept[0])


if __name__ == "__main__":
    print(json.dumps(plan_schema(), indent=2))  # noqa: T201 - `python -m strangler_proxy.plan.schema`
