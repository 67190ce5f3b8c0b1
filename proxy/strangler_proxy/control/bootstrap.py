"""The first token, which makes all others: of the state folder, or of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path
from typing import Final

from strangler_proxy.control.roles import Role
from strangler_proxy.control.token import Caller, TokenRefused, digest_of
from strangler_proxy.secret import keep_secret, replace_secret, token_from

__all__ = ["BOOTSTRAP", "Bootstrap"]

BOOTSTRAP: Final = "control.token"


class Bootstrap:
    """The token `secret`, of this replica alone, which may do everything. It is kept in the file `path`; None where it
    comes from the environment."""

    caller: Final = Caller(BOOTSTRAP, Role.APPROVE)

    def __init__(self, secret: str, path: Path | None = None) -> None:
        self._path = path
        self._digest = digest_of(secret)

    @property
    def digest(self) -> str:
        """That of its secret now."""
        return self._digest

    @classmethod
    def of(cls, path: Path, environment: Mapping[str, str] = os.environ) -> Bootstrap:
        """STRANGLER_TOKEN of the environment, else what is in `path`, made there where nothing is. Raises
        StranglerError as `read_secret` and `token_from`."""
        given = token_from(environment)
        return cls(keep_secret(path), path) if given is None else cls(given)

    def shown_by(self, digest: str) -> bool:
        """Whether it is this token whose secret has that digest, in a time that does not tell how nearly."""
        return compare_digest(self._digest, digest)

    def rotate(self) -> str:
        """Put another secret in its place, at once, and give it. Raises TokenRefused for one of the environment,
        StranglerError when the file cannot be written."""
        if self._path is None:
            raise TokenRefused(
                "first_token",
                "This replica was given its token as STRANGLER_TOKEN, and cannot change that.",
                "Change the variable and restart `strangler serve`; for everybody else make tokens that can be rotated:"
                " `strangler token create`.",
            )
        secret = replace_secret(self._path)
        self._digest = digest_of(secret)
        return secret
