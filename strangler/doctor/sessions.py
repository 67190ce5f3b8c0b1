"""Sessions and keys: what a second process that sees the session must have in common with the monolith."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from strangler.doctor.facts import MonolithFacts
from strangler.doctor.finding import Finding, Severity
from strangler.doctor.proxy_facts import ProxyFacts

__all__ = ["sessions"]

_IN_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
_LOGS_OUT = (
    "Each takes the other's session for none or for a corrupted one; the next to save or to flush it logs the customer"
    " out of both."
)


def sessions(
    monolith: MonolithFacts, proxy: ProxyFacts | None, services: Mapping[str, MonolithFacts]
) -> Iterator[Finding]:
    """What is to be said of SESSION_ENGINE, SECRET_KEY and their kin; `services` are other Django processes by name."""
    if monolith.cache_of_sessions == _IN_MEMORY:
        yield Finding(
            "D121",
            Severity.WRONG,
            "SESSION_ENGINE",
            f"is {monolith.session_engine!r} over LocMemCache",
            "Each worker of the monolith has sessions of its own. The proxy's connections are shared among customers,"
            " so that no customer keeps a worker: they are logged in and out by turns.",
            'SESSION_ENGINE = "django.contrib.sessions.backends.db"',
            monolith.where("SESSION_ENGINE"),
        )
    for name, service in services.items():
        yield from _between(monolith, name, service)
    if proxy is None:
        return
    for name in proxy.trusted:
        if name not in services:
            yield Finding(
                "D129",
                Severity.NOTE,
                f"upstreams.{name}.trusted",
                f"is true, and nothing is known of {name!r}",
                "It sees and may write the monolith's session: key, engine, serializer and user model have to be the"
                " same. If it is a Django project of its own, let it tell its facts too.",
                f"strangler doctor --facts facts.json --service {name}={name}-facts.json",
                proxy.file,
            )


def _between(monolith: MonolithFacts, name: str, service: MonolithFacts) -> Iterator[Finding]:
    keys, theirs = {monolith.secret_key, *monolith.fallbacks}, {service.secret_key, *service.fallbacks}
    if monolith.secret_key not in theirs or service.secret_key not in keys:
        one = "knows the other's only by half" if keys & theirs else "has another key than the monolith"
        yield Finding(
            "D122",
            Severity.WRONG,
            "SECRET_KEY",
            f"of {name!r}: it {one}",
            f"Sessions, messages and password links are signed with it. {_LOGS_OUT}",
            "SECRET_KEY = ...        # the same in both; while it is replaced, the other's in SECRET_KEY_FALLBACKS",
            service.where("SECRET_KEY"),
        )
    pairs = (
        ("D123", "SESSION_ENGINE", monolith.session_engine, service.session_engine),
        ("D124", "SESSION_SERIALIZER", monolith.session_serializer, service.session_serializer),
        ("D125", "SESSION_COOKIE_NAME", monolith.session_cookie.name, service.session_cookie.name),
        ("D126", "SESSION_COOKIE_DOMAIN", monolith.session_cookie.domain, service.session_cookie.domain),
        ("D127", "SESSION_COOKIE_PATH", monolith.session_cookie.path, service.session_cookie.path),
        ("D128", "AUTH_USER_MODEL", monolith.user_model, service.user_model),
    )
    for code, setting, ours, other in pairs:
        if ours != other:
            yield Finding(
                code,
                Severity.WRONG,
                setting,
                f"of {name!r} is {other or None!r}, the monolith's is {ours or None!r}",
                _LOGS_OUT,
                f"{setting} = {ours or None!r}",
                service.where(setting),
            )
