"""What the compose file and the Dockerfiles say, read and carried out outside a container.

An image becomes a folder: the COPY, ENV and RUN lines of both its stages are carried out in it, with each path of the
container below that folder. So what a Dockerfile forgets to copy or to install is missing here too.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

__all__ = ["COMPOSE", "ROOT", "Image", "compose_file", "image_of"]

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
_FOLDERS = r"(?<![\w./-])/(?=(?:venv|src|app|data|etc/strangler)\b)"
_UNWANTED = shutil.ignore_patterns("__pycache__", "*.sqlite3*", ".strangler")
# What needs a container or a network: making its user, and installing the installer, which we have.
_NOT_HERE = ("useradd ", "pip install ")


def compose_file(variables: Mapping[str, str]) -> dict[str, Any]:
    """The compose file with `variables` filled in, as `docker compose` would do it."""

    def filled(match: re.Match[str]) -> str:
        name, how, word = match.group(1), match.group(2), match.group(3) or ""
        if variables.get(name):
            return variables[name]
        assert how != ":?", f"{name}: {word}"
        return word

    text = re.sub(r"(?<!\$)\$\{([A-Z_]+)(:[-?])?([^{}]*)\}", filled, COMPOSE.read_text())
    document: dict[str, Any] = yaml.safe_load(text)
    return document


@dataclass(frozen=True, slots=True)
class Image:
    """An image, carried out in `folder`: its environment, and its command lines as they are written."""

    folder: Path
    workdir: str
    environment: Mapping[str, str]
    command: Sequence[str]
    health: Sequence[str]

    def here(self, text: str) -> str:
        """`text` with the container's paths as they are on this machine."""
        return re.sub(_FOLDERS, f"{self.folder}/", text)


@dataclass(slots=True)
class _Stage:
    folder: Path
    base: Mapping[str, str]
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    home: str = "/src"

    def here(self, text: str) -> str:
        return re.sub(_FOLDERS, f"{self.folder}/", text)

    def carry_out(self, word: str, rest: str) -> None:
        if word == "WORKDIR":
            self.workdir = rest
            Path(self.here(rest)).mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            for each in shlex.split(rest):
                name, _, value = each.partition("=")
                self.environment[name] = self.here(value).replace("$PATH", os.environ["PATH"])
        elif word == "COPY" and not rest.startswith("--from="):
            *sources, target = rest.split()
            self.copy(sources, target)
        elif word == "RUN":
            self.run(rest)
        else:
            self.words[word] = rest

    def copy(self, sources: Sequence[str], target: str) -> None:
        to = Path(self.here(target)) if target.startswith("/") else Path(self.here(self.workdir)) / target
        for source in sources:
            found = ROOT / source
            if found.is_dir():
                shutil.copytree(found, to, dirs_exist_ok=True, ignore=_UNWANTED)
            else:
                into = to / found.name if target.endswith("/") else to
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(found, into)

    def run(self, line: str) -> None:
        if line.startswith(_NOT_HERE):
            if home := re.search(r"--home (\S+)", line):
                self.home = home[1]
            for made in re.findall(r"mkdir -p (.+?)(?: &&|$)", line):
                for each in made.split():
                    Path(self.here(each)).mkdir(parents=True, exist_ok=True)
            return
        done = subprocess.run(
            ["/bin/sh", "-c", self.here(line)],
            cwd=self.here(self.workdir),
            env={**self.base, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"RUN {line}\n{done.stdout}{done.stderr}"


def image_of(dockerfile: Path, folder: Path) -> Image:
    """The image of `dockerfile`, carried out in `folder`."""
    base = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    base |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "UV_PYTHON": sys.executable}
    stage = _Stage(folder, base)
    for word, rest in _instructions(dockerfile.read_text()):
        if word == "FROM":
            stage = _Stage(folder, base)
        stage.carry_out(word, rest)
        # Downloading everything anew for each image is for builders of images; the packages are the same.
        stage.environment.pop("UV_NO_CACHE", None)
    return Image(
        folder,
        stage.workdir,
        {**stage.environment, "HOME": stage.here(stage.home)},
        _words(stage.words["CMD"]),
        _words(stage.words["HEALTHCHECK"].partition("CMD ")[2]),
    )


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines()) if word]


def _words(text: str) -> list[str]:
    words: list[str] = json.loads(text)
    return words
