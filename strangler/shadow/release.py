"""Which release is running: evidence belongs to one, and ends with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from strangler.errors import ConfigError, Problem

__all__ = ["release_of"]

_VARIABLE: Final = "STRANGLER_RELEASE"
# What decides what is answered, apart from settings: code and templates.
_SOURCES: Final = frozenset(
    {".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".txt", ".xml", ".json", ".sql", ".mo"}
)
_LONGEST: Final = 128


def release_of(*packages: str, version: str = "") -> str:
    """STRANGLER_RELEASE; without it `version`; without both a digest of the sources of the packages.

    The digest is twelve hexadecimal digits, and `unknown` where no source is found. Dependencies and settings are not
    in it: where they change alone, set the variable. The packages are not imported. Raises ConfigError for a release
    that no header can hold.
    """
    release = os.environ.get(_VARIABLE, "").strip() or version
    if not release:
        return _digest(packages)
    if not (release.isascii() and release.isprintable() and len(release) <= _LONGEST):
        right = f"Set {_VARIABLE} to at most {_LONGEST} printable ASCII characters, such as a commit's hash."
        raise ConfigError([Problem("environment", None, _VARIABLE, f"cannot be {release[:_LONGEST]!r}.", right)])
    return release


def _digest(packages: tuple[str, ...]) -> str:
    digest, found = sha256(), False
    for package in sorted(set(packages)):
        for path, name in _sources(package):
            content = path.read_bytes()
            digest.update(f"{package}:{name}:{len(content)}:".encode() + content)
            found = True
    return digest.hexdigest()[:12] if found else "unknown"


def _sources(package: str) -> Iterator[tuple[Path, str]]:
    """The files of a package, or the one of a module, each with the name that it has there."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        module = Path(spec.origin or "")
        if module.suffix in _SOURCES and module.is_file():
            yield module, module.name
        return
    for folder in sorted(Path(each) for each in spec.submodule_search_locations):
        for path in sorted(folder.rglob("*")):
            inner = path.relative_to(folder)
            if path.suffix in _SOURCES and not any(part.startswith(".") for part in inner.parts) and path.is_file():
                yield path, inner.as_posix()
