"""Whose a module and a file are."""

from __future__ import annotations

import sys
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from django.apps import AppConfig, apps
from django.conf import settings

__all__ = ["Owners", "is_left_out"]

_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})


def is_left_out(module: str) -> bool:
    """Whether a module is Django's or Strangler's own: what it runs without a request is no part of the project."""
    return any(module == each or module.startswith(f"{each}.") for each in ("django", "strangler"))


class Owners:
    """Which app a module belongs to, which apps are the project's own, and how a file is called.

    `own` names packages that count as the project's own though they are installed.
    """

    def __init__(self, own: tuple[str, ...] = ()) -> None:
        self._own = own
        self._labels = {each.name: each.label for each in apps.get_app_configs()}

    @cached_property
    def folder(self) -> Path:
        """The project's folder: the one that its settings' package lies in."""
        name = str(settings.SETTINGS_MODULE or settings.ROOT_URLCONF)
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if file is None:
            return Path.cwd()
        folder = Path(file).resolve().parent
        # A package's settings may themselves be a package: settings/production.py.
        depth = name.count(".") + (1 if hasattr(module, "__path__") else 0)
        return folder.parents[depth - 1] if depth else folder

    def label(self, module: str) -> str:
        """The label of the app that a module lies in; empty for none."""
        while module:
            if module in self._labels:
                return self._labels[module]
            module = module.rpartition(".")[0]
        return ""

    def origin(self, config: AppConfig) -> str:
        """`project`, `installed` or `django`."""
        if any(config.name == each or config.name.startswith(f"{each}.") for each in self._own):
            return "project"
        if config.name == "django" or config.name.startswith("django."):
            return "django"
        return "installed" if is_left_out(config.name) or _INSTALLED & set(Path(config.path).parts) else "project"

    def is_own(self, label: str) -> bool:
        """Whether an app is the project's own."""
        return label in self._labels.values() and self.origin(apps.get_app_config(label)) == "project"

    def file(self, path: str | Path) -> str:
        """A file from the project's folder on, or from the folder that packages are installed in; else absolute."""
        found = Path(path).resolve()
        for number, part in enumerate(found.parts):
            if part in _INSTALLED:
                return Path(*found.parts[number + 1 :]).as_posix()
        return found.relative_to(self.folder).as_posix() if found.is_relative_to(self.folder) else found.as_posix()

    def whose(self, thing: Any, *modules: str) -> str:
        """The app of a view: that of the module it is written in where this is an own one, else that of the first of
        `modules` (the URLconf's) that is; else the first that is known at all."""
        written = str(getattr(thing, "__module__", None) or "")
        found = [label for module in (written, *modules) if (label := self.label(module))]
        return next((label for label in found if self.is_own(label)), found[0] if found else "")
