"""What holds for the whole monolith: versions, languages, slashes, databases."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Database", "Site"]


@dataclass(frozen=True, slots=True)
class Database:
    """A database by its alias. `vendor` is Django's word (`postgresql`, `sqlite`, …)."""

    alias: str
    vendor: str = ""
    atomic_requests: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """The project, when it was looked at (`at`, ISO 8601 in UTC), and the settings that decide which URLs there are.

    `languages` are the codes of LANGUAGES, `default_language` is LANGUAGE_CODE. `language_prefixes` are the prefixes of
    `i18n_patterns`, empty where there are none: `("", "/de")`. `locale_middleware` says that LocaleMiddleware redirects
    a path that nothing answers to the same with a prefix. `folder` is the project's folder as it was, absolute.
    """

    project: str
    root_urlconf: str
    at: str = ""
    django: str = ""
    python: str = ""
    strangler: str = ""
    folder: str = ""
    append_slash: bool = True
    languages: tuple[str, ...] = ()
    default_language: str = ""
    language_prefixes: tuple[str, ...] = ()
    locale_middleware: bool = False
    middleware: tuple[str, ...] = ()
    databases: tuple[Database, ...] = ()
