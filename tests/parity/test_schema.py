"""What nobody would think of asking: requests generated from the monolith's own schema, to both sides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume
from strangler_proxy.config import load_config
from strangler_proxy.routes import RouteTable

from demo.stack import ROOT
from strangler.compare import Request
from strangler.parity import Parity, from_openapi

READS = ("/api/v1/products/*", "/api/v1/categories/")
ROUTES = RouteTable(load_config(ROOT / "proxy" / "strangler.toml").routes)


@pytest.mark.parity(lag=3)
@from_openapi("/api/v1/schema/", include=READS, max_examples=60)
def test_both_sides_answer_every_generated_read_alike(parity: Parity, question: Request) -> None:
    path, _, query = question.target.encode("latin-1").partition(b"?")
    match = ROUTES.match(question.method, path, query)
    # What no route takes, such as an id that is a word, the monolith goes on answering.
    assume(match is not None)
    assert match is not None
    parity.check(replace(question, route=match.route.name))
