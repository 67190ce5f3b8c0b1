"""What the extra `parity` brings along, imported when it is needed."""

from __future__ import annotations

import importlib
from typing import Any

from strangler.errors import MissingExtra

__all__ = ["needed"]


def needed(name: str) -> Any:
    """The module of that name. Raises MissingExtra, which says what to install, where it is not there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtra(name.partition(".")[0], "parity") from error
