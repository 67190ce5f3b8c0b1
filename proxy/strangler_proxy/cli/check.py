"""`strangler check`: is the configuration right?"""

from __future__ import annotations

from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path

import click

from strangler.errors import ConfigError, Problem
from strangler.inventory import read_inventory
from strangler_proxy.cli.options import CONFIG, INVENTORY, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text, warn
from strangler_proxy.cli.probe import unanswered
from strangler_proxy.cli.release_probe import unreleased
from strangler_proxy.cli.vouch_probe import unvouched
from strangler_proxy.config import Config, load_config
from strangler_proxy.config.risks import risks
from strangler_proxy.config.shadow_words import in_shadow
from strangler_proxy.discover import capture_warnings
from strangler_proxy.listener_tls import tls_problems
from strangler_proxy.plan import load_plan
from strangler_proxy.words import counted

__all__ = ["check"]


@click.command(short_help="Say whether the configuration is right.")
@click.option("--probe", is_flag=True, help="Ask each upstream too, and the monolith whether it vouches.")
@INVENTORY
@JSON
@CONFIG
def check(probe: bool, inventory_file: Path | None, as_json: bool, config: Path) -> None:
    """Say whether the configuration is right, or everything that is wrong in it, each with its line.

    Ends with 0 when it is right, warnings or not, and with 2 when it is wrong. What is wrong in the plan is a warning.
    With --probe an upstream that does not answer is a warning, and so is a monolith that does not vouch where a route
    wants an identity, and a candidate whose release nobody knows. With --inventory so is a route that takes no view of
    the monolith, several, or only some of the URLs of one. What each route's requests become in stage shadow is told as
    well.
    """
    taken = load_config(config)
    problems = tls_problems(taken)
    if problems:
        raise ConfigError(problems)
    probed = [*unanswered(taken), *unvouched(taken), *unreleased(taken)] if probe else []
    taking = []
    if inventory_file is not None:
        taking = capture_warnings(taken.routes, read_inventory(inventory_file), str(config))
    warnings = [*risks(taken), *_idle_rules(taken), *_plan_problems(taken), *taking, *probed]
    if as_json:
        print_json(
            {
                "file": str(config),
                "routes": len(taken.routes),
                "seams": len(taken.seams),
                "upstreams": len(taken.upstreams),
                "rules": len(taken.rules.rules),
                "shadow": {route.name: in_shadow(taken, route) for route in taken.routes},
                "warnings": [asdict(warning) for warning in warnings],
            }
        )
        return
    for warning in warnings:
        warn(str(warning))
    print_text(f"{config}: {_counted(taken)}, fine.")
    if taken.shadow.rules is not None:
        print_text(f"{taken.shadow.rules.name}: {counted(len(taken.rules.rules), 'rule')}, fine.")
    if taken.routes:
        print_text()
        print_table(("route", "copied in stage shadow"), ((each.name, in_shadow(taken, each)) for each in taken.routes))


def _counted(config: Config) -> str:
    """How many routes and seams, in words."""
    counts = ((len(config.routes), "route"), (len(config.seams), "seam"), (len(config.upstreams), "upstream"))
    return ", ".join(counted(count, word) for count, word in counts)


def _plan_problems(config: Config) -> list[Problem]:
    """What is wrong with the plan; that it is not there only where it is named. Traffic does not wait for it."""
    if not config.plan.exists() and config.plan == config.path.resolve().parent / "migration_plan.md":
        return []
    try:
        load_plan(config.plan)
    except ConfigError as error:
        return list(error.problems)
    return []


def _idle_rules(config: Config) -> list[Problem]:
    """A warning for each compare rule that is for no route of the file: a name that was mistyped excuses nothing."""
    names = [route.name for route in config.routes]
    wrong = "is for no route of strangler.toml"
    right = "correct it, or leave `route` out for all; `strangler routes` lists the names"
    return [
        Problem(str(config.shadow.rules), rule.line, f"rule[{number}].route", f"{rule.route!r} {wrong}", right)
        for number, rule in enumerate(config.rules.rules)
        if not any(fnmatchcase(name, rule.route) for name in names)
    ]
