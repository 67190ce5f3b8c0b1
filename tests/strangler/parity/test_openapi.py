"""Requests generated from a schema: what is asked, that it is the same each time, and how small a failure gets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from strangler.compare import Answer, Request
from strangler.errors import ConfigError, NoAnswer
from strangler.parity import Disagreement, Parity, ParitySettings
from strangler.testing import ManualClock
from tests.strangler.parity.running import CONFTEST, Run, run
from tests.strangler.parity.server import serving

__all__ = ["run"]

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow

NUMBER = {"in": "path", "name": "id", "required": True, "schema": {"type": "integer"}}
ORDERING = {"in": "query", "name": "ordering", "schema": {"type": "string", "enum": ["name", "-name"]}}
PAGE = {"in": "query", "name": "page", "schema": {"type": "integer"}}
FINE = {"responses": {"200": {"description": "Fine."}}}
BODY = {"type": "object", "properties": {"quantity": {"type": "integer"}}, "required": ["quantity"]}
SCHEMA: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "A shop", "version": "1"},
    "paths": {
        "/products/": {
            "get": {"parameters": [PAGE, ORDERING], **FINE},
            "post": {"requestBody": {"content": {"application/json": {"schema": BODY}}, "required": True}, **FINE},
        },
        "/products/{id}/": {"get": {"parameters": [NUMBER], **FINE}, "delete": {"parameters": [NUMBER], **FINE}},
        "/categories/": {"get": FINE},
    },
}


def same(request: Request) -> Answer:
    return Answer(404 if "/products/0/" in request.target else 200, (), b"same")


def differing(words: str) -> Callable[[Request], Answer]:
    return lambda request: Answer(500) if words in request.target else same(request)


def asked_of(parity: Parity, path: str = "/products/", **how: Any) -> list[Request]:
    seen: list[Request] = []
    [operation] = parity.schema(SCHEMA, include=path, methods=how.pop("methods", ("GET",)))
    parity.explore(operation, seen.append, **how)
    return seen


def test_the_same_seed_makes_the_same_requests_and_another_makes_others() -> None:
    parity = Parity(same, same)
    first = asked_of(parity, max_examples=20)
    assert len(first) > 10
    assert asked_of(parity, max_examples=20) == first
    assert asked_of(parity, max_examples=20, seed=2) != first
    assert asked_of(Parity(same, same, settings=ParitySettings(seed=2)), max_examples=20) != first
    assert len(asked_of(Parity(same, same, settings=ParitySettings(max_examples=3)), max_examples=20)) <= 3


def test_nothing_of_the_generator_is_sent_and_bodies_are_those_of_the_schema() -> None:
    requests = asked_of(Parity(same, same), methods=("POST",), max_examples=15, invalid=False)
    assert {request.method for request in requests} == {"POST"}
    assert all(type(json.loads(request.body)["quantity"]) is int for request in requests)
    assert {name for request in requests for name, _ in request.headers} == {"Accept", "Content-Type"}


def test_what_the_schema_does_not_want_is_asked_too_unless_it_is_not_wanted() -> None:
    def pages(*, invalid: bool) -> set[str]:
        found = asked_of(Parity(same, same), max_examples=60, invalid=invalid)
        return {page for each in found for page in parse_qs(urlsplit(each.target).query).get("page", ())}

    assert all(page.lstrip("-").isdigit() for page in pages(invalid=False))
    assert not all(page.lstrip("-").isdigit() for page in pages(invalid=True))


def test_values_that_are_known_are_asked_for() -> None:
    parity = Parity(same, same, values={"id": [4711, "n/a"], "page": [2]})
    assert "/products/4711/" in [each.target for each in asked_of(parity, "/products/{id}/", max_examples=30)]
    assert "/products/n%2Fa/" in [each.target for each in asked_of(parity, "/products/{id}/", max_examples=30)]
    assert any("page=2" in each.target for each in asked_of(parity, max_examples=30))


def test_only_reads_are_asked_unless_others_are_named() -> None:
    parity = Parity(same, same)
    labels = [str(each) for each in parity.schema(SCHEMA)]
    assert labels == ["GET /products/", "GET /products/{id}/", "GET /categories/"]
    named = parity.schema(SCHEMA, include="/products/*", exclude="*{id}*", methods=("get", "POST"))
    assert [str(each) for each in named] == ["GET /products/", "POST /products/"]
    with pytest.raises(ConfigError, match="has no operation of PUT at /x") as caught:
        parity.schema(SCHEMA, include="/x", methods=("PUT",))
    assert "It has: GET /products/, POST /products/" in str(caught.value)


def test_a_difference_is_shown_by_the_smallest_request_that_has_it() -> None:
    parity = Parity(same, differing("ordering=-name"), headers=[("Authorization", "Token mine")])
    [operation] = parity.schema(SCHEMA, include="/products/")
    with pytest.raises(Disagreement) as caught:
        parity.explore(operation)
    assert caught.value.compared.pair.request.target == "/products/?ordering=-name"
    assert "to GET /products/; seed 1." in str(caught.value)


def test_a_difference_that_is_gone_when_asked_again_is_inconclusive() -> None:
    left = [Answer(500)]
    [operation] = Parity(same, same).schema(SCHEMA, include="/products/")

    def flaky(request: Request) -> Answer:
        return left.pop() if left and "page" in request.target else same(request)

    with pytest.raises(Disagreement, match="inconclusive, transient"):
        Parity(same, flaky).explore(operation)
    left.append(Answer(500))
    covered = Parity(same, flaky, settings=ParitySettings(allow_inconclusive=True)).explore(operation)
    assert covered.inconclusive == 1


def test_a_difference_is_made_smaller_without_the_lag_and_has_to_last_for_it_in_the_end() -> None:
    clock = ManualClock()
    settings = ParitySettings(lag=10)
    parity = Parity(same, differing("page"), settings=settings, clock=clock, sleep=clock.advance)
    [operation] = parity.schema(SCHEMA, include="/products/")
    began = clock()
    with pytest.raises(Disagreement):
        parity.explore(operation)
    assert 20 <= clock() - began < 22, "the lag of the first, and of the smallest"


def test_a_smaller_difference_that_does_not_last_is_not_taken_for_one_that_did() -> None:
    clock = ManualClock()
    first_asked: dict[str, float] = {}

    def catching_up(request: Request) -> Answer:
        if "page" not in request.target:
            return same(request)
        lasts = "ordering" in request.target or clock() - first_asked.setdefault(request.target, clock()) < 1
        return Answer(500) if lasts else same(request)

    parity = Parity(same, catching_up, settings=ParitySettings(lag=10), clock=clock, sleep=clock.advance)
    [operation] = parity.schema(SCHEMA, include="/products/")
    with pytest.raises(Disagreement) as caught:
        parity.explore(operation)
    assert "ordering" in caught.value.compared.pair.request.target


def test_a_side_that_gives_no_answer_ends_it_at_once() -> None:
    asked: list[Request] = []

    def dead(request: Request) -> Answer:
        asked.append(request)
        raise NoAnswer("the new side", "timeout")

    parity = Parity(same, dead)
    [operation] = parity.schema(SCHEMA, include="/products/")
    with pytest.raises(NoAnswer, match="timeout"):
        parity.explore(operation)
    assert len(asked) == 1


def test_what_was_covered_is_told() -> None:
    parity = Parity(same, same, values={"id": [0]})
    listing, detail, categories = (parity.explore(each, max_examples=30) for each in parity.schema(SCHEMA))
    assert str(categories) == "GET /categories/: 1 request (1 × 200)"
    assert detail.statuses[404] == 1
    assert detail.statuses[200] > 5
    assert listing.used["ordering"] > 5
    number = listing.requests
    assert str(listing).startswith(f"GET /products/: {number} requests ({number} × 200); parameters page ")
    listing.used.clear()
    assert str(listing).endswith("; never: page, ordering")


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_schema_may_be_a_file_a_url_or_a_target_of_the_old_side(form: str, tmp_path: Path) -> None:
    text = (
        json.dumps(SCHEMA) if form == "json" else "openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths:\n  /a/: {}\n"
    )
    if form == "yaml":
        text = text.replace("{}", "{get: {responses: {'200': {description: Fine.}}}}")
    file = tmp_path / f"schema.{form}"
    file.write_text(text)

    def served(request: Request) -> Answer:
        return Answer(200, (), text.encode()) if request.target == "/schema/?v=1" else Answer(404)

    with serving(served) as server:
        sources: list[Path | str] = [file, str(file), f"{server.url}/schema/?v=1", "/schema/?v=1"]
        labels = [[str(each) for each in Parity(served, same).schema(source)] for source in sources[:1] + sources[2:]]
        assert labels[0]
        assert labels == [labels[0]] * 3
        with pytest.raises(ConfigError, match="/nowhere: was answered 404"):
            Parity(served, same).schema(f"{server.url}/nowhere")
        with pytest.raises(ConfigError, match="/nowhere: was answered 404"):
            Parity(served, same).schema("/nowhere")


def test_what_is_no_schema_is_said(tmp_path: Path) -> None:
    parity = Parity(same, same)
    for text in ("{", "[]", '{"a": 1}'):
        (tmp_path / "schema.json").write_text(text)
        with pytest.raises(ConfigError, match=r"schema\.json: is no OpenAPI document"):
            parity.schema(tmp_path / "schema.json")
    with pytest.raises(ConfigError, match=r"none\.json: cannot be read: No such file"):
        parity.schema(tmp_path / "none.json")
    broken = {
        **SCHEMA,
        "paths": {**SCHEMA["paths"], "/wrong/": {"get": {"parameters": [{"$ref": "#/nowhere"}], **FINE}}},
    }
    with pytest.raises(ConfigError, match="makes no sense"):
        parity.schema(broken)
    assert parity.schema(broken, exclude="/wrong/")


def test_each_operation_of_a_schema_at_hand_is_a_test_and_the_end_tells_what_was_asked(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(f"{CONFTEST}\n@pytest.fixture\ndef parity_values():\n    return {{'page': ['bug']}}\n")
    (pytester.path / "schema.json").write_text(json.dumps(SCHEMA))
    pytester.makepyfile(
        """
        import pytest
        from pathlib import Path
        from strangler import parity

        @pytest.fixture
        def mine():
            return "mine"

        class TestReads:
            @parity.from_openapi(Path(__file__).parent / "schema.json", max_examples=20)
            def test_alike(self, mine, parity, question):
                assert mine == "mine"
                parity.check(question)
        """
    )
    result = run("--parity-save", "cases")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "the sides differ: GET /products/[?]page=bug",
            "*The smallest request found that shows it, of * to GET /products/; seed 1.",
            "*= parity: what was asked =*",
            "GET /products/{id}/: * requests (* × 200)",
            "GET /categories/: 1 request (1 × 200)",
            "PASSED *::TestReads::test_alike[[]GET /products/{id}/[]]",
        ]
    )
    assert len(list((pytester.path / "cases").rglob("*.parity.json"))) == 1, "of all that failed the smallest"


def test_a_schema_that_has_to_be_asked_for_is_one_test_of_all_its_operations(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(
        f"""
        import pytest
        from strangler.compare import Answer
        from strangler.parity import Sides

        def old(request):
            return Answer(200, (), {json.dumps(SCHEMA)!r}.encode() if request.target == "/schema/" else b"a")

        @pytest.fixture
        def parity_sides():
            def new(request):
                return Answer(200, (), b"b" if "page" in request.target or "cat" in request.target else b"a")

            return Sides(old, new)
        """
    )
    pytester.makepyfile(
        """
        from strangler import parity

        @parity.from_openapi("/schema/", max_examples=10)
        def test_alike(parity, question):
            parity.check(question)
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["the sides differ: GET /products/[?]page=*", "the sides differ: GET /categories/"])
    assert "All traceback entries are hidden" not in result.stdout.str()


def test_a_test_of_a_schema_has_to_take_the_question() -> None:
    from strangler.parity import from_openapi

    with pytest.raises(TypeError, match="test_it has to take `question`"):

        @from_openapi("/schema/")
        def test_it(parity: Parity) -> None:
            raise AssertionError


def test_without_schemathesis_the_extra_is_named(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['schemathesis'] = None\n"
        "from strangler.compare import Answer\n"
        "from strangler.parity import Parity\n"
        "try:\n"
        "    Parity(lambda _: Answer(200), lambda _: Answer(200)).schema({})\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path
    )
    assert done.stdout == "MissingExtra schemathesis is not installed: pip install 'strangler[parity]'\n"
