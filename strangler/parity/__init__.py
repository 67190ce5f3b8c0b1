"""Parity tests: ask two sides the same, and fail unless they answer alike under the rules.

    pytest --parity-old http://127.0.0.1:8000 --parity-new http://127.0.0.1:8100

    def test_a_product_is_answered_alike(parity):
        parity.ask("GET", "/api/v1/products/1/")

The pytest plugin (`strangler.pytest_plugin`, found by pytest itself) gives the fixture, runs files of kept cases
(`*.parity.json`), and generates requests from an OpenAPI schema: see `from_openapi`. Who is asked can be said by the
fixture `parity_sides` instead, and may be in this process: `WsgiSide`, `AsgiSide`, or any function of a request.

`strangler[parity]` brings along httpx, for sides with an address, and schemathesis, for schemas; each is imported when
it is needed.
"""

from strangler.parity.asgi_side import AsgiSide
from strangler.parity.compared import Compared
from strangler.parity.covered import Covered
from strangler.parity.disagreement import Disagreement
from strangler.parity.from_openapi import from_openapi
from strangler.parity.http_side import HttpSide
from strangler.parity.openapi import Operation
from strangler.parity.parity import Parity
from strangler.parity.settings import Mode, ParitySettings
from strangler.parity.sides import Sides
from strangler.parity.wsgi_side import WsgiSide

__all__ = [
    "AsgiSide",
    "Compared",
    "Covered",
    "Disagreement",
    "HttpSide",
    "Mode",
    "Operation",
    "Parity",
    "ParitySettings",
    "Sides",
    "WsgiSide",
    "from_openapi",
]
