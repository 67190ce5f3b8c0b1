"""Strategies: templates, paths that may fit them, and routes; and Django's own word on who owns a path."""

from __future__ import annotations

from django.urls.resolvers import RoutePattern
from hypothesis import strategies as st
from strangler_proxy.routes.route import Route

CONVERTERS = ("int", "uuid", "slug", "str", "path")
UUID = "0a1b2c3d-0000-4000-8000-00000000000f"
LITERALS = ("a", "b", "ab", "A", "1", "p-", "-", "a.html", ".", "..", "é", "a b", "a;b", "a%b", UUID, "a\nb")
SAMPLES = {
    "int": ("7", "007", "٣", "a"),
    "uuid": (UUID, UUID.upper(), "a"),
    "slug": ("a", "a-b_C", "7", UUID, "é"),
    "str": ("a", "é", "a.b", "7", "a\nb", UUID),
    "path": ("a", "a/b", "/", "a/", "a//b", "a\nb", "7"),
}


def owned_by_django(template: str, path: str) -> bool:
    """Whether Django serves `path` under `template`, or redirects it there by APPEND_SLASH, or the reverse of that."""
    pattern = RoutePattern(template[1:], is_endpoint=True)
    if not path.startswith("/"):
        return False
    forms = [path]
    if template.endswith("/") and not path.endswith("/"):
        forms.append(path + "/")
    if not template.endswith("/") and path.endswith("/"):
        forms.append(path[:-1])
    return any(form.startswith("/") and pattern.match(form[1:]) is not None for form in forms)


@st.composite
def templates(draw: st.DrawFn) -> str:
    """A template of up to four segments, each of up to three parts."""
    names = iter("xyzuvwrstklm")
    segments = []
    for _ in range(draw(st.integers(0, 4))):
        parts = []
        for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
            if draw(st.booleans()):
                parts.append(f"<{draw(st.sampled_from(CONVERTERS))}:{next(names)}>")
            else:
                parts.append(draw(st.sampled_from(LITERALS)))
        segments.append("".join(parts))
    return "/" + "/".join(segments) + ("/" if draw(st.booleans()) and segments else "")


@st.composite
def paths(draw: st.DrawFn, template: str | None = None) -> str:
    """A decoded path: one filled into `template` or put together freely, with or without a last slash."""
    if template is not None and draw(st.sampled_from((True, True, True, False))):
        path = template
        for converter, samples in SAMPLES.items():
            while f"<{converter}:" in path:
                start = path.index(f"<{converter}:")
                end = path.index(">", start) + 1
                path = path[:start] + draw(st.sampled_from(samples)) + path[end:]
    else:
        pieces = [*LITERALS, *(sample for each in SAMPLES.values() for sample in each), "", "/"]
        path = "/" + "/".join(draw(st.lists(st.sampled_from(pieces), max_size=4)))
    path = path[:40]  # beyond that, templates of many variables are not looked at, which Django does
    edit = draw(st.sampled_from(("", "", "", "drop", "add")))
    if edit == "drop" and len(path) > 1:
        return path.removesuffix("/")
    return path + "/" if edit == "add" and len(path) < 40 else path


@st.composite
def routes(draw: st.DrawFn, number: int, template: str) -> Route:
    """A route with a few methods and conditions out of few, so that they meet often."""
    methods = draw(st.sets(st.sampled_from(("GET", "POST", "HEAD")), min_size=1))
    headers = draw(st.dictionaries(st.sampled_from(("X-A", "X-B")), st.sampled_from((None, "1", "2")), max_size=1))
    query = draw(st.dictionaries(st.sampled_from(("q", "r")), st.sampled_from((None, "1", "2")), max_size=1))
    return Route(f"r{number}", frozenset(methods), template, "service", headers=headers, query=query, line=number)
