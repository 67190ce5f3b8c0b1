"""What the monolith says of a client: the user with rights, the session, and named values of the session's data."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest

__all__ = ["AUTH_TIME", "facts", "remember_auth_time"]

AUTH_TIME: Final = "_strangler_auth_time"


def facts(request: HttpRequest, user: Any | None, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """As plain JSON types: `user` (None for an anonymous client), `session`, `auth_time` and `data`.

    `wanted` says which names of the session's data to give, which permissions (globs), and whether the user's name.
    Nothing of the session is changed.
    """
    session = getattr(request, "session", None)
    data: dict[str, Any] = {}
    auth_time = None
    key = ""
    if session is not None:
        # Looked up one by one: the session is loaded by it, and only then is its key known to be that of a live one.
        data = {name: session[name] for name in wanted["session"] if name in session}
        auth_time = session.get(AUTH_TIME)
        key = session.session_key or ""
    return {
        "user": None if user is None else _user(user, wanted),
        # The key itself would let whoever sees it take the session over.
        "session": sha256(b"strangler-session:" + key.encode()).hexdigest()[:32] if key else "",
        "auth_time": auth_time if user is not None and isinstance(auth_time, int) else None,
        "data": {name: _plain(name, value) for name, value in data.items()},
    }


def remember_auth_time(sender: object, request: HttpRequest | None = None, **_: object) -> None:
    """Keep, in the session, when its user signed in: Django itself keeps only the user's last sign-in anywhere."""
    session = getattr(request, "session", None)
    if session is not None:
        session[AUTH_TIME] = int(time.time())


def _user(user: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    superuser = bool(getattr(user, "is_superuser", False))
    permissions: set[str] = set()
    if not superuser and wanted["permissions"] and hasattr(user, "get_all_permissions"):
        permissions = {
            name
            for name in user.get_all_permissions()
            if any(fnmatchcase(name, pattern) for pattern in wanted["permissions"])
        }
    groups = user.groups.values_list("name", flat=True) if hasattr(user, "groups") else ()
    return {
        "id": str(user.pk),
        "username": str(user.get_username()) if wanted["username"] else "",
        "staff": bool(getattr(user, "is_staff", False)),
        "superuser": superuser,
        "groups": sorted(groups),
        "permissions": sorted(permissions),
    }


def _plain(name: str, value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(
            f"The session's {name!r} cannot be passed on, as it is no JSON: take it out of `session` under [identity]"
            f" in strangler.toml ({error})."
        ) from error
