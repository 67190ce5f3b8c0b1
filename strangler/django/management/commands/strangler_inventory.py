"""`manage.py strangler_inventory`: what is in this monolith, as `inventory.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from strangler.django.inventory import UrlconfError, take_inventory
from strangler.errors import ConfigError
from strangler.inventory import Inventory, write_inventory

__all__ = ["Command"]


class Command(BaseCommand):
    """Walks the live URLconf, models, signals, commands and tasks, and writes them down."""

    help = "Writes what is in this project to a file: URLs and views, apps, models, and what runs without a request."
    # A broken URLconf is told by one line, and not by the traceback that the checks would end with.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The command's own options."""
        parser.add_argument("-o", "--output", metavar="FILE", default="inventory.json", help="default inventory.json")
        parser.add_argument(
            "--own", metavar="MODULE", action="append", default=[], help="an installed package that is the team's own"
        )
        parser.add_argument("--observed", metavar="FOLDER", help="where ObservedMiddleware kept what it saw")
        parser.add_argument("--urlconf", metavar="MODULE", help="another URLconf than ROOT_URLCONF")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take the inventory and keep it."""
        folder = None if options["observed"] is None else Path(options["observed"])
        file = Path(options["output"])
        if not file.absolute().parent.is_dir():
            raise CommandError(f"{file} cannot be written: there is no folder {file.absolute().parent}.")
        try:
            inventory = take_inventory(own=tuple(options["own"]), observed=folder, urlconf=options["urlconf"])
            write_inventory(file, inventory)
        except UrlconfError as error:
            raise CommandError(str(error)) from error
        except ConfigError as error:
            raise CommandError("\n".join(str(problem) for problem in error.problems)) from error
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        for note in inventory.notes:
            self.stderr.write(f"note: {note}")
        self.stdout.write(f"{file}: {_counted(inventory)}.")


def _counted(inventory: Inventory) -> str:
    own = [app for app in inventory.apps if app.origin == "project"]
    counts = (
        (len(inventory.views), "view"),
        (len(own), "own app"),
        (sum(app.lines for app in own), "line"),
        (len(inventory.relations), "relation across apps"),
        (len(inventory.receivers), "receiver"),
        (len(inventory.commands), "command"),
        (len(inventory.tasks), "task"),
    )
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts).replace(
        "relation across appss", "relations across apps"
    )
