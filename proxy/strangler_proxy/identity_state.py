"""Where a replica keeps what identity needs: the secret that the monolith knows, and the keys that sign."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from strangler.errors import StranglerError
from strangler.vouch import SHORTEST_SECRET
from strangler_proxy.config import Config
from strangler_proxy.identity_keys import SigningKeys
from strangler_proxy.identity_token import TokenWriter
from strangler_proxy.pool import Pool
from strangler_proxy.secret import keep_secret
from strangler_proxy.state import StateDir
from strangler_proxy.vouching import Vouching

__all__ = ["VOUCH_VARIABLE", "signing_keys", "vouch_secret", "vouching_of", "wants_identity"]

VOUCH_VARIABLE: Final = "STRANGLER_VOUCH_SECRET"


def wants_identity(config: Config) -> bool:
    """Whether any route tells its candidate who asks."""
    return any(route.identity != "none" for route in config.routes)


def signing_keys(config: Config) -> SigningKeys:
    """The keys of this replica. Nothing is read or made before they are used."""
    state = StateDir.of(config)
    settings = config.identity
    return SigningKeys(state.identity_keys, settings.keys_file or state.identity_jwks, rotate=settings.rotate)


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


def vouching_of(config: Config, monolith: Pool, environment: Mapping[str, str] = os.environ) -> Vouching | None:
    """A worker's Vouching; None where no route wants to know who asks. Raises StranglerError as `vouch_secret` does."""
    if not wants_identity(config):
        return None
    settings = config.identity
    writer = TokenWriter(signing_keys(config), issuer=settings.issuer, lifetime=settings.lifetime)
    private = frozenset(name.encode() for name in config.private_cookies)
    return Vouching(settings, monolith, vouch_secret(config, environment), writer, private)
