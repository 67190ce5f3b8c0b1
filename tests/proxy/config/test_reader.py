from __future__ import annotations

import os
from pathlib import Path

import pytest
from strangler_proxy.config import Address, Config, EvidenceSettings, Route, Seam, Tracing, Upstream, load_config
from strangler_proxy.config.reader import read_config
from strangler_proxy.config.upstreams import HealthCheck, UpstreamTls

from strangler.errors import ConfigError
from strangler.resilience import BreakerSettings

GOLDEN = Path(__file__).parent / "golden"
SHOP = Path(__file__).parents[3] / "proxy" / "strangler.toml"
MINIMAL = '[upstreams.monolith]\nurl = "http://127.0.0.1:8000"\n'


def read(text: str, **environment: str) -> Config:
    return read_config(text, Path("/etc/strangler/strangler.toml"), environment)


def wrong(text: str, **environment: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(ConfigError) as refused:
        read(text, **environment)
    return [(problem.line, problem.key, problem.wrong) for problem in refused.value.problems]


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.toml")))
def test_all_problems_of_a_file_are_told_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with GOLDEN=write to take what is told now for what should be told, then read the difference."""
    monkeypatch.chdir(GOLDEN)
    with pytest.raises(ConfigError) as refused:
        load_config(Path(f"{name}.toml"), {})
    told = f"{refused.value}\n"
    expected = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        expected.write_text(told)
    assert told == expected.read_text()


def test_a_file_with_a_monolith_only_has_every_default() -> None:
    config = read(MINIMAL)
    assert config == Config(
        path=Path("/etc/strangler/strangler.toml"),
        upstreams={"monolith": Upstream("monolith", Address("127.0.0.1", 8000))},
        state_dir=Path("/etc/strangler/.strangler"),
        store="sqlite:////etc/strangler/.strangler/store.db",
        evidence=EvidenceSettings(url="sqlite:////etc/strangler/.strangler/evidence.db"),
        plan=Path("/etc/strangler/migration_plan.md"),
        text=MINIMAL,
    )


def test_the_plan_stands_beside_the_file_unless_it_says_where() -> None:
    named = read(f'{MINIMAL}[control]\nplan = "../plans/shop.md"\n')
    assert named.plan == Path("/etc/strangler/../plans/shop.md")
    assert read(f'{MINIMAL}[control]\nplan = "/srv/plan.md"\n').plan == Path("/srv/plan.md")


def test_every_key_comes_through() -> None:
    config = read(
        """
        [proxy]
        listen = "[::1]:80"
        workers = 4
        monolith = "legacy"
        subject = ["header:X-User", "cookie:visitor"]
        private_cookies = ["sid"]
        trusted_proxies = ["10.0.0.7", "10.0.0.0/8", "fd00::/8", "::ffff:192.0.2.0/120", "::1"]
        access_log = false
        access_log_sample = 0.25
        access_log_slow = "250ms"
        [control]
        listen = "0.0.0.0:81"
        allow_remote = true
        metrics_public = true
        [tracing]
        endpoint = "https://collector/v1/traces"
        sample = 0.5
        service_name = "edge"
        [store]
        url = "sqlite:///data/toggles.db"
        [state]
        dir = "/var/lib/strangler"
        [limits]
        head_bytes = 2048
        headers = 16
        head_timeout = "1.5s"
        body_timeout = "500ms"
        idle_timeout = "2m"
        [upstreams.legacy]
        url = "http://legacy/"
        [upstreams.new]
        url = ["https://[::1]:8100", "https://new"]
        total_timeout = 90
        max_connections = 10
        in_flight = 9
        waiting = 8
        waiting_timeout = 7
        breaker = true
        breaker_failures = 6
        breaker_rate = 0.25
        breaker_calls = 4
        breaker_window = 3
        breaker_open = 2
        breaker_longest = 12
        breaker_probes = 2
        eject_after = 11
        eject_time = 13
        dns_refresh = 14
        health = "/health/ready?x=1"
        health_interval = 15
        health_timeout = 16
        health_rises = 17
        health_falls = 18
        health_host = "shop.example:80"
        verify = false
        server_name = "new.internal"
        connect_timeout = 0.5
        first_byte_timeout = "1h"
        idle_timeout = 3
        keep_alive = 0
        connections = 0
        trusted = true
        [[routes]]
        name = "a.b"
        methods = ["GET", "PURGE"]
        path = "/a/<slug:s>"
        candidate = "new"
        headers = { X-Beta = "1", X-Any = true }
        query = { page = "2" }
        rewrite = "/<s>"
        timeout = "2s"
        twin = false
        salt = "pepper"
        [[routes]]
        name = "c.d"
        path = "/c"
        candidate = "new"
        [[seams]]
        name = "e.f"
        [[seams]]
        name = "g"
        salt = "h"
        """
    )
    assert (config.listen, config.control) == (Address("::1", 80), Address("0.0.0.0", 81))
    assert (config.workers, config.monolith, config.access_log) == (4, "legacy", False)
    assert (config.access_log_sample, config.access_log_slow, config.metrics_public) == (0.25, 0.25, True)
    assert config.tracing == Tracing("https://collector/v1/traces", 0.5, "edge")
    assert [str(network) for network in config.trusted_proxies] == [
        "10.0.0.7/32",
        "10.0.0.0/8",
        "fd00::/8",
        "192.0.2.0/24",
        "::1/128",
    ]
    assert (config.subject, config.private_cookies) == (("header:X-User", "cookie:visitor"), frozenset({"sid"}))
    assert (config.state_dir, config.store) == (
        Path("/var/lib/strangler"),
        "sqlite:////etc/strangler/data/toggles.db",
    )
    limits = config.limits
    assert (limits.head_bytes, limits.headers) == (2048, 16)
    assert (limits.head_timeout, limits.body_timeout, limits.idle_timeout) == (1.5, 0.5, 120)
    assert config.upstreams == {
        "legacy": Upstream("legacy", Address("legacy", 80)),
        "new": Upstream(
            *("new", Address("::1", 8100), 0.5, 3600, 3, 0, 0, True, (Address("new", 443),), 90, 10, 9, 8, 7),
            BreakerSettings(0.25, 4, 3, 6, 2, longest_open=12, probes=2, lease=3610.5),
            *(11, 13, 14, HealthCheck("/health/ready?x=1", 15, 16, 17, 18, "shop.example:80")),
            UpstreamTls(verify=False, server_name="new.internal"),
        ),
    }
    one, other = config.routes
    assert one == Route(
        name="a.b",
        methods=frozenset({"GET", "HEAD", "PURGE"}),
        path="/a/<slug:s>",
        candidate="new",
        headers={"X-Beta": "1", "X-Any": None},
        query={"page": "2"},
        rewrite="/<s>",
        timeout=2.0,
        twin=False,
        salt="pepper",
        line=64,
    )
    assert (other.methods, other.salt, other.line) == (frozenset({"GET", "HEAD"}), "c", 75)
    assert [(seam.name, seam.salt) for seam in config.seams] == [("e.f", "e"), ("g", "h")]
    assert isinstance(config.seams[0], Seam)


def test_the_environment_fills_texts_and_what_stands_behind_dollar_dollar_stays() -> None:
    text = MINIMAL + (
        '[proxy]\nworkers = "${N}"\nlisten = "${HOST:-127.0.0.1}:${PORT:-80}"\naccess_log = "${LOG}"\n'
        '[[seams]]\nname = "a"\nsalt = "$${N} $N"\n'
    )
    config = read(text, N="3", PORT="", LOG="false")
    assert (config.workers, str(config.listen), config.access_log) == (3, "127.0.0.1:80", False)
    assert config.seams[0].salt == "${N} $N"


def test_a_missing_variable_is_told_once_and_not_as_a_wrong_value_too() -> None:
    assert wrong(MINIMAL + '[proxy]\nworkers = "${N}"\n') == [
        (4, "proxy.workers", "the environment variable N is not set")
    ]


def test_an_upstreams_secret_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as refused:
        read('[upstreams.monolith]\nurl = "https://user:hunter2@127.0.0.1:8000/x"\n')
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("address", ["localhost:81", "127.0.0.2:81", "[::1]:81"])
def test_the_control_plane_may_listen_on_any_loopback_address(address: str) -> None:
    assert str(read(MINIMAL + f'[control]\nlisten = "{address}"\n').control) == address


@pytest.mark.parametrize(
    "address",
    ["8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "::1:80", "[::1", "256.1.1.1:80", "a b:80", ""],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    ((line, key, _),) = wrong(MINIMAL + f'[proxy]\nlisten = "{address}"\n')
    assert (line, key) == (4, "proxy.listen")


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "http://", "http://a:x", "http://a:0", "http://a/b", "http://a?b", "http://[::1", ""]
)
def test_what_is_no_upstream_is_refused(url: str) -> None:
    ((line, key, _),) = wrong(f'[upstreams.monolith]\nurl = "{url}"\n')
    assert (line, key) == (2, "upstreams.monolith.url")


def test_a_problem_inside_a_dotted_or_inline_key_has_its_own_line() -> None:
    assert [line for line, _, _ in wrong("upstreams.monolith = {\n url = 1 }\n".replace("\n ", " "))] == [1]
    assert wrong('upstreams.monolith.url = "http://a"\nproxy.workers = 0\n')[0][:2] == (2, "proxy.workers")


def test_a_file_that_is_not_there_or_not_text_is_a_problem_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"a = 1\nb = '\xe9'\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:2: is not UTF-8"):
        load_config(tmp_path / "latin.toml")


def test_the_shops_file_is_right() -> None:
    config = load_config(SHOP, {})
    assert {route.name: route.path for route in config.routes if route.candidate == "catalog"} == {
        "catalog.product-list": "/api/v1/products/",
        "catalog.product-detail": "/api/v1/products/<int:id>/",
        "catalog.categories": "/api/v1/categories/",
        "catalog.reviews": "/api/v1/products/<int:id>/reviews/",
    }
    assert all(route.methods == {"GET", "HEAD"} for route in config.routes)
    assert str(config.upstreams["monolith"].address) == "127.0.0.1:8000"
    assert str(config.upstreams["catalog"].address) == "127.0.0.1:8100"
