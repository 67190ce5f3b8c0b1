"""The comparison as a command: see `python -m tests.someone_else --help`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.someone_else.compare import differences
from tests.someone_else.masks import MASKS
from tests.someone_else.proxied import proxied
from tests.someone_else.site import HOST, SiteError, built, serving
from tests.someone_else.steps import StepError, read, use
from tests.someone_else.visitor import Step, Visitor
from tests.someone_else.wire import Origin, WireError


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.someone_else", description=__doc__.partition("\n")[0])
    parser.add_argument("--direct", metavar="URL", help="your own site; by default a fresh Wagtail site is made")
    parser.add_argument("--through", metavar="URL", help="the same site through the proxy")
    parser.add_argument("--host", help="the Host to ask both for; by default that of --direct")
    parser.add_argument("--quiet", action="store_true", help="say only what differs")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="pages of your own site that are only read")
    asked = parser.parse_args(arguments)
    if (asked.direct is None) != (asked.through is None) or (asked.paths and asked.direct is None):
        parser.error("--direct and --through belong together, and paths to them")
    try:
        if asked.direct is None:
            direct, through = compare_fresh()
        else:
            origins = Origin.of(asked.direct), Origin.of(asked.through)
            host = asked.host or asked.direct.partition("//")[2].rstrip("/")
            direct, through = compare_own(*origins, host, asked.paths or ["/"])
    except (SiteError, StepError, WireError, OSError, ValueError) as error:
        print(f"The comparison did not come to its end: {error}", file=sys.stderr)
        return 2
    return report(direct, through, quiet=asked.quiet)


def compare_fresh() -> tuple[list[Step], list[Step]]:
    """Use two copies of one fresh site, one of them through a proxy."""
    with tempfile.TemporaryDirectory(prefix="someone-else-") as name, ExitStack() as running:
        folder = Path(name)
        site = built(folder)
        ports = []
        for side in ("direct", "through"):
            (folder / side).mkdir()
            ports.append(running.enter_context(serving(site, folder / side)))
        ports[1] = running.enter_context(proxied(ports[1], folder / "through"))
        visitors = [Visitor(Origin("127.0.0.1", port), HOST) for port in ports]
        for visitor in visitors:
            use(visitor)
        return visitors[0].steps, visitors[1].steps


def compare_own(direct: Origin, through: Origin, host: str, paths: list[str]) -> tuple[list[Step], list[Step]]:
    """Read the same pages of one site in both ways, page by page in turn, so that both see the same moment."""
    visitors = [Visitor(direct, host), Visitor(through, host)]
    for path in paths:
        for visitor in visitors:
            read(visitor, path)
    return visitors[0].steps, visitors[1].steps


def report(direct: list[Step], through: list[Step], *, quiet: bool = False) -> int:
    """Print the steps and what differs; 1 when anything does."""
    if not quiet:
        for number, step in enumerate(direct, 1):
            print(f"{number:>4}  {step.name}")
            for line in step.lines:
                print(f"      {line}")
        used = {name for step in [*direct, *through] for name in step.masks}
        print("\nMasked on both sides alike:")
        for mask in MASKS:
            if mask.name in used:
                print(f"  {mask.name}: {mask.why}")
    found = list(differences(direct, through))
    for name, what in found:
        print(f"\nDIFFERENT: {name}\n{what}")
    print(f"\n{len(direct)} steps, {len(found)} of them different direct and through the proxy.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
