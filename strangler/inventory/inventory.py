"""What is in a monolith: its URLs and views, what is not HTTP, its apps and what ties them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from strangler.inventory.app import App, Import
from strangler.inventory.job import Command, Receiver, Schedule, Task
from strangler.inventory.model import Model, Relation
from strangler.inventory.observed import Observed
from strangler.inventory.site import Site
from strangler.inventory.view import View

__all__ = ["VERSION", "Inventory"]

VERSION: Final = 1
"""The version of the format. A reader refuses a later one, and passes over members that it does not know."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """A monolith as `manage.py strangler_inventory` found it.

    `views` are in the order in which Django tries them. `relations` are those that cross apps, `imports` those between
    apps. `observed` is what ran while the middleware watched, empty where it never did. `notes` say, for people, what
    could not be seen.
    """

    site: Site
    views: tuple[View, ...] = ()
    apps: tuple[App, ...] = ()
    models: tuple[Model, ...] = ()
    relations: tuple[Relation, ...] = ()
    imports: tuple[Import, ...] = ()
    commands: tuple[Command, ...] = ()
    tasks: tuple[Task, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    observed: tuple[Observed, ...] = ()
    notes: tuple[str, ...] = ()

    def app(self, label: str) -> App | None:
        """The app of that label; None where there is none."""
        return next((app for app in self.apps if app.label == label), None)

    def views_of(self, app: str) -> tuple[View, ...]:
        """The views of an app, in their order."""
        return tuple(view for view in self.views if view.app == app)

    def owners(self) -> dict[str, str]:
        """By table the label of the app whose it is."""
        return {model.table: model.app for model in self.models}
