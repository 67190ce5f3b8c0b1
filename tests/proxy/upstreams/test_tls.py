"""TLS to an upstream: who is believed, and what is refused."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from strangler_proxy.ask import Answered
from strangler_proxy.config import Address
from strangler_proxy.config.certificates import BadCertificate, client_context
from strangler_proxy.config.reader import read_config
from strangler_proxy.config.risks import risks
from strangler_proxy.config.upstreams import HealthCheck, UpstreamTls
from strangler_proxy.upstream import UpstreamConnection

from strangler.errors import ConfigError
from tests.proxy.upstreams.pools import FakeResolver, Server, asked, connected, pool_of, run, until


def openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def make(folder: Path, name: str, *more: str) -> None:
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / f"{name}.key")
    new = ("req", "-x509", "-new", "-days", "30", "-subj", f"/CN={name}", *more)
    openssl(*new, "-key", folder / f"{name}.key", "-out", folder / f"{name}.pem")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates that sign themselves: `server` for localhost and 127.0.0.1, `other` for a name, `client`."""
    folder = tmp_path_factory.mktemp("tls")
    make(folder, "server", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    make(folder, "other", "-addext", "subjectAltName=DNS:catalog.internal")
    make(folder, "client")
    return folder


def serving(files: Path, name: str = "server", *, client: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files / f"{name}.pem", files / f"{name}.key")
    context.set_alpn_protocols(["h2", "http/1.1"])
    if client is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(files / f"{client}.pem")
    return context


def ends(server: ssl.SSLContext, tls: UpstreamTls) -> Answered | str:
    async def test() -> Answered | str:
        async with Server(tls=server) as listening, pool_of(listening.address, tls=tls) as pool:
            result = await asked(pool)
            stats = pool.stats(0.0)
            assert stats["connect_failures"]["tls"] == (result == "tls")
            assert stats["connections"]["in_use"] == 0
            return result

    return run(test())


def test_an_upstream_that_proves_who_it_is_is_asked_in_http_1(files: Path) -> None:
    async def test() -> None:
        async with (
            Server(tls=serving(files)) as server,
            pool_of(server.address, tls=UpstreamTls(ca=files / "server.pem"), keep_alive=20) as pool,
        ):
            connection = await connected(pool)
            assert isinstance(connection, UpstreamConnection)
            assert connection.transport.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
            pool.give(connection)
            assert isinstance(await asked(pool), Answered)
            assert server.accepted == 1

    run(test())


def test_an_upstream_that_the_systems_store_does_not_know_is_refused(files: Path) -> None:
    assert ends(serving(files), UpstreamTls()) == "tls"


def test_a_certificate_for_another_name_is_refused(files: Path) -> None:
    assert ends(serving(files, "other"), UpstreamTls(ca=files / "other.pem")) == "tls"


def test_the_name_on_the_certificate_can_be_told(files: Path) -> None:
    tls = UpstreamTls(ca=files / "other.pem", server_name="catalog.internal")
    assert isinstance(ends(serving(files, "other"), tls), Answered)


def test_without_verification_anybody_is_believed(files: Path) -> None:
    assert isinstance(ends(serving(files, "other"), UpstreamTls(verify=False)), Answered)


def test_the_name_in_the_url_is_what_the_certificate_is_checked_for_and_not_its_address(files: Path) -> None:
    async def test() -> None:
        resolver = FakeResolver(**{"catalog.internal": ["127.0.0.1"], "shop.internal": ["127.0.0.1"]})
        tls = UpstreamTls(ca=files / "other.pem")
        async with Server(tls=serving(files, "other")) as server:
            port = server.address.port
            async with pool_of(Address("catalog.internal", port), tls=tls, resolver=resolver) as pool:
                assert isinstance(await asked(pool), Answered)
            async with pool_of(Address("shop.internal", port), tls=tls, resolver=resolver) as pool:
                assert await asked(pool) == "tls"

    run(test())


def test_our_own_certificate_is_shown_to_who_asks_for_it(files: Path) -> None:
    server = serving(files, client="client")
    known = UpstreamTls(ca=files / "server.pem", certificate=files / "client.pem", key=files / "client.key")
    assert isinstance(ends(server, known), Answered)


def test_who_speaks_no_tls_is_refused(files: Path) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.transport.abort()

    async def test() -> None:
        for script in (plain, cut):
            tls = UpstreamTls(ca=files / "server.pem")
            async with Server(script) as server, pool_of(server.address, tls=tls) as pool:
                assert await asked(pool) == "tls"

    run(test())


def test_a_handshake_that_hangs_ends_with_the_connections_time(files: Path) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def test() -> None:
        tls = UpstreamTls(ca=files / "server.pem")
        async with Server(hang) as server, pool_of(server.address, tls=tls, connect_timeout=0.2) as pool:
            assert await connected(pool) == "connect-timeout"
            await until(lambda: server.accepted and not server.open)

    run(test())


@pytest.mark.parametrize("orderly", [True, False])
def test_an_answer_until_close_is_whole_only_where_tls_says_so(files: Path, orderly: bool) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.05)
        if not orderly:
            # Under TLS's feet: what anybody on the way could do.
            with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as bare:
                bare.shutdown(socket.SHUT_RDWR)

    async def test() -> None:
        async with (
            Server(script, tls=serving(files)) as server,
            pool_of(server.address, tls=UpstreamTls(ca=files / "server.pem")) as pool,
        ):
            result = await asked(pool)
            assert (result == "reset") is not orderly

    run(test())


def test_probes_speak_tls_too(files: Path) -> None:
    async def test() -> None:
        check = HealthCheck("/", interval=0.02)
        async with Server(tls=serving(files)) as server:
            tls = UpstreamTls(ca=files / "server.pem")
            async with pool_of(server.address, tls=tls, health=check) as pool:
                await until(lambda: pool.endpoints[0].probe_results > 1)
            async with pool_of(server.address, tls=UpstreamTls(), health=check) as pool:
                await until(lambda: not pool.endpoints[0].healthy)

    run(test())


def test_files_that_went_bad_after_they_were_checked_refuse_and_do_not_end_the_worker(files: Path) -> None:
    assert ends(serving(files), UpstreamTls(ca=files / "gone.pem")) == "tls"


def encrypted(files: Path) -> UpstreamTls:
    openssl("pkey", "-in", files / "client.key", "-aes256", "-passout", "pass:x", "-out", files / "locked.key")
    return UpstreamTls(certificate=files / "client.pem", key=files / "locked.key")


@pytest.mark.parametrize(
    ("tls", "key", "wrong"),
    [
        (lambda files: UpstreamTls(ca=files / "none.pem"), "ca", "cannot be read: No such file"),
        (lambda files: UpstreamTls(ca=files / "server.key"), "ca", "holds no certificate"),
        (lambda files: UpstreamTls(certificate=files / "client.pem"), "certificate", "with its key"),
        (
            lambda files: UpstreamTls(certificate=files / "client.pem", key=files / "server.key"),
            "key",
            "is not the key of",
        ),
        (
            lambda files: UpstreamTls(certificate=files / "client.pem", key=files / "server.pem"),
            "key",
            "are not a certificate and its key",
        ),
        (lambda files: UpstreamTls(certificate=files / "client.pem", key=files / "none"), "key", "cannot be read"),
        (encrypted, "key", "with a password"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_key(
    files: Path, tls: Callable[[Path], UpstreamTls], key: str, wrong: str
) -> None:
    with pytest.raises(BadCertificate, match=wrong) as refused:
        client_context(tls(files))
    assert refused.value.key == key


def test_the_configuration_is_refused_for_such_a_file_and_takes_a_right_one_from_its_own_folder(files: Path) -> None:
    text = '[upstreams.monolith]\nurl = "https://localhost"\nca = "server.pem"\ncertificate = "client.pem"\n'
    with pytest.raises(ConfigError, match=r"strangler.toml:4: upstreams.monolith.certificate: .*client.pem does not"):
        read_config(text, files / "strangler.toml", {})
    config = read_config(text + 'key = "client.key"\n', files / "strangler.toml", {})
    tls = config.upstreams["monolith"].tls
    assert tls is not None
    assert tls.ca == files.resolve() / "server.pem"
    assert str(config.upstreams["monolith"]) == "https://localhost:443"


def test_a_certificate_that_nobody_checks_is_a_loud_warning() -> None:
    text = '[upstreams.monolith]\nurl = "https://localhost"\nverify = false\n'
    (warning,) = risks(read_config(text, Path("strangler.toml"), {}))
    assert warning.key == "upstreams.monolith.verify"
    assert "anybody" in str(warning)
