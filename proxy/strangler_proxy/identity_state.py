"""Where a replica keeps the keys that sign identities, and what its workers vouch with."""

from __future__ import annotations

import os
from collections.abc import Mapping

from strangler_proxy.config import Config
from strangler_proxy.identity_keys import SigningKeys
from strangler_proxy.identity_token import TokenWriter
from strangler_proxy.pool import Pool
from strangler_proxy.state import StateDir
from strangler_proxy.vouch_secret import vouch_secret
from strangler_proxy.vouching import Vouching

__all__ = ["signing_keys", "vouching_of", "wants_identity"]


def wants_identity(config: Config) -> bool:
    """Whether any route tells its candidate who asks."""
    return any(route.identity != "none" for route in config.routes)


def signing_keys(config: Config) -> SigningKeys:
    """The keys of this replica. Nothing is read or made before they are used."""
    state = StateDir.of(config)
    settings = config.identity
    return SigningKeys(state.identity_keys, settings.keys_file or state.identity_jwks, rotate=settings.rotate)


def vouching_of(config: Config, monolith: Pool, environment: Mapping[str, str] = os.environ) -> Vouching | None:
    """A worker's Vouching; None where no route wants to know who asks. Raises StranglerError as `vouch_secret` does."""
    if not wants_identity(config):
        return None
    settings = config.identity
    writer = TokenWriter(signing_keys(config), issuer=settings.issuer, lifetime=settings.lifetime)
    private = frozenset(name.encode() for name in config.private_cookies)
    return Vouching(settings, monolith, vouch_secret(config, environment), writer, private)
