"""Which release is running: evidence belongs to one, and ends with it."""

from __future__ import annotations

import os
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
        for folder in _folders(package):
            for path in sorted(folder.rglob("*")):
                inner = path.relative_to(folder)
                if path.suffix in _SOURCES and not any(part.startswith(".") for part in inner.parts) and path.is_file():
                    content = path.read_bytes()
                    digest.update(f"{package}:{inner.as_posix()}:{len(content)}:".encode() + content)
                    found = True
    return digest.hexdigest()[:12] if found else "unknown"


def _folders(package: str) -> list[Path]:
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return []
    return [] if spec is None else sorted(Path(each) for each in spec.submodule_search_locations or ())
