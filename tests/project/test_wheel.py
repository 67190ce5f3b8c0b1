"""The wheel: what is in it, and what a person has after `pip install`, with the extra and without."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import strangler

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


def installed(wheel: Path, folder: Path, extra: str = "") -> Path:
    """An empty virtual environment with the wheel in it, its dependencies as the lock has them; its `strangler`."""
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    # The lock holds hashes for everything but the wheel itself, which pip would then refuse.
    pins = re.sub(r" \\\n|    --hash=\S+( \\)?\n", "\n", (ROOT / "requirements.lock").read_text())
    constraints = folder / "constraints.txt"
    constraints.write_text(pins)
    target = f"strangler{extra} @ {wheel.as_uri()}"
    python = folder / "bin" / "python"
    subprocess.run([UV, "pip", "install", "--quiet", "--python", python, "-c", constraints, target], check=True)
    return folder / "bin" / "strangler"


def run(program: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return subprocess.run([program, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_holds_the_two_packages_and_nothing_of_the_shop(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"strangler", "strangler_proxy", f"strangler-{strangler.__version__}.dist-info"}
    assert {"strangler/py.typed", "strangler_proxy/py.typed"} <= set(names)
    assert {f"strangler/recording/{name}.schema.json" for name in ("case", "recording")} <= set(names)
    page = ROOT / "proxy" / "strangler_proxy" / "page"
    shown = {str(file.relative_to(page.parent)) for kind in ("assets", "templates") for file in (page / kind).iterdir()}
    assert {f"strangler_proxy/page/assets/{name}" for name in ("style.css", "page.js", "htmx.min.js")} <= set(names)
    assert {f"strangler_proxy/page/{kind}" for kind in ("templates/base.html", "assets/htmx.LICENSE.txt")} <= set(names)
    assert {f"strangler_proxy/{name}" for name in shown} <= set(names), "a page would lack what it is made of"
    assert not [name for name in names if "/test_" in name or name.endswith(".pyc")]


def test_the_wheel_tells_pytest_of_the_plugin(wheel: Path) -> None:
    entries = zipfile.ZipFile(wheel).read(f"strangler-{strangler.__version__}.dist-info/entry_points.txt").decode()
    assert "[pytest11]\nstrangler = strangler.pytest_plugin\n" in entries


def test_with_the_extra_the_command_starts_a_project(wheel: Path, tmp_path: Path) -> None:
    command = installed(wheel, tmp_path / "venv", "[proxy]")
    assert strangler.__version__ in run(command, "--version", cwd=tmp_path).stdout
    project = tmp_path / "project"
    project.mkdir()
    made = run(command, "init", "--monolith", "http://127.0.0.1:9", cwd=project)
    assert made.returncode == 0, made.stderr
    checked = run(command, "check", cwd=project)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_without_the_extra_the_command_names_what_to_install(wheel: Path, tmp_path: Path) -> None:
    command = installed(wheel, tmp_path / "venv")
    assert strangler.__version__ in run(command, "--version", cwd=tmp_path).stdout
    refused = run(command, "check", cwd=tmp_path)
    assert refused.returncode == 2
    assert "pip install 'strangler[proxy]'" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_without_the_extra_the_library_works_in_a_monolith(wheel: Path, tmp_path: Path) -> None:
    python = installed(wheel, tmp_path / "venv").with_name("python")
    program = "import strangler.seam, strangler.compare, strangler.toggles.client; print('fine')"
    assert run(python, "-c", program, cwd=tmp_path).stdout == "fine\n"
