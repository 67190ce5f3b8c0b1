"""The cache whose writes do nothing for copies."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ImproperlyConfigured

from strangler.django.effects import guard
from strangler.shadow import Strategy, shadowed

NAME = "strangler.django.cache.ShadowGuardCache"


@pytest.fixture(params=["locmem", "filebased"])
def cache(request: pytest.FixtureRequest, settings: Any, tmp_path: Any) -> BaseCache:
    kinds = {"locmem": "locmem.LocMemCache", "filebased": "filebased.FileBasedCache"}
    options = {"BACKEND": f"django.core.cache.backends.{kinds[request.param]}", "MAX_ENTRIES": 77}
    settings.STRANGLER = {}
    settings.CACHES = {"default": {"BACKEND": NAME, "LOCATION": str(tmp_path / "cache"), "OPTIONS": options}}
    made: BaseCache = caches["default"]
    made.clear()
    made.set_many({"a": 1, "b": 2})
    return made


def test_it_is_a_cache_like_the_one_it_guards(cache: BaseCache) -> None:
    assert isinstance(cache, LocMemCache) or type(cache).__name__ == "ShadowGuardedFileBasedCache"
    assert cache._max_entries == 77
    assert (cache.incr("a"), cache.add("a", 5), cache.add("c", 5), cache.touch("b", 60)) == (2, False, True, True)
    assert (cache.delete("b"), cache.get("b"), cache.get_or_set("d", 4)) == (True, None, 4)
    cache.delete_many(["c", "d"])
    assert cache.get_many(["a", "c", "d"]) == {"a": 2}


@pytest.mark.parametrize("strategy", [Strategy.READ, Strategy.DRY_RUN])
def test_a_copy_reads_and_changes_nothing(cache: BaseCache, strategy: Strategy) -> None:
    with shadowed(strategy):
        cache.set("a", 9)
        assert (cache.get("a"), cache.add("a", 9), cache.add("new", 9)) == (1, False, True)
        assert (cache.touch("a", 0), cache.touch("new"), cache.delete("a"), cache.delete("new")) == (
            True, False, True, False,
        )  # fmt: skip
        assert (cache.incr("a", 5), cache.decr("b"), cache.get_or_set("new", 3)) == (6, 1, 3)
        with pytest.raises(ValueError, match="new"):
            cache.incr("new")
        assert cache.set_many({"a": 9}) == []
        cache.delete_many(["a", "b"])
        cache.clear()
        asyncio.run(cache.aset("a", 9))
        asyncio.run(cache.adelete("b"))
    assert cache.get_many(["a", "b", "new"]) == {"a": 1, "b": 2}
    assert guard().counts()["cache"].recorded >= 12


def test_a_sandbox_writes(cache: BaseCache) -> None:
    with shadowed(Strategy.SANDBOX):
        cache.set("a", 9)
    assert cache.get("a") == 9


@pytest.mark.parametrize("options", [{}, {"BACKEND": NAME}])
def test_a_cache_that_guards_nothing_is_told(settings: Any, options: dict[str, str]) -> None:
    settings.CACHES = {"default": {"BACKEND": NAME, "OPTIONS": options}}
    with pytest.raises(ImproperlyConfigured, match="OPTIONS"):
        caches["default"]
