from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from strangler.errors import SeamError
from strangler.seam import Seam
from strangler.testing import FixedToggles
from strangler.toggles import Stage
from tests.strangler.seam.world import NAME, World


def test_a_function_is_a_seam_as_well() -> None:
    def old_price(number: int, *, currency: str = "EUR") -> str:
        """What it costs."""
        return f"{number} {currency}"

    def new_price(number: int, *, currency: str = "EUR") -> str:
        return f"new {number}"

    toggles = FixedToggles({NAME: Stage.MONOLITH})
    seam = Seam(NAME, old=old_price, new=lambda: new_price, toggles=toggles)
    price = seam.facade()
    assert price(3, currency="USD") == "3 USD"
    assert (price.__name__, price.__doc__) == ("old_price", "What it costs.")
    toggles.set(NAME, Stage.EXTRACTED)
    assert price(3) == "new 3"


def test_a_facade_has_methods_and_nothing_else() -> None:
    facts: Any = World(Stage.MONOLITH).facts
    assert repr(facts) == "<seam catalog.facts>"
    assert facts.product.__name__ == "product"
    assert facts.product is facts.product
    with pytest.raises(AttributeError, match="not a method"):
        facts.price  # noqa: B018
    with pytest.raises(AttributeError, match="nosuch"):
        facts.nosuch()
    with pytest.raises(AttributeError, match="cannot be set"):
        facts.price = "2"


def test_a_new_one_without_the_method_falls_back() -> None:
    world = World(Stage.EXTRACTED, make=object)
    assert world.facts.product(1).price == "1.00"
    assert world.settled().fallbacks == 1


async def asynchronous(number: int) -> int:
    return number


async def streaming(number: int) -> AsyncIterator[int]:
    yield number


def generating(number: int) -> Iterator[int]:
    yield number


@pytest.mark.parametrize(
    ("function", "word"), [(asynchronous, "async;"), (streaming, "async generator"), (generating, "a generator")]
)
def test_what_has_no_answer_when_it_returns_is_refused_at_construction(function: Callable[..., Any], word: str) -> None:
    with pytest.raises(SeamError, match=word):
        Seam(NAME, old=function, new=lambda: function, toggles=FixedToggles())

    class Lazy:
        product = staticmethod(function)

    with pytest.raises(SeamError, match=f"method product is .*{word}"):
        Seam(NAME, old=Lazy(), new=Lazy, toggles=FixedToggles())


def test_a_new_one_that_is_async_is_an_error_of_the_new_one() -> None:
    world = World(Stage.EXTRACTED, make=lambda: asynchronous)
    assert world.facts.product(1).price == "1.00"
    assert isinstance(world.errors[0][1], SeamError)


@pytest.mark.parametrize("name", ["", "Catalog", "a b", "a."])
def test_a_name_that_no_toggle_can_have_is_refused(name: str) -> None:
    with pytest.raises(SeamError, match="not a toggle's name"):
        Seam(name, old=abs, new=lambda: abs, toggles=FixedToggles())


@pytest.mark.parametrize("sizes", [{"threads": 0}, {"queue": 0}])
def test_a_seam_that_could_never_shadow_is_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(SeamError, match="begin at 1"):
        Seam(NAME, old=abs, new=lambda: abs, toggles=FixedToggles(), **sizes)  # type: ignore[arg-type]
