"""`strangler plan`: the plan in Markdown, run step by step."""

from __future__ import annotations

import click

from strangler_proxy.cli.plan_apply import apply, undo
from strangler_proxy.cli.plan_new import new
from strangler_proxy.cli.plan_render import render
from strangler_proxy.cli.plan_status import following, show, status
from strangler_proxy.cli.plan_stop import stop
from strangler_proxy.cli.plan_verify import approve, verify

__all__ = ["plan"]


@click.group(short_help="The migration plan: where it stands, what is next, and its steps done and undone.")
def plan() -> None:
    """The migration plan, run step by step. `status` says where we are, what is next and how to go back."""


for command in (new, status, following, show, apply, verify, undo, approve, stop, render):
    plan.add_command(command)
