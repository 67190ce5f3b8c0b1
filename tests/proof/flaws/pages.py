"""Bugs of HTML pages, cookies and redirects, made in answers of a second instance of the monolith."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strangler.compare import Answer
from tests.proof.flaws.changes import (
    add_header,
    for_members,
    in_card,
    in_german,
    in_header,
    in_text,
    recoded,
    with_status,
    without_header,
)
from tests.proof.flaws.flaw import Change, Flaw
from tests.proof.noise import with_body

__all__ = ["PAGES"]

_SERVICE: Final = "http://pages.internal:8100"
_BESIDE: Final = r'<section class="text">\s*<h2>(You may also like|Das k).*?</section>'
_CSRF: Final = r'<input type="hidden" name="csrfmiddlewaretoken" value="[^"]*">'
_CSRF_VALUE: Final = r'(name="csrfmiddlewaretoken" value=")[^"]*'
_MESSAGES: Final = r'(<ul class="messages"[^>]*>\s*)'
_NOW: Final = r'<time datetime="([^"]*)">(\d\d:\d\d:\d\d)</time>'

# Each with the fields in which it is to be found.
_HEADERS: Final[Mapping[str, tuple[tuple[str, ...], Change]]] = {
    "cookie: csrftoken loses SameSite": (("Set-Cookie",), in_header("Set-Cookie", "; SameSite=Lax", "")),
    "cookie: csrftoken lasts for the session only": (
        ("Set-Cookie",),
        in_header("Set-Cookie", r"(csrftoken=.*?)(; expires=[^;]*)?; Max-Age=\d+", r"\1"),
    ),
    "cookie: csrftoken is HttpOnly": (("Set-Cookie",), in_header("Set-Cookie", "(csrftoken=.*)", r"\1; HttpOnly")),
    "cookie: csrftoken for another path": (("Set-Cookie",), in_header("Set-Cookie", "Path=/", "Path=/shop")),
    "cookie: csrftoken for a domain": (
        ("Set-Cookie",),
        in_header("Set-Cookie", "(csrftoken=.*)", r"\1; Domain=shop.example"),
    ),
    "cookie: none is set": (("Set-Cookie",), without_header("Set-Cookie")),
    "cookie: one that nobody asked for, on pages": (("Set-Cookie",), add_header("Set-Cookie", "seen=1; Path=/")),
    "header: Vary is lost": (("header:Vary",), without_header("Vary")),
    "header: Vary without Cookie": (("header:Vary",), in_header("Vary", "Cookie, |, Cookie|^Cookie$", "")),
    "header: Content-Language is lost": (("header:Content-Language",), without_header("Content-Language")),
    "header: no X-Frame-Options": (("header:X-Frame-Options",), without_header("X-Frame-Options")),
    "header: types may be guessed": (("header:X-Content-Type-Options",), without_header("X-Content-Type-Options")),
    "header: the referrer is told to all": (("header:Referrer-Policy",), without_header("Referrer-Policy")),
    "header: windows are shared": (("header:Cross-Origin-Opener",), without_header("Cross-Origin-Opener-Policy")),
    "header: HTML as plain text": (
        # Then the page is compared line by line.
        ("header:Content-Type", "body", "$.lines"),
        in_header("Content-Type", "text/html", "text/plain"),
    ),
    "header: a cache may keep a member's page": (
        ("header:Cache-Control",),
        for_members(add_header("Cache-Control", "public, max-age=600")),
    ),
    "redirect: permanent for temporary": (("status",), with_status(302, 301)),
    "redirect: to another page after the login": (
        ("header:Location",),
        in_header("Location", "^/accounts/profile/$", "/"),
    ),
    "redirect: the way back is lost": (("header:Location",), in_header("Location", r"\?next=.*", "")),
    "redirect: to the service's own host": (("header:Location",), in_header("Location", "^/", f"{_SERVICE}/")),
    "status: what is not there is a page": (("status",), with_status(404, 200)),
    "status: one answer in twenty fails": (
        ("status",),
        lambda _, answer, chance: Answer(500, answer.headers, b"") if chance.random() < 0.05 else answer,
    ),
}
_NOISY: Final[Mapping[str, tuple[tuple[str, ...], Change]]] = {
    "beside: an item without its price": (("ul[*].li",), in_card(r'<span class="price">.*?</strong></span>', "")),
    "beside: an item with nothing for a name": (("ul[*].li",), in_card(r'(<span class="name"[^>]*>)[^<]*', r"\1")),
    "beside: an item that links to the service's own host": (("ul[*].li",), in_card('href="', f'href="{_SERVICE}')),
    "beside: an item that links to nothing": (("ul[*].li",), in_card(r'href="[^"]*"', 'href=""')),
    "beside: an item without a link": (("ul[*].li",), in_card(r"<a href[^>]*>(.*?)</a>", r"\1")),
    "beside: an item of another class": (("ul[*].li",), in_card(' class="card"', "")),
    "beside: an item without its availability": (
        ("ul[*].li",),
        in_card(r'<span class="availability[^>]*>[^<]*</span>', ""),
    ),
    "beside: an item with a button": (("ul[*].li",), in_card("</li>", "<button>Buy</button></li>")),
    "beside: one item too many": (("ul[*].li",), in_card("(.*)", r"\1\1")),
    "beside: the heading is missing": (("section[*]",), in_text("<h2>(You may also like|Das k[^<]*)</h2>", "")),
    "beside: none at all": (("section", "ul"), in_text(_BESIDE, "")),
    "time: a date": (("time",), in_text(_NOW, r'<time datetime="2026-11-29">\2</time>')),
    "time: nothing": (("time",), in_text(_NOW, r'<time datetime="">\2</time>')),
    "time: no zone": (
        ("time",),
        in_text(r'<time datetime="([^"]{19})[^"]*">(\d\d:\d\d:\d\d)</time>', r'<time datetime="\1">\2</time>'),
    ),
    "time: seconds": (("time",), in_text(_NOW, r'<time datetime="1767225600">\2</time>')),
    "time: no attribute": (("time",), in_text(_NOW, r"<time>\2</time>")),
    "time: no text": (("time",), in_text(_NOW, r'<time datetime="\1"></time>')),
    "time: another element": (("time", ".span", "#order"), in_text(_NOW, r"<span>\2</span>")),
}
_CONTENT: Final[Mapping[str, tuple[tuple[str, ...], Change]]] = {
    "form: the CSRF field is missing": (("form[*]",), in_text(_CSRF, "")),
    "form: the CSRF field is empty": (("form[*]",), in_text(_CSRF_VALUE, r"\1")),
    "form: the CSRF field holds a word": (("form[*]",), in_text(_CSRF_VALUE, r"\1NOTPROVIDED")),
    "form: another action": (("form[*]",), in_text('action="/cart/add/"', 'action="/cart/update/"')),
    "form: GET for POST": (("form[*]",), in_text('(<form class="buy"[^>]*) method="post"', r"\1")),
    "form: the product is another one": (("form[*]",), in_text(r'(name="product_id" value=")\d+', r"\g<1>1")),
    "form: no upper limit": (("form[*]",), in_text(' min="1" max="20"', ' min="1"')),
    "form: a field is not required": (("form[*]",), in_text('(<input id="quantity"[^>]*) required', r"\1")),
    "message: it is lost": (("ul",), in_text(f"{_MESSAGES}.*?</ul>", "")),
    "message: of another level": (("ul[*]",), in_text(rf'{_MESSAGES}(<li class=")\w+', r"\1\2info")),
    "message: another text": (("ul[*]",), in_text(f"{_MESSAGES}(<li[^>]*>)[^<]*", r"\1\2OK")),
    "message: shown twice": (("ul[*]",), in_text(f"{_MESSAGES}(<li.*?</li>)", r"\1\2\2")),
    "asset: the style is missing": (("head",), in_text('<link rel="stylesheet"[^>]*>', "")),
    "asset: another style": (("head",), in_text("shop/shop\\.", "shop/admin.")),
    "asset: the icon is missing": (("a[*]",), in_text('<img src="[^"]*icon[^"]*"[^>]*>', "")),
    "asset: a picture's alt text is lost": (("img[*]",), in_text('(<img src="[^"]*icon[^"]*") alt=""', r"\1")),
    "label: for another field": (("label[*]",), in_text('for="search-words"', 'for="search"')),
    "label: an aria-label is lost": (("nav[*]",), in_text('(<nav class="own") aria-label="[^"]*"', r"\1")),
    "title: of another page": (("title",), in_text("<title>[^<]*", "<title>Fig &amp; Co.")),
    "link: the canonical address is missing": (("head",), in_text('<link rel="canonical"[^>]*>', "")),
    "link: the canonical address is the service's own": (
        ("head",),
        in_text('(<link rel="canonical" href=")http://[^/]*', rf"\1{_SERVICE}"),
    ),
    "siblings: categories in another order": (
        ("nav[*]",),
        in_text(r'(<nav class="categories"[^>]*>\s*)(<a.*?</a>)\s*(<a.*?</a>)', r"\1\3\2"),
    ),
    "siblings: two facts have changed places": (
        ("dl[*]",),
        in_text(r'(<dl class="attributes">\s*)(<dt.*?</dd>)\s*(<dt.*?</dd>)', r"\1\3\2"),
    ),
    "siblings: a category is missing": (("nav[*]",), in_text(r'(<nav class="categories"[^>]*>\s*)<a.*?</a>', r"\1")),
    "row: an order too many": (("ul[*].li",), in_text(r'(<ul class="orders">\s*)(<li>.*?</li>)', r"\1\2\2")),
    "row: an order is missing": (("ul",), in_text(r'(<ul class="orders">\s*)<li>.*?</li>', r"\1")),
    "row: the cart lacks a line": (("ul",), in_text(r'(<ul class="lines">\s*)<li>.*?</li>', r"\1")),
    "row: a card of the shelf is missing": (("ul[*].li", "section", "ul"), in_text('<li class="card">.*?</li>', "")),
    "amount: the total is another": (("dl[*]",), in_text(r'(<dd class="grand">[^<]*?\d[.,])\d\d', r"\g<1>73")),
    "amount: the price is another": (("strong[*]",), in_text(r"(</h1>.*?<strong[^>]*>[^<]*?\d[.,])\d\d", r"\g<1>73")),
    "amount: the badge says none": (("nav[*]",), for_members(in_text(r'(<span class="badge">)[1-9]\d*', r"\g<1>0"))),
    "member: not known to be signed in": (("nav[*]",), for_members(in_text('<a href="/orders/">[^<]*</a>', ""))),
    "member: somebody else's address": (
        ("address[*]", "section[*]", "p[*]"),
        for_members(in_text(r"customer\d+@", "customer0@")),
    ),
    "German: a decimal point": (("#text", "@"), in_german(in_text(r"(\d),(\d\d)(?=\D)", r"\1.\2"))),
    "German: a label in English": (("a[*]", "title", "h1"), in_german(in_text("Warenkorb", "Cart"))),
    "German: the page says that it is English": (("@lang",), in_german(in_text('<html lang="de"', '<html lang="en"'))),
    "encoding: Latin-1 for UTF-8 pages": (("body", "#text", "@"), recoded("utf-8", "latin-1")),
    "encoding: UTF-8 taken for Latin-1": (("#text", "@"), recoded("latin-1", "utf-8")),
    "encoding: no charset in the page": (("meta", "head"), in_text('<meta charset="utf-8">', "")),
    "page: cut off at the end": (
        ("$", "body"),
        lambda _, answer, __: with_body(answer, answer.body[: len(answer.body) // 2]),
    ),
    "page: empty": (("$", "body"), lambda _, answer, __: with_body(answer, b"")),
    "page: a template's variable is left": (("#text",), in_text("(<h1[^>]*>)[^<]*", r"\1{{ product.name }}")),
    "page: escaped twice": (("#text", "@"), in_text("&amp;", "&amp;amp;", count=0)),
}
# What is drawn by chance, and so is the item that is wrong.
_UNSTEADY: Final = ("beside:", "status: one answer")

PAGES: Final = tuple(
    Flaw(name=name, at=at, change=change, unsteady=name.startswith(_UNSTEADY))
    for name, (at, change) in {**_HEADERS, **_NOISY, **_CONTENT}.items()
)
