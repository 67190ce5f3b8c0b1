"""A side that is asked over HTTP. It needs httpx, which is imported when the first one is made."""

from __future__ import annotations

from typing import Final

from strangler.compare import Answer, Request
from strangler.errors import NoAnswer
from strangler.parity.extra import needed

__all__ = ["HttpSide"]

_LONGEST: Final = 16 * 1024 * 1024


class HttpSide:
    """Asks the server at `url`; its path, if it has one, goes before every target.

    Targets and headers are sent as they are given; redirects are answers, cookies are nobody's, and bodies stay as they
    came. An answer may take `seconds` between two of its pieces, and have 16 MiB: NoAnswer otherwise, as where nobody
    listens. Raises MissingExtra without httpx. Threads may share one.
    """

    def __init__(self, url: str, *, seconds: float = 30.0) -> None:
        httpx = needed("httpx")
        self.url = url
        self._httpx = httpx
        self._address = httpx.URL(url)
        self._prefix = self._address.raw_path.rstrip(b"/")
        self._timeout = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        self._transport = httpx.HTTPTransport(trust_env=False)

    def __call__(self, request: Request) -> Answer:
        """The side's whole answer. Raises NoAnswer."""
        httpx = self._httpx
        try:
            headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
            sent = httpx.Request(
                request.method,
                self._address,
                headers=headers,
                content=request.body or None,
                extensions={"target": self._prefix + request.target.encode("latin-1"), "timeout": self._timeout},
            )
            response = self._transport.handle_request(sent)
            try:
                body = bytearray()
                for piece in response.iter_raw():
                    body += piece
                    if len(body) > _LONGEST:
                        raise NoAnswer(self.url, "too-long")
            finally:
                response.close()
        except httpx.ConnectError as error:
            raise NoAnswer(self.url, "refused", str(error)) from None
        except httpx.TimeoutException as error:
            raise NoAnswer(self.url, "timeout", str(error)) from None
        except (httpx.LocalProtocolError, UnicodeError) as error:
            raise NoAnswer(self.url, "unsendable", str(error)) from None
        except httpx.HTTPError as error:
            raise NoAnswer(self.url, "broken", str(error)) from None
        lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
        return Answer(response.status_code, lines, bytes(body))

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.close()
