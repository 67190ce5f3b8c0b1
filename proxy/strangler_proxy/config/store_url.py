"""The address of a store: an SQLite file, or a PostgreSQL database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import PlainValidator

from strangler_proxy.config.forms import refusal, shown

__all__ = ["StoreUrl", "absolute", "is_postgres", "without_password"]

_SQLITE: Final = "sqlite:///"
_POSTGRES: Final = re.compile(r"postgres(?:ql)?://[^\s]+")
_RIGHT: Final = (
    'write "sqlite:///PATH" (from this file\'s folder), "sqlite:////ABSOLUTE/PATH" or'
    ' "postgresql://USER:${PASSWORD}@HOST/DATABASE"'
)


def is_postgres(url: str) -> bool:
    """Whether it is the address of a PostgreSQL database."""
    return url.startswith(("postgresql://", "postgres://"))


def without_password(url: str) -> str:
    """The address as it may be shown: scheme, user, host and name, and nothing of what else stands in it."""
    if url.startswith("sqlite:"):
        return url
    scheme, separator, rest = url.partition("://")
    account, at, place = rest.partition("?")[0].rpartition("@")
    return f"{scheme}{separator}{account.partition(':')[0]}{at}{place}"


def absolute(url: str | None, folder: Path, default: Path) -> str:
    """The address so that it means the same in every process; a relative path starts at `folder`."""
    if url is None:
        return f"{_SQLITE}{default}"
    return url if is_postgres(url) else f"{_SQLITE}{folder / url.removeprefix(_SQLITE)}"


def _store_url(value: Any) -> str:
    if not isinstance(value, str):
        raise refusal(f"is {shown(value)}, not a store", _RIGHT)
    if value.startswith(_SQLITE) and value.removeprefix(_SQLITE).strip("/"):
        return value
    if _POSTGRES.fullmatch(value):
        try:
            url = urlsplit(value)
            whole = bool(url.netloc.rpartition("@")[2] or "host=" in url.query) and bool(url.path.strip("/"))
        except ValueError:
            whole = False
        if whole:
            return value
        wrong = f"is {shown(without_password(value))}, which names no host or no database"
        right = 'write "postgresql://USER:${PASSWORD}@HOST/DATABASE"; in a password, each of @ : / ? # % & as %XX'
        raise refusal(wrong, right)
    raise refusal(f"is {shown(without_password(value))}, not a store", _RIGHT)


StoreUrl = Annotated[str, PlainValidator(_store_url)]
