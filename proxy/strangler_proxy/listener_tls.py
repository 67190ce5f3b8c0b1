"""TLS towards customers and operators: the certificate and key that they are served with."""

from __future__ import annotations

import ssl
from pathlib import Path

from strangler.errors import Problem, StranglerError
from strangler_proxy.config.values import Config, ListenerTls

__all__ = ["ListenerTlsError", "listener_context", "tls_problems"]


class ListenerTlsError(StranglerError):
    """Certificate or key cannot be used. `key` is the file's: `certificate` or `key`."""

    def __init__(self, key: str, wrong: str, right: str) -> None:
        self.key = key
        self.wrong = wrong
        self.right = right
        super().__init__(f"{wrong}: {right}")


def listener_context(tls: ListenerTls) -> ssl.SSLContext:
    """TLS 1.2 and later with this certificate, for HTTP/1.1 alone. Raises ListenerTlsError."""
    for key, path in (("certificate", tls.certificate), ("key", tls.key)):
        _check_readable(key, path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        # A password is never asked for: nobody sits before a worker.
        context.load_cert_chain(tls.certificate, tls.key, password="")
    except (ssl.SSLError, OSError, ValueError) as error:
        if "KEY_VALUES_MISMATCH" in str(error):
            raise ListenerTlsError(
                "key",
                f"{tls.key} is not the key of the certificate {tls.certificate}",
                "name the two that belong together",
            ) from error
        if not _is_certificate(tls.certificate):
            raise ListenerTlsError(
                "certificate",
                f"{tls.certificate} holds no certificate in PEM form",
                "name a file that begins with -----BEGIN CERTIFICATE-----, with the whole chain in it",
            ) from error
        raise ListenerTlsError(
            "key", f"{tls.key} holds no private key in PEM form, or one with a password", "name one without a password"
        ) from error
    return context


def tls_problems(config: Config) -> list[Problem]:
    """What keeps the files of `[proxy.tls]` and `[control.tls]` from being used; empty without such tables."""
    problems = []
    for section, tls in (("proxy", config.tls), ("control", config.control_tls)):
        if tls is None:
            continue
        try:
            listener_context(tls)
        except ListenerTlsError as error:
            problems.append(Problem(str(config.path), None, f"{section}.tls.{error.key}", error.wrong, error.right))
    return problems


def _check_readable(key: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise ListenerTlsError(
            key, f"{path} cannot be read: {error.strerror}", "name a file that the proxy's user can read"
        ) from error


def _is_certificate(path: Path) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except (ssl.SSLError, OSError, ValueError):
        return False
    return True
