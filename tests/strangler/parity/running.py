"""A pytest run of its own with our plugin, two sides for it to ask, and the cases that it finds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from strangler.compare import Answer, Request
from tests.strangler.parity.server import Server, serving

__all__ = ["CONFTEST", "RULES", "Run", "answering", "case", "kept", "new", "old", "run"]

RULES = '[[rule]]\nroute = "shop.*"\npath = "$.price"\nignore = true\nwhy = "Rounded elsewhere."\n'
# Two sides in this process: the new one sees another price where the query says `bug`.
CONFTEST = """
import json
import pytest
from strangler.compare import Answer
from strangler.parity import Sides

asked = []
flaws = {"old": 0}

def side(name):
    def answer(request):
        asked.append((name, request))
        price = "1.50" if name == "new" and "bug" in request.target else "1.00"
        document = {"target": request.target, "price": price}
        if "noise" in request.target:
            flaws["old"] += 1
            document["noise"] = flaws["old"]
        if "coding" in request.target:
            return Answer(200, (("Content-Encoding", "unheard-of"),), name.encode())
        return Answer(200, (("Content-Type", "application/json"),), json.dumps(document).encode())
    return answer

@pytest.fixture
def parity_sides():
    return Sides(side("old"), side("new"))
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest with our plugin, as pytest itself finds it, and without those of this project's own tests."""
    # It is a run of its own also where this one is a process among others.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    others = [word for name in ("django", "schemathesis", "timeout", "cov") for word in ("-p", f"no:{name}")]

    def go(*words: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *others, "-W", "error", "-rA", *words)

    return go


def answering(price: str) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        document = {"target": request.target, "price": price, "host": dict(request.headers).get("Host")}
        return Answer(200, (("Content-Type", "application/json"),), json.dumps(document).encode())

    return answer


@pytest.fixture
def old() -> Iterator[Server]:
    with serving(answering("1.00")) as server:
        yield server


@pytest.fixture
def new() -> Iterator[Server]:
    with serving(answering("1.50")) as server:
        yield server


def case(target: str, **more: object) -> str:
    request = {"method": "GET", "target": target}
    return json.dumps({"strangler": "parity-case", "version": 1, "request": request, **more}, indent=1)


def kept(price: str) -> dict[str, object]:
    return {"status": 200, "headers": [["Content-Type", "application/json"]], "body": {"text": price}}
