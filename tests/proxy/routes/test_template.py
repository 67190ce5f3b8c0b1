from __future__ import annotations

import pytest
from django.urls.converters import DEFAULT_CONVERTERS
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.routes.template import CONVERTERS, TemplateError, parse_template, placeholders

from tests.proxy.routes.templates import owned_by_django, paths, templates


def test_the_converters_are_djangos() -> None:
    assert {name: converter.regex for name, converter in DEFAULT_CONVERTERS.items()} == CONVERTERS


@given(st.data())
def test_a_template_owns_what_django_serves_and_what_append_slash_redirects(data: st.DataObject) -> None:
    template = data.draw(templates())
    path = data.draw(paths(template))
    assert (parse_template(template).match(path) is not None) == owned_by_django(template, path)


@pytest.mark.parametrize("template", ["/a/", "/a"])
def test_both_forms_are_owned_whichever_was_written(template: str) -> None:
    assert all(parse_template(template).match(path) == {} for path in ("/a", "/a/"))
    assert parse_template(template).match("/a//") is None


def test_the_root_is_only_the_root() -> None:
    assert parse_template("/").match("/") == {}
    assert parse_template("/").match("//") is None


def test_variables_have_the_values_that_django_would_give() -> None:
    template = parse_template("/shop/<slug:kind>-<int:id>/<path:rest>/")
    assert template.match("/shop/a-b-7/x/y/") == {"kind": "a-b", "id": "7", "rest": "x/y"}
    assert template.match("/shop/a-b-7/x/y") == {"kind": "a-b", "id": "7", "rest": "x/y"}


def test_a_number_too_long_for_python_is_no_match_as_in_django() -> None:
    template = parse_template("/<int:id>/")
    assert template.match("/" + "1" * 4300) is not None
    assert template.match("/" + "1" * 4301) is None
    assert not owned_by_django("/<int:id>/", "/" + "1" * 4301)


@pytest.mark.parametrize(
    ("template", "longest"),
    [("/<str:a>-<str:b>/", 1000), ("/<slug:a>-<slug:b>-<slug:c>/", 200), ("/<path:a>/<path:b>/", 1000)],
)
def test_what_several_variables_could_share_in_countless_ways_is_not_looked_at(template: str, longest: int) -> None:
    def path(length: int) -> str:
        return "/" + "".join("-/-a"[number % 4] if "path" in template else "-" for number in range(length))

    assert parse_template(template).match(path(longest)) is not None
    assert parse_template(template).match(path(longest + 1)) is None


def test_a_variable_alone_in_its_segment_may_be_long() -> None:
    assert parse_template("/<str:a>/<str:b>/<path:c>").match("/" + "/".join("x" * 9000 for _ in range(3))) is not None


def test_a_variable_without_a_converter_is_a_str() -> None:
    assert parse_template("/<name>/").match("/é/") == {"name": "é"}


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("a/", "does not begin with a slash"),
        (r"^a/(?P<id>[0-9]+)/$", "is a regular expression"),
        (r"/a/(?P<id>[0-9]+)/", "is a regular expression"),
        ("", "does not begin with a slash"),
        ("/a?b", "contains '?'"),
        ("/a#b", "contains '#'"),
        ("/a//b", "empty segment"),
        ("//", "empty segment"),
        ("/<int:id/", "unmatched angle bracket"),
        ("/id>/", "unmatched angle bracket"),
        ("/<int: id>/", "white space"),
        ("/<int:1d>/", "not an identifier"),
        ("/<float:x>/", "unknown converter 'float'"),
        ("/<int:x>/<slug:x>/", "twice"),
    ],
)
def test_a_template_that_cannot_be_read_says_why(template: str, wrong: str) -> None:
    with pytest.raises(TemplateError, match="(?s)" + wrong.replace("?", r"\?")) as refused:
        parse_template(template)
    assert refused.value.right


def test_a_rewrite_names_its_variables() -> None:
    assert placeholders("/v1/<id>/<int:page>") == ["id", "page"]


@pytest.mark.parametrize("rewrite", ["v1", "/v1?x=<id>", "/v 1", "/<id"])
def test_a_rewrite_is_a_path(rewrite: str) -> None:
    with pytest.raises(TemplateError):
        placeholders(rewrite)
