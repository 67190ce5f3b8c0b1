"""Where toggles with their audit are kept, and where evidence is."""

from __future__ import annotations

from pathlib import Path

from strangler.errors import ConfigError, Problem
from strangler.evidence import EvidenceStore
from strangler.toggles import ToggleStore
from strangler_proxy.config.values import Config
from strangler_proxy.store.evidence_sqlite import SQLiteEvidenceStore
from strangler_proxy.store.sqlite import SQLiteToggleStore

__all__ = ["SQLiteEvidenceStore", "SQLiteToggleStore", "open_evidence", "open_store"]

_EVIDENCE = "evidence.db"


def open_store(config: Config) -> ToggleStore:
    """The toggles' store that the configuration names; nothing is opened or created before its first use.

    A relative path in the address starts at the configuration's folder. Raises ConfigError for an address of which
    this version has no store.
    """
    return SQLiteToggleStore(_file(config, config.store, "store.url", "sqlite:///.strangler/store.db"))


def open_evidence(config: Config) -> EvidenceStore:
    """The evidence store that the configuration names, by default a file in the state folder; as `open_store`."""
    settings = config.evidence
    url = settings.url or f"sqlite:///{config.state_dir / _EVIDENCE}"
    return SQLiteEvidenceStore(_file(config, url, "evidence.url", "sqlite:///evidence.db"), samples=settings.samples)


def _file(config: Config, url: str, key: str, example: str) -> Path:
    scheme, separator, path = url.partition(":///")
    if scheme != "sqlite" or not separator or not path:
        raise ConfigError(
            [
                Problem(
                    file=str(config.path),
                    line=None,
                    key=key,
                    wrong=f"{_without_password(url)!r} is not a store that this version knows",
                    right=f'write an SQLite file, such as url = "{example}"',
                )
            ]
        )
    return config.path.parent / Path(path)


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    account, at, place = rest.rpartition("@")
    return f"{scheme}{separator}{account.partition(':')[0]}{at}{place}"
