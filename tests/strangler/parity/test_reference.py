"""The page on the library has every option, and its examples of parity tests run."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from strangler.compare import Answer, Request
from strangler.parity import from_openapi
from strangler.recording import Case
from tests.strangler.parity.running import Run, run
from tests.strangler.parity.server import serving
from tests.strangler.parity.test_openapi import SCHEMA

__all__ = ["run"]

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "library.md").read_text()
SECTION = PAGE.partition("\n## Parity tests\n")[2].partition("\n## ")[0]


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.M | re.S)


def test_every_option_and_its_key_is_on_the_page(pytestconfig: pytest.Config) -> None:
    names = sorted(name for name in vars(pytestconfig.option) if name.startswith("parity_"))
    assert len(names) == 12
    for name in names:
        assert f"`{name}`" in SECTION
        assert f"--{name.replace('_', '-')}" in SECTION


def test_every_argument_of_from_openapi_is_on_the_page() -> None:
    for name in inspect.signature(from_openapi).parameters:
        assert re.search(rf"^\| [^|]*`{name}`", SECTION, re.M), name


def test_the_case_on_the_page_is_one() -> None:
    [example] = examples("json")
    assert str(Case.from_json(json.loads(example))) == "GET /api/v1/products/1/"


def test_the_examples_on_the_page_run(run: Run, pytester: pytest.Pytester) -> None:
    first, _, generated = examples("python")
    (pytester.path / "test_products.py").write_text(first)
    (pytester.path / "test_generated.py").write_text(generated)
    paths = {f"/api/v1{path}": item for path, item in SCHEMA["paths"].items()}
    schema = json.dumps({**SCHEMA, "paths": paths}).encode()

    def answer(request: Request) -> Answer:
        return Answer(200, (), schema if request.target == "/api/v1/schema/" else b"same")

    with serving(answer) as server:
        result = run("--parity-old", server.url, "--parity-new", server.url, "--parity-max-examples", "5")
    result.assert_outcomes(passed=2)
