"""The catalogue service as the demo runs it: `python -m demo.releases serve`, in releases that a file puts out.

The file that DEMO_RELEASE names holds a word. Without it the service is as it is. With it each answer says that it is
of a release of that name, as after a deployment without a pause; and with `planted` prices are wrong by some cents, a
bug of a kind that real extractions have.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from extracted.catalog import __main__ as catalog
from extracted.catalog.app import create_app
from extracted.catalog.service import Service
from strangler.shadow import RELEASE_HEADER

__all__ = ["DEMO_RELEASE", "PLANTED", "Releases", "main"]

DEMO_RELEASE: Final = "DEMO_RELEASE"
PLANTED: Final = "planted"

_HEADER: Final = RELEASE_HEADER.lower().encode()
# Of the same length as the right one, so that the rest of the answer can stay as it is.
_PRICE: Final = re.compile(rb'("price_with_tax": ?"\d+\.)\d\d"')


class Releases:
    """ASGI middleware: what the word in `file` makes of the service's answers."""

    def __init__(self, app: ASGIApp, file: Path) -> None:
        self._app = app
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the release that is out."""
        word = self._word() if scope["type"] == "http" else ""
        if not word:
            await self._app(scope, receive, send)
            return

        async def released(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (name, value + b"-" + word.encode() if name.lower() == _HEADER else value)
                    for name, value in message["headers"]
                ]
                message = {**message, "headers": headers}
            elif message["type"] == "http.response.body" and word == PLANTED:
                message = {**message, "body": _PRICE.sub(rb'\g<1>00"', message.get("body", b""))}
            await send(message)

        await self._app(scope, receive, released)

    def _word(self) -> str:
        try:
            return self._file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""


def main() -> int:
    """Run the service's own command, with its application put into releases; its exit code."""
    file = Path(os.environ[DEMO_RELEASE])

    def released(service: Service) -> ASGIApp:
        return Releases(create_app(service), file)

    # The service has no such switch of its own, and needs none.
    vars(catalog)["create_app"] = released
    return catalog.main()


if __name__ == "__main__":
    sys.exit(main())
