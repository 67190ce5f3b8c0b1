"""`inventory.json` on disk."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Final

from strangler.errors import ConfigError, Problem
from strangler.inventory.document import FormError, from_document, to_document
from strangler.inventory.inventory import VERSION, Inventory

__all__ = ["read_inventory", "write_inventory"]

_FORMAT: Final = "strangler.inventory"
_AGAIN: Final = "Make it anew in the monolith: python manage.py strangler_inventory -o inventory.json"


def read_inventory(path: Path) -> Inventory:
    """The inventory in a file. Raises ConfigError, with where it is wrong and what to do."""

    def refused(wrong: str, right: str = _AGAIN, *, key: str = "", line: int | None = None) -> ConfigError:
        return ConfigError([Problem(str(path), line, key, wrong, right)])

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise refused(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise refused("is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise refused(f"is not JSON: {error.msg}", line=error.lineno) from error
    except RecursionError as error:
        raise refused("is not an inventory: it is nested too deeply") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise refused("is not an inventory")
    version = document.get("version")
    if version != VERSION:
        raise refused(
            f"is of version {version!r} of the format, and this Strangler reads version {VERSION}",
            "Take the same Strangler here and in the monolith, and make it anew there.",
            key="version",
        )
    try:
        inventory = from_document(Inventory, document)
    except FormError as error:
        raise refused(error.wrong, key=error.key) from error
    for number, view in enumerate(inventory.views):
        if not view.forms:
            raise refused("is empty", key=f"views[{number}].forms")
        for place, form in enumerate(view.forms):
            try:
                re.compile(form.regex)
            except (re.error, RecursionError, OverflowError) as error:
                key = f"views[{number}].forms[{place}].regex"
                raise refused(f"is no regular expression: {error}", key=key) from error
    return inventory


def write_inventory(path: Path, inventory: Inventory) -> None:
    """Keep an inventory in a file, whole or not at all. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    document = {"format": _FORMAT, "version": VERSION, **to_document(inventory)}
    try:
        beside.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
