"""What the doctor knows of a monolith: its settings as they are in force, and where they are written.

No secret is among them: of keys there are fingerprints, by which equal ones are told from others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from strangler.errors import ConfigError, Problem
from strangler.inventory.document import FormError, from_document, to_document

__all__ = [
    "FORMAT",
    "VERSION",
    "CookieFacts",
    "MonolithFacts",
    "ServerFacts",
    "parse_facts",
    "read_facts",
    "text_of",
    "write_facts",
]

FORMAT: Final = "strangler.facts"
VERSION: Final = 1
"""A reader refuses a later one, and passes over members that it does not know."""

_INSTALLED: Final = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True)
class CookieFacts:
    """A cookie that Django sets. `domain` is empty for the host alone, `samesite` as Django has it, empty for none."""

    name: str
    domain: str = ""
    path: str = "/"
    secure: bool = False
    samesite: str = "Lax"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What gunicorn was told by its file and by GUNICORN_CMD_ARGS. `source` is where, empty where neither was found.

    `keepalive` is in seconds.
    """

    source: str = ""
    preload: bool = False
    keepalive: float = 2.0


@dataclass(frozen=True, slots=True)
class MonolithFacts:
    """A monolith's settings, as `manage.py strangler_doctor --facts` found them `at` (ISO 8601 in UTC).

    `lines` says by setting where it is written (`shop/settings.py:44`), as far as that can be seen; `settings` is the
    file of the settings. `secret_key` and `fallbacks` are fingerprints, and so is `vouch_secret`, empty without one.
    `middleware` says by what a middleware does (`sessions`, `csrf`, …) at which place of MIDDLEWARE it stands.
    `cache_of_sessions` is the backend of the cache in which sessions are, empty where they are in none.
    `urls` are the URLconf's paths as templates of the proxy, `prefixed` those that stand behind a language, without
    it; `admin` are the paths of admin sites, and `urlconf` is the file of ROOT_URLCONF. `vouch_path` is where the proxy
    can ask who a client is, empty for nowhere, `seen_path` where it can ask what Django sees of a request, and `login`
    the path of LOGIN_URL.
    """

    settings: str
    at: str = ""
    django: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)
    debug: bool = False
    allowed_hosts: tuple[str, ...] = ()
    trusted_origins: tuple[str, ...] = ()
    ssl_header: tuple[str, ...] = ()
    ssl_redirect: bool = False
    forwarded_host: bool = False
    forwarded_port: bool = False
    secret_key: str = ""
    fallbacks: tuple[str, ...] = ()
    session_engine: str = "django.contrib.sessions.backends.db"
    session_serializer: str = "django.contrib.sessions.serializers.JSONSerializer"
    session_cookie: CookieFacts = CookieFacts("sessionid")
    csrf_cookie: CookieFacts = CookieFacts("csrftoken")
    csrf_in_session: bool = False
    language_cookie: str = "django_language"
    cache_of_sessions: str = ""
    user_model: str = "auth.User"
    messages: str = ""
    append_slash: bool = True
    middleware: Mapping[str, int] = field(default_factory=dict)
    upload_memory: int | None = 2_621_440
    languages: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    prefixed: tuple[str, ...] = ()
    admin: tuple[str, ...] = ()
    urlconf: str = ""
    login: str = ""
    vouch_path: str = ""
    seen_path: str = ""
    vouch_secret: str = ""
    counts_callers: bool = False
    server: ServerFacts = ServerFacts()

    def where(self, setting: str) -> str:
        """Where a setting is to be written: where it is, unless that is a package that was installed."""
        line = self.lines.get(setting, "")
        if any(part in line for part in _INSTALLED):
            return f"{self.settings} (it comes from {line})"
        return line or self.settings

    @property
    def where_urls(self) -> str:
        """Where a URL is to be written: the URLconf, or one of the project's own around one that was installed."""
        if any(part in self.urlconf for part in _INSTALLED):
            return f"a URLconf of your own, named in ROOT_URLCONF, that includes {self.urlconf}"
        return self.urlconf or "the URLconf"

    def has(self, middleware: str) -> bool:
        """Whether there is a middleware that does this."""
        return middleware in self.middleware


def parse_facts(text: str, source: str) -> MonolithFacts:
    """The facts in a text; `source` names it. Raises ConfigError, with where it is wrong and what to do."""
    right = "make them anew in the monolith: python manage.py strangler_doctor --facts facts.json"
    try:
        document = json.loads(text)
        if not isinstance(document, Mapping) or document.get("format") != FORMAT:
            raise FormError("", "holds no facts of a monolith")
        if document.get("version") != VERSION:
            raise FormError("version", f"is {document.get('version')!r}, and this Strangler reads {VERSION}")
        return from_document(MonolithFacts, document)
    except (json.JSONDecodeError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise ConfigError([Problem(source, line, "", "is not JSON", right)]) from error
    except FormError as error:
        raise ConfigError([Problem(source, None, error.key, error.wrong, right)]) from error


def read_facts(path: Path) -> MonolithFacts:
    """The facts in a file. Raises ConfigError, with where it is wrong and what to do."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        right = "make it in the monolith: python manage.py strangler_doctor --facts facts.json"
        raise ConfigError([Problem(str(path), None, "", f"cannot be read: {why}", right)]) from error
    return parse_facts(text, str(path))


def write_facts(path: Path, facts: MonolithFacts) -> None:
    """Keep facts in a file, whole or not at all. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text_of(facts), encoding="utf-8")
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def text_of(facts: MonolithFacts) -> str:
    """What a file of facts holds."""
    return json.dumps({"format": FORMAT, "version": VERSION, **to_document(facts)}, ensure_ascii=False, indent=1) + "\n"
