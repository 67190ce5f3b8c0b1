"""Small inventories, put together by hand."""

from __future__ import annotations

from collections.abc import Iterable

from strangler.inventory import App, Import, Inventory, Model, Observed, Place, Relation, Site, Together, UrlForm, View


def view(app: str, name: str, *, writes: bool = False, login: bool = False, key: str = "") -> View:
    """A view of an app at `/APP/NAME/`."""
    route = key or f"{app}/{name}/"
    form = UrlForm(route, f"/{route}", (f"/{route}",), exact=True)
    methods = ("GET", "HEAD", "POST") if writes else ("GET", "HEAD")
    return View((form,), f"shop.{app}.views.{name}", app=app, name=f"{app}:{name}", methods=methods, login=login)


def relation(source: str, target: str, on_delete: str = "CASCADE", kind: str = "foreign-key") -> Relation:
    """A field of `source.Thing` that points at `target.Thing`."""
    return Relation(
        f"{source}.Thing", target, kind, f"{target}.Thing", source, target, on_delete=on_delete, accessor="things"
    )


def imports(source: str, target: str, count: int = 1) -> Import:
    """That one app's modules import another's."""
    return Import(source, target, count, places=(Place(f"shop/{source}/views.py", 3, f"shop.{target}.services"),))


def together(key: str, *apps: str) -> Observed:
    """That a view wrote tables of these apps in one transaction."""
    tables = tuple(f"{app}_thing" for app in apps)
    return Observed(key, "POST", 5, writes=tables, transactions=(Together(tables, apps, 5),))


def shop(
    labels: Iterable[str],
    *,
    views: Iterable[View] | None = None,
    relations: Iterable[Relation] = (),
    edges: Iterable[Import] = (),
    observed: Iterable[Observed] = (),
    without_tables: Iterable[str] = (),
) -> Inventory:
    """A project of these apps, each with a table and two views unless something else is said."""
    labels, bare = list(labels), set(without_tables)
    made = [view(label, name) for label in labels for name in ("list", "detail")] if views is None else list(views)
    return Inventory(
        site=Site("shop", "shop.urls", at="2026-11-29T12:00:00+00:00"),
        apps=tuple(
            App(label, f"shop.{label}", folder=f"shop/{label}", lines=100, models=0 if label in bare else 1)
            for label in labels
        ),
        models=tuple(
            Model(f"{label}.Thing", f"{label}_thing", label, file=f"shop/{label}/models.py", line=5)
            for label in labels
            if label not in bare
        ),
        views=tuple(made),
        relations=tuple(relations),
        imports=tuple(edges),
        observed=tuple(observed),
    )
