"""`manage.py strangler_callers`: who reaches this monolith past the proxy, and which views nobody needs any more."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from strangler.callers import Callers, Passage, text_of
from strangler.django.caller_file import read_folder
from strangler.django.callers import callers_folder
from strangler.errors import StoreUnavailable
from strangler.evidence import GateVerdict

__all__ = ["Command"]

_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_CODES: Final = {GateVerdict.PASS: 0, GateVerdict.FAIL: 1, GateVerdict.INCONCLUSIVE: 3}


class Command(BaseCommand):
    """Prints who came past the proxy, or all counts as JSON; or says whether some views are not needed any more."""

    help = "Shows who reaches this monolith past the proxy, as strangler.django.callers.CallersMiddleware counted it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The command's own options."""
        parser.add_argument("--json", action="store_true", help="print all counts, of views too, as one JSON document")
        parser.add_argument("--folder", metavar="DIR", help='the folder of the counts (default STRANGLER["CALLERS"])')
        parser.add_argument(
            "--unused",
            nargs="+",
            metavar="VIEW",
            help="say whether nobody needs these views any more: URL names or routes, or globs over them; ends with 0"
            " for yes, 1 for no, and 3 where counting has not told yet",
        )
        parser.add_argument(
            "--for",
            dest="time",
            default="14d",
            metavar="TIME",
            help="since when nobody does, such as 36h (default 14d)",
        )
        parser.add_argument("--method", action="append", default=[], help="only these methods; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the counts of all machines, and print what was asked for."""
        folder = Path(options["folder"]) if options["folder"] else callers_folder()
        if folder is None:
            raise CommandError(
                'Nobody counts: STRANGLER names no folder. Write STRANGLER = {..., "CALLERS": "/var/lib/shop/callers"}'
                ' and put "strangler.django.callers.CallersMiddleware" into MIDDLEWARE; or give --folder.',
                returncode=2,
            )
        try:
            callers = read_folder(folder)
        except StoreUnavailable as error:
            raise CommandError(str(error), returncode=2) from error
        if options["unused"]:
            self._unused(callers, options["unused"], options["time"], options["method"])
        elif options["json"]:
            self.stdout.write(text_of(callers), ending="")
        else:
            self._table(callers)

    def _unused(self, callers: Callers, wanted: list[str], time: str, methods: list[str]) -> None:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", time)
        if found is None:
            raise CommandError(f"--for cannot be {time!r}: write a number and s, m, h or d, such as 14d.", returncode=2)
        known = {row.route for row in callers.views if _is_one_of(row.name, row.route, wanted)}
        exact = {each for each in wanted if not re.search(r"[*?\[]", each)}
        judgement = callers.unused(
            known | exact,
            seconds=float(found[1]) * _SECONDS[found[2]],
            now=datetime.now(UTC),
            methods=[method.upper() for method in methods],
        )
        self.stdout.write(f"{judgement.verdict.value}: {judgement.reason}")
        if code := _CODES[judgement.verdict]:
            sys.exit(code)

    def _table(self, callers: Callers) -> None:
        if callers.since is None:
            self.stdout.write("Nothing was counted yet.")
            return
        ways = {way: sum(row.counted.requests for row in callers.views if row.passage is way) for way in Passage}
        self.stdout.write(
            f"Since {_moment(callers.since)}, on {', '.join(callers.machines)}: {ways[Passage.THROUGH]} requests"
            f" through the proxy, {ways[Passage.PAST]} past it, {ways[Passage.COPIES]} copies."
        )
        if callers.silence:
            self.stdout.write(f"For {callers.silence / 3600:.0f} h on end nothing at all was counted.")
        if not callers.callers:
            self.stdout.write("Nobody came past the proxy.")
        for caller in callers.callers:
            where = f" ({', '.join(caller.addresses)})" if caller.addresses else ""
            self.stdout.write(
                f"{caller.counted.requests:>9}  {caller.method} {caller.route or 'no URL of ours'}  by {caller.agent},"
                f" {caller.client}{where}"
            )
            self.stdout.write(
                f"           {_moment(caller.counted.first)} to {_moment(caller.counted.last)}, such as"
                f" {', '.join(caller.paths)}"
            )


def _is_one_of(name: str, route: str, wanted: list[str]) -> bool:
    return any(fnmatchcase(name, each) or fnmatchcase(route, each) for each in wanted)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
