"""Upstreams and workers as the data plane's tests have them, and a certificate."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import program
from tests.proxy.dataplane.conftest import cleanup, make_proxy, make_upstream, upstream

__all__ = ["certificates", "cleanup", "make_certificate", "make_proxy", "make_upstream", "upstream"]


def make_certificate(folder: Path, name: str, *more: str) -> Path:
    """Write `name`.crt and `name`.key for localhost; the certificate's path."""
    openssl = program("openssl", "openssl")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=localhost", "-days", "2"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", *(more or ["-nodes"])]
    files = ["-keyout", f"{name}.key", "-out", f"{name}.crt"]
    subprocess.run([*command, *files], cwd=folder, check=True, capture_output=True)
    return folder / f"{name}.crt"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `one` and `two`, each a certificate and its key."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("one", "two"):
        make_certificate(folder, name)
    return folder
