from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from strangler_proxy.config.reader import read_config
from strangler_proxy.config.store_url import without_password
from strangler_proxy.config.values import Config
from strangler_proxy.reloading import unchangeable

from strangler.errors import ConfigError

FILE = '[upstreams.monolith]\nurl = "http://127.0.0.1:8000"\n[store]\nurl = "{url}"\n'
PATH = Path("/srv/shop/strangler.toml")


def stored(url: str) -> str:
    return read_config(FILE.format(url=url), PATH, {"PASSWORD": "hu$h"}).store


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("sqlite:///store.db", "sqlite:////srv/shop/store.db"),
        ("sqlite:////var/store.db", "sqlite:////var/store.db"),
        ("postgresql://shop:${PASSWORD}@db/shop", "postgresql://shop:hu$h@db/shop"),
        ("postgres://db:5433/shop?sslmode=require", "postgres://db:5433/shop?sslmode=require"),
        ("postgresql://shop@a:1,b:2/shop", "postgresql://shop@a:1,b:2/shop"),
        ("postgresql:///shop?host=/var/run/postgresql", "postgresql:///shop?host=/var/run/postgresql"),
    ],
)
def test_a_store_is_a_file_from_the_folder_or_a_database_as_it_stands(url: str, meant: str) -> None:
    assert stored(url) == meant


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:hush@/shop",
        "postgresql://shop:hush@db",
        "postgresql://shop:hush@db/",
        "postgresql://shop:hush@db/shop with a gap",
        "postgresql://shop:hu[sh@db/shop",
        "postgresql://shop:hush@db?password=hush",
        "mysql://shop:hush@db/shop",
        "sqlite:///",
        "",
    ],
)
def test_an_address_that_names_no_store_is_refused_without_the_password(url: str) -> None:
    with pytest.raises(ConfigError, match=r"store\.url") as caught:
        stored(url)
    assert "hush" not in str(caught.value)
    assert "hu[sh" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////srv/a:b@c?d.db", "sqlite:////srv/a:b@c?d.db"),
        ("postgresql://shop:hush@db:5432/shop", "postgresql://shop@db:5432/shop"),
        ("postgresql://shop:hu/sh@hush@db/shop", "postgresql://shop@db/shop"),
        ("postgresql://db/shop?user=shop&password=hush", "postgresql://db/shop"),
        ("postgresql://shop:hush@db/shop?password=hush@hush", "postgresql://shop@db/shop"),
        ("postgresql://db/shop", "postgresql://db/shop"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_a_reload_may_change_the_password_but_not_the_database_and_never_tells_it() -> None:
    present = Config(path=PATH, upstreams={}, store="postgresql://shop:hush@db/shop")
    assert unchangeable(present, replace(present, store="postgresql://shop:other-hush@db/shop")) == []
    (problem,) = unchangeable(present, replace(present, store="postgresql://shop:hush@db2/shop"))
    assert "postgresql://shop@db2/shop" in str(problem)
    assert "hush" not in str(problem)
