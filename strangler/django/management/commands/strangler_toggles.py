"""`manage.py strangler_toggles`: the toggles as this monolith sees them."""

from __future__ import annotations

import json
import math
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from strangler.django.conf import toggles
from strangler.errors import ConfigError
from strangler.toggles import Stage, Toggle, format_share

__all__ = ["Command"]


class Command(BaseCommand):
    """Prints each toggle with its stage, where they come from and how old that knowledge is."""

    help = "Shows the toggles as this monolith's seams see them, and how old that knowledge is."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The command's own options."""
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
        parser.add_argument(
            "--wait", type=float, default=2.0, metavar="SECONDS", help="how long to wait for the source (default 2)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for the source a little, then print what is known."""
        try:
            known = toggles()
        except ConfigError as error:
            raise CommandError(" ".join(f"{each.wrong} {each.right}" for each in error.problems)) from error
        known.wait(options["wait"])
        snapshot, age = known.snapshot, known.age
        if options["json"]:
            found = {
                "source": known.source,
                "age_seconds": None if math.isinf(age) else round(age, 3),
                "stale": known.stale,
                "snapshot": snapshot.to_json(),
            }
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2))
            return
        if known.source == "default":
            self.stdout.write("No source of toggles: the setting STRANGLER names none, nor does the environment.")
        elif math.isinf(age):
            self.stdout.write(f"{known.source} has not answered; revision {snapshot.revision} decides.")
        else:
            stale = ", stale" if known.stale else ""
            self.stdout.write(f"revision {snapshot.revision} from {known.source}, heard of {age:.1f} s ago{stale}")
        width = max((len(name) for name in snapshot.toggles), default=0)
        for name, toggle in snapshot.toggles.items():
            self.stdout.write(f"{name:{width}}  {toggle.kind:5}  {_stage(toggle)}")
        if not snapshot.toggles:
            self.stdout.write("No toggles: everything stands at monolith.")


def _stage(toggle: Toggle) -> str:
    return f"{toggle.stage} {format_share(toggle.share)}" if toggle.stage is Stage.CANARY else toggle.stage.value
