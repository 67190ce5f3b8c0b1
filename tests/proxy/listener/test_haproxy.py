"""A real HAProxy in front, with the very lines that the reference gives for one, speaking TLS to its client."""

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

from tests.conftest import program
from tests.proxy.dataplane.conftest import MakeProxy
from tests.proxy.dataplane.raw import Connection, RawUpstream, config
from tests.waiting import until

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
AROUND = """defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
"""


def shakes_hands(port: int, trust: ssl.SSLContext) -> bool:
    try:
        trust.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=5), server_hostname="localhost").close()
    except (ConnectionError, ssl.SSLError):
        return False
    return True


def test_the_haproxy_lines_of_the_reference_tell_of_the_client_and_of_tls(
    make_proxy: MakeProxy, upstream: RawUpstream, certificates: Path, tmp_path: Path, cleanup: ExitStack
) -> None:
    haproxy = program("haproxy", "haproxy")
    trusting = replace(config(upstream.port), trusted_proxies=(ip_network("127.0.0.1"),), proxy_protocol=True)
    proxy = make_proxy(trusting)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pem = tmp_path / "shop.pem"
    pem.write_text((certificates / "one.crt").read_text() + (certificates / "one.key").read_text())
    found = re.search(r"```haproxy\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    lines = found[1].replace("127.0.0.1:8080", f"127.0.0.1:{proxy.port}").replace("/etc/haproxy/shop.pem", str(pem))
    (tmp_path / "haproxy.cfg").write_text(AROUND + lines.replace("bind :443", f"bind 127.0.0.1:{port}"))
    edge = subprocess.Popen([haproxy, "-q", "-db", "-f", str(tmp_path / "haproxy.cfg")], stderr=subprocess.DEVNULL)
    cleanup.callback(edge.wait, 10)
    cleanup.callback(edge.terminate)
    trust = ssl.create_default_context(cafile=certificates / "one.crt")
    until(lambda: shakes_hands(port, trust))
    secured = trust.wrap_socket(
        socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.9", 0)), server_hostname="localhost"
    )
    with Connection(secured) as client:
        said = b"GET /p/ HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
        assert client.ask(said)[1] == b"ok"
    sent = upstream.heads[-1].lower()
    assert b"\r\nx-forwarded-for: 127.0.0.9\r\n" in sent
    assert b"\r\nx-forwarded-proto: https\r\n" in sent
    assert b"6.6.6.6" not in sent
