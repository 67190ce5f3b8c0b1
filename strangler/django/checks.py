"""System checks: what is wrong with the setting STRANGLER and with what it needs, said at start."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info
from django.core.checks import Warning as Caution
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from strangler.django.cache import ShadowGuardCache
from strangler.django.conf import KEYS, configured, environment, vouch_setting
from strangler.django.effects import guard, release
from strangler.django.mail import ShadowGuardBackend, wrapped_backend
from strangler.django.shadow import ShadowMiddleware
from strangler.errors import ConfigError, PolicyError
from strangler.toggles import Toggles
from strangler.vouch import PATH, SHORTEST_SECRET

__all__ = ["check_setting", "check_shadowing", "check_vouching"]

_NEEDED: Final = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)
_FIRST: Final = f"{ShadowMiddleware.__module__}.{ShadowMiddleware.__name__}"
_MAIL: Final = f"{ShadowGuardBackend.__module__}.{ShadowGuardBackend.__name__}"
_CACHE: Final = f"{ShadowGuardCache.__module__}.{ShadowGuardCache.__name__}"
# These send nothing and keep nothing that another process sees.
_MAILS_NOBODY: Final = frozenset(
    f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy", "locmem")
)
_KEEPS_NOTHING: Final = "django.core.cache.backends.dummy.DummyCache"


def check_setting(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """Everything that is wrong with the setting, or worth a note."""
    found = configured()
    if not isinstance(found, Mapping):
        return [Error("STRANGLER is not a dict.", hint='Write STRANGLER = {"CONTROL_URL": ...}.', id="strangler.E001")]
    messages: list[CheckMessage] = [
        Error(f"STRANGLER has no key {key!r}.", hint=f"It can have: {', '.join(sorted(KEYS))}.", id="strangler.E002")
        for key in sorted(set(found) - KEYS, key=str)
    ]
    messages += _subject_messages(found.get("SUBJECT", ()))
    return messages + _source_messages(environment())


def _subject_messages(sources: Any) -> list[CheckMessage]:
    if isinstance(sources, list | tuple) and all(_is_source(source) for source in sources):
        return []
    hint = 'Write a list such as ["header:X-User"].'
    return [Error(f'STRANGLER["SUBJECT"] cannot be {sources!r}.', hint=hint, id="strangler.E004")]


def _is_source(source: Any) -> bool:
    kind, _, name = source.partition(":") if isinstance(source, str) else ("", "", "")
    return kind in ("header", "cookie") and bool(name)


def _source_messages(environ: Mapping[str, str]) -> list[CheckMessage]:
    try:
        Toggles.from_env(environ)
    except ConfigError as error:
        return [
            Error(f"STRANGLER: {problem.wrong}", hint=problem.right, id="strangler.E003") for problem in error.problems
        ]
    messages: list[CheckMessage] = []
    control, snapshot = environ.get("STRANGLER_CONTROL_URL"), environ.get("STRANGLER_SNAPSHOT")
    if not control and not snapshot:
        messages.append(
            Info(
                "Seams have no source of toggles: every seam stands at `monolith`.",
                hint='For seams, set STRANGLER = {"CONTROL_URL": ...} or {"SNAPSHOT": ...}, or their variables; without'
                " any, write SILENCED_SYSTEM_CHECKS = ['strangler.I001'].",
                id="strangler.I001",
            )
        )
    if control and not environ.get("STRANGLER_TOKEN") and not environ.get("STRANGLER_TOKEN_FILE"):
        messages.append(
            Caution(
                "The control plane will refuse: it has an address but no token.",
                hint="Give TOKEN_FILE, the file control.token in the proxy's state folder, or TOKEN.",
                id="strangler.W001",
            )
        )
    token_file = environ.get("STRANGLER_TOKEN_FILE")
    if control and token_file and not environ.get("STRANGLER_TOKEN") and not os.access(token_file, os.R_OK):
        messages.append(
            Caution(
                f"The control plane will refuse: this process cannot read the token file {token_file}.",
                hint="Give the path of control.token in the proxy's state folder, best an absolute one. Only the user"
                " that the proxy runs as can read it; for another one, give TOKEN.",
                id="strangler.W003",
            )
        )
    cache = environ.get("STRANGLER_CACHE")
    if cache and not os.access(Path(cache).parent, os.W_OK):
        messages.append(
            Caution(
                f"The last snapshot cannot be kept: {Path(cache).parent} is no folder that this process can write.",
                hint="Make it one, or change CACHE.",
                id="strangler.W002",
            )
        )
    return messages


def check_vouching(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """What keeps the proxy from being told who a client is. Nothing where there is no secret: then it may not ask."""
    secret, file = vouch_setting("VOUCH_SECRET"), vouch_setting("VOUCH_SECRET_FILE")
    if not secret and not file:
        return []
    messages: list[CheckMessage] = []
    if secret and len(secret) < SHORTEST_SECRET:
        messages.append(
            Error(
                "VOUCH_SECRET is too short to be a secret: nobody may ask who a client is.",
                hint="Give one such as `openssl rand -hex 32` makes, here and to the proxy as STRANGLER_VOUCH_SECRET.",
                id="strangler.E005",
            )
        )
    if not secret and not os.access(file, os.R_OK):
        messages.append(
            Caution(
                f"Nobody may ask who a client is yet: this process cannot read VOUCH_SECRET_FILE, {file}.",
                hint="The proxy makes it at its first start, `vouch.secret` in its state folder, and only its own user"
                " can read it; for another one, give VOUCH_SECRET.",
                id="strangler.W004",
            )
        )
    return messages + _middleware_messages() + _url_messages()


def _middleware_messages() -> list[CheckMessage]:
    installed = [import_string(name) for name in settings.MIDDLEWARE]
    classes = [each for each in installed if isinstance(each, type)]
    messages: list[CheckMessage] = [
        Error(
            f"The monolith cannot say who a client is: {name} is not among MIDDLEWARE.",
            hint="Add it, or a subclass of it.",
            id="strangler.E006",
        )
        for name in _NEEDED
        if not any(issubclass(each, import_string(name)) for each in classes)
    ]
    if not any(issubclass(each, CsrfViewMiddleware) for each in classes):
        messages.append(
            Caution(
                "CsrfViewMiddleware is not among MIDDLEWARE: what moves to a service is checked all the same.",
                hint="Add it, or mark the views that need no check with csrf_exempt.",
                id="strangler.W005",
            )
        )
    return messages


def _url_messages() -> list[CheckMessage]:
    hint = 'Write path("_strangler/", include("strangler.django.urls")) into the URLconf.'
    try:
        found = reverse("strangler:vouch")
    except NoReverseMatch:
        return [Error("The proxy has nowhere to ask who a client is.", hint=hint, id="strangler.E007")]
    if found == PATH:
        return []
    return [
        Info(
            f"The proxy asks at {PATH} unless it is told otherwise, and is answered at {found}.",
            hint=f'Write path = "{found}" under [identity] in strangler.toml.',
            id="strangler.I002",
        )
    ]


def check_shadowing(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """What lets something come of a copy of a request. Nothing for a monolith that no proxy knows of."""
    found = configured()
    if not isinstance(found, Mapping):
        return []  # check_setting says it
    installed = [import_string(name) for name in settings.MIDDLEWARE]
    places = [at for at, each in enumerate(installed) if isinstance(each, type) and issubclass(each, ShadowMiddleware)]
    if not places:
        told = environment()
        behind = told.get("STRANGLER_CONTROL_URL") or told.get("STRANGLER_SNAPSHOT")
        if not behind and not any(key.startswith("SHADOW_") for key in found):
            return []
        return [
            Caution(
                "A copy of a request is served as if it were a customer's: ShadowMiddleware is not among MIDDLEWARE.",
                hint=f"Put {_FIRST!r} first. Where the proxy sends no copies here, write SILENCED_SYSTEM_CHECKS ="
                " ['strangler.W006'].",
                id="strangler.W006",
            )
        ]
    messages: list[CheckMessage] = []
    if places[0]:
        messages.append(
            Caution(
                "What a copy does in middleware before ShadowMiddleware is kept: it is not the first of MIDDLEWARE.",
                hint=f"Put {_FIRST!r} first.",
                id="strangler.W007",
            )
        )
    return messages + _effect_messages(found) + _mail_messages() + _cache_messages()


def _effect_messages(found: Mapping[str, Any]) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    named = found.get("SHADOW_DRY_RUN") or ()
    aliases = named if isinstance(named, list | tuple) else ()
    if not isinstance(named, bool | list | tuple) or not set(aliases) <= set(settings.DATABASES):
        hint = f"Write True, or a list of some of {', '.join(sorted(settings.DATABASES))}."
        messages.append(Error(f'STRANGLER["SHADOW_DRY_RUN"] cannot be {named!r}.', hint=hint, id="strangler.E008"))
    if isinstance(found.get("SHADOW_ALLOWED_HOSTS", ()), str):
        hint = 'Write a list such as ["search.internal"].'
        messages.append(Error('STRANGLER["SHADOW_ALLOWED_HOSTS"] is no list.', hint=hint, id="strangler.E008"))
        return messages
    try:
        guard()
    except (PolicyError, ImportError, TypeError, ValueError, AttributeError) as error:
        hint = "See what SHADOW_ALLOWED_HOSTS, SHADOW_EFFECTS and SHADOW_OBSERVER can hold in strangler.django.effects."
        messages.append(Error(f"STRANGLER: no guard can be made: {error}", hint=hint, id="strangler.E008"))
    try:
        release()
    except ConfigError as error:
        messages += [
            Error(f"STRANGLER: the release {problem.wrong}", hint=problem.right, id="strangler.E008")
            for problem in error.problems
        ]
    return messages


def _mail_messages() -> list[CheckMessage]:
    name = settings.EMAIL_BACKEND
    try:
        if issubclass(import_string(name), ShadowGuardBackend):
            inner = import_string(wrapped_backend())
            if not issubclass(inner, ShadowGuardBackend):
                return []
            hint = 'Name the backend that sends in STRANGLER["MAIL_BACKEND"].'
            return [Error(f"{_MAIL} would wrap itself.", hint=hint, id="strangler.E009")]
    except ImportError as error:
        hint = 'Correct EMAIL_BACKEND, or STRANGLER["MAIL_BACKEND"].'
        return [Error(f"There is no such mail backend: {error}", hint=hint, id="strangler.E009")]
    if name in _MAILS_NOBODY:
        return []
    return [
        Caution(
            "Mails are sent of copies too: EMAIL_BACKEND is not guarded.",
            hint=f'Write EMAIL_BACKEND = {_MAIL!r} and STRANGLER["MAIL_BACKEND"] = {name!r}.',
            id="strangler.W008",
        )
    ]


def _cache_messages() -> list[CheckMessage]:
    return [
        Info(
            f"What a copy writes to the cache {alias!r} is kept: it is not guarded.",
            hint=f"Write {_CACHE!r} as its BACKEND, and its present one as BACKEND in its OPTIONS.",
            id="strangler.I003",
        )
        for alias, cache in settings.CACHES.items()
        if cache.get("BACKEND") not in (_CACHE, _KEEPS_NOTHING)
    ]
