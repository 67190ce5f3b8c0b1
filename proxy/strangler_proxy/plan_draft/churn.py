"""How often each app changed, by the project's git history."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from strangler.inventory import App

__all__ = ["Churn", "churn_of"]

_SINCE = "1 year ago"
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Churn:
    """Commits of the last year: `commits` in all, `by_app` those that touched an app, by its label."""

    commits: int
    by_app: dict[str, int] = field(default_factory=dict)


def churn_of(folder: Path, apps: Iterable[App]) -> Churn | None:
    """The churn of the project in `folder`; None where there is no git history at hand."""
    command = ["git", "-C", str(folder), "log", f"--since={_SINCE}", "--relative", "--name-only", "--format=%x00"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    commits = [each.split("\n") for each in done.stdout.decode("utf-8", "replace").split("\0")[1:]]
    # An app that is outside of the project's folder has no history here.
    folders = {app.label: f"{app.folder}/" for app in apps if app.folder and not Path(app.folder).is_absolute()}
    by_app = {
        label: sum(any(path.startswith(start) for path in paths) for paths in commits)
        for label, start in folders.items()
    }
    return Churn(len(commits), by_app) if commits else None
