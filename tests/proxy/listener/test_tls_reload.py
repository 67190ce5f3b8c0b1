"""Certificates that are renewed under a whole proxy."""

from __future__ import annotations

import shutil
import socket
import ssl
from pathlib import Path

import pytest

from tests.proxy.supervisor.proxy import served

pytestmark = pytest.mark.slow


def shown(address: str) -> str:
    """The certificate that a customer is shown, in PEM form."""
    host, port = address.rsplit(":", 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((host, int(port)), timeout=20) as plain, context.wrap_socket(plain) as secured:
        certificate = secured.getpeercert(binary_form=True)
    assert certificate is not None
    return ssl.DER_cert_to_PEM_cert(certificate)


def test_a_renewed_certificate_counts_from_a_reload_on_and_a_broken_one_is_refused(
    tmp_path: Path, certificates: Path
) -> None:
    certificate, key = tmp_path / "shop.crt", tmp_path / "shop.key"

    def renew(name: str) -> None:
        shutil.copy(certificates / f"{name}.crt", certificate)
        shutil.copy(certificates / f"{name}.key", key)

    renew("one")
    with served(tmp_path) as proxy:
        file = tmp_path / "strangler.toml"
        table = '[proxy.tls]\ncertificate = "shop.crt"\nkey = "shop.key"\n'
        file.write_text(file.read_text().replace("[control]", f"{table}[control]"))
        assert proxy.run("check").returncode == 0
        reloaded = proxy.run("reload")
        assert reloaded.returncode == 0, reloaded.stderr
        listen = proxy.addresses["listen"]
        assert shown(listen) == (certificates / "one.crt").read_text()
        renew("two")
        assert shown(listen) == (certificates / "one.crt").read_text()
        assert proxy.run("reload").returncode == 0
        assert shown(listen) == (certificates / "two.crt").read_text()
        shutil.copy(certificates / "one.key", key)
        for command in ("check", "reload"):
            refused = proxy.run(command)
            assert refused.returncode == 2
            assert "proxy.tls.key" in refused.stderr
            assert "is not the key of the certificate" in refused.stderr
        assert shown(listen) == (certificates / "two.crt").read_text()
