from __future__ import annotations

import pytest

from strangler.inventory.expression import joined
from strangler.inventory.templates import templates_of


@pytest.mark.parametrize(
    ("pattern", "templates", "exact"),
    [
        (r"^products/(?P<id>[0-9]+)/\Z", ["/products/<int:id>/"], True),
        (r"^products/(?P<id>\d+)/$", ["/products/<int:id>/"], True),
        (r"^years/(?P<year>\d{4})/$", ["/years/<int:year>/"], False),
        (r"^p/(?P<pk>[^/.]+)/$", ["/p/<str:pk>/"], False),
        (r"^p/(?P<pk>[^/]+)/$", ["/p/<str:pk>/"], True),
        (r"^s/(?P<slug>[-a-zA-Z0-9_]+)/$", ["/s/<slug:slug>/"], True),
        (r"^s/(?P<slug>[\w-]+)/$", ["/s/<str:slug>/"], False),
        (r"^s/(?P<slug>[a-z]{2})/$", ["/s/<slug:slug>/"], False),
        (
            "^u/(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/$",
            ["/u/<uuid:id>/"],
            True,
        ),
        (r"^f/(?P<path>.+)$", ["/f/<path:path>"], True),
        (r"^f/(?P<path>.*)$", ["/f/<path:path>", "/f/"], True),
        (r"^about/?$", ["/about/"], True),
        (r"^about\.html$", ["/about.html"], True),
        (r"^about.html$", ["/about.html"], False),
        (r"^(?P<kind>news|blog)/$", ["/news/", "/blog/"], True),
        (r"^p(?:/page(?P<n>\d+))?/$", ["/p/page<int:n>/", "/p/"], True),
        (r"^(\d+)/([a-z]+)/$", ["/<int:part1>/<slug:part2>/"], False),
        (r"^c/(?P<slug>[\w-]+(/[\w-]+)*)_(?P<pk>\d+)/$", ["/c/<path:slug>_<int:pk>/"], False),
        (r"^x/(?!admin)(?P<p>[^/]+)/$", ["/x/<str:p>/"], False),
        (r"^(?P<a>x)(?P=a)/$", ["/x<path:part1>/"], False),
        (r"^o/(?P<number>[\w-]*)/$", ["/o/<str:number>/"], False),
        (r"(?i)^Foo/$", [], False),
        (r"^a<b/$", [], False),
        ("^" + "(a|b)" * 4 + "/$", ["/aaaa/"], None),
    ],
)
def test_the_templates_are_as_narrow_as_can_be(pattern: str, templates: list[str], exact: bool | None) -> None:
    found, whole = templates_of(joined([pattern]))
    if exact is None:
        # Too many ways for a template each: one that takes more.
        assert len(found) <= 8
        assert whole is False
    else:
        assert (list(found), whole) == (templates, exact)


def test_what_is_no_expression_has_no_template() -> None:
    assert templates_of("/(") == ((), False)
