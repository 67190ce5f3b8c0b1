"""This monolith's facts for the doctor: settings as they are in force, the URLconf, and the server's own."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings
from django.core.cache import InvalidCacheBackendError, caches
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from strangler.django.callers import CallersMiddleware, callers_folder
from strangler.django.conf import vouch_secret
from strangler.django.gunicorn_facts import gunicorn_facts
from strangler.django.inventory.url_forms import forms_of
from strangler.django.inventory.urlconf import walk
from strangler.django.setting_lines import setting_lines, settings_file, shown
from strangler.doctor import CookieFacts, MonolithFacts
from strangler.doctor.fingerprint import fingerprint

__all__ = ["monolith_facts"]

# What a middleware does, by the class of Django's that it is or inherits.
_KINDS: Final = {
    "auth": "django.contrib.auth.middleware.AuthenticationMiddleware",
    "callers": f"{CallersMiddleware.__module__}.{CallersMiddleware.__name__}",
    "common": "django.middleware.common.CommonMiddleware",
    "conditional": "django.middleware.http.ConditionalGetMiddleware",
    "csrf": "django.middleware.csrf.CsrfViewMiddleware",
    "gzip": "django.middleware.gzip.GZipMiddleware",
    "locale": "django.middleware.locale.LocaleMiddleware",
    "messages": "django.contrib.messages.middleware.MessageMiddleware",
    "security": "django.middleware.security.SecurityMiddleware",
    "sessions": "django.contrib.sessions.middleware.SessionMiddleware",
}


def monolith_facts() -> MonolithFacts:
    """The facts, without a secret among them. Raises UrlconfError, or ImportError for a middleware."""
    middleware = _middleware()
    urls, prefixed, admin = _urls()
    return MonolithFacts(
        settings=settings_file(),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        django=django.get_version(),
        lines=setting_lines(),
        debug=bool(settings.DEBUG),
        allowed_hosts=tuple(map(str, settings.ALLOWED_HOSTS)),
        trusted_origins=tuple(map(str, settings.CSRF_TRUSTED_ORIGINS)),
        ssl_header=tuple(map(str, settings.SECURE_PROXY_SSL_HEADER or ())),
        ssl_redirect=bool(settings.SECURE_SSL_REDIRECT) and "security" in middleware,
        forwarded_host=bool(settings.USE_X_FORWARDED_HOST),
        forwarded_port=bool(settings.USE_X_FORWARDED_PORT),
        secret_key=fingerprint(str(settings.SECRET_KEY)),
        fallbacks=tuple(fingerprint(str(key)) for key in settings.SECRET_KEY_FALLBACKS),
        session_engine=str(settings.SESSION_ENGINE),
        session_serializer=str(settings.SESSION_SERIALIZER),
        session_cookie=_cookie("SESSION"),
        csrf_cookie=_cookie("CSRF"),
        csrf_in_session=bool(settings.CSRF_USE_SESSIONS),
        language_cookie=str(settings.LANGUAGE_COOKIE_NAME),
        cache_of_sessions=_cache_of_sessions(),
        user_model=str(settings.AUTH_USER_MODEL),
        messages=str(getattr(settings, "MESSAGE_STORAGE", "")),
        append_slash=bool(settings.APPEND_SLASH),
        middleware=middleware,
        upload_memory=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        languages=tuple(code for code, _ in settings.LANGUAGES) if settings.USE_I18N else (),
        urls=urls,
        prefixed=prefixed,
        admin=admin,
        urlconf=shown(str(import_module(settings.ROOT_URLCONF).__file__ or "")),
        login=_login(),
        vouch_path=_path("strangler:vouch"),
        seen_path=_path("strangler:seen"),
        vouch_secret=fingerprint(vouch_secret()),
        counts_callers="callers" in middleware and callers_folder() is not None,
        server=gunicorn_facts(os.environ, _folders()),
    )


def _middleware() -> dict[str, int]:
    # By names, as Django's own need the models of their apps to be imported.
    kinds = {name: kind for kind, name in _KINDS.items()}
    found: dict[str, int] = {}
    for at, name in enumerate(settings.MIDDLEWARE):
        for base in getattr(import_string(name), "__mro__", ()):
            kind = kinds.get(f"{base.__module__}.{base.__qualname__}")
            if kind is not None:
                found.setdefault(kind, at)
    return found


def _urls() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The templates of all URLs: those without a language, those behind one, and the paths of admin sites."""
    plain: dict[str, None] = {}
    prefixed: dict[str, None] = {}
    admin: list[str] = []
    for leaf in walk():
        if leaf.admin_site is not None:
            admin += [f"/{form.route}" for form in forms_of(leaf.branch.patterns, subtree=True)]
            continue
        for form in forms_of((*leaf.branch.patterns, leaf.pattern)):
            if "" in form.prefixes:
                plain.update(dict.fromkeys(form.templates))
            if set(form.prefixes) != {""}:
                prefixed.update(dict.fromkeys(form.templates))
    return tuple(plain), tuple(prefixed), tuple(admin)


def _cookie(kind: str) -> CookieFacts:
    def told(name: str) -> Any:
        return getattr(settings, f"{kind}_COOKIE_{name}")

    return CookieFacts(
        name=str(told("NAME")),
        domain=str(told("DOMAIN") or ""),
        path=str(told("PATH")),
        secure=bool(told("SECURE")),
        samesite=str(told("SAMESITE") or ""),
    )


def _cache_of_sessions() -> str:
    if "cache" not in settings.SESSION_ENGINE.rpartition(".")[2]:
        return ""
    try:
        backend = type(caches[settings.SESSION_CACHE_ALIAS])
    except (InvalidCacheBackendError, ImportError):
        return ""
    return f"{backend.__module__}.{backend.__qualname__}"


def _login() -> str:
    try:
        return str(resolve_url(settings.LOGIN_URL))
    except NoReverseMatch:
        return ""


def _path(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _folders() -> tuple[Path, ...]:
    """Where gunicorn's file may be: where this was started, and beside the settings."""
    beside = Path(settings_file()).parent
    return tuple(dict.fromkeys((Path.cwd(), beside, beside.parent)))
