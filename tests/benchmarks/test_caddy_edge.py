"""A real Caddy in front, with the very lines that the reference gives for one: it speaks HTTP/2 and 3 to customers."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from benchmarks.peers.caddy import PROGRAM
from tests.proxy.dataplane.conftest import MakeProxy, cleanup, make_proxy, make_upstream, upstream
from tests.proxy.dataplane.raw import Connection, RawUpstream, config
from tests.waiting import until

__all__ = ["cleanup", "make_proxy", "make_upstream", "upstream"]

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"
# Everything of Caddy's stays in the test's folder, and no authority is asked for a certificate.
AROUND = """{{
    admin off
    persist_config off
    skip_install_trust
    auto_https disable_redirects
    storage file_system {folder}
}}
"""


def secured(port: int, root: Path, protocol: str) -> ssl.SSLSocket:
    trust = ssl.create_default_context(cafile=root)
    trust.set_alpn_protocols([protocol])
    return trust.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname="localhost")


def speaks(port: int, root: Path) -> bool:
    try:
        secured(port, root, "http/1.1").close()
    except OSError:
        return False
    return True


def asking_by_http_2(host: bytes) -> bytes:
    """What a client of HTTP/2 sends to GET / (RFC 9113, 7541): its preface, no settings, and one frame of headers."""
    fields = b"\x82\x87\x84\x41" + bytes([len(host)]) + host
    return (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        b"\x00\x00" + bytes([len(fields)]) + b"\x01\x05\x00\x00\x00\x01" + fields
    )


def test_the_caddy_lines_of_the_reference_make_an_edge_for_http_2_and_3(
    make_proxy: MakeProxy, upstream: RawUpstream, tmp_path: Path, cleanup: ExitStack
) -> None:
    if not Path(PROGRAM).exists():
        pytest.skip(f"{PROGRAM} is not on this machine: scripts/setup --bench")
    proxy = make_proxy(replace(config(upstream.port), trusted_proxies=(ip_network("127.0.0.1"),)))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = re.search(r"```caddyfile\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    lines = found[1].replace("127.0.0.1:8080", f"127.0.0.1:{proxy.port}")
    lines = lines.replace("shop.example {", f"https://localhost:{port} {{\n    tls internal")
    (tmp_path / "Caddyfile").write_text(AROUND.format(folder=tmp_path) + lines)
    edge = subprocess.Popen(
        [PROGRAM, "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)},
    )
    cleanup.callback(edge.wait, 10)
    cleanup.callback(edge.terminate)
    root = tmp_path / "pki" / "authorities" / "local" / "root.crt"
    until(lambda: root.exists() and speaks(port, root))
    with secured(port, root, "h2") as two:
        assert two.selected_alpn_protocol() == "h2"
        two.sendall(asking_by_http_2(f"localhost:{port}".encode()))
        received = b""
        # A frame of data: its length, its kind, the end of its stream, the stream, and the body.
        while not re.search(rb"\x00\x00\x02\x00.\x00\x00\x00\x01ok", received, re.DOTALL):
            more = two.recv(65536)
            assert more, received
            received += more
    assert upstream.heads[-1].startswith(b"GET / HTTP/1.1\r\n")
    assert b"\r\nx-forwarded-proto: https\r\n" in upstream.heads[-1].lower()
    with Connection(secured(port, root, "http/1.1")) as client:
        head, body = client.ask(
            f"GET /p/ HTTP/1.1\r\nHost: localhost:{port}\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n".encode()
        )
    assert body == b"ok"
    # Where the same is to be had by HTTP/3.
    assert re.search(rb'\r\nalt-svc: h3="', head.lower())
    sent = upstream.heads[-1].lower()
    assert f"\r\nhost: localhost:{port}\r\n".encode() in sent
    assert b"\r\nx-forwarded-for: 127.0.0.1, 127.0.0.1\r\n" in sent
    assert b"\r\nx-forwarded-proto: https\r\n" in sent
    assert b"6.6.6.6" not in sent
