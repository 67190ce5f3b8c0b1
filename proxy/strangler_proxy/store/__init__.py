"""Where toggles and documents with their audit are kept, and where evidence is."""

from __future__ import annotations

from pathlib import Path

from strangler.documents import DocumentStore
from strangler.errors import ConfigError, MissingExtra, Problem
from strangler.evidence import EvidenceStore
from strangler.toggles import ToggleStore
from strangler_proxy.config.store_url import is_postgres, without_password
from strangler_proxy.config.values import Config
from strangler_proxy.store.documents_sqlite import SQLiteDocumentStore
from strangler_proxy.store.evidence_sqlite import SQLiteEvidenceStore
from strangler_proxy.store.sqlite import SQLiteToggleStore

__all__ = [
    "SQLiteDocumentStore",
    "SQLiteEvidenceStore",
    "SQLiteToggleStore",
    "open_documents",
    "open_evidence",
    "open_store",
]

_EVIDENCE = "evidence.db"


def open_store(config: Config) -> ToggleStore:
    """The toggles' store that the configuration names; nothing is opened or created before its first use.

    A relative path in the address starts at the configuration's folder. Raises ConfigError for an address of which
    this version has no store, MissingExtra for a database without its driver.
    """
    if is_postgres(config.store):
        _need_driver()
        from strangler_proxy.store.postgres import PostgresToggleStore

        return PostgresToggleStore(config.store)
    return SQLiteToggleStore(_file(config, config.store, "store.url", "sqlite:///.strangler/store.db"))


def open_documents(config: Config) -> DocumentStore:
    """The documents' store, which is where the toggles are; as `open_store`."""
    if is_postgres(config.store):
        _need_driver()
        from strangler_proxy.store.documents_postgres import PostgresDocumentStore

        return PostgresDocumentStore(config.store)
    return SQLiteDocumentStore(_file(config, config.store, "store.url", "sqlite:///.strangler/store.db"))


def open_evidence(config: Config) -> EvidenceStore:
    """The evidence store that the configuration names: by default the toggles' database, or else a file in the state
    folder; as `open_store`."""
    settings = config.evidence
    default = config.store if is_postgres(config.store) else f"sqlite:///{config.state_dir / _EVIDENCE}"
    url = settings.url or default
    if is_postgres(url):
        _need_driver()
        from strangler_proxy.store.evidence_postgres import PostgresEvidenceStore

        key = "[store] url" if url == config.store else "[evidence] url"
        return PostgresEvidenceStore(url, samples=settings.samples, key=key)
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
                    wrong=f"{without_password(url)!r} is not a store that this version knows",
                    right=f'write an SQLite file, such as url = "{example}", or a database: "postgresql://USER@HOST/DATABASE"',
                )
            ]
        )
    return config.path.parent / Path(path)


def _need_driver() -> None:
    try:
        import psycopg  # noqa: F401 - asked for by nobody who keeps everything in files
    except ImportError as error:
        raise MissingExtra("psycopg", "postgres") from error
