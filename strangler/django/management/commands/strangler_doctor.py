"""`manage.py strangler_doctor`: what is wrong with this monolith behind the proxy, or its facts for others."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from strangler.django.inventory.urlconf import UrlconfError
from strangler.django.monolith_facts import monolith_facts
from strangler.doctor import Finding, Severity, examine, write_facts
from strangler.doctor.facts import text_of

__all__ = ["Command"]


class Command(BaseCommand):
    """Prints the findings, or writes the facts. Ends with 1 where something is wrong."""

    help = (
        "Says what is wrong with this monolith behind the proxy, each with the line to change. With --facts it writes"
        " what it knows, for `strangler doctor --facts FILE`, which knows strangler.toml and says more."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The command's own options."""
        parser.add_argument("--facts", metavar="FILE", help="write the facts to FILE (- for standard output), no more")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take the facts, and print what was asked for."""
        try:
            facts = monolith_facts()
        except (UrlconfError, ImportError) as error:
            raise CommandError(f"This project cannot be loaded: {error}", returncode=2) from error
        if options["facts"] == "-":
            self.stdout.write(text_of(facts), ending="")
            return
        if options["facts"]:
            try:
                write_facts(Path(options["facts"]), facts)
            except OSError as error:
                raise CommandError(f"{options['facts']} cannot be written: {error.strerror}", returncode=2) from error
            number = len(facts.urls) + len(facts.prefixed)
            self.stdout.write(f"{options['facts']}: {number} URL{'' if number == 1 else 's'}, no secrets.")
            return
        findings = examine(facts)
        if options["json"]:
            self.stdout.write(
                json.dumps({"findings": [each.to_json() for each in findings]}, ensure_ascii=False, indent=2)
            )
        else:
            self._tell(findings)
        if any(each.severity is Severity.WRONG for each in findings):
            sys.exit(1)

    def _tell(self, findings: list[Finding]) -> None:
        for each in findings:
            self.stdout.write(f"{each.severity.value} {each.code}  {each.setting} {each.wrong}")
            self.stdout.write(f"    {each.why}")
            change = each.change.replace("\n", "\n    ")
            self.stdout.write(f"    {each.where}:\n    {change}" if each.where else f"    {change}")
        if not findings:
            self.stdout.write("Nothing is wrong, as far as the monolith alone can tell.")
        self.stdout.write("Hold it against strangler.toml too: strangler_doctor --facts, then `strangler doctor`.")
