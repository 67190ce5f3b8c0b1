from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.replay.jar import Crumb, Jar, crumbs_of


def jar(*lines: str, path: str = "/a/b", now: float = 1000.0) -> Jar:
    made = Jar()
    made.keep(lines, path, now)
    return made


def test_a_cookie_is_sent_where_its_path_covers_and_the_nearest_comes_first() -> None:
    made = jar("a=1; Path=/", "b=2; Path=/shop", "c=3")
    assert made.crumbs("/shop/x", 1000) == [Crumb("b", "2"), Crumb("a", "1")]
    assert made.crumbs("/shopping", 1000) == [Crumb("a", "1")]
    assert made.value("c", "/a/x", 1000) == "3"
    assert made.value("c", "/b", 1000) is None


@pytest.mark.parametrize("end", ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_cookie_that_is_deleted_is_known_to_have_been_there(end: str) -> None:
    made = jar("a=1; Path=/")
    made.keep([f"a=; Path=/; {end}"], "/", 1000)
    assert (made.value("a", "/", 1000), made.has_taken_back("a"), made.has_taken_back("b")) == (None, True, False)
    made.keep(["a=2; Path=/"], "/", 1000)
    assert (made.value("a", "/", 1000), made.has_taken_back("a")) == ("2", False)


def test_a_cookie_ends_when_it_says() -> None:
    made = jar("a=1; Path=/; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    assert made.value("a", "/", 1009) == "1"
    assert made.value("a", "/", 1011) is None


def test_it_does_not_grow_without_bound() -> None:
    made = jar(*(f"c{number}=1; Path=/" for number in range(1000)))
    assert len(made.crumbs("/", 1000)) == 200
    assert made.value("c999", "/", 1000) == "1"


@given(st.lists(st.text(max_size=30)), st.text(max_size=10))
def test_no_line_makes_it_stumble(lines: list[str], path: str) -> None:
    made = jar(*lines, path=path)
    assert all(crumb.name for crumb in made.crumbs("/", 1000))
    assert all(crumb.name for crumb in crumbs_of(lines))


def test_the_cookies_of_a_request_are_read() -> None:
    assert crumbs_of(["a=1; b=2=3;; =x; y", "c="]) == [Crumb("a", "1"), Crumb("b", "2=3"), Crumb("c", "")]
