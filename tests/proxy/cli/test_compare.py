from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from strangler.compare import Answer, Pair
from strangler.compare import Request as Asked
from strangler.compare.form import answer_to_json, pair_to_json
from tests.proxy.cli.conftest import Run
from tests.proxy.replay.served import served, unused_url

RULES = """
[[rule]]
path = "$.at"
ignore = true
why = "The clock."
[[rule]]
route = "shop.*"
path = "$.price"
tolerance = 0.5
why = "Rounded otherwise."
[[rule]]
path = "$.never"
ignore = true
why = "Long gone."
"""

looks: Counter[str] = Counter()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "old.json").write_text('{"at": 1, "price": 1.25, "name": "spade"}')
    (tmp_path / "new.json").write_text('{"price": 1.5, "at": 2, "name": "spade"}')
    return tmp_path


def said(run: Run, code: int, *arguments: str) -> dict[str, Any]:
    result = run("compare", *arguments, "--json")
    assert result.exit_code == code, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_two_files_are_compared_by_what_their_endings_say(run: Run, here: Path) -> None:
    document = said(run, 1, "old.json", "new.json")
    assert document["verdict"] == "differ"
    assert [(each["path"], each["kind"], each["old"], each["new"]) for each in document["differences"]] == [
        ("$.at", "value", "1", "2"),
        ("$.price", "value", "1.25", "1.5"),
    ]
    assert said(run, 0, "old.json", "old.json")["differences"] == []
    assert said(run, 1, "old.json", "new.json", "--type", "text/plain")["differences"][0]["path"] == "$.lines[0]"


def test_a_packed_file_is_compared_by_what_is_in_it(run: Run, here: Path) -> None:
    for name, level in (("old", 1), ("new", 9)):
        (here / f"{name}.ndjson.gz").write_bytes(gzip.compress(b'{"a":1}\n' * 20, level))
        (here / f"{name}.ndjson").write_bytes(b'{"a": 1}\n' * 20)
    assert said(run, 0, "old.ndjson.gz", "new.ndjson.gz")["differences"] == []
    assert said(run, 0, "old.ndjson.gz", "new.ndjson")["differences"] == []
    (here / "new.ndjson.gz").write_bytes(gzip.compress(b'{"a":1}\n' * 20)[:-9])
    (difference,) = said(run, 1, "old.ndjson.gz", "new.ndjson.gz")["differences"]
    assert (difference["kind"], difference["new"]) == ("encoding", "not gzip")


def test_rules_hold_for_their_route_and_those_not_met_are_named(run: Run, here: Path) -> None:
    rules = ("--rules", "rules.toml")
    assert [each["path"] for each in said(run, 1, "old.json", "new.json", *rules)["differences"]] == ["$.price"]
    document = said(run, 0, "old.json", "new.json", *rules, "--route", "shop.detail")
    assert [each["why"] for each in document["rules"]["matched"]] == ["The clock.", "Rounded otherwise."]
    assert [(each["line"], each["why"]) for each in document["rules"]["unused"]] == [(11, "Long gone.")]


def test_people_are_shown_both_values_side_by_side(run: Run, here: Path) -> None:
    result = run("compare", "old.json", "new.json", "--rules", "rules.toml")
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("$.price")]
    assert line.split() == ["$.price", "value", "breaking", "1.25", "1.5"]
    assert "rules not met" in result.stdout
    assert result.stdout.rstrip().endswith("differ")


def test_all_shows_what_else_there_is(run: Run, here: Path) -> None:
    for name, value in (("a.json", 1), ("b.json", 2)):
        (here / name).write_text(json.dumps({f"k{number:02}": value for number in range(30)}))
    short, whole = run("compare", "a.json", "b.json").stdout, run("compare", "a.json", "b.json", "--all").stdout
    assert "and 10 more: --all shows them." in short
    assert "$.k29" not in short
    assert "$.k29" in whole


def test_what_a_file_holds_cannot_play_with_the_terminal(run: Run, here: Path) -> None:
    (here / "a.txt").write_text("a\x1b[31mb")
    (here / "b.txt").write_text("a\x1b[32mb")
    assert "\x1b" not in run("compare", "a.txt", "b.txt").stdout


def test_saved_answers_are_compared_with_status_and_headers(run: Run, here: Path) -> None:
    json_type = (("Content-Type", "application/json"),)
    for name, status in (("a.json", 200), ("b.json", 404)):
        (here / name).write_text(json.dumps(answer_to_json(Answer(status, json_type, b"{}"))))
    assert [each["path"] for each in said(run, 1, "a.json", "b.json")["differences"]] == ["status"]
    result = run("compare", "a.json", "old.json")
    assert (result.exit_code, "a body alone" in result.stderr) == (2, True)


def test_a_saved_pair_is_compared_under_its_own_route(run: Run, here: Path) -> None:
    json_type = (("Content-Type", "application/json"),)
    old, new = (Answer(200, json_type, body) for body in (b'{"price": 1.25}', b'{"price": 1.5}'))
    pair = pair_to_json(Pair(Asked("GET", "/products/1/", "shop.detail"), old, new))
    (here / "pair.json").write_text(json.dumps(pair))
    (here / "kept.json").write_text(json.dumps({"id": "1", "pair": pair}))
    for name in ("pair.json", "kept.json"):
        assert said(run, 0, name, "--rules", "rules.toml")["route"] == "shop.detail"
        assert said(run, 1, name, "--rules", "rules.toml", "--route", "cart")["verdict"] == "differ"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.json", "old.json"), "none.json cannot be read: No such file"),
        (("old.json",), "old.json is no saved pair: request is not an object"),
        (("http://127.0.0.1:1/",), "Missing argument 'NEW'"),
        (("http://[::1/", "http://a/"), "is no address"),
        (("old.json", "new.json", "--rules", "none.toml"), "none.toml: cannot be read"),
        (("old.json", "new.json", "--header", "nonsense"), "is not a header"),
        (("old.json", "new.json", "--timeout", "1e400"), "is not a finite number"),
    ],
)
def test_bad_input_is_one_clear_error(run: Run, here: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run("compare", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


async def product(request: Request) -> JSONResponse:
    return JSONResponse({"price": 1.25, "language": request.headers.get("accept-language", ""), "q": request.url.query})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(Starlette(routes=[Route("/products/1/", product), Route("/clock/", clock)])) as address:
        yield address


def test_two_addresses_are_asked_and_compared(run: Run, here: Path, url: str) -> None:
    same = f"{url}/products/1/?a=%20"
    assert said(run, 0, same, same, "--header", "Accept-Language: de")["verdict"] == "agree"
    document = said(run, 1, same, f"{url}/products/1/?a=2")
    assert [(each["old"], each["new"]) for each in document["differences"]] == [('"a=%20"', '"a=2"')]
    assert [each["path"] for each in said(run, 1, same, f"{url}/nothing/")["differences"]] == ["status"]


async def clock(request: Request) -> Response:
    """A price and a time that is never the same. With `breaks`, all looks but the first are cut off."""
    query = request.query_params
    looks[query.get("breaks", "")] += 1
    if "breaks" in query and looks[query["breaks"]] > 1:
        return Response(b"{}", headers={"Content-Length": "99"})
    return JSONResponse({"price": query["price"], "at": f"2026-01-01T00:00:{looks.total():02}{query['zone']}"})


def test_what_the_old_address_does_not_repeat_is_noise_and_told_as_such(run: Run, here: Path, url: str) -> None:
    old = f"{url}/clock/?price=1.25&zone=Z"
    document = said(run, 0, old, f"{url}/clock/?price=1.25&zone=Z")
    assert (document["verdict"], document["differences"]) == ("agree", [])
    assert document["noise"] == [{"path": "$.at", "field": "$.at", "kind": "value"}]
    document = said(run, 1, old, f"{url}/clock/?price=1.5&zone=Z")
    assert [each["path"] for each in document["differences"]] == ["$.price"]
    assert {each["path"] for each in said(run, 1, old, f"{url}/clock/?price=1.5&zone=")["differences"]} == {
        "$.price",
        "$.at",
    }
    shown = run("compare", old, f"{url}/clock/?price=1.25&zone=Z").stdout
    assert "noise: OLD does not repeat it" in shown
    assert "$.at" in shown


def test_without_a_further_look_whatever_differs_is_a_difference(run: Run, here: Path, url: str) -> None:
    document = said(run, 1, f"{url}/clock/?price=1&zone=Z", f"{url}/clock/?price=1&zone=Z", "--again", "0")
    assert ([each["path"] for each in document["differences"]], document["noise"]) == (["$.at"], [])


def test_an_old_address_that_does_not_answer_again_leaves_it_open(run: Run, here: Path, url: str) -> None:
    document = said(run, 3, f"{url}/clock/?price=1&zone=Z&breaks=1", f"{url}/clock/?price=2&zone=Z")
    assert (document["verdict"], document["cause"]) == ("inconclusive", "old, asked again: broken")


def test_an_address_that_does_not_answer_is_inconclusive(run: Run, here: Path, url: str) -> None:
    document = said(run, 3, f"{url}/products/1/", f"{unused_url()}/products/1/")
    assert (document["verdict"], document["cause"]) == ("inconclusive", "new: refused")
    assert "inconclusive (new: refused)" in run("compare", f"{url}/", unused_url()).stdout
