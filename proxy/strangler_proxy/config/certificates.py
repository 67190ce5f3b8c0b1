"""TLS as a client of an upstream: the context that a configuration describes, or what is wrong with its files."""

from __future__ import annotations

import ssl
from pathlib import Path

from strangler_proxy.config.upstreams import UpstreamTls

__all__ = ["BadCertificate", "client_context"]


class BadCertificate(Exception):
    """A file that cannot be used: `key` is the configuration's key that names it."""

    def __init__(self, key: str, wrong: str, right: str) -> None:
        super().__init__(wrong)
        self.key = key
        self.wrong = wrong
        self.right = right


def client_context(tls: UpstreamTls) -> ssl.SSLContext:
    """TLS 1.2 or newer, HTTP/1.1, and the upstream's certificate checked unless it says not to.

    Raises BadCertificate.
    """
    context = ssl.create_default_context() if tls.ca is None else _trusting(tls.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.certificate is not None:
        _present(context, tls.certificate, tls.key)
    return context


def _trusting(ca: Path) -> ssl.SSLContext:
    _readable("ca", ca)
    try:
        return ssl.create_default_context(cafile=str(ca))
    except ssl.SSLError:
        raise BadCertificate("ca", f"{ca} holds no certificate", "name a PEM file with the CA's certificate") from None


def _present(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    _readable("certificate", certificate)
    if key is not None:
        _readable("key", key)
    where = "key" if key is not None else "certificate"
    try:
        # An empty password, or OpenSSL would ask the terminal for one.
        context.load_cert_chain(certificate, key, password=_no_password)
    except _Encrypted:
        raise BadCertificate(
            where,
            f"{key or certificate} is a key with a password, which nobody is here to type",
            "write the key without one: openssl pkey -in KEY -out PLAIN_KEY",
        ) from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            wrong, right = f"{key or certificate} is not the key of {certificate}", "name the two that belong together"
        elif key is None:
            wrong = f"{certificate} does not hold a certificate with its key"
            right = "name a PEM file that holds both, or the key's own file as `key`"
        else:
            wrong = f"{certificate} and {key} are not a certificate and its key"
            right = "name two PEM files"
        raise BadCertificate(where, wrong, right) from None


class _Encrypted(Exception):
    pass


def _no_password() -> str:
    raise _Encrypted


def _readable(key: str, file: Path) -> None:
    try:
        file.open("rb").close()
    except OSError as error:
        wrong = f"{file} cannot be read: {error.strerror}"
        raise BadCertificate(key, wrong, "name a PEM file that this process may read") from None
