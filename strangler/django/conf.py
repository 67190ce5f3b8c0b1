"""The setting STRANGLER, and the process's one `Toggles` made by it.

All keys are optional; what is not given comes from the environment (see `Toggles.from_env`).

    CONTROL_URL   address of the control plane, such as "http://127.0.0.1:8081"
    TOKEN         its token; better, as settings are shown on error pages:
    TOKEN_FILE    a file that holds it
    SNAPSHOT      the snapshot file that the proxy writes, for a monolith on the same machine
    CACHE         a file of our own in which the last snapshot survives a restart
    SUBJECT       where a subject comes from before all else: a list of "header:NAME" and "cookie:NAME", as `subject` in
                  strangler.toml
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

from strangler.toggles import Toggles

__all__ = ["KEYS", "configured", "environment", "toggles"]

KEYS: Final = frozenset({"CACHE", "CONTROL_URL", "SNAPSHOT", "SUBJECT", "TOKEN", "TOKEN_FILE"})


def configured() -> Mapping[str, Any]:
    """The setting as it is written; empty without one."""
    return getattr(settings, "STRANGLER", None) or {}


def environment() -> dict[str, str]:
    """What `Toggles.from_env` is given: the environment, with the setting over it."""
    found = {key: value for key, value in os.environ.items() if key.startswith("STRANGLER_")}
    for key in KEYS - {"SUBJECT"}:
        if configured().get(key):
            found[f"STRANGLER_{key}"] = str(configured()[key])
    return found


@cache
def toggles() -> Toggles:
    """The toggles that every seam of this process reads. Nothing is read or started before the first question.

    Raises ConfigError where the address of the control plane is none.
    """
    return Toggles.from_env(environment())


@receiver(setting_changed)
def _forget(*, setting: str, **_: object) -> None:
    """Let tests change the setting: the next `toggles()` follows it."""
    if setting == "STRANGLER" and toggles.cache_info().currsize:
        toggles().close()
        toggles.cache_clear()
