"""A release that a file puts out: what it changes in answers, and what not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.releases import PLANTED, Releases

PRODUCT = {"name": "Café", "price": "9.99", "price_with_tax": "11.89"}


async def answer(_: Request) -> Response:
    return JSONResponse(PRODUCT, headers={"X-Strangler-Release": "abc", "ETag": '"1"'})


async def asked(file: Path) -> httpx.Response:
    app = Releases(Starlette(routes=[Route("/", answer)]), file)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://catalog") as client:
        return await client.get("/")


@pytest.mark.parametrize("word", ["", "fixed"])
def test_a_good_release_changes_nothing_but_its_name(tmp_path: Path, word: str) -> None:
    file = tmp_path / "release"
    if word:
        file.write_text(word)
    seen = _run(file)
    assert seen.json() == PRODUCT
    assert seen.headers["X-Strangler-Release"] == ("abc-fixed" if word else "abc")


def test_the_planted_one_gets_prices_wrong_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "release"
    file.write_text(PLANTED)
    seen = _run(file)
    assert seen.json() == {**PRODUCT, "price_with_tax": "11.00"}
    assert seen.headers["X-Strangler-Release"] == "abc-planted"
    assert int(seen.headers["Content-Length"]) == len(seen.content)


def _run(file: Path) -> httpx.Response:
    return asyncio.run(asked(file))
