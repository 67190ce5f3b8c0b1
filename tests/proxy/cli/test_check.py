from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.proxy.cli.conftest import CONFIG, Run


def test_a_right_file_is_fine_and_its_risks_are_told(run: Run, folder: Path) -> None:
    result = run("check")
    assert result.exit_code == 0
    assert result.stdout == "strangler.toml: 3 routes, 1 seam, 2 upstreams, fine.\n"
    assert "routes[catalog.any].methods: POST" in result.stderr
    assert "routes[catalog.new].twin: is false" in result.stderr


def test_risks_worth_a_second_look(run: Run, folder: Path) -> None:
    (folder / "strangler.toml").write_text(
        '[proxy]\nsubject = ["cookie:sessionid"]\ntrusted_proxies = ["0.0.0.0/0"]\n'
        '[control]\nlisten = "0.0.0.0:81"\nallow_remote = true\n'
        + CONFIG.replace("/api/v1/<path:rest>", "/<path:rest>")
        + '[upstreams.unused]\nurl = "http://127.0.0.1:9"\n'
    )
    told = run("check").stderr
    for part in (
        "private cookie 'sessionid'",
        "0.0.0.0/0 is everybody",
        "reached from other machines",
        "nearly every path",
        "no route uses it",
    ):
        assert part in told


def test_a_probe_warns_of_upstreams_that_do_not_answer(run_json: Callable[..., Any], folder: Path) -> None:
    (folder / "strangler.toml").write_text('[upstreams.monolith]\nurl = "http://127.0.0.1:9"\n')
    document = run_json("check", "--probe")
    assert [warning["key"] for warning in document["warnings"]] == ["upstreams.monolith"]
    assert run_json("check")["warnings"] == []


def test_a_probe_asks_every_address_of_an_upstream_and_by_its_own_scheme(
    run_json: Callable[..., Any], folder: Path
) -> None:
    (folder / "strangler.toml").write_text(
        '[upstreams.monolith]\nurl = ["http://127.0.0.1:9", "http://127.0.0.1:7"]\n'
        '[upstreams.catalog]\nurl = "https://127.0.0.1:9"\n'
        '[[routes]]\nname = "catalog.list"\npath = "/c/"\ncandidate = "catalog"\n'
    )
    told = [warning["wrong"].partition(" does")[0] for warning in run_json("check", "--probe")["warnings"]]
    assert told == ["http://127.0.0.1:9", "http://127.0.0.1:7", "https://127.0.0.1:9"]


def test_what_anonymous_clients_are_told_where_none_is_refused_is_worth_a_second_look(run: Run, folder: Path) -> None:
    file = folder / "strangler.toml"
    right = file.read_text()
    for identity, told in (("", True), ('identity = "optional"\n', True), ('identity = "required"\n', False)):
        file.write_text(right.replace('name = "catalog.any"\n', f'name = "catalog.any"\n{identity}anonymous = "401"\n'))
        assert ("routes[catalog.any].anonymous: says nothing" in run("check").stderr) is told


def test_a_method_that_few_have_heard_of_is_worth_a_second_look(run: Run, folder: Path) -> None:
    file = folder / "strangler.toml"
    file.write_text(file.read_text().replace('"POST"', '"PSOT"'))
    assert "routes[catalog.any].methods: 'PSOT' is no common method" in run("check").stderr
