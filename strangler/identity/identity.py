"""Who asks, as the monolith vouched for it and the proxy signed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

__all__ = ["ANONYMOUS", "HEADER", "TYPE", "Identity"]

HEADER = "X-Strangler-Identity"
# The token's own type: a token that our key may sign for another purpose is no identity.
TYPE = "strangler-identity+jwt"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified client of the monolith.

    `id` is the monolith's primary key of the user as text, empty for an anonymous client. `username` is empty unless
    the proxy is told to pass it on. `permissions` are Django's, such as `orders.view_order`; a superuser has all of
    them and is told none. `session` is a hash of the session's key, the same for as long as the session lives, and
    empty without one. `data` holds the named values of the session, to be read only. `auth_time` is when the user
    signed in and `expires` when this identity ends, both in seconds since the epoch; `auth_time` is None where it is
    not known. `request_id` is that of the request which the identity belongs to.
    """

    id: str = ""
    username: str = ""
    staff: bool = False
    superuser: bool = False
    groups: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    session: str = ""
    auth_time: int | None = None
    data: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    expires: int = 0
    request_id: str = ""

    @property
    def is_authenticated(self) -> bool:
        """Whether this is a user, and not an anonymous client."""
        return bool(self.id)

    def has_permission(self, name: str) -> bool:
        """Whether the user has the permission, as Django's `has_perm` says it."""
        return self.superuser or name in self.permissions


ANONYMOUS = Identity()
