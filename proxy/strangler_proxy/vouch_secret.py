"""The secret that a replica shares with the monolith: each knows the other by it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from strangler.errors import StranglerError
from strangler.vouch import SHORTEST_SECRET
from strangler_proxy.config import Config
from strangler_proxy.secret import keep_secret
from strangler_proxy.state import StateDir

__all__ = ["VOUCH_VARIABLE", "vouch_secret"]

VOUCH_VARIABLE: Final = "STRANGLER_VOUCH_SECRET"


def vouch_secret(config: Config, environment: Mapping[str, str] = os.environ) -> str:
    """What the monolith knows the proxy by: STRANGLER_VOUCH_SECRET, else the state folder's own, made if there is none.

    Raises StranglerError for one that cannot be read, or that is no secret.
    """
    given = environment.get(VOUCH_VARIABLE, "").strip()
    if not given:
        return keep_secret(StateDir.of(config).vouch_secret)
    if len(given) < SHORTEST_SECRET or not given.isascii() or not given.isprintable():
        raise StranglerError(
            f"{VOUCH_VARIABLE} is no usable secret: it should be one word of at least {SHORTEST_SECRET} letters and"
            " digits, such as `openssl rand -hex 32` gives. The monolith needs the same one."
        )
    return given
