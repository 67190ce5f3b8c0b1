"""The `strangler` command: its subcommands, and what an error becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click

import strangler
from strangler.errors import StranglerError
from strangler_proxy.cli.failure import error_json, error_text, exit_code
from strangler_proxy.cli.options import JSON_WANTED

__all__ = ["COMMANDS", "Commands", "main"]

# The one place where commands are registered: name, and module:attribute. A command is imported once it is called, for
# every start waits for imports. The order is that of `--help`; hidden ones come last.
COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "init": "strangler_proxy.cli.init:init",
        "serve": "strangler_proxy.cli.serve:serve",
        "check": "strangler_proxy.cli.check:check",
        "doctor": "strangler_proxy.cli.doctor:doctor",
        "routes": "strangler_proxy.cli.routes:routes",
        "explain": "strangler_proxy.cli.explain:explain",
        "discover": "strangler_proxy.cli.discover:discover",
        "compare": "strangler_proxy.cli.compare:compare",
        "record": "strangler_proxy.cli.record:record",
        "replay": "strangler_proxy.cli.replay:replay",
        "reload": "strangler_proxy.cli.reload:reload",
        "status": "strangler_proxy.cli.status:status",
        "overview": "strangler_proxy.cli.overview:overview",
        "upstreams": "strangler_proxy.cli.upstreams:upstreams",
        "traffic": "strangler_proxy.cli.traffic:traffic",
        "history": "strangler_proxy.cli.history:history",
        "flip": "strangler_proxy.cli.flip:flip",
        "back": "strangler_proxy.cli.back:back",
        "rollout": "strangler_proxy.cli.rollout:rollout",
        "plan": "strangler_proxy.cli.plan:plan",
        "shadow": "strangler_proxy.cli.shadow:shadow",
        "gate": "strangler_proxy.cli.gate:gate",
        "approve": "strangler_proxy.cli.approve:approve",
        "adopt": "strangler_proxy.cli.adopt:adopt",
        "token": "strangler_proxy.cli.token:token",
        "session": "strangler_proxy.cli.session:session",
        "tester": "strangler_proxy.cli.tester:tester",
        "identity": "strangler_proxy.cli.identity:identity",
        "worker": "strangler_proxy.cli.processes:worker",
        "control": "strangler_proxy.cli.processes:control",
        "comparer": "strangler_proxy.cli.processes:comparer",
    }
)


class Commands(click.Group):
    """Imports a command when it is asked for; turns a StranglerError into its message and exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], COMMANDS, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StranglerError as error:
            if ctx.meta.get(JSON_WANTED):
                click.echo(json.dumps(error_json(error), indent=2, ensure_ascii=False))
            click.echo(error_text(error), err=True)
            ctx.exit(exit_code(error))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The configuration, strangler.toml by default.  [env var: STRANGLER_CONFIG]",
)
@click.option(
    "--control",
    metavar="URL",
    help="The control plane, for commands that need no more, whatever the configuration says; with STRANGLER_TOKEN.",
)
@click.version_option(strangler.__version__, prog_name="strangler")
def main(config: Path | None, control: str | None) -> None:
    """Take a Django monolith apart, endpoint by endpoint, while it keeps serving customers.

    Exit codes: 0 yes, 1 a negative verdict, 2 bad input, 3 inconclusive, 4 control plane unreachable.
    """
