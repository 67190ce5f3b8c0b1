"""What a page renews with every rendering is masked, and nothing beside it."""

from __future__ import annotations

import pytest

from strangler.compare import Verdict
from strangler.compare.masks import mask_text
from tests.strangler.compare.bodies import agree, compared_as, places

HTML = "text/html"
ONE, OTHER = "aB3" * 21 + "x", "Zy9" * 21 + "q"
SECRET = "k" * 31 + "9"
NONCE, FRESH = "r4nd0mR4nd0mR4nd0m==", "dGhpcyBpcyBhIG5vbmNl"


def field(value: str) -> str:
    return f'<form><input type="hidden" name="csrfmiddlewaretoken" value="{value}"></form>'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (field(ONE), field(OTHER)),
        (field(ONE), field(SECRET)),
        (f"<meta name=csrf-token content={ONE}>", f"<meta name=csrf-token content={OTHER}>"),
        (f"<script>h = {{'X-CSRFToken': '{ONE}'}}</script>", f"<script>h = {{'X-CSRFToken': '{OTHER}'}}</script>"),
        (f'<script>var csrfToken = "{ONE}";</script>', f'<script>var csrfToken = "{OTHER}";</script>'),
        (f'<script>h["X-CSRFToken"] = "{ONE}"</script>', f'<script>h["X-CSRFToken"] = "{OTHER}"</script>'),
        (
            f"""<body hx-headers='{{"X-CSRFToken": "{ONE}"}}'>""",
            f"""<body hx-headers='{{"X-CSRFToken": "{OTHER}"}}'>""",
        ),
        (f'<div data-csrf="{ONE}">', f'<div data-csrf="{OTHER}">'),
        *(
            (
                f'<script type="application/json">{{"a": [{{"{key}": "{ONE}"}}]}}</script>',
                f'<script type="application/json">{{"a": [{{"{key}": "{OTHER}"}}]}}</script>',
            )
            for key in ("csrfToken", "X-CSRFToken", "csrfmiddlewaretoken", "csrf_token")
        ),
        (f"<script nonce={NONCE}>a</script>", f"<script nonce={FRESH}>a</script>"),
        ("<link href=/static/app.3f9a2c1b.css>", "<link href=/static/app.aa07d1ee.css>"),
        ("<script src=/s/main-DkLm3x.js>", "<script src=/s/main-B9zKq1.js>"),
        ("<script src=/s/a-DkLm3x.js>", "<script src=/s/a-B9zKq1.js>"),
        ("<script src=/s/index-BxYzQwRt.js>", "<script src=/s/index-Dk-Lm3_x.js>"),
        ("<img src=/static/logo.5e4f3a2b1c0d.png>", "<img src=/static/logo.0c1b2a3f4e5d.png>"),
        ("<link href=/app.css?v=3f9a2c1b>", "<link href=/app.css?v=99881122>"),
        (
            "<link href=/a.css integrity=sha384-" + "A" * 64 + ">",
            "<link href=/a.css integrity=sha384-" + "B" * 64 + ">",
        ),
        (
            "<style>a{background:url(/s/x.aabbccdd1122.svg)}</style>",
            "<style>a{background:url(/s/x.11aabbccdd22.svg)}</style>",
        ),
        (
            "<img srcset='/s/a.aabbccdd1122.png 1x, /s/b.aabbccdd1133.png 2x'>",
            "<img srcset='/s/a.00bbccdd1122.png 1x, /s/b.00bbccdd1133.png 2x'>",
        ),
        (
            '<script type="importmap">{"imports": {"a": "/a.aabbccdd1122.js"}}</script>',
            '<script type="importmap">{"imports": {"a": "/a.00bbccdd1122.js"}}</script>',
        ),
    ],
)
def test_what_is_renewed_with_every_page_agrees(old: str, new: str) -> None:
    agree(HTML, old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (field(ONE), field("")),
        (field(ONE), field("tooshort")),
        (field(ONE), "<form></form>"),
        (field(ONE), field(OTHER) + field(OTHER)),
        (f"<input name=other value={ONE}>", f"<input name=other value={OTHER}>"),
        (f"<meta name=description content={ONE}>", f"<meta name=description content={OTHER}>"),
        (f"<p>{ONE}", f"<p>{OTHER}"),
        (f'<script>var csrfToken = "{ONE}"</script>', '<script>var csrfToken = ""</script>'),
        (f'<script>var session = "{ONE}"</script>', f'<script>var session = "{OTHER}"</script>'),
        (
            f'<script type="application/json">{{"token": "{ONE}"}}</script>',
            f'<script type="application/json">{{"token": "{OTHER}"}}</script>',
        ),
        (f"<script nonce={NONCE}>a</script>", "<script nonce=''>a</script>"),
        (f"<script nonce={NONCE}>a</script>", "<script>a</script>"),
        ("<link href=/static/app.3f9a2c1b.css>", "<link href=/static/app.css>"),
        ("<link href=/static/app.3f9a2c1b.css>", "<link href=/static/other.3f9a2c1b.css>"),
        ("<link href=/static/app.3f9a2c1b.css>", "<link href=/static/app.3f9a2c1b.js>"),
        ("<script src=/s/main-settings.js>", "<script src=/s/main-overview.js>"),
        ("<script src=/s/main-DatePick.js>", "<script src=/s/main-DataGrid.js>"),
        ("<script src=/s/jquery-3.6.0.js>", "<script src=/s/jquery-3.7.1.js>"),
        ("<img src=/media/product-10000001.jpg>", "<img src=/media/product-10000002.jpg>"),
        ("<img src=/media/4006381333931.jpg>", "<img src=/media/4006381333948.jpg>"),
        ("<a href=/products/3f9a2c1b/>", "<a href=/products/aa07d1ee/>"),
        ("<a href=/invoice.3f9a2c1b.pdf>", "<a href=/invoice.aa07d1ee.pdf>"),
        ("<link href=/app.css?v=1>", "<link href=/app.css?v=2>"),
        ("<a href=/list?v=3f9a2c1b>", "<a href=/list?v=99881122>"),
    ],
)
def test_what_is_only_near_to_it_differs(old: str, new: str) -> None:
    assert compared_as(HTML, old, new).verdict is Verdict.DIFFER
    assert compared_as(HTML, new, old).verdict is Verdict.DIFFER


def test_a_token_is_not_shown_beside_the_value_that_is_none() -> None:
    (difference,) = compared_as(HTML, field(ONE), field("empty")).differences
    assert (difference.path, difference.old) == ("$.html.body.form[0].input[0].@value", '"‹CSRF token›"')


def test_a_token_that_moved_to_another_form_is_a_difference() -> None:
    old, new = f"{field(ONE)}<form></form>", f"<form></form>{field(ONE)}"
    assert places(compared_as(HTML, old, new))


def test_masking_takes_time_in_proportion_to_the_text() -> None:
    for hostile in (
        "-" * 200_000,
        "a-" * 100_000,
        ".a" * 100_000,
        "csrf" * 50_000,
        "csrftoken" + " " * 200_000,
        "?v=" * 70_000,
    ):
        assert mask_text(hostile) == hostile
