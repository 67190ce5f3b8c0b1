from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from strangler_proxy.config.document import TABLES
from strangler_proxy.config.forms import shown
from strangler_proxy.config.values import Address

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
BEGIN, END = "<!-- keys: begin -->", "<!-- keys: end -->"
HEADERS = {
    "upstreams": "[upstreams.NAME]",
    "routes": "[[routes]]",
    "seams": "[[seams]]",
    "groups": "[groups.NAME]",
    "rollouts": "[rollouts.NAME]",
}


def default(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "`[" + ", ".join(shown(each) for each in value) + "]`"
    if isinstance(value, dict):
        return "`{" + ", ".join(f" {key} = {shown(each)}" for key, each in value.items()) + (" }`" if value else "}`")
    return f"`{shown(str(value) if isinstance(value, Address) else value)}`"


def section(name: str, model: type[BaseModel]) -> str:
    header = HEADERS.get(name, f"[{name}]")
    lines = [f"### `{header}`", "", str(model.__doc__), "", "| key | default | meaning |", "|---|---|---|"]
    for key, field in model.model_fields.items():
        given = "required" if field.is_required() else default(field.get_default())
        example = "" if not field.examples or not field.is_required() else f" Such as `{shown(field.examples[0])}`."
        lines.append(f"| `{key}` | {given} | {field.description}{example} |".replace("|  |", "| |"))
    return "\n".join(lines)


def test_the_reference_has_every_key_with_its_default_and_meaning() -> None:
    """Run with DOCS=write to bring the page up to date."""
    keys = "\n\n".join(section(name, model) for name, model in TABLES.items())
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page = f"{before}{BEGIN}\n{keys}\n{END}{after}"
    if os.environ.get("DOCS") == "write":
        PAGE.write_text(page)
    assert PAGE.read_text() == page
