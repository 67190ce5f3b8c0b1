"""Words and shapes that the parts of the OpenAPI document share."""

from __future__ import annotations

from typing import Any, Final

__all__ = [
    "REASONS",
    "REF",
    "TEXT",
    "TEXT_OR_NULL",
    "TIME",
    "WHOLE",
    "WHOLE_OR_NULL",
    "YES",
    "a_list",
    "an_object",
    "content",
    "header",
    "move",
    "query",
    "verb",
]

REF: Final = "#/components/schemas/{model}"
TEXT: Final = {"type": "string"}
TEXT_OR_NULL: Final = {"type": ["string", "null"]}
WHOLE: Final = {"type": "integer"}
WHOLE_OR_NULL: Final = {"type": ["integer", "null"]}
YES: Final = {"type": "boolean"}
TIME: Final = {"type": "string", "format": "date-time"}
REASONS: Final = {
    "401": "No token, or none that is in force.",
    "403": "The token's role does not permit it, or a page of another site asks.",
    "404": "Nothing of that name.",
    "408": "The body took too long.",
    "409": "The stages or a guard do not allow it, or somebody moved first (`revision_conflict`). Nothing was moved.",
    "413": "The body is too large.",
    "415": "What changes something takes JSON.",
    "421": "Called by a name that is not this machine's.",
    "422": "Something in the request is wrong; `where` says what.",
    "429": "Too often; `Retry-After` says when to come again.",
    "503": "The store does not answer, or is not the one in force. Nothing was done; traffic goes on.",
}


def content(schema: str, description: str) -> dict[str, Any]:
    """An answer of the schema of that name."""
    reference = {"$ref": REF.format(model=schema)}
    return {"description": description, "content": {"application/json": {"schema": reference}}}


def verb(
    name: str,
    summary: str,
    schema: str,
    description: str = "",
    *,
    parameters: list[dict[str, Any]] | None = None,
    body: str = "",
    errors: list[str] | None = None,
    also: dict[str, Any] | None = None,
    public: bool = False,
) -> dict[str, Any]:
    """A verb; `schema` names what it answers, `body` what it takes, if it takes something."""
    codes = ["421", "429"] if public else ["401", "403", "421", "422", "429"]
    if body:
        codes += ["408", "413", "415"]
    responses = {"200": content(schema, summary + "."), **(also or {})}
    responses |= {code: content("Error", REASONS[code]) for code in sorted({*codes, *(errors or [])})}
    described: dict[str, Any] = {"operationId": name, "summary": summary, "responses": responses}
    if description:
        described["description"] = description
    if parameters:
        described["parameters"] = parameters
    if body:
        reference = {"$ref": REF.format(model=body)}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    if public:
        described["security"] = []
    return described


def move(name: str, summary: str, body: str) -> dict[str, Any]:
    """A verb that moves toggles."""
    return verb(
        name,
        summary,
        "Outcome",
        "All or nothing, under one revision; answers when every worker has acknowledged, or when the time is over.",
        parameters=[header("X-Strangler-Who", "Who moves it, as it should stand in the audit.")],
        body=body,
        errors=["404", "409", "503"],
    )


def query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """A query parameter."""
    return {"name": name, "in": "query", "schema": schema, "description": description}


def header(name: str, description: str) -> dict[str, Any]:
    """A request header."""
    return {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}


def an_object(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """The schema of an object."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def a_list(of: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list."""
    return {"type": "array", "items": of}
