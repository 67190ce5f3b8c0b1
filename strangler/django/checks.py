"""System checks: what is wrong with the setting STRANGLER, said at start instead of at the first seam."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Info
from django.core.checks import Warning as Caution

from strangler.django.conf import KEYS, configured, environment
from strangler.errors import ConfigError
from strangler.toggles import Toggles

__all__ = ["check_setting"]


def check_setting(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """Everything that is wrong with the setting, or worth a note."""
    found = configured()
    if not isinstance(found, Mapping):
        return [Error("STRANGLER is not a dict.", hint='Write STRANGLER = {"CONTROL_URL": ...}.', id="strangler.E001")]
    messages: list[CheckMessage] = [
        Error(f"STRANGLER has no key {key!r}.", hint=f"It can have: {', '.join(sorted(KEYS))}.", id="strangler.E002")
        for key in sorted(set(found) - KEYS, key=str)
    ]
    messages += _subject_messages(found.get("SUBJECT", ()))
    return messages + _source_messages(environment())


def _subject_messages(sources: Any) -> list[CheckMessage]:
    if isinstance(sources, list | tuple) and all(_is_source(source) for source in sources):
        return []
    hint = 'Write a list such as ["header:X-User"].'
    return [Error(f'STRANGLER["SUBJECT"] cannot be {sources!r}.', hint=hint, id="strangler.E004")]


def _is_source(source: Any) -> bool:
    kind, _, name = source.partition(":") if isinstance(source, str) else ("", "", "")
    return kind in ("header", "cookie") and bool(name)


def _source_messages(environ: Mapping[str, str]) -> list[CheckMessage]:
    try:
        Toggles.from_env(environ)
    except ConfigError as error:
        return [
            Error(f"STRANGLER: {problem.wrong}", hint=problem.right, id="strangler.E003") for problem in error.problems
        ]
    messages: list[CheckMessage] = []
    control, snapshot = environ.get("STRANGLER_CONTROL_URL"), environ.get("STRANGLER_SNAPSHOT")
    if not control and not snapshot:
        messages.append(
            Info(
                "Seams have no source of toggles: every seam stands at `monolith`.",
                hint='Set STRANGLER = {"CONTROL_URL": ...} or {"SNAPSHOT": ...}, or their variables.',
                id="strangler.I001",
            )
        )
    if control and not environ.get("STRANGLER_TOKEN") and not environ.get("STRANGLER_TOKEN_FILE"):
        messages.append(
            Caution(
                "The control plane will refuse: it has an address but no token.",
                hint="Give TOKEN_FILE, the file control.token in the proxy's state folder, or TOKEN.",
                id="strangler.W001",
            )
        )
    token_file = environ.get("STRANGLER_TOKEN_FILE")
    if control and token_file and not environ.get("STRANGLER_TOKEN") and not os.access(token_file, os.R_OK):
        messages.append(
            Caution(
                f"The control plane will refuse: this process cannot read the token file {token_file}.",
                hint="Give the path of control.token in the proxy's state folder, best an absolute one. Only the user"
                " that the proxy runs as can read it; for another one, give TOKEN.",
                id="strangler.W003",
            )
        )
    cache = environ.get("STRANGLER_CACHE")
    if cache and not os.access(Path(cache).parent, os.W_OK):
        messages.append(
            Caution(
                f"The last snapshot cannot be kept: {Path(cache).parent} is no folder that this process can write.",
                hint="Make it one, or change CACHE.",
                id="strangler.W002",
            )
        )
    return messages
