"""What a gate says who it is by is read of the environment when it asks, and is told to nobody but whom it asks."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from strangler_proxy.config.reader import read_config
from strangler_proxy.gates.headers import HeaderUnset, require_headers, sent_headers
from strangler_proxy.gates.here import judge_here
from strangler_proxy.gates.outside import ask_probe, ask_prometheus

from strangler.errors import ConfigError
from strangler.gates import Gates, ProbeGate, PrometheusGate

BEARER = (("Authorization", "Bearer env:PROMETHEUS_TOKEN"), ("X-Scope-OrgID", "env:TENANT"))
PROBE = ProbeGate("http://catalog/ready", headers=BEARER)
QUERY = PrometheusGate("http://prometheus:9090", "up", 1.0, headers=BEARER)
CONFIG = """
[upstreams.monolith]
url = "http://127.0.0.1:8000"
[upstreams.catalog]
url = "http://127.0.0.1:8100"
[gates.canary]
probe = { url = "http://a/", headers = { Authorization = "Bearer env:A" } }
[rollouts.slow]
shares = ["5%"]
durations = "1h"
gates = { prometheus = { url = "http://b/", query = "up", min = 1, headers = { X = "env:B", Y = "env:A" } } }
[[routes]]
name = "a.b"
path = "/a/"
candidate = "catalog"
[routes.gates.extracted]
probe = [{ url = "http://c/", headers = { X = "env:C" } }, "http://d/"]
"""


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PROMETHEUS_TOKEN", "hush-hush-hush\n")
    monkeypatch.setenv("TENANT", "shop")
    return "hush-hush-hush"


def test_headers_are_sent_with_their_values_and_judgements_have_none_of_it(token: str) -> None:
    asked: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers)
        if request.url.path == "/ready":
            return httpx.Response(401)
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "scalar", "result": [1.0, "3"]}})

    seen = [
        ask_probe(PROBE, transport=httpx.MockTransport(answer)),
        ask_prometheus(QUERY, transport=httpx.MockTransport(answer)),
    ]
    assert [(each["authorization"], each["x-scope-orgid"]) for each in asked] == [(f"Bearer {token}", "shop")] * 2
    assert token not in str(seen)


def test_a_redirect_takes_no_header_along(token: str) -> None:
    asked: list[str] = []

    def redirect(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": "http://elsewhere/"})

    ask_probe(PROBE, transport=httpx.MockTransport(redirect))
    assert asked == ["http://catalog/ready"]


def test_a_gate_whose_variable_is_not_set_asks_nobody_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_TOKEN", raising=False)
    found = judge_here(Gates(probes=(PROBE,), prometheus=(QUERY,)), None)
    assert [each.verdict for each in found] == ["inconclusive", "inconclusive"]
    for each in found:
        assert "PROMETHEUS_TOKEN, for Authorization, is not set in the environment here" in each.reason


@pytest.mark.parametrize("value", ["", " \n", "a\r\nX-Admin: yes", "schl\u00fcssel", "a\x00b"])
def test_what_no_header_may_hold_is_refused_and_not_told(value: str) -> None:
    with pytest.raises(HeaderUnset, match=r"^A, for X, ") as refused:
        sent_headers([("X", "env:A")], {"A": value})
    assert value.strip() == "" or value not in str(refused.value)


def test_a_control_plane_whose_gates_lack_a_value_does_not_start(tmp_path: Path) -> None:
    config = read_config(CONFIG, tmp_path / "strangler.toml", {})
    require_headers(config, {"A": "x", "B": "y", "C": "z"})
    with pytest.raises(ConfigError) as refused:
        require_headers(config, {"A": "x"})
    assert [(each.key, each.wrong) for each in refused.value.problems] == [
        ("routes[a.b].gates.extracted", "has a header without a value: C, for X, is not set in the environment here"),
        ("rollouts.slow.gates", "has a header without a value: B, for X, is not set in the environment here"),
    ]
