"""What all pages have in common: their frame, their files, what is told when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from strangler_proxy.control import ControlPlane
from strangler_proxy.page import app as room
from strangler_proxy.page.assets import asset_url, assets
from strangler_proxy.page.page import Page, least_of
from strangler_proxy.page.places import PLACES, own_path

from strangler.errors import ControlRefused, ControlUnreachable
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.page.visit import Visit, visiting

TEMPLATES = sorted(
    (file.name, file.read_text(encoding="utf-8"))
    for file in files("strangler_proxy.page").joinpath("templates").iterdir()
    if file.name.endswith(".html")
)
# By its name, for the package has the function of the same.
_APP = import_module("strangler_proxy.control.app")


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    return plane(tmp_path_factory.mktemp("pages"), MemoryToggleStore(), workers=0)


@pytest.fixture(scope="module")
def visit(control: ControlPlane) -> Iterator[Visit]:
    with visiting(control) as visit:
        yield visit


def test_every_page_says_which_role_it_wants() -> None:
    for each in room.pages():
        assert isinstance(each, Page)
        assert each.least in {None, "view", "operate", "approve"}
    anybody = {each.path for each in room.pages() if isinstance(each, Page) and each.least is None}
    assert anybody == {"/", "/room", "/room/sign-in", "/room/live", "/room/assets/{digest}/{name}"}
    forms = [each for each in room.pages() if isinstance(each, Page) and "POST" in (each.methods or ())]
    lookers = {each.path for each in forms if each.least == "view"}
    assert lookers == {"/room/sign-out"}, "a form that whoever may only look may send"


def test_what_is_not_served_wants_somebody_who_has_signed_in() -> None:
    assert least_of([], {"type": "http", "path": "/room/nowhere", "method": "GET"}) == "view"


@pytest.mark.parametrize(("name", "text"), TEMPLATES, ids=[name for name, _ in TEMPLATES])
def test_no_template_has_a_script_style_or_handler_of_its_own(name: str, text: str) -> None:
    assert not re.search(r"<style|\sstyle=|\son[a-z]+\s*=|hx-on|javascript:|hx-vals=.js:|\|\s*safe\b", text), name
    for script in re.findall(r"<script[^>]*>", text):
        assert re.fullmatch(r'<script src="\{\{ asset\("[\w.-]+"\) \}\}" defer>', script), script
    for address in re.findall(r'(?:src|href|action|hx-get|hx-post)="([^"]*)"', text):
        assert not re.match(r"(?:https?:)?//", address), f"{name}: {address} is elsewhere"


def test_our_scripts_make_no_markup_of_text_and_ask_nobody_else() -> None:
    ours = [name for name in assets() if name.endswith(".js") and ".min." not in name]
    assert {"page.js", "chart.js"} <= set(ours)
    for name in ours:
        text = assets()[name].content.decode()
        assert not re.search(r"\.(inner|outer)HTML|insertAdjacent|document\.write|\beval\(|new Function", text), name
        assert not re.search(r"https?://", text), name


def test_files_are_kept_for_ever_under_addresses_of_their_content(visit: Visit) -> None:
    page = visit.get("/room/back").text
    fetched = re.findall(r'(?:src|href)="(/room/assets/[^"]+)"', page)
    assert {address.rpartition("/")[2] for address in fetched} >= {"style.css", "page.js", "htmx.min.js"}
    visit.client.cookies.clear()
    for address in fetched:
        answered = visit.get(address)
        assert answered.status_code == 200
        assert answered.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answered.headers["x-content-type-options"] == "nosniff"
        assert answered.headers["content-encoding"] == "gzip"
        assert answered.content == assets()[address.rpartition("/")[2]].content
        plain = visit.get(address, **{"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answered.content
    visit.sign_in()


def test_the_page_of_another_version_gets_files_that_are_not_kept(visit: Visit) -> None:
    answered = visit.get("/room/assets/0000000000000000/style.css")
    assert (answered.status_code, answered.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize("name", ["nothing.js", "README.md", "..%2f..%2fapp.py", "htmx.LICENSE.txt"])
def test_nothing_else_is_served(visit: Visit, name: str) -> None:
    assert visit.get(f"/room/assets/0000000000000000/{name}").status_code == 404


def test_what_others_wrote_says_so_beside_it() -> None:
    folder = files("strangler_proxy.page").joinpath("assets")
    said = folder.joinpath("README.md").read_text(encoding="utf-8")
    for name in assets():
        assert (f"`{name}`" in said) == (".min." in name)
    for text in re.findall(r"`(\w+\.LICENSE\.txt)`", said):
        assert folder.joinpath(text).is_file()


def test_only_places_that_there_are_can_be_gone_to(visit: Visit) -> None:
    page = visit.get("/room/back").text
    served = {each.path for each in room.pages() if isinstance(each, Page)}
    for place in PLACES:
        assert (f'href="{place.path}" data-letter="{place.letter}"' in page) == (place.path in served)
    assert len({place.letter for place in PLACES}) == len(PLACES)


def test_a_page_that_there_is_not_is_a_page_that_says_so(visit: Visit) -> None:
    answered = visit.get("/room/nowhere")
    assert answered.status_code == 404
    assert "There is no such page" in answered.text
    assert 'href="/room/"' in answered.text
    part = visit.part("/room/nowhere")
    assert part.status_code == 404
    assert "<html" not in part.text
    assert "There is no such page" in part.text


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ControlRefused(403, "forbidden", "This wants <b>approve</b>."), 403, "This wants &lt;b&gt;approve&lt;/b&gt;."),
        (ControlRefused(404, "unknown_toggle", "No such toggle."), 404, "No such toggle."),
        (ControlRefused(409, "illegal_move", "Not from here."), 409, "Not from here."),
        (ControlRefused(503, "store_unavailable", "The store is gone."), 503, "The store is gone."),
        (ControlUnreachable("Nothing answers."), 503, "Nothing answers."),
    ],
)
def test_what_the_api_refuses_becomes_a_page_with_its_words_and_those_of_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, said: str
) -> None:
    async def refused(_: Request) -> Response:
        raise error

    with_refusal = [Page("/room/refused", refused, "POST", least="operate"), *room.pages()]
    monkeypatch.setattr(_APP, "pages", lambda: with_refusal)
    with visiting(plane(tmp_path, MemoryToggleStore(), workers=0)) as visit:
        answered = visit.post("/room/refused", {"why": "p99 'doubled'"})
        assert answered.status_code == status
        assert said in answered.text
        assert "p99 &#39;doubled&#39;" in answered.text
        assert visit.form_token() not in answered.text.partition('class="kept"')[2].partition("</dl>")[0]


def test_a_page_that_fails_says_nothing_of_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_: Request) -> Response:
        raise RuntimeError("a-secret-of-ours")

    monkeypatch.setattr(_APP, "pages", lambda: [Page("/room/fails", fails), *room.pages()])
    with visiting(plane(tmp_path, MemoryToggleStore(), workers=0), strict=False) as visit:
        answered = visit.get("/room/fails")
        assert answered.status_code == 500
        assert "its log says how" in answered.text
        assert "a-secret-of-ours" not in answered.text
        assert "content-security-policy" in answered.headers


def test_the_files_address_changes_with_their_content() -> None:
    assert asset_url("style.css") == f"/room/assets/{assets()['style.css'].digest}/style.css"
    with pytest.raises(KeyError):
        asset_url("nothing.css")


@pytest.mark.parametrize("path", ["/room/", "/room/routes/a%2Fb?from=1&to=2", "/room/plan#step", "/room/routes/a..b"])
def test_a_path_of_our_own_stays(path: str) -> None:
    assert own_path(path) == path


def test_whoever_signs_in_again_and_again_is_told_when_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strangler_proxy.control.sessions._BEGUN", (0.01, 1.0))
    control = plane(tmp_path, MemoryToggleStore(), workers=0)
    with visiting(control) as visit:
        visit.client.cookies.clear()
        late = visit.sign_in()
        assert (late.status_code, "again and again" in late.text, "set-cookie" in late.headers) == (429, True, False)
        assert int(late.headers["retry-after"]) >= 1
    (call,) = control.documents.events(action="api.call")
    assert (call.name, call.who, call.detail["status"]) == ("POST /room/sign-in", "ada (control.token)", 429)


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_pages_of_others_lead_here_and_take_in_nothing(visit: Visit, site: str) -> None:
    for path in ("/room/", "/room/live", "/room/back", asset_url("page.js")):
        behind = visit.get(path, **{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"})
        assert (behind.status_code, "takes in nothing" in behind.text) == (403, True)
    assert visit.get("/room/back", **{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}).status_code == 200
    for own in ("same-origin", "none"):
        assert visit.get("/room/back", **{"Sec-Fetch-Site": own, "Sec-Fetch-Mode": "cors"}).status_code == 200
