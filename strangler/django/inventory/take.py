"""The inventory of the project that is running."""

from __future__ import annotations

from pathlib import Path

from strangler.django.inventory.data import models_of, relations_of
from strangler.django.inventory.jobs import commands_of, schedules_of, tasks_of, unread_queues
from strangler.django.inventory.observations import observed_in
from strangler.django.inventory.owners import Owners
from strangler.django.inventory.project import apps_of, site_of
from strangler.django.inventory.signals import receivers_of
from strangler.django.inventory.views import views_of
from strangler.inventory import Inventory
from strangler.inventory.observed_file import read_observed

__all__ = ["take_inventory"]


def take_inventory(*, own: tuple[str, ...] = (), observed: Path | None = None, urlconf: str | None = None) -> Inventory:
    """What is in this project, by its live URLconf, models and signals.

    `own` names installed packages that count as the project's own; `observed` is the folder in which
    ObservedMiddleware kept what it saw; `urlconf` is another one than ROOT_URLCONF. Raises UrlconfError for a URLconf
    that cannot be loaded, ConfigError for observations that cannot be read.
    """
    seen = () if observed is None else read_observed(observed)
    owners, notes = Owners(own), list(unread_queues())
    # The URLconf first: its modules are what connects receivers and registers tasks.
    views = tuple(views_of(owners, urlconf))
    found, imports = apps_of(owners, notes)
    tasks = tuple(tasks_of(owners))
    return Inventory(
        site=site_of(owners, urlconf),
        views=views,
        apps=tuple(found),
        models=tuple(models_of(owners)),
        relations=tuple(relations_of()),
        imports=tuple(imports),
        commands=tuple(commands_of(owners)),
        tasks=tasks,
        schedules=tuple(schedules_of(owners, notes)),
        receivers=tuple(receivers_of(owners)),
        observed=observed_in(seen, views, notes),
        notes=tuple(notes),
    )
