"""Where toggles and their audit are kept."""

from __future__ import annotations

from pathlib import Path

from strangler.errors import ConfigError, Problem
from strangler.toggles import ToggleStore
from strangler_proxy.config.values import Config
from strangler_proxy.store.sqlite import SQLiteToggleStore

__all__ = ["SQLiteToggleStore", "open_store"]


def open_store(config: Config) -> ToggleStore:
    """The store that the configuration names; nothing is opened or created before its first use.

    A relative path in the address starts at the configuration's folder. Raises ConfigError for an address of which
    this version has no store.
    """
    scheme, separator, path = config.store.partition(":///")
    if scheme != "sqlite" or not separator or not path:
        raise ConfigError(
            [
                Problem(
                    file=str(config.path),
                    line=None,
                    key="store.url",
                    wrong=f"{_without_password(config.store)!r} is not a store that this version knows",
                    right='write an SQLite file, such as url = "sqlite:///.strangler/store.db"',
                )
            ]
        )
    return SQLiteToggleStore(config.path.parent / Path(path))


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    account, at, place = rest.rpartition("@")
    return f"{scheme}{separator}{account.partition(':')[0]}{at}{place}"
