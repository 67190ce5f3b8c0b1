"""One app of the monolith, and what it imports from others."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["App", "Import", "Place"]


@dataclass(frozen=True, slots=True)
class App:
    """An installed app.

    `label` is Django's, `module` its package. `origin` is `project` for one that is the team's own, `installed` for one
    that came by a package, `django` for Django's. `folder` is from the project's folder on, or absolute. `files` and
    `lines` count its Python without migrations and tests, `lines` without empty ones and comments; `models` its tables'
    models. Only own apps are counted and scanned for imports.
    """

    label: str
    module: str
    origin: str = "project"
    folder: str = ""
    files: int = 0
    lines: int = 0
    models: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the project's code. `what` is what stands there, such as the module that is imported."""

    file: str
    line: int
    what: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """That one app's modules import another's: how often, and where (the first 50 places).

    `source` and `target` are labels; empty stands for the project's modules that belong to no app. `deferred` counts
    those of `count` that stand within a function, `typing` those that only a type checker reads.
    """

    source: str
    target: str
    count: int
    deferred: int = 0
    typing: int = 0
    places: tuple[Place, ...] = ()
