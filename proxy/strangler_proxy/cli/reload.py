"""`strangler reload`: an edited configuration comes into force, without losing a request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import click

from strangler.errors import ConfigError, ControlUnreachable, Problem
from strangler_proxy.cli.failure import error_text
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_text
from strangler_proxy.cli.remote import running_config
from strangler_proxy.config.reader import config_text
from strangler_proxy.plain import plain, reason
from strangler_proxy.reload_socket import PROGRAM, RELOAD, ask
from strangler_proxy.state import StateDir

__all__ = ["reload"]

_WAIT_SECONDS: Final = 150.0


@click.command(short_help="Put an edited configuration into force, without losing a request.")
@click.option("--program", is_flag=True, help="Go over to the program as it is installed now, too.")
@JSON
@CONFIG
def reload(program: bool, as_json: bool, config: Path) -> None:
    """Put an edited strangler.toml into force, and new certificates with it, without losing a request.

    The file is checked whole. A wrong one is refused with everything that is wrong in it (2), as is one that changes
    what only a start can change. New workers are made ready first, and only then the old ones let go; where the new
    ones do not come up, everything goes on as it was (1).

    With --program the supervisor itself becomes what is installed now, in the same process, once that has proven that
    it can: sockets, process id and customers stay.
    """
    # Without it the proxy would be found all the same, and take its own file for the one that was named.
    config_text(config)
    state = StateDir.of(running_config(config, os.environ, silent=True))
    try:
        outcome = ask(state.supervisor, PROGRAM if program else RELOAD, seconds=_WAIT_SECONDS)
    except TimeoutError as error:
        raise ControlUnreachable(
            f"The supervisor has not answered within {_WAIT_SECONDS:g} s. Its log says what it is doing."
        ) from error
    except (OSError, ValueError) as error:
        raise ControlUnreachable(
            f"No proxy is running on {state.path} ({reason(error)}). Start one: `strangler serve`."
        ) from error
    if as_json:
        print_json(outcome)
    elif outcome["ok"]:
        print_text(told_reload(outcome))
    else:
        click.echo(_refusal(outcome), err=True)
    if not outcome["ok"]:
        raise SystemExit(2 if outcome["problems"] else 1)


def told_reload(outcome: dict[str, Any]) -> str:
    """A reload that went well, in a line."""
    workers = "1 worker" if outcome["workers"] == 1 else f"{outcome['workers']} workers"
    program = f", strangler {outcome['version']}" if outcome["program"] else ""
    return f"{outcome['message']} {workers}{program}, configuration {outcome['config']}, in {outcome['seconds']:.1f} s."


def _refusal(outcome: dict[str, Any]) -> str:
    if outcome["problems"]:
        return error_text(ConfigError([Problem(**problem) for problem in outcome["problems"]]))
    return "\n".join(plain(line) for line in outcome["message"].split("\n"))
