from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from tests.proxy.cli.conftest import CONFIG, Run


def test_a_right_file_is_fine_and_its_risks_are_told(run: Run, folder: Path) -> None:
    result = run("check")
    assert result.exit_code == 0
    assert result.stdout.startswith("strangler.toml: 3 routes, 1 seam, 2 upstreams, fine.\n")
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


def test_it_says_what_each_route_does_in_shadow(run: Run, run_json: Callable[..., Any], folder: Path) -> None:
    told = run("check").stdout
    assert "catalog.new             never copied: the monolith has no twin of it" in told
    shadow = run_json("check")["shadow"]
    assert shadow["catalog.any"] == (
        'all GET, HEAD to catalog without monolith\'s cookies; POST not compared (writes = "skip")'
    )
    assert "in shadow" in run("explain", "GET", "/api/v1/products/7/").stdout


def test_a_probe_warns_of_a_candidate_whose_release_nobody_knows(run_json: Callable[..., Any], folder: Path) -> None:
    asked: list[str] = []

    class Candidate(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(404)
            if asked:
                self.send_header("X-Strangler-Release", asked[-1])
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Candidate) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        url = f'url = "http://127.0.0.1:{server.server_address[1]}"\n'
        text = f"[upstreams.monolith]\n{url}[upstreams.catalog]\n{url}"
        route = '[[routes]]\nname = "a.b"\npath = "/a/"\ncandidate = "catalog"\n'
        (folder / "strangler.toml").write_text(text + route)
        (warning,) = run_json("check", "--probe")["warnings"]
        assert warning["key"] == "upstreams.catalog"
        assert warning["wrong"].startswith("nobody knows its release")
        (folder / "strangler.toml").write_text(f'{text}release = "7"\n{route}')
        assert not run_json("check", "--probe")["warnings"]
        (folder / "strangler.toml").write_text(text + route)
        # What `release_of` says of sources that it did not find.
        asked.append("unknown")
        assert run_json("check", "--probe")["warnings"] == [warning]
        asked.append("7")
        assert not run_json("check", "--probe")["warnings"]
        server.shutdown()
        thread.join()


def test_the_compare_rules_are_counted_and_one_for_no_route_is_told_with_its_line(
    run: Run, run_json: Callable[..., Any], folder: Path
) -> None:
    assert run_json("check")["rules"] == 0
    rule = '[[rule]]\nroute = "{}"\npath = "$.price"\nignore = true\nwhy = "Not compared."\n'
    (folder / "strangler.rules.toml").write_text(rule.format("catalog.*"))
    told = run("check")
    assert "strangler.rules.toml: 1 rule, fine." in told.stdout
    assert "is for no route" not in told.stderr
    (folder / "strangler.rules.toml").write_text(rule.format("catalog.*") + rule.format("catalogue.*"))
    told = run("check")
    assert "strangler.rules.toml:6: rule[1].route: 'catalogue.*' is for no route" in told.stderr
    assert told.exit_code == 0


def test_what_is_wrong_in_the_plan_is_a_warning_and_so_is_one_that_is_named_and_not_there(
    run: Run, folder: Path
) -> None:
    toml = (folder / "strangler.toml").read_text()
    assert "plan" not in run("check").stderr
    (folder / "migration_plan.md").write_text('# Plan\n\n```toml step=a\nneeds = ["b"]\nmoves = []\n```\n')
    told = run("check").stderr
    assert "migration_plan.md:4: a.needs" in told
    (folder / "strangler.toml").write_text(f'{toml}\n[control]\nplan = "other.md"\n')
    assert "other.md: there is no such file" in run("check").stderr
    (folder / "other.md").write_text('```toml step=a\n[before]\ncommand = "true"\n```\n')
    assert "other.md" not in run("check").stderr
