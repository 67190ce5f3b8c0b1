"""Paths with what varies named."""

from __future__ import annotations

import pytest
from strangler_proxy.shadow.shapes import Shapes


def test_a_route_is_counted_as_it_is_written() -> None:
    shapes = Shapes("/api/v1/products/<int:id>/")
    assert shapes.constant == shapes.of(b"/api/v1/products/7/") == "/api/v1/products/<int:id>/"


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        (b"/files/a/b", "/files/a/b"),
        (b"/files/a/17/b", "/files/a/<int>/b"),
        (b"/files/0b9d3c9e-1f2a-4c3b-8d4e-5f6a7b8c9d0e/x", "/files/<uuid>/x"),
        (b"/files/deadBEEF", "/files/<hex>"),
        (b"/files/beef", "/files/beef"),
        (b"/files/%64eadbeef/", "/files/<hex>/"),
        (b"/files/a%0Ab", "…"),
        (b"/files/" + b"x" * 300, "…"),
        (b"/elsewhere", "…"),
    ],
)
def test_segments_of_a_path_variable_are_shown_but_for_what_varies(path: bytes, shape: str) -> None:
    shapes = Shapes("/files/<path:rest>")
    assert not shapes.constant
    assert shapes.of(path) == shape


def test_other_variables_keep_their_names() -> None:
    assert Shapes("/u/<int:user>/f-<path:rest>/").of(b"/u/4/f-a/9/") == "/u/<int:user>/f-a/<int>/"


def test_of_too_many_templates_the_rest_is_one() -> None:
    shapes = Shapes("/<path:rest>")
    found = {shapes.of(b"/name-%d" % number) for number in range(200)}
    assert len(found) == 65
    assert "…" in found
    assert shapes.of(b"/name-3") == "/name-3"
