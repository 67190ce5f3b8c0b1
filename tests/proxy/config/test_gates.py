"""Tables of gates: forms, problems with their places, the schema, and `[gates]` in strangler.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from strangler_proxy.config.gates_table import gates_schema, read_gates
from strangler_proxy.config.place import Place
from strangler_proxy.config.positions import Positions
from strangler_proxy.config.reader import read_config
from strangler_proxy.gates import gates_before

from strangler.errors import ConfigError, Problem
from strangler.evidence import AgreementWanted
from strangler.gates import (
    CommandGate,
    CoverageGate,
    ErrorsGate,
    Gates,
    LatencyGate,
    ProbeGate,
    PrometheusGate,
    TransientGate,
)
from strangler.toggles import Stage

BASE = """
[upstreams.monolith]
url = "http://127.0.0.1:8000"
[upstreams.catalog]
url = "http://127.0.0.1:8100"
[[routes]]
name = "a.b"
path = "/a/"
candidate = "catalog"
"""
NO_VARIABLE = "says of A not in which variable of the environment its value is"
SHORT = """
agreement = 0.999
transient = 0.02
errors = 0.01
latency = 1.5
requests = 500
time = "30m"
breaker = "never open"
probe = "https://catalog/ready"
command = "make check"
approval = " tech lead "
"""
LONG = """
agreement = { bound = 0.99, confidence = 0.9, pairs = 100, inconclusive = 0.2 }
transient = { margin = 0.02, confidence = 0.9 }
errors = { margin = 0.01, confidence = 0.99 }
latency = { ratio = 1.5, quantile = 0.99, confidence = 0.9 }
coverage = { templates = true, methods = true, statuses = ["2xx", "4xx"], parameters = ["q"], subjects = 5, targets = 9}
probe = ["http://a/", { url = "http://b/", status = 404, contains = "gone", timeout = "2s" }]
command = [{ run = "make check", timeout = "10m" }, "true"]
prometheus = [
  { url = "http://prometheus:9090", query = "up", min = 1 },
  { url = "http://prometheus:9090", query = "rate(x[5m])", max = 0.5, timeout = 1, headers = { X-Org = "env:ORG" } },
]
"""


def read(text: str) -> tuple[Gates | None, list[Problem]]:
    document = tomllib.loads(text)
    return read_gates(document, (), Place("gates.toml", Positions(text), document))


def wrong(text: str) -> list[tuple[int | None, str, str]]:
    gates, problems = read(text)
    assert gates is None
    assert all(problem.right for problem in problems)
    return [(problem.line, problem.key, problem.wrong) for problem in problems]


def test_a_number_or_a_text_stands_for_a_table() -> None:
    assert read(SHORT) == (
        Gates(
            agreement=AgreementWanted(0.999),
            transient=TransientGate(0.02),
            errors=ErrorsGate(0.01),
            latency=LatencyGate(1.5),
            requests=500,
            seconds=1800.0,
            breaker=True,
            probes=(ProbeGate("https://catalog/ready"),),
            commands=(CommandGate("make check"),),
            approval="tech lead",
        ),
        [],
    )


def test_every_key_comes_through() -> None:
    assert read(LONG) == (
        Gates(
            agreement=AgreementWanted(0.99, 0.9, 100, 0.2),
            transient=TransientGate(0.02, 0.9),
            errors=ErrorsGate(0.01, 0.99),
            latency=LatencyGate(1.5, 0.99, 0.9),
            coverage=CoverageGate(True, True, (2, 4), ("q",), 5, 9),
            probes=(ProbeGate("http://a/"), ProbeGate("http://b/", 404, "gone", 2.0)),
            commands=(CommandGate("make check", 600.0), CommandGate("true")),
            prometheus=(
                PrometheusGate("http://prometheus:9090", "up", 1.0),
                PrometheusGate("http://prometheus:9090", "rate(x[5m])", None, 0.5, 1.0, (("X-Org", "env:ORG"),)),
            ),
        ),
        [],
    )
    assert read("") == (Gates(), [])


def test_every_problem_is_told_at_once_with_line_key_and_remedy() -> None:
    found = wrong(
        "agreement = 99.9\n"
        "latency = { ratio = 0, quantle = 0.9 }\n"
        "coverage = { statuses = ['2xx', '9xx'] }\n"
        "breaker = 'closed'\n"
        "probe = ['http://a/', { url = 'ftp://b/', status = 42 }]\n"
        "prometheus = { url = 'http://p', query = 'up' }\n"
        "aproval = 'x'\n"
    )
    assert found == [
        (1, "agreement", "is 99.9, and a share is from 0 to 1"),
        (2, "latency.ratio", "is 0, not how many times as long"),
        (2, "latency.quantle", "is not a key that Strangler knows"),
        (3, "coverage.statuses[#2]", 'is "9xx", not a class of statuses'),
        (4, "breaker", 'is "closed"'),
        (5, "probe[#2].url", 'is "ftp://b/", not an address'),
        (5, "probe[#2].status", "is 42, too small"),
        (6, "prometheus", "has no bound"),
        (7, "aproval", "is not a key that Strangler knows"),
    ]
    _, problems = read("latency = { quantle = 0.9 }\n\naproval = 'x'\n")
    assert [problem.right.partition("?")[0] for problem in problems] == [
        "did you mean 'quantile'",
        "did you mean 'approval'",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agreement = 1", "is 1, more than can ever be shown"),
        ("agreement = true", "is true"),
        ("agreement = nan", "is nan, not a share"),
        ("errors = -0.1", "is -0.1, too small"),
        ("errors = { confidence = 0.2 }", "is 0.2, too small"),
        ("requests = 0", "is 0, not a number to wait for"),
        ("requests = 1.5", "is 1.5, not a number to wait for"),
        ("time = 0", "is 0, no time at all"),
        ("probe = []", "is an empty list"),
        ("probe = 3", "is 3"),
        ("probe = { status = 200 }", "is missing"),
        ("probe = 'http://me:secret@a/'", "holds a user name or password"),
        ("probe = 'http://a/?token=hush'", "holds a secret, token"),
        ("probe = 'http://a/ b'", 'is "http://a/ b", not an address'),
        ("command = ' '", 'is " "'),
        ("approval = ''", 'is ""'),
        (
            "probe = { url = 'http://a/', headers = { A = 'hush' } }",
            "says of A not in which variable of the environment its value is",
        ),
        (
            "probe = { url = 'http://a/', headers = { A = 'Bearer hush' } }",
            "says of A not in which variable of the environment its value is",
        ),
        (
            "probe = { url = 'http://a/', headers = { A = 7 } }",
            "says of A not in which variable of the environment its value is",
        ),
        ("probe = { url = 'http://a/', headers = { Host = 'env:A' } }", "has Host, which the request itself decides"),
        ("probe = { url = 'http://a/', headers = { 'a b' = 'env:A' } }", 'has "a b", not the name of a header'),
        ("probe = { url = 'http://a/', headers = ['A'] }", "is no table of headers"),
        ("prometheus = { url = 'http://p', query = 'up', min = 2, max = 1 }", "has min = 2 above max = 1"),
        ("prometheus = { url = 'http://p', query = 'up', min = inf }", "is inf, not a number"),
        ("coverage = { subjects = 0 }", "is 0, not a number to wait for"),
        ("coverage = 0.9", "is 0.9"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, said: str) -> None:
    assert [each for _, _, each in wrong(text)] == [said]


def test_the_schema_takes_what_is_taken_and_refuses_what_is_refused() -> None:
    schema = gates_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert "$ref" not in str(schema)
    for text in (SHORT, LONG, ""):
        validator.validate(tomllib.loads(text))
    refused: list[dict[str, Any]] = [
        {"agreement": 99.9},
        {"agreement": "0.9"},
        {"latency": {"quantle": 0.9}},
        {"breaker": "closed"},
        {"requests": 0},
        {"probe": []},
        {"probe": {"url": "http://a/", "headers": {"A": "hush"}}},
        {"prometheus": {"url": "http://p"}},
        {"coverage": {"statuses": ["9xx"]}},
        {"nothing": 1},
        {"approval": None},
    ]
    for each in refused:
        assert not validator.is_valid(each), each


def test_the_file_says_what_is_wanted_before_a_stage_and_a_route_says_otherwise() -> None:
    text = (
        BASE
        + "[routes.gates.canary]\n[routes.gates.retired]\napproval = 'x'\n"
        + "[gates.canary]\nagreement = 0.99\n[gates.extracted]\nerrors = 0.01\n"
    )
    config = read_config(text, Path("/nowhere/strangler.toml"), {})
    assert config.gates == {
        Stage.CANARY: Gates(agreement=AgreementWanted(0.99)),
        Stage.EXTRACTED: Gates(errors=ErrorsGate(0.01)),
    }
    assert gates_before(config, "a.b", Stage.CANARY) == Gates()
    assert gates_before(config, "a.b", Stage.EXTRACTED) == Gates(errors=ErrorsGate(0.01))
    assert gates_before(config, "a.b", Stage.RETIRED) == Gates(approval="x")
    assert gates_before(config, "a.seam", Stage.CANARY) == Gates(agreement=AgreementWanted(0.99))
    assert gates_before(config, "a.seam", Stage.SHADOW) == Gates()


def test_gates_that_could_never_be_judged_there_are_refused() -> None:
    text = (
        BASE
        + "[routes.gates.canary]\nerrors = 0.01\n"
        + "[gates.extracted]\ncommand = 'make check'\nagreement = 5\n[gates.monolith]\n"
    )
    with pytest.raises(ConfigError) as refused:
        read_config(text, Path("/nowhere/strangler.toml"), {})
    assert [(each.line, each.key, each.wrong) for each in refused.value.problems] == [
        (
            11,
            "routes[a.b].gates.canary.errors",
            "is about customers whom the candidate answers, and before canary there are none",
        ),
        (13, "gates.extracted.command", "would have the control plane run a command, which it never does"),
        (14, "gates.extracted.agreement", "is 5, and a share is from 0 to 1"),
        (15, "gates.monolith", "is not a key that Strangler knows"),
    ]
