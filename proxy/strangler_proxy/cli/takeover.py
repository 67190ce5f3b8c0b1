"""How this program takes the place of an older one that serves: first the proof that it could, then the act."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from strangler.errors import ConfigError, StranglerError
from strangler_proxy.config import Config, load_config
from strangler_proxy.config.reader import read_config
from strangler_proxy.handover import Handover
from strangler_proxy.listener_tls import tls_problems
from strangler_proxy.plain import reason
from strangler_proxy.reloading import unchangeable
from strangler_proxy.state import StateDir
from strangler_proxy.supervisor import Supervisor

__all__ = ["prove_take_over", "take_over"]


def prove_take_over(path: Path, document: str) -> None:
    """Whether this program could take over what `document` hands over, and serve by the file. Raises StranglerError."""
    # Whatever a child needs, so that what is missing is missed now.
    for name in ("strangler_proxy.worker", "strangler_proxy.control.process", "strangler_proxy.comparer.process"):
        import_module(name)
    Handover.from_text(document)
    wanted = load_config(path)
    problems = [*unchangeable(_in_force(path), wanted), *tls_problems(wanted)]
    if problems:
        raise ConfigError(problems)


def take_over(path: Path, descriptor: int) -> None:
    """Go on where the program before has stopped, by the hand-over document in the inherited `descriptor`."""
    with os.fdopen(descriptor, encoding="utf-8") as document:
        handed = Handover.from_text(document.read())
    Supervisor(_in_force(path)).take_over(handed)


def _in_force(path: Path) -> Config:
    # The folder is the one of the file, for a file that names another one has been refused.
    accepted = StateDir.of(load_config(path)).accepted
    try:
        text = accepted.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise StranglerError(f"{accepted}, the configuration in force, cannot be read: {reason(error)}.") from error
    return read_config(text, path, os.environ)
