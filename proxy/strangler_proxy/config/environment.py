"""`${NAME}` and `${NAME:-default}` in text values, filled in from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from strangler_proxy.config.positions import Path

__all__ = ["expanded"]

_REFERENCE: Final = re.compile(r"\$(?P<escape>\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")

Missing = tuple[Path, str]


def expanded(value: Any, environment: Mapping[str, str], path: Path = ()) -> tuple[Any, list[Missing]]:
    """`value` with each reference in its texts replaced, however deep, and (path, name) of each that is not set.

    A variable that is set but empty counts as set, except that `:-` gives its default then, as in a shell. `$${` stands
    for `${` itself.
    """
    missing: list[Missing] = []

    def replaced(found: re.Match[str]) -> str:
        if found["escape"]:
            return "${"
        name, default = found["name"], found["default"]
        if default is not None:
            return environment.get(name) or default
        if name not in environment:
            missing.append((path, name))
            return found[0]
        return environment[name]

    if isinstance(value, str):
        return _REFERENCE.sub(replaced, value), missing
    if isinstance(value, dict):
        pairs = {key: expanded(each, environment, (*path, key)) for key, each in value.items()}
        return {key: new for key, (new, _) in pairs.items()}, [gap for _, gaps in pairs.values() for gap in gaps]
    if isinstance(value, list):
        items = [expanded(each, environment, (*path, index)) for index, each in enumerate(value)]
        return [new for new, _ in items], [gap for _, gaps in items for gap in gaps]
    return value, missing
