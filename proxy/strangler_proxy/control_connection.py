"""A connection to a control plane: who asks, whom it is sure to ask, and what its answers become."""

from __future__ import annotations

import getpass
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import httpx

from strangler.errors import ControlRefused, ControlUnreachable, StranglerError
from strangler_proxy.config.values import Address
from strangler_proxy.plain import reason

__all__ = ["ControlConnection", "caller"]

_SECONDS: Final = 10.0
_END: Final = "-----END CERTIFICATE-----"


class ControlConnection:
    """Talks to the control plane at `address` with `token`. Use it in a `with` block, or close it.

    `certificate` is the file of the one that it serves by TLS with; None for plain HTTP, or with `tls` for one that
    this machine trusts. Raises StranglerError where that cannot be used. Every method raises ControlUnreachable when
    nothing answers and ControlRefused when the answer is an error.
    """

    def __init__(
        self,
        address: Address,
        token: str,
        *,
        certificate: Path | None = None,
        tls: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._place = f"{'http' if certificate is None and not tls else 'https'}://{address}"
        verify: ssl.SSLContext | bool = True
        if certificate is not None or tls:
            verify = ssl.create_default_context() if certificate is None else _trusting(certificate)
        self._http = httpx.Client(
            base_url=self._place,
            # Of reads the audit has it too.
            headers={
                b"Authorization": f"Bearer {token}".encode(),
                b"X-Strangler-Who": caller().encode("utf-8", "replace"),
            },
            verify=verify,
            timeout=_SECONDS,
            # A proxy named in the environment has no business between us and this machine.
            trust_env=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        given = {key: value for key, value in (query or {}).items() if value is not None}
        return self._ask("GET", path, params=given)

    def _text(self, path: str) -> str:
        try:
            answered = self._http.get(path)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        if answered.is_success:
            return answered.text
        raise _refused(answered.status_code, None)

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._ask("POST", path, timeout=_SECONDS + (body.get("wait_seconds") or 0.0), json=body)

    def _put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._ask("PUT", path, json=body)

    def _delete(self, path: str, *, seconds: float = _SECONDS) -> dict[str, Any]:
        return self._ask("DELETE", path, timeout=seconds)

    def _ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        try:
            answered = self._http.request(method, path, **given)
            document = answered.json()
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        except UnicodeEncodeError as error:
            raise StranglerError(f"{error.object!r} is not UTF-8. Write it anew, or set a UTF-8 locale.") from error
        except ValueError as error:
            raise ControlUnreachable(
                f"What answers at {self._place} is not a control plane. Check `control` in strangler.toml."
            ) from error
        if answered.is_success and isinstance(document, dict):
            return document
        raise _refused(answered.status_code, document)

    def _unreachable(self, error: httpx.TransportError) -> ControlUnreachable:
        return ControlUnreachable(
            f"Nothing answers at {self._place} ({reason(error)}). Is `strangler serve` running with this configuration?"
        )


def _refused(status: int, document: Any) -> ControlRefused:
    error = document.get("error") if isinstance(document, dict) else None
    if status == 401:
        # The API tells programs which header to send; people need to know which token was sent.
        return ControlRefused(
            status,
            "unauthorized",
            "The control plane does not take this token: STRANGLER_TOKEN, or where that is not set control.token in the"
            " state folder. It may have expired, or been revoked or rotated; `strangler token list` with another one"
            " tells.",
        )
    if not isinstance(error, dict):
        return ControlRefused(status, "unknown", f"The control plane answered {status}.")
    wrong, remedy = str(error.get("message", "")), str(error.get("remedy", ""))
    return ControlRefused(status, str(error.get("code", "unknown")), wrong, remedy)


def _trusting(certificate: Path) -> ssl.SSLContext:
    """Trusts the one certificate that the file begins with, under whatever name: whoever holds its key is who we mean.

    Raises StranglerError for a file that cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        own = certificate.read_text(encoding="ascii").partition(_END)
        context.load_verify_locations(cadata=own[0] + own[1])
    except (OSError, ValueError) as error:
        raise StranglerError(f"{certificate} cannot be used to know the control plane by: {error}.") from error
    return context


def caller() -> str:
    """Who asks, as the audit is told: a user on a machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container's user without a name.
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
