"""Whether a middleware of Django, or one made of it, is installed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

__all__ = ["has_middleware"]


def has_middleware(kind: type[Any]) -> bool:
    """Whether MIDDLEWARE names `kind` or a class made of it. One that cannot be imported is neither."""
    return any(_is(name, kind) for name in settings.MIDDLEWARE)


def _is(name: str, kind: type[Any]) -> bool:
    try:
        found = import_string(name)
    except ImportError:
        return False
    return isinstance(found, type) and issubclass(found, kind)
