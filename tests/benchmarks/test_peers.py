"""Each peer's own check accepts the configuration that the benchmark gives it."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import pytest
from strangler_proxy.config import load_config

from benchmarks.peers import caddy, envoy, haproxy, missing, nginx, strangler, usual
from benchmarks.peers.site import Site
from benchmarks.shadow import EVERYTHING
from benchmarks.upstream import upstream_config

PORT, UPSTREAM, MIRROR = 18080, 18000, 18001


@pytest.fixture(params=[0, MIRROR], ids=["plain", "with copies"])
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Site:
    return Site(tmp_path, UPSTREAM, routes=3, mirror=request.param)


def accepted(command: list[str], **environment: str) -> None:
    if not Path(command[0]).exists():
        pytest.skip(f"{command[0]} is not on this machine: scripts/setup --bench")
    said = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.slow
def test_nginx_accepts_its_file_as_a_proxy_and_as_the_upstream(site: Site) -> None:
    upstream = upstream_config(site.folder, UPSTREAM, alike=bool(site.mirror))
    for name, text in (("proxy", nginx.config(site, PORT)), ("upstream", upstream)):
        path = site.folder / f"{name}.conf"
        path.write_text(text)
        accepted([nginx.PROGRAM, "-t", "-q", "-c", str(path), "-p", str(site.folder), "-e", "stderr"])


@pytest.mark.slow
def test_haproxy_accepts_its_file(site: Site) -> None:
    path = site.folder / "haproxy.cfg"
    path.write_text(haproxy.config(site, PORT))
    accepted([haproxy.PROGRAM, "-c", "-f", str(path)])


@pytest.mark.slow
def test_envoy_accepts_its_file(site: Site) -> None:
    accepted([*envoy.command(site, PORT), "--mode", "validate"])


@pytest.mark.slow
def test_caddy_accepts_its_file(site: Site) -> None:
    path = site.folder / "Caddyfile"
    path.write_text(caddy.config(site, PORT))
    command = [caddy.PROGRAM, "validate", "--config", str(path), "--adapter", "caddyfile"]
    accepted(command, **caddy.environment(site))


def test_our_own_file_has_the_routes_and_nothing_wrong(site: Site) -> None:
    path = site.folder / "strangler.toml"
    path.write_text(strangler.config(site, PORT, PORT + 1))
    config = load_config(path)
    assert [route.name for route in config.routes] == ["bench.c0", "bench.c1", "bench.c2"]
    # What is not measured of copies is measured without any.
    assert config.shadow.sample == 0
    assert config.upstreams["candidate"].address.port == (site.mirror or UPSTREAM)


def test_our_own_file_copies_every_request_where_that_is_measured(site: Site) -> None:
    path = site.folder / "strangler.toml"
    path.write_text(strangler.config(site, PORT, PORT + 1, EVERYTHING))
    assert load_config(path).shadow.sample == 1


def test_the_usual_python_way_is_a_program(site: Site) -> None:
    ast.parse(usual.program(site))


def test_a_peer_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envoy, "PROGRAM", "/nowhere/envoy")
    assert "/nowhere/envoy" in missing()


def test_the_bars_hold_for_the_compiled_build_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(strangler, "compiled_packages", lambda: None)
    assert (strangler.judged(), strangler.builds()) == (strangler.NAME, [(strangler.NAME, None)])
    monkeypatch.setattr(strangler, "compiled_packages", lambda: tmp_path)
    assert strangler.judged() == strangler.COMPILED
    assert strangler.builds() == [(strangler.NAME, None), (strangler.COMPILED, tmp_path)]
