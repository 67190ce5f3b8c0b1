"""The command line: `main` is the `strangler` command, one module holds one command."""

from strangler_proxy.cli.group import main

__all__ = ["main"]
