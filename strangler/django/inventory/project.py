"""The project as a whole: its settings as far as URLs depend on them, and its apps with their code."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.middleware.locale import LocaleMiddleware

import strangler
from strangler.django.inventory.installed import has_middleware
from strangler.django.inventory.owners import Owners
from strangler.django.inventory.url_forms import language_prefixes, languages
from strangler.django.inventory.urlconf import walk
from strangler.django.inventory.views import redirects_slashes
from strangler.inventory import App, Database, Import, Site
from strangler.inventory.imports import Scanned, scan

__all__ = ["apps_of", "site_of"]


def site_of(owners: Owners, urlconf: str | None = None) -> Site:
    """The project and its settings."""
    prefixes = next((found for leaf in walk(urlconf) if (found := language_prefixes(leaf.branch.patterns))), ())
    return Site(
        project=str(settings.ROOT_URLCONF).partition(".")[0],
        root_urlconf=urlconf or str(settings.ROOT_URLCONF),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        django=django.get_version(),
        python=platform.python_version(),
        strangler=strangler.__version__,
        folder=owners.folder.as_posix(),
        append_slash=redirects_slashes(),
        languages=languages(),
        default_language=str(settings.LANGUAGE_CODE),
        language_prefixes=prefixes,
        locale_middleware=has_middleware(LocaleMiddleware),
        middleware=tuple(settings.MIDDLEWARE),
        databases=tuple(
            Database(alias, connections[alias].vendor, bool(connections.settings[alias].get("ATOMIC_REQUESTS")))
            for alias in connections
        ),
    )


def apps_of(owners: Owners, notes: list[str]) -> tuple[list[App], list[Import]]:
    """The apps in their order, and the imports between the project's own ones."""
    own = {each.name: Path(each.path) for each in apps.get_app_configs() if owners.origin(each) == "project"}
    scanned = scan(own, _loose(owners, own), owners.label, owners.file)
    notes += scanned.unread
    return [_app(config.label, owners, scanned) for config in apps.get_app_configs()], list(scanned.imports)


def _app(label: str, owners: Owners, scanned: Scanned) -> App:
    config = apps.get_app_config(label)
    files, lines = scanned.sizes.get(config.name, (0, 0))
    return App(
        label=label,
        module=config.name,
        origin=owners.origin(config),
        folder=owners.file(config.path),
        files=files,
        lines=lines,
        models=sum(not model._meta.proxy for model in config.get_models()),
    )


def _loose(owners: Owners, own: Iterable[str]) -> dict[str, Path]:
    """The project's packages that hold what belongs to no app: its URLconf's, its settings', and those of its apps."""
    names = {str(settings.ROOT_URLCONF).partition(".")[0], *(name.partition(".")[0] for name in own)}
    found = {name: owners.folder / name for name in names}
    return {name: folder for name, folder in found.items() if folder.is_dir()}
