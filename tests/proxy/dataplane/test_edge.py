"""A real nginx in front, with the very lines that the reference gives for one, speaking TLS to its client."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from strangler.toggles import Stage
from tests.conftest import program
from tests.proxy.dataplane.conftest import MakeProxy
from tests.proxy.dataplane.raw import Connection, RawUpstream, config, route, snapshot
from tests.waiting import until

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
AROUND = """daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
uwsgi_temp_path {folder}; scgi_temp_path {folder};
{lines} }}"""


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_the_nginx_lines_of_the_reference_make_a_tls_edge(
    make_proxy: MakeProxy, upstream: RawUpstream, tmp_path: Path, cleanup: ExitStack
) -> None:
    nginx_program, openssl = program("nginx", "nginx-light"), program("openssl", "openssl")
    settings = config(upstream.port, upstream.port, routes=(route("catalog.list", "/p/"),))
    trusting = replace(settings, trusted_proxies=(ip_network("127.0.0.1"),))
    proxy = make_proxy(trusting, snapshot(Stage.CANARY, "catalog.list", share=50_000))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    self_signed = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    subprocess.run([*self_signed, "-keyout", "key", "-out", "cert"], cwd=tmp_path, check=True, capture_output=True)
    found = re.search(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    lines = found[1].replace("127.0.0.1:8080", f"127.0.0.1:{proxy.port}")
    certificate = f"ssl_certificate {tmp_path}/cert; ssl_certificate_key {tmp_path}/key;"
    lines = lines.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl; {certificate}")
    (tmp_path / "nginx.conf").write_text(AROUND.format(folder=tmp_path, lines=lines))
    nginx = subprocess.Popen([nginx_program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)])
    cleanup.callback(nginx.wait, 10)
    cleanup.callback(nginx.terminate)
    until(lambda: listens(port))
    trust = ssl.create_default_context(cafile=tmp_path / "cert")
    trust.check_hostname = False
    with trust.wrap_socket(socket.create_connection(("127.0.0.1", port))) as secured:
        said = b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: http\r\nForwarded: for=6.6.6.6\r\n"
        head, body = Connection(secured).ask(b"GET /p/ HTTP/1.1\r\nHost: shop.example:8443\r\n" + said + b"\r\n")
    assert body == b"ok"
    assert b"; Secure\r\n" in head
    sent = upstream.heads[-1]
    assert b"\r\nHost: shop.example:8443\r\n" in sent
    assert b"\r\nX-Forwarded-Proto: https\r\n" in sent
    assert b"\r\nX-Forwarded-For: 127.0.0.1, 127.0.0.1\r\n" in sent
    assert b"6.6.6.6" not in sent
