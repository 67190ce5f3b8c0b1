from __future__ import annotations

import re

import pytest

from strangler.inventory.expression import joined, unnamed


@pytest.mark.parametrize(
    ("pieces", "taken", "left"),
    [
        (["^shop/", r"^products/(?P<id>[0-9]+)/\Z"], ["/shop/products/7/"], ["/shop/products/7", "/products/7/"]),
        (["^$"], ["/"], ["/x"]),
        (["", "^about/$"], ["/about/"], ["/x/about/"]),
        (["^a/"], ["/a/", "/a/b"], ["/b/a/"]),
        (["tail/$"], ["/tail/", "/any/tail/"], ["/tail/x"]),
        (["^one$|^two/$"], ["/one", "/two/"], ["/one/two/"]),
        (["^shop/", "^one$|^two/$"], ["/shop/one", "/shop/two/"], ["/two/"]),
        (["(?i)^Foo/$"], ["/foo/", "/FOO/"], ["/bar/"]),
        ([r"^cost/[$^]/$"], ["/cost/$/", "/cost/^/"], ["/cost//"]),
        ([r"^price\$/$"], ["/price$/"], ["/price/"]),
        (["^(?P<id>a)/", "^(?P<id>b)/$"], ["/a/b/"], ["/a/a/"]),
        (["^(?P<x>[ab])-(?P=x)/$"], ["/a-a/"], ["/a-b/"]),
    ],
)
def test_patterns_of_all_levels_are_one_expression(pieces: list[str], taken: list[str], left: list[str]) -> None:
    for expression in (joined(pieces), unnamed(joined(pieces))):
        assert [path for path in taken if not re.fullmatch(expression, path)] == []
        assert [path for path in left if re.fullmatch(expression, path)] == []


def test_names_go_and_everything_else_stays() -> None:
    assert unnamed(r"/(?P<year>\d{4})/(?:x|y)/[(?P<a>]/\(?P<b>") == r"/(\d{4})/(?:x|y)/[(?P<a>]/\(?P<b>"
    assert unnamed("/(?P<a>x)(?P=a)") == "/(?P<a>x)(?P=a)"
