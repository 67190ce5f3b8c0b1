"""Compiles the data plane's hot modules into the wheel with mypyc, where STRANGLER_COMPILE=1 asks for it.

The source stays the one plain Python source and runs as it is; without the variable the wheel is pure Python.
`python hatch_build.py FOLDER` puts the packages into FOLDER, compiled in place, for whoever measures or tests them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
PACKAGES = {"strangler": ROOT / "strangler", "strangler_proxy": ROOT / "proxy" / "strangler_proxy"}
# The mypyc that the tests are run with: another may compile to something else.
NEEDED = ["mypy[mypyc]>=2.4,<2.5", "setuptools>=65"]
_SETUP = """
from mypyc.build import mypycify
from setuptools import setup
options = ["--strict", "--config-file=", "--ignore-missing-imports", "--disable-error-code=no-untyped-call"]
setup(name="compiled", packages=[], ext_modules=mypycify([*options, *{files!r}], opt_level="3", debug_level="0"))
"""


def compiled_modules() -> list[str]:
    """The modules to compile, by their dotted names, as pyproject.toml lists them."""
    modules: list[str] = _document()["tool"]["strangler"]["compiled"]
    return modules


def needed() -> list[str]:
    """What compiling needs beside the build backend: the compiler, and what the proxy imports, for its types."""
    imported: list[str] = _document()["project"]["optional-dependencies"]["proxy"]
    return [*NEEDED, *imported]


def compile_into(folder: Path) -> list[Path]:
    """Copy the packages into `folder` and compile them there; returns what the compiler made, relative to `folder`."""
    for name, source in PACKAGES.items():
        shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    files = [f"{module.replace('.', '/')}.py" for module in compiled_modules()]
    setup = folder / "setup.py"
    setup.write_text(_SETUP.format(files=files), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, setup.name, "--quiet", "build_ext", "--inplace"],
        cwd=folder,
        env={**os.environ, "MYPYPATH": "", "CFLAGS": f"{os.environ.get('CFLAGS', '')} -g0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nThe modules could not be compiled; their messages stand above.")
    for leftover in (folder / "build", folder / ".mypy_cache"):
        shutil.rmtree(leftover, ignore_errors=True)
    setup.unlink()
    return sorted(path.relative_to(folder) for pattern in ("*.so", "*.pyd") for path in folder.rglob(pattern))


def _document() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


class CompiledWheel(BuildHookInterface[Any]):
    """Adds what mypyc makes of the hot modules to the wheel."""

    PLUGIN_NAME = "custom"

    @property
    def _asked(self) -> bool:
        return os.environ.get("STRANGLER_COMPILE") == "1" and self.target_name == "wheel"

    def dependencies(self) -> list[str]:
        """What compiling needs beside the build backend."""
        return needed() if self._asked else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, unless the wheel is only a pointer to the source tree."""
        if not self._asked or version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        build_data["force_include"].update({str(folder / made): str(made) for made in compile_into(folder)})
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Tidy up."""
        if self._asked and version != "editable":
            self._folder.cleanup()


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    print("\n".join(str(made) for made in compile_into(target)))
