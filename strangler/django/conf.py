"""The setting STRANGLER, and the process's one `Toggles` made by it.

All keys are optional; what is not given comes from the environment (see `Toggles.from_env`).

    CONTROL_URL   address of the control plane, such as "http://127.0.0.1:8081"
    TOKEN         its token; better, as settings are shown on error pages:
    TOKEN_FILE    a file that holds it
    SNAPSHOT      the snapshot file that the proxy writes, for a monolith on the same machine
    CACHE         a file of our own in which the last snapshot survives a restart
    SUBJECT       where a subject comes from before all else: a list of "header:NAME" and "cookie:NAME", as `subject` in
                  strangler.toml
    VOUCH_SECRET  what the proxy and this monolith know, so that it may ask who a client is (docs/reference/identity.md)
    VOUCH_SECRET_FILE   better: a file that holds it, `vouch.secret` in the proxy's state folder
    CALLERS       a folder in which is counted who reaches this monolith (docs/reference/doctor.md)
    OBSERVED      a folder in which is kept what views do with tables (docs/reference/inventory.md)

MAIL_BACKEND, RELEASE and the keys that begin with SHADOW_ are about copies of requests: see `strangler.django.effects`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

from strangler.toggles import Toggles
from strangler.vouch import SHORTEST_SECRET

__all__ = ["KEYS", "configured", "environment", "toggles", "vouch_secret", "vouch_setting"]

_OF_TOGGLES: Final = frozenset({"CACHE", "CONTROL_URL", "SNAPSHOT", "TOKEN", "TOKEN_FILE"})
_OF_COPIES: Final = frozenset(
    {
        "MAIL_BACKEND",
        "RELEASE",
        "SHADOW_ALLOWED_HOSTS",
        "SHADOW_DRY_RUN",
        "SHADOW_EFFECTS",
        "SHADOW_OBSERVER",
        "SHADOW_SANDBOX",
    }
)
KEYS: Final = _OF_TOGGLES | _OF_COPIES | {"CALLERS", "OBSERVED", "SUBJECT", "VOUCH_SECRET", "VOUCH_SECRET_FILE"}


def configured() -> Mapping[str, Any]:
    """The setting as it is written; empty without one."""
    return getattr(settings, "STRANGLER", None) or {}


def environment() -> dict[str, str]:
    """What `Toggles.from_env` is given: the environment, with the setting over it."""
    found = {key: value for key, value in os.environ.items() if key.startswith("STRANGLER_")}
    for key in _OF_TOGGLES:
        if configured().get(key):
            found[f"STRANGLER_{key}"] = str(configured()[key])
    return found


@cache
def toggles() -> Toggles:
    """The toggles that every seam of this process reads. Nothing is read or started before the first question.

    Raises ConfigError where the address of the control plane is none.
    """
    return Toggles.from_env(environment())


def vouch_setting(key: str) -> str:
    """VOUCH_SECRET or VOUCH_SECRET_FILE as the setting or, without it there, the environment says; empty for none."""
    return str(configured().get(key) or os.environ.get(f"STRANGLER_{key}", "")).strip()


def vouch_secret() -> str:
    """The secret by which the proxy is known; empty where there is none, or none that is long enough.

    A file is read each time, since the proxy makes it at its first start and may make a new one.
    """
    secret = vouch_setting("VOUCH_SECRET")
    if not secret and (file := vouch_setting("VOUCH_SECRET_FILE")):
        try:
            secret = Path(file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""
    return secret if len(secret) >= SHORTEST_SECRET else ""


@receiver(setting_changed)
def _forget(*, setting: str, **_: object) -> None:
    """Let tests change the setting: the next `toggles()` follows it."""
    if setting == "STRANGLER" and toggles.cache_info().currsize:
        toggles().close()
        toggles.cache_clear()
