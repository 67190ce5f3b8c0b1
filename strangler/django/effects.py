"""What the setting STRANGLER says about copies of requests, and the process's one guard made by it.

All keys are optional.

    RELEASE               the release that every answer tells, unless STRANGLER_RELEASE says another one; without both
                          a digest of the sources of the project's own apps
    MAIL_BACKEND          the backend that `strangler.django.mail.ShadowGuardBackend` wraps, by default Django's SMTP
    SHADOW_ALLOWED_HOSTS  hosts that may be asked by HTTP while a copy is served: "search.internal", with or without a
                          port
    SHADOW_EFFECTS        what becomes of effects, by kind: {"mail": "record", "http": "raise"} is the default
    SHADOW_OBSERVER       the dotted name of a function that is told each effect, or the function
    SHADOW_DRY_RUN        True: a dry run is set up for every view and database; a list of aliases: for these databases.
                          False, the default: for the views that are decorated with `dry_run` alone
    SHADOW_SANDBOX        True: no store of this process is the real one; without it STRANGLER_SANDBOX=1
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.signals import setting_changed
from django.db import connections
from django.dispatch import receiver
from django.utils.module_loading import import_string

from strangler.django.conf import configured
from strangler.shadow import Guard, release_of

__all__ = ["dry_run_databases", "dry_run_everywhere", "guard", "release", "sandbox"]


@cache
def guard() -> Guard:
    """The guard of this process. Raises PolicyError for what is no host or no reaction, ImportError for no observer."""
    found = configured()
    observer: Any = found.get("SHADOW_OBSERVER")
    return Guard(
        allowed_hosts=found.get("SHADOW_ALLOWED_HOSTS", ()),
        reactions=found.get("SHADOW_EFFECTS"),
        observer=import_string(observer) if isinstance(observer, str) else observer,
    )


def dry_run_everywhere() -> bool:
    """Whether a dry run is set up for every view."""
    return bool(configured().get("SHADOW_DRY_RUN"))


def dry_run_databases() -> tuple[str, ...]:
    """The databases in which everything is rolled back: those that are named, else all."""
    named = configured().get("SHADOW_DRY_RUN")
    return tuple(named) if isinstance(named, list | tuple) and named else tuple(connections)


def sandbox() -> bool:
    """Whether no store of this process is the real one."""
    return bool(configured().get("SHADOW_SANDBOX")) or os.environ.get("STRANGLER_SANDBOX") == "1"


def release() -> str:
    """The release that is running. Raises ConfigError for one that no header can hold."""
    own = {settings.ROOT_URLCONF.partition(".")[0]}
    for each in apps.get_app_configs():
        if not {"site-packages", "dist-packages"} & set(Path(each.path).parts):
            own.add(each.name.partition(".")[0])
    return release_of(*own, version=str(configured().get("RELEASE") or ""))


@receiver(setting_changed)
def _forget(*, setting: str, **_: object) -> None:
    """Let tests change the setting: the next `guard()` follows it."""
    if setting == "STRANGLER":
        guard.cache_clear()
