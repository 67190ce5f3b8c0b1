"""The compiled build does what the source does: the data plane's tests pass on what mypyc makes of it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import absent, program
from tests.project.hot_modules import ROOT, compiled_modules, source_of
from tests.project.only_compiled import FOLDER

SUITES = (
    "tests/proxy/dataplane",
    "tests/proxy/upstreams",
    "tests/proxy/routes",
    "tests/proxy/shadow",
    "tests/proxy/identity",
    "tests/proxy/tracing",
    "tests/strangler/resilience/test_breaker.py",
    "tests/strangler/resilience/test_breaker_machine.py",
)
# Of what may stand in a slice's bounds.
WITHOUT_EFFECT = {"find", "len"}


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the compiled wheel installs."""
    program("cc", "gcc")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        absent("Python.h is not on this machine; on Debian: apt-get install python3-dev")
    folder = tmp_path_factory.mktemp("compiled")
    # Without isolation its requirements must be met by what is installed here: so it is the tested mypyc that compiles.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    environment = {**os.environ, "STRANGLER_COMPILE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = folder.glob("*.whl")
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert f"-{python}-{python}-" in wheel.name
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def run(compiled: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the compiled packages before all others, and before the current folder."""
    foreign = ("COV_", "COVERAGE_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment = {
        **kept,
        FOLDER: str(compiled),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(compiled / ".hypothesis"),
        "PYTHONPATH": str(compiled),
        "PYTHONSAFEPATH": "1",
    }
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_every_module_that_is_to_be_compiled_is_there() -> None:
    assert not [name for name in compiled_modules() if not source_of(name).is_file()]
    assert len(compiled_modules()) == len(set(compiled_modules()))


def bounds(tree: ast.AST) -> Iterator[ast.expr]:
    for each in ast.walk(tree):
        if isinstance(each, ast.Slice):
            yield from (bound for bound in (each.lower, each.upper) if bound is not None)


def with_effect(bound: ast.expr) -> bool:
    for each in ast.walk(bound):
        if isinstance(each, ast.Await | ast.NamedExpr):
            return True
        if isinstance(each, ast.Call):
            called = each.func
            name = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
            if name not in WITHOUT_EFFECT:
                return True
    return False


@pytest.mark.parametrize("module", compiled_modules())
def test_a_slice_has_no_bound_that_does_something(module: str) -> None:
    # mypyc evaluates it twice where what is sliced is none of list, tuple, str and bytes.
    found = [bound for bound in bounds(ast.parse(source_of(module).read_text())) if with_effect(bound)]
    assert not [f"{ast.unparse(bound)}, line {bound.lineno}" for bound in found]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_all_modules_load_beside_the_compiled_ones(compiled: Path) -> None:
    # One that inherits from a compiled class and is not compiled itself does not.
    load_all = (
        "import importlib, pkgutil, strangler, strangler_proxy\n"
        "import tests.project.only_compiled as only\n"
        "only.pytest_configure()\n"
        "for package in (strangler, strangler_proxy):\n"
        "    for each in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not each.name.endswith('__main__') and '.django.' not in each.name:\n"
        "            importlib.import_module(each.name)\n"
    )
    done = run(compiled, "-c", load_all)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_data_plane_behaves_compiled_as_it_does_plain(compiled: Path) -> None:
    # In one process: others run tests of their own meanwhile.
    options = ("-p", "tests.project.only_compiled", "-p", "no:cacheprovider", "-p", "no:xdist", "--import-mode=append")
    done = run(compiled, "-m", "pytest", *options, "-q", *SUITES)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    assert " skipped" not in done.stdout.splitlines()[-1], done.stdout[-5_000:]
