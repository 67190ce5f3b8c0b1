"""Options that commands share. `-c` and `--json` are understood before the command too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from strangler_proxy.cli.amounts import Finite

__all__ = ["CONFIG", "EDIT_RULES", "INVENTORY", "JSON", "JSON_WANTED", "WAIT", "WHY", "wait_for"]

EDIT_RULES = "STRANGLER_EDIT_RULES"
"""The environment variable that says for a start what `control.edit_rules` says for all: every process inherits it,
and so does a program that takes over."""
JSON_WANTED = "strangler_proxy.json"
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _config(context: click.Context, parameter: click.Parameter, value: Path) -> Path:
    """What stands behind the command, else what stands before it, else the environment's or the default."""
    root = context.find_root()
    if context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE or root is context:
        return value
    before: Path | None = root.params.get("config")
    return value if before is None else before


def _json(context: click.Context, _: click.Parameter, value: bool) -> bool:
    # Remembered for a command that fails: its error is JSON then too.
    root = context.find_root()
    root.meta[JSON_WANTED] = value or root.meta.get(JSON_WANTED, False)
    return bool(root.meta[JSON_WANTED])


def _why(_: click.Context, __: click.Parameter, value: str) -> str:
    # Where the locale is not the text's own, its bytes come as surrogates, and nobody could send those on.
    text = value.encode(errors="surrogateescape").decode(errors="replace")
    if not text.strip():
        raise click.BadParameter("it is empty; say in a few words why, for it stands in the audit.")
    return text


CONFIG = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default="strangler.toml",
    show_default=True,
    envvar="STRANGLER_CONFIG",
    callback=_config,
    help="The configuration.",
)
INVENTORY = click.option(
    "--inventory",
    "inventory_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What `manage.py strangler_inventory` wrote in the monolith.",
)
JSON = click.option("--json", "as_json", is_flag=True, is_eager=True, callback=_json, help="Answer in JSON.")
WHY = click.option("--why", required=True, callback=_why, help="Why; stands in the audit.")
WAIT = click.option(
    "--wait",
    type=Finite(0, 60),
    help="Seconds to wait for the workers' acknowledgements.  [default: 2]",
)


def wait_for(what: str) -> Callable[[_Command], _Command]:
    """The option `--wait` of a command that sends how many seconds it waits, for what `what` says."""
    return click.option(
        "--wait", type=Finite(0, 60), default=2.0, show_default=True, help=f"Seconds to wait until {what}."
    )
