"""What runs without a request: management commands, and Celery's tasks and schedules where it is installed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.management import get_commands
from django.db import DatabaseError

from strangler.django.inventory.layers import innermost
from strangler.django.inventory.owners import Owners, is_left_out
from strangler.django.inventory.sources import place_of
from strangler.inventory import Command, Schedule, Task

__all__ = ["commands_of", "schedules_of", "tasks_of", "unread_queues"]

_CLASS: Final = re.compile(r"^class Command\b", re.MULTILINE)
# Their jobs are not read, which whoever plans should know.
_QUEUES: Final = {
    "django_dramatiq": "Dramatiq",
    "django_q": "Django Q",
    "django_rq": "RQ",
    "django_tasks": "django-tasks",
    "huey.contrib.djhuey": "Huey",
}


def commands_of(owners: Owners) -> Iterator[Command]:
    """The management commands but Django's and ours, by name."""
    # What names an app may be an object too, where a program has put a command there by itself.
    known: dict[str, Any] = dict(get_commands())
    for name, app in sorted(known.items()):
        package = app if isinstance(app, str) else type(app).__module__.partition(".management")[0]
        if is_left_out(package):
            continue
        module = f"{package}.management.commands.{name}"
        file, line = _written(module, owners)
        yield Command(name, owners.label(package), module, file, line)


def _written(module: str, owners: Owners) -> tuple[str, int]:
    """Where a command is written. It is not imported: what it imports is no concern here."""
    try:
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            return "", 0
        text = Path(spec.origin).read_text(encoding="utf-8")
    except (ImportError, OSError, ValueError):
        return "", 0
    found = _CLASS.search(text)
    return owners.file(spec.origin), text.count("\n", 0, found.start()) + 1 if found else 0


def tasks_of(owners: Owners) -> Iterator[Task]:
    """The tasks of the project's Celery app, Celery's own left out, by name; none where it has none."""
    celery = _celery()
    if celery is None:
        return
    for name, task in sorted(celery.tasks.items()):
        if name.startswith("celery."):
            continue
        run = innermost(getattr(task, "run", task))
        run = getattr(run, "__func__", run)
        module = str(getattr(task, "__module__", "") or getattr(run, "__module__", ""))
        function = f"{module}.{getattr(run, '__qualname__', name)}"
        queue = str(getattr(task, "queue", None) or "")
        yield Task(name, owners.label(module), function, queue, *place_of(run, owners))


def schedules_of(owners: Owners, notes: list[str]) -> Iterator[Schedule]:
    """The entries of Celery's beat schedule: of its configuration, then of django-celery-beat's tables."""
    celery = _celery()
    if celery is None:
        return
    homes = {task.name: task.app for task in tasks_of(owners)}
    for name, entry in sorted((celery.conf.beat_schedule or {}).items()):
        task = str(entry.get("task", ""))
        yield Schedule(str(name), task, _when(entry.get("schedule")), homes.get(task, ""))
    if apps.is_installed("django_celery_beat"):
        try:
            table: Any = apps.get_app_config("django_celery_beat").get_model("PeriodicTask")
            rows = list(table.objects.filter(enabled=True))
            told = [Schedule(row.name, row.task, _when(row.schedule), homes.get(row.task, "")) for row in rows]
        except DatabaseError as error:
            notes.append(f"The schedules that django-celery-beat keeps in the database could not be read: {error}")
            return
        yield from sorted(told, key=lambda each: each.name)


def unread_queues() -> Iterator[str]:
    """A note for each job queue that is installed and that nothing is known of."""
    for name, word in _QUEUES.items():
        if apps.is_installed(name):
            yield f"{word} is installed: its jobs and schedules are not listed here."


def _celery() -> Any:
    """The project's Celery app with all its tasks loaded; None where Celery is not in use."""
    module: Any = sys.modules.get("celery")
    if module is None:
        return None
    celery = module.current_app._get_current_object()
    if celery.main in (None, "default") and all(name.startswith("celery.") for name in celery.tasks):
        # The app that Celery makes by itself where a project has none, and nobody gave it a task.
        return None
    # What autodiscover_tasks() was asked for is looked for here, as a worker would.
    celery.loader.import_default_modules()
    celery.finalize()
    return celery


def _when(schedule: Any) -> str:
    """A schedule in its own words; a plain number is seconds."""
    text = " ".join(str(schedule).split())
    return f"every {text} s" if isinstance(schedule, int | float) else text.strip("<>")
