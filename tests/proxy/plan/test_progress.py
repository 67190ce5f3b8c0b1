"""How much has moved, what is stalling, and the picture of it."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

from strangler_proxy.plan.facts import Facts, ToggleSeen
from strangler_proxy.plan.needless import needless_lines
from strangler_proxy.plan.picture import picture
from strangler_proxy.plan.progress import Part, progress_of
from strangler_proxy.plan.render import markdown_page, web_page
from strangler_proxy.plan.standing import standings
from strangler_proxy.routes.route import Route

from strangler.inventory import App, Command, Import, Inventory, Site, UrlForm, View
from strangler.toggles import Stage
from tests.proxy.plan.plans import READS, plan_of

NOW = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
DAY = 86400.0


def facts() -> Facts:
    seen = [
        ToggleSeen("catalog.list", (Stage.RETIRED, 0), NOW - DAY),
        ToggleSeen("catalog.detail", (Stage.CANARY, 50_000), NOW - DAY),
        ToggleSeen("orders.list", (Stage.MONOLITH, 0), 0.0),
        ToggleSeen("cart", (Stage.SHADOW, 0), NOW - 40 * DAY),
    ]
    return Facts(NOW, {each.name: each for each in seen})


MOVES = [
    {"name": "catalog.detail", "at": NOW - DAY, "stage": "canary"},
    {"name": "catalog.detail", "at": NOW - 3 * DAY, "stage": "shadow"},
    {"name": "catalog.detail", "at": NOW - 5 * DAY, "stage": "monolith"},
    {"name": "catalog.detail", "at": NOW - 90 * DAY, "stage": "shadow"},
]
WINDOWS = [
    {"route": "catalog.list", "side": "candidate", "requests": 30},
    {"route": "catalog.detail", "side": "monolith", "requests": 10},
    {"route": "-", "side": "monolith", "requests": 60},
]


def test_shares_count_and_what_has_two_sides_begins_where_it_left_for_good() -> None:
    plan, seen = plan_of(READS), facts()
    found = progress_of(plan, standings(plan, seen), seen, moves=MOVES, windows=WINDOWS)
    assert [(part.name, part.moved, part.whole) for part in found.parts] == [
        ("steps of the plan", 0, 5),
        ("routes and seams", 1.5, 4),
        ("requests of the plan's routes", 30, 40),
        ("requests of all customers", 30, 100),
    ]
    assert [(each.name, NOW - each.since) for each in found.two_sides] == [
        ("cart", 40 * DAY),
        ("catalog.detail", 3 * DAY),
    ]
    assert found.months[-1] == ("2026-11", 3)
    assert dict(found.months)["2026-08"] == 1
    assert found.ownerless == ("look", "canary", "all", "gone")


def test_pages_say_what_stalls_and_take_nothing_in_the_plan_for_markup() -> None:
    plan, seen = plan_of(READS.replace("### Look", "### Look <script>alert(1)</script>")), facts()
    found = standings(plan, seen)
    progress = progress_of(plan, found, seen, moves=MOVES, windows=WINDOWS)
    written = markdown_page(plan, found, progress, NOW, picture_file="x.svg")
    assert "cart has two sides since" in written
    assert "40 days; it is at shadow. STALLING" in written
    assert written.index("step=shadow") < written.index("> **not ready**: It needs look") < written.index("### A tenth")
    page = web_page(plan, found, progress, NOW)
    assert "<script" not in page
    assert "75 % moved (30 of 40)" in page


def test_the_picture_says_the_same_in_words() -> None:
    drawn = picture([Part("routes & seams", 1, 4, "routes"), Part("requests", 0, 0, "requests")], "Moved")
    root = ElementTree.fromstring(drawn)
    assert root.attrib["role"] == "img"
    told = {child.tag.rpartition("}")[2]: child.text for child in root}
    assert told["title"] == "Moved"
    assert told["desc"] == "routes & seams: 25 % moved (1 of 4); requests: nothing was counted yet"
    bars = [each for each in root if each.tag.endswith("rect")]
    assert float(bars[1].attrib["width"]) * 4 == float(bars[0].attrib["width"])


def view(app: str, route: str, *methods: str) -> View:
    return View((UrlForm(route=route, regex=f"/{route}"),), f"{app}.view", app=app, methods=methods)


def test_code_is_needless_once_only_retired_routes_lead_to_it() -> None:
    apps = tuple(App(label, label, lines=lines) for label, lines in (("list", 100), ("detail", 50), ("orders", 25)))
    inventory = Inventory(
        Site("shop", "shop.urls"),
        views=(
            view("list", "list/", "GET", "HEAD"),
            view("detail", "detail/", "GET", "POST"),
            view("orders", "o/", "GET"),
        ),
        apps=apps,
    )
    routes = [
        Route("catalog.list", frozenset({"GET", "HEAD"}), "/list/", "catalog"),
        Route("catalog.detail", frozenset({"GET"}), "/detail/", "catalog"),
    ]
    retired = {name: ToggleSeen(name, (Stage.RETIRED, 0), 0.0) for name in ("catalog.list", "catalog.detail")}
    assert needless_lines(inventory, routes, retired).moved == 100
    assert needless_lines(inventory, routes, {}).moved == 0
    used = Inventory(inventory.site, inventory.views, apps, imports=(Import("orders", "list", 1),))
    assert needless_lines(used, routes, retired).moved == 0
    ran = Inventory(inventory.site, inventory.views, apps, commands=(Command("nightly", "list", "list.nightly"),))
    assert needless_lines(ran, routes, retired).moved == 0
    assert needless_lines(inventory, routes, retired).whole == 175
