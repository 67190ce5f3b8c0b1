"""The files that pages fetch: style and scripts, out of the wheel, under addresses that change with their content."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from strangler_proxy.page.page import Page

__all__ = ["Asset", "asset_url", "assets", "routes"]

_MEDIA: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file: its content, the same packed by gzip, and a digest that is part of its address."""

    content: bytes
    packed: bytes
    media_type: str
    digest: str


@cache
def assets() -> dict[str, Asset]:
    """All files by name, read once."""
    found: dict[str, Asset] = {}
    for file in files("strangler_proxy.page").joinpath("assets").iterdir():
        media_type = _MEDIA.get(f".{file.name.rpartition('.')[2]}")
        if media_type is not None:
            content = file.read_bytes()
            digest = sha256(content).hexdigest()[:16]
            found[file.name] = Asset(content, gzip.compress(content, mtime=0), media_type, digest)
    return found


def asset_url(name: str) -> str:
    """Where the file is served. Raises KeyError where there is none of that name."""
    return f"/room/assets/{assets()[name].digest}/{name}"


def routes() -> list[Page]:
    """Where files are served."""
    return [Page("/room/assets/{digest}/{name}", asset, least=None)]


async def asset(request: Request) -> Response:
    """One file. Asked for by another digest, as by the page of a replica that has another version, it is given as it is
    here, and not to be kept."""
    found = assets().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        "Content-Type": found.media_type,
        "Cache-Control": _FOR_EVER if request.path_params["digest"] == found.digest else "no-store",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        **({"Content-Encoding": "gzip"} if packed else {}),
    }
    return Response(found.packed if packed else found.content, headers=headers)
