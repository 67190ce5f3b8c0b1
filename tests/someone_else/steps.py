"""What the visitor does. `read` fits any site and changes nothing in it; `use` is a day with a fresh Wagtail site."""

from __future__ import annotations

import json
import random
import re
import struct
import zlib

from demo.forms import forms_of
from tests.someone_else.site import ADMIN, PASSWORD
from tests.someone_else.visitor import Visitor
from tests.someone_else.wire import Answer

__all__ = ["StepError", "read", "use"]

_SCRIPTED = {"X-Requested-With": "XMLHttpRequest"}


class StepError(Exception):
    """The site did not do what the next step needs: whatever was compared, it was not a visit."""


def read(visitor: Visitor, path: str) -> None:
    """Everything that can be asked of one page without changing anything."""
    page = visitor.ask(f"read {path}", "GET", path)
    visitor.ask(f"HEAD of {path}", "HEAD", path)
    visitor.ask(f"OPTIONS of {path}", "OPTIONS", path)
    visitor.ask(f"{path} for a client of HTTP/1.0", "GET", path, version="1.0")
    visitor.ask(
        f"{path} for one of HTTP/1.0 that stays", "GET", path, version="1.0", headers={"Connection": "keep-alive"}
    )
    visitor.ask(f"{path} compressed", "GET", path, headers={"Accept-Encoding": "gzip"})
    visitor.ask(f"a part of {path}", "GET", path, headers={"Range": "bytes=10-49"})
    visitor.ask(f"the end of {path}", "GET", path, headers={"Range": "bytes=-5"})
    visitor.ask(f"a part that {path} does not have", "GET", path, headers={"Range": "bytes=999999999-"})
    for name, since in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
        if value := page.value(name):
            visitor.ask(f"{path} unless known ({since})", "GET", path, headers={since: value})
    for name, value in (
        ("a query of nothing", "?"),
        ("an odd query", "?a=1&a=2&&b=&=c&d=%26%3D+%20&x=%zz;y"),
        ("unicode in a query", "?q=kn%C3%A4ckebr%C3%B6d&r=%E2%98%83"),
    ):
        visitor.ask(f"{path} with {name}", "GET", path + value)
    visitor.ask(f"{path} in another language", "GET", path, headers={"Accept-Language": "de;q=0.9, en;q=0.1"})
    if path != "/":
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        visitor.ask(f"{path} with the other slash", "GET", other)
    visitor.ask_in_turn(f"{path}, three times on one connection", [path] * 3, at_once=False)


def use(visitor: Visitor) -> None:
    """A day with the site. Raises StepError where the site itself does not play along."""
    _look_around(visitor)
    _sign_in(visitor)
    _write_a_page(visitor)
    _upload(visitor)
    _administer(visitor)
    _sign_out(visitor)


def _look_around(visitor: Visitor) -> None:
    home = visitor.ask("home page", "GET", "/")
    _need(home, 200, "the home page")
    read(visitor, "/")
    page = visitor.ask("the page to sign in, for its style", "GET", "/admin/login/")
    style = next(iter(re.findall(r'href="(/static/wagtailadmin/[^"]+\.css)"', page.body.decode())), "")
    if not style:
        raise StepError("the page to sign in names no style sheet")
    read(visitor, style)
    for name, headers in (
        ("two parts of a file", {"Range": "bytes=0-1,4-5"}),
        ("a part of a file if it is the same", {"Range": "bytes=0-9", "If-Range": '"another"'}),
        ("a file unless it changed long ago", {"If-Modified-Since": "Thu, 01 Jan 1998 00:00:00 GMT"}),
        ("a file by a wrong ETag", {"If-None-Match": 'W/"no", "such"'}),
    ):
        visitor.ask(name, "GET", style, headers=headers)
    visitor.ask("part of a page's style by HEAD", "HEAD", style, headers={"Range": "bytes=0-9"})
    for name, target in (
        ("no such page", "/no/such/page/"),
        ("no such page, without a slash", "/no/such/page"),
        ("no such file", "/static/no-such-file.css"),
        ("double slashes", "//search//?query=a"),
        ("dot segments", "/search/../search/./"),
        ("encoded slashes", "/search%2F%2f"),
        ("a page named in unicode", "/sm%C3%B6rg%C3%A5sbord/%E2%98%83/"),
        ("bytes that are not UTF-8", "/%ff%fe/"),
        ("an encoded NUL", "/%00/"),
        ("parameters in a path", "/search;a=b/"),
        ("search", "/search/?query=home"),
        ("search in unicode", "/search/?query=%E2%98%83&page=2"),
        ("search of raw UTF-8", "/search/?query=sm\u00c3\u00b6rg"),
        ("a long query", "/search/?query=" + "a" * 3000),
    ):
        visitor.ask(name, "GET", target)
    # TRACE is not among them: the proxy refuses it, by a decision of its own.
    for method in ("POST", "PUT", "DELETE", "PATCH", "PURGE"):
        visitor.ask(f"{method} of a page", method, "/search/")
    visitor.ask("HTTP/1.0 without a host that the site knows", "GET", "/", version="1.0", headers={"Host": "elsewhere"})
    visitor.ask("a host that the site does not know", "GET", "/", headers={"Host": "elsewhere.example"})
    visitor.ask("somebody's cookies", "GET", "/", headers={"Cookie": 'a=b; odd="q;x"; sessionid=; =; c'})
    visitor.ask("as another address, by headers", "GET", "/", headers={"X-Forwarded-For": "192.0.2.1"})
    visitor.ask_in_turn("three pages, asked for at once", ["/", style, "/no/such/"], at_once=True)


def _sign_in(visitor: Visitor) -> None:
    visitor.ask("the admin, before signing in", "GET", "/admin/")
    visitor.ask("the admin without its slash", "GET", "/admin")
    visitor.post("signing in without any token", "/admin/login/", {"username": ADMIN, "password": PASSWORD})
    page = visitor.ask("the page to sign in", "GET", "/admin/login/?next=/admin/")
    fields = {**_form(page, "password"), "username": ADMIN, "next": "/admin/"}
    wrong = {**fields, "password": "wrong"}
    visitor.post("signing in with a wrong password", "/admin/login/", wrong)
    right = {**fields, "password": PASSWORD}
    odd = {**visitor.as_browser("/admin/login/"), "Origin": "http://elsewhere.example"}
    visitor.post("signing in from another site", "/admin/login/", right, headers=odd)
    visitor.post("signing in with another's token", "/admin/login/", {**right, "csrfmiddlewaretoken": "a" * 64})
    visitor.post("signing in with a form of two megabytes", "/admin/login/", {**wrong, "more": "m" * 2_000_000})
    entered = visitor.post("signing in", "/admin/login/", right)
    _need(entered, 302, "signing in")
    if "sessionid" not in visitor.cookies:
        raise StepError("signing in gave no session")
    _need(visitor.ask("the admin", "GET", "/admin/"), 200, "the admin")
    visitor.ask("the admin, compressed", "GET", "/admin/", headers={"Accept-Encoding": "gzip"})
    visitor.ask("HEAD of the admin", "HEAD", "/admin/")


def _write_a_page(visitor: Visitor) -> None:
    target = "/admin/pages/add/home/homepage/3/"
    page = visitor.ask("the form of a new page", "GET", target)
    fields = {
        **_form(page, "slug"),
        "title": "Smörgåsbord ☃",
        "slug": "smorgasbord",
        "action-publish": "action-publish",
    }
    visitor.upload("a new page without a title", target, {**fields, "title": ""}, {})
    made = visitor.upload("a new page", target, fields, {})
    _need(made, 302, "a new page")
    visitor.ask("where the new page's form leads to", "GET", made.value("location"))
    _need(visitor.ask("the new page", "GET", "/smorgasbord/"), 200, "the new page")
    visitor.ask("the new page without its slash", "GET", "/smorgasbord")
    visitor.ask("the pages below home", "GET", "/admin/pages/3/")
    edit = f"/admin/pages/{_number(visitor, made)}/edit/"
    page = visitor.ask("the form of the page", "GET", edit)
    fields = {**_form(page, "slug"), "title": "Smörgåsbord", "action-publish": "action-publish"}
    visitor.upload("the page with another title", edit, fields, {})
    visitor.ask("the page as it is now", "GET", "/smorgasbord/")
    visitor.ask("searching for the page", "GET", "/search/?query=Sm%C3%B6rg%C3%A5sbord")


def _upload(visitor: Visitor) -> None:
    page = visitor.ask("the form for documents", "GET", "/admin/documents/multiple/add/")
    token = {"csrfmiddlewaretoken": _token(page)}
    # The same noise on both sides, larger than any buffer on the way, and nothing that compresses.
    noise = random.Random(7).randbytes(5_000_000)
    where, document = "/admin/documents/multiple/add/", ("noise.zip", "application/zip", noise)
    sent = visitor.upload("a document of five megabytes", where, token, {"files[]": document}, headers=_SCRIPTED)
    _need(sent, 200, "a document")
    if not json.loads(sent.body).get("success"):
        raise StepError(f"the document was refused: {sent.body[:300]!r}")
    # Django under WSGI does not read such a body, and finds no token in the form.
    small = {"files[]": ("small.zip", "application/zip", noise[:20_000])}
    visitor.upload("a document in chunks", where, token, small, headers=_SCRIPTED, chunked=True)
    page = visitor.ask("the documents", "GET", "/admin/documents/")
    found = re.search(r"/documents/\d+/noise\.zip", page.body.decode())
    if found is None:
        raise StepError("the document is not listed")
    got = visitor.ask("the document", "GET", found[0])
    if got.body != noise:
        raise StepError(f"the document came back as {len(got.body)} other bytes")
    visitor.ask("HEAD of the document", "HEAD", found[0])
    visitor.ask("the document unless known", "GET", found[0], headers={"If-None-Match": got.value("etag") or '"none"'})
    visitor.ask("a part of the document", "GET", found[0], headers={"Range": "bytes=4999990-"})
    picture = visitor.upload(
        "a picture",
        "/admin/images/multiple/add/",
        token,
        {"files[]": ("snowman.png", "image/png", _picture())},
        headers=_SCRIPTED,
    )
    _need(picture, 200, "a picture")
    visitor.upload(
        "a picture that is none",
        "/admin/images/multiple/add/",
        token,
        {"files[]": ("none.png", "image/png", b"no picture")},
        headers=_SCRIPTED,
    )
    page = visitor.ask("the pictures", "GET", "/admin/images/")
    rendition = re.search(r"/media/images/[\w.-]+", page.body.decode())
    if rendition is None:
        raise StepError("no picture is shown")
    shown = visitor.ask("a picture as it is shown", "GET", rendition[0])
    _need(shown, 200, "a picture as it is shown")
    known = {"If-Modified-Since": shown.value("last-modified")}
    visitor.ask("a picture unless it changed", "GET", rendition[0], headers=known)
    visitor.ask("a picture's original", "GET", "/media/original_images/snowman.png")


def _administer(visitor: Visitor) -> None:
    for name, target in (
        ("the history of the site, streamed", "/admin/reports/site-history/?export=csv"),
        ("the words of the admin's scripts", "/admin/jsi18n/"),
        ("the admin of Django", "/django-admin/"),
        ("the users", "/admin/users/"),
        ("the settings of the site", "/admin/sites/"),
        ("the form of one's account", "/admin/account/"),
        ("the API of the admin", "/admin/api/main/pages/?child_of=3"),
        ("one page by the API", "/admin/api/main/pages/3/"),
        ("what the API does not have", "/admin/api/main/pages/999/?fields=no"),
    ):
        visitor.ask(name, "GET", target)
    visitor.ask("asking where only telling is allowed", "GET", "/admin/pages/3/delete/")
    visitor.ask("telling where only asking is allowed", "DELETE", "/admin/api/main/pages/3/", headers=_SCRIPTED)


def _sign_out(visitor: Visitor) -> None:
    page = visitor.ask("a page with the form to sign out", "GET", "/admin/")
    visitor.post("signing out without the token", "/admin/logout/", {})
    left = visitor.post("signing out", "/admin/logout/", {"csrfmiddlewaretoken": _token(page)})
    _need(left, 302, "signing out")
    visitor.ask("the admin, after signing out", "GET", "/admin/")
    visitor.ask("signing out by a link", "GET", "/admin/logout/")
    visitor.cookies["sessionid"] = "a" * 32
    visitor.ask("the admin with a session of nobody's", "GET", "/admin/")


def _need(answer: Answer, status: int, what: str) -> None:
    if answer.status != status:
        words = re.findall(r'class="(?:error|help-critical|messages)[^>]*>(.*?)</', answer.body.decode("latin-1"), re.S)
        raise StepError(f"{what}: {answer.line} instead of {status}. {words[:5]}")


def _form(page: Answer, field: str) -> dict[str, str]:
    for form in forms_of(page.body.decode()):
        if field in form.fields:
            return form.fields
    raise StepError(f"no form with {field!r} on the page ({page.line})")


def _token(page: Answer) -> str:
    found = re.search(r'csrf_?(?:middleware)?token"(?: value=|: ?)"(\w{64})"', page.body.decode(), re.I)
    if found is None:
        raise StepError(f"no CSRF token on the page ({page.line})")
    return found[1]


def _number(visitor: Visitor, made: Answer) -> int:
    page = visitor.ask("the pages, for the new one's number", "GET", "/admin/pages/3/")
    numbers = [int(each) for each in re.findall(r"/admin/pages/(\d+)/edit/", page.body.decode())]
    if not numbers:
        raise StepError(f"the new page is not listed, though its form led to {made.value('location')}")
    return max(numbers)


def _picture(size: int = 400) -> bytes:
    """A PNG of noise."""
    noise = random.Random(8)
    rows = b"".join(b"\0" + noise.randbytes(size * 3) for _ in range(size))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
