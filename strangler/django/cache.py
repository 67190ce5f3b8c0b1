"""The cache backend whose writes do nothing while a copy of a request is served.

    CACHES = {"default": {
        "BACKEND": "strangler.django.cache.ShadowGuardCache",
        "LOCATION": "shop",                                             # and all else as ever, for the wrapped backend
        "OPTIONS": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    }}

Sessions in the cache, counts of throttles and locks are kept from copies by it. What a copy writes it does not read
again. Methods that the wrapped backend has beyond Django's own are not guarded.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from strangler.django.effects import guard
from strangler.shadow import current_shadow

__all__ = ["ShadowGuardCache"]

_NAME: Final = "strangler.django.cache.ShadowGuardCache"


class _Guarded(BaseCache):
    """The methods that write, before those of the wrapped backend. In a sandbox they write."""

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        if _written():
            return super().add(key, value, timeout, version)
        return not self.has_key(key, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        if _written():
            super().set(key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(super().touch(key, timeout, version) if _written() else self.has_key(key, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(super().delete(key, version) if _written() else self.has_key(key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        if _written():
            return super().incr(key, delta, version)
        found = self.get(key, None, version)
        if found is None:
            raise ValueError(f"Key {key!r} not found")
        return int(found) + delta

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        return super().set_many(dict(data), timeout, version) if _written() else []

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        if _written():
            super().delete_many(keys, version)

    def clear(self) -> None:
        if _written():
            super().clear()


class ShadowGuardCache:
    """Makes the backend that OPTIONS["BACKEND"] names, guarded. Raises ImproperlyConfigured where none is named."""

    def __new__(cls, location: str, params: Mapping[str, Any]) -> Any:
        """The guarded backend: an instance of its class, so that `isinstance` and what is its own hold."""
        options = {**params.get("OPTIONS", {})}
        name = options.pop("BACKEND", "")
        if not name or name == _NAME:
            raise ImproperlyConfigured(
                f'{_NAME} has nothing to guard: name the backend that stores in OPTIONS["BACKEND"] of this cache.'
            )
        return _guarded(import_string(name))(location, {**params, "OPTIONS": options})


@cache
def _guarded(backend: type[BaseCache]) -> Any:
    return type(f"ShadowGuarded{backend.__name__}", (_Guarded, backend), {})


def _written() -> bool:
    """Whether what a copy writes here is written; if not it is counted."""
    strategy = current_shadow()
    if strategy is None or strategy.keeps:
        return True
    guard().count("cache")
    return False
