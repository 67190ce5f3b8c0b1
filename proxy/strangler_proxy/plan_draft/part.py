"""The parts of a monolith that might move as one: bounded contexts, as far as its apps show them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from strangler.inventory import App, Inventory, View
from strangler_proxy.plan_draft.ties import ties_between

__all__ = ["Part", "libraries_of", "parts_of"]

# Relations in which two models are rows of one thing.
_ONE_THING = frozenset({"parent", "proxy"})
_KEYS = frozenset({"foreign-key", "one-to-one"})


@dataclass(frozen=True, slots=True)
class Part:
    """Apps that would move together, with their views. `because` says why several are one; empty for a single app."""

    name: str
    apps: tuple[App, ...]
    views: tuple[View, ...] = ()
    tables: tuple[str, ...] = ()
    jobs: int = 0
    because: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its apps."""
        return tuple(app.label for app in self.apps)

    @property
    def lines(self) -> int:
        """How many lines of code it has."""
        return sum(app.lines for app in self.apps)

    @property
    def reading(self) -> tuple[View, ...]:
        """The views that answer reads, as far as is seen."""
        return tuple(view for view in self.views if view.takes("GET"))

    @property
    def writing(self) -> tuple[View, ...]:
        """The views that are seen to change something."""
        return tuple(view for view in self.views if view.writes)

    @property
    def signing_in(self) -> View | None:
        """The view by which people sign in, if it is among them."""
        return next((view for view in self.views if _signs_in(view)), None)


def libraries_of(inventory: Inventory) -> list[App]:
    """The project's own apps that have neither tables nor URLs: code that others share, and no part."""
    return [app for app in inventory.apps if app.origin == "project" and not app.models and not _views(inventory, app)]


def parts_of(inventory: Inventory) -> list[Part]:
    """The project's own apps as parts, in the order of their names.

    Two apps are one part where a model of one is a row of the other's (it inherits its table or stands for it), or
    where each has a foreign key that the database holds into the other: neither has its data alone. An app without
    tables belongs to the part that most of what it needs is in.
    """
    shared = {app.label for app in libraries_of(inventory)}
    own = {app.label: app for app in inventory.apps if app.origin == "project" and app.label not in shared}
    group = {label: label for label in own}
    because: dict[str, str] = {}
    pairs: dict[tuple[str, str], str] = {}
    for relation in inventory.relations:
        pair = (relation.source_app, relation.target_app)
        if pair[0] == pair[1] or not set(pair) <= set(own):
            continue
        told = f"{relation.model}.{relation.field or relation.kind}"
        if relation.kind in _ONE_THING:
            _join(group, because, pair, f"{relation.model} is a row of {relation.target}")
        elif relation.constraint and relation.kind in _KEYS:
            back = pairs.get((pair[1], pair[0]))
            pairs.setdefault(pair, told)
            if back is not None:
                _join(group, because, pair, f"{told} and {back} point at each other")
    for label, target in _faces(inventory, own, dict(group)):
        _join(group, because, (label, target), f"{label} has no tables of its own and works on those of {target}")
    parts = []
    for leader in dict.fromkeys(group.values()):
        apps = sorted((own[each] for each in own if group[each] == leader), key=lambda app: (-app.models, app.label))
        parts.append(_part(inventory, apps, because.get(leader, "")))
    return sorted(parts, key=lambda part: part.name)


def _faces(inventory: Inventory, own: dict[str, App], group: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Apps without tables, each with the app that has them."""
    ties = ties_between(inventory, group)
    for label, app in own.items():
        outward = ties.outward(label)
        data = {name: weight for name, weight in outward.items() if own[name].models}
        if app.models or group[label] != label or not data:
            continue
        target = max(sorted(data), key=lambda name: data[name])
        if data[target] >= sum(outward.values()) / 2:
            yield label, target


def _join(group: dict[str, str], because: dict[str, str], pair: tuple[str, str], why: str) -> None:
    one, other = sorted((group[pair[0]], group[pair[1]]))
    if one == other:
        return
    for label, leader in group.items():
        if leader == other:
            group[label] = one
    reasons = [because.pop(each) for each in (one, other) if each in because]
    because[one] = "; ".join([*reasons, why])


def _part(inventory: Inventory, apps: list[App], because: str) -> Part:
    labels = {app.label for app in apps}
    jobs = [each.app for each in inventory.commands]
    jobs += [each.app for each in inventory.tasks]
    jobs += [each.app for each in inventory.schedules]
    return Part(
        name=_name(apps[0].label),
        apps=tuple(apps),
        views=tuple(view for app in apps for view in _views(inventory, app)),
        tables=tuple(model.table for model in inventory.models if model.app in labels),
        jobs=sum(app in labels for app in jobs),
        because=because,
    )


def _views(inventory: Inventory, app: App) -> list[View]:
    return [view for view in inventory.views_of(app.label) if view.kind != "admin"]


def _name(label: str) -> str:
    """A name as toggles and steps have one."""
    return re.sub(r"[^a-z0-9_-]", "-", label.lower()).strip("-_") or "part"


def _signs_in(view: View) -> bool:
    name = view.name.rpartition(":")[2].lower().replace("_", "").replace("-", "")
    return name in ("login", "signin", "accountlogin", "authlogin") or view.view.endswith(".LoginView")
