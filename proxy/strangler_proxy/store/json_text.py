"""JSON as it is kept in a store's column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["text_of"]


def text_of(value: Mapping[str, Any]) -> str:
    """`value` as JSON in ASCII, which every database takes whatever is in it. Raises TypeError or ValueError for what
    is not plain JSON (NaN is not)."""
    return json.dumps(dict(value), allow_nan=False, separators=(",", ":"))
