from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.dispatch import Signal, receiver
from pytest_django.fixtures import Settings

from strangler.django.inventory import jobs, take_inventory
from strangler.django.inventory.owners import Owners
from strangler.django.inventory.signals import receivers_of
from strangler.inventory import Inventory, Observed, read_inventory
from strangler.inventory.observed_file import add_observed

SIGNAL = Signal()


@pytest.fixture(scope="module")
def shop() -> Inventory:
    return take_inventory()


def test_the_project_is_told_with_its_languages_and_databases(shop: Inventory) -> None:
    site = shop.site
    assert (site.project, site.root_urlconf, site.append_slash) == ("monolith", "monolith.urls", True)
    assert (site.languages, site.default_language, site.language_prefixes) == (("en", "de"), "en", ())
    assert site.locale_middleware
    assert [(each.alias, each.atomic_requests) for each in site.databases] == [("default", False)]
    assert Path(site.folder) == Path(__file__).parents[4]


def test_own_apps_are_counted_and_others_are_named(shop: Inventory) -> None:
    origins = {app.label: app.origin for app in shop.apps}
    assert {label for label, origin in origins.items() if origin == "project"} == {
        "accounts", "catalog", "inventory", "cart", "checkout", "orders", "payments", "notifications"
    }  # fmt: skip
    assert (origins["admin"], origins["rest_framework"], origins["strangler"]) == ("django", "installed", "installed")
    catalog = shop.app("catalog")
    assert catalog is not None
    assert (catalog.module, catalog.folder, catalog.models) == ("monolith.catalog", "monolith/catalog", 4)
    assert catalog.files > 10
    assert catalog.lines > 500
    rest = shop.app("rest_framework")
    assert rest is not None
    assert rest.lines == 0


def test_the_tangles_between_apps_are_seen(shop: Inventory) -> None:
    edges = {(each.source, each.target): each for each in shop.imports}
    assert edges["orders", "payments"].count >= 4
    assert ("payments", "orders") not in edges
    relations = {(each.model, each.field): each for each in shop.relations}
    line = relations["orders.OrderLine", "product"]
    assert (line.kind, line.target, line.on_delete, line.null) == ("foreign-key", "catalog.Product", "SET_NULL", True)
    assert relations["payments.Payment", "order"].accessor == "payments"
    assert relations["cart.Promotion", "products"].kind == "many-to-many"
    assert ("orders.OrderLine", "order") not in relations
    assert ("auth.Permission", "content_type") not in relations
    assert shop.owners()["orders_orderline"] == "orders"
    assert shop.owners()["cart_promotion_products"] == "cart"


def test_what_runs_without_a_request_is_told(shop: Inventory) -> None:
    commands = {each.name: each for each in shop.commands}
    expire = commands["expire_reservations"]
    assert (expire.app, expire.file) == ("orders", "monolith/orders/management/commands/expire_reservations.py")
    assert "class Command" in (Path(shop.site.folder) / expire.file).read_text().splitlines()[expire.line - 1]
    assert "migrate" not in commands
    assert "strangler_inventory" not in commands
    found = {(each.signal, each.receiver): each for each in shop.receivers}
    paid = found["monolith.payments.signals.payment_succeeded", "monolith.orders.receivers.on_payment_succeeded"]
    assert (paid.app, paid.signal_app) == ("orders", "payments")
    saved = [each for each in shop.receivers if each.sender == "catalog.Product"]
    assert {each.sender_app for each in saved} == {"catalog"}
    assert not [each for each in shop.receivers if each.receiver.startswith(("django.", "strangler."))]


def test_a_receiver_of_any_form_is_told_and_a_dead_one_is_not() -> None:
    class Listener:
        def heard(self, **_: Any) -> None:
            """Hears."""

        def __call__(self, **_: Any) -> None:
            """Hears too."""

    listener, gone = Listener(), Listener()

    @receiver(SIGNAL)
    def function(**_: Any) -> None:
        """Hears."""

    SIGNAL.connect(listener.heard)
    SIGNAL.connect(listener, weak=False)
    SIGNAL.connect(gone.heard)
    del gone
    found = [
        each.receiver.rpartition(".<locals>.")[2] for each in receivers_of(Owners()) if each.signal.endswith(".SIGNAL")
    ]
    assert sorted(found) == ["Listener", "Listener.heard", "function"]


class FakeCelery:
    """As much of a Celery app as is asked for."""

    main = "shop"

    def __init__(self) -> None:
        def expire() -> None:
            """Expires."""

        expire.__module__ = "monolith.orders.tasks"
        self.tasks: dict[str, Any] = {"celery.chain": object()}
        self.conf = SimpleNamespace(
            beat_schedule={
                "nightly": {"task": "shop.expire", "schedule": 300},
                "odd": {"task": "nowhere", "schedule": "<crontab: 0 3\n  * * *>\n"},
            }
        )
        self.loader = SimpleNamespace(
            import_default_modules=lambda: self.tasks.update({"shop.expire": self._task(expire)})
        )
        self.finalize = lambda: None

    def _task(self, run: Any) -> Any:
        return SimpleNamespace(run=run, queue="slow", __module__="monolith.orders.tasks")


@pytest.fixture
def celery(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCelery]:
    fake, module = FakeCelery(), ModuleType("celery")
    module.current_app = SimpleNamespace(_get_current_object=lambda: fake)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "celery", module)
    return fake  # type: ignore[return-value]


def test_tasks_and_their_schedules_are_told_where_celery_is_installed(celery: FakeCelery) -> None:
    found = take_inventory()
    assert [(each.name, each.app, each.queue) for each in found.tasks] == [("shop.expire", "orders", "slow")]
    assert found.tasks[0].file == "tests/strangler/django/inventory/test_take.py"
    assert [(each.name, each.task, each.when, each.app) for each in found.schedules] == [
        ("nightly", "shop.expire", "every 300 s", "orders"),
        ("odd", "nowhere", "crontab: 0 3 * * *", ""),
    ]


def test_the_app_that_celery_makes_by_itself_is_none_of_the_project(celery: FakeCelery) -> None:
    celery.main = "default"
    found = take_inventory()
    assert (found.tasks, found.schedules) == ((), ())


def test_queues_whose_jobs_nobody_reads_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "apps", SimpleNamespace(is_installed=lambda name: name == "django_rq"))
    assert list(jobs.unread_queues()) == ["RQ is installed: its jobs and schedules are not listed here."]


def test_a_package_can_be_counted_as_the_teams_own() -> None:
    found = take_inventory(own=("whitenoise",)).app("runserver_nostatic")
    assert found is not None
    assert found.origin == "project"
    assert found.lines > 20


def test_what_was_observed_comes_to_its_views(tmp_path: Path, settings: Settings) -> None:
    rows = [
        Observed("^cart/", "POST", 2, 4, ("cart_cart",)),
        Observed("cart/", "POST", 1, 1, ("cart_item",)),
        Observed("", "GET", 3),
        Observed("admin/catalog/product/", "GET", 5),
        Observed("gone/", "GET", 1),
    ]
    add_observed(tmp_path, rows)
    found = take_inventory(observed=tmp_path)
    assert [(each.key, each.method, each.requests) for each in found.observed] == [
        ("", "GET", 3), ("admin/", "GET", 5), ("cart/", "POST", 3)
    ]  # fmt: skip
    assert found.observed[2].reads == ("cart_cart", "cart_item")
    assert [note for note in found.notes if "'gone/'" in note]


def test_the_command_writes_the_file_and_says_what_is_in_it(tmp_path: Path) -> None:
    file, said = tmp_path / "inventory.json", StringIO()
    call_command("strangler_inventory", output=str(file), stdout=said)
    inventory = read_inventory(file)
    assert len(inventory.views) > 40
    assert said.getvalue().startswith(f"{file}: {len(inventory.views)} views, 8 own apps, ")
    assert "relations across apps" in said.getvalue()
    assert json.loads(file.read_text())["format"] == "strangler.inventory"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"urlconf": "tests.strangler.django.inventory.broken_urls"}, "tests.nowhere"),
        ({"observed": "/nowhere"}, "cannot be read"),
        ({"output": "/nowhere/inventory.json"}, "/nowhere/inventory.json cannot be written"),
    ],
)
def test_the_command_says_in_one_error_what_is_wrong(tmp_path: Path, options: dict[str, str], said: str) -> None:
    given = {"output": str(tmp_path / "inventory.json"), **options}
    with pytest.raises(CommandError, match=said):
        call_command("strangler_inventory", stdout=StringIO(), **given)
    assert list(tmp_path.iterdir()) == []
