"""The pages that people read: what they link to exists, what they show runs, and they leave out no verb."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest
from strangler_proxy.control.openapi import document
from strangler_proxy.state import StateDir

from strangler.compare.action_forms import ACTIONS
from strangler.django.conf import KEYS
from strangler.seam import Seam

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("monolith/*.md"), *ROOT.glob("extracted/*/*.md")]
)
ids = [str(page.relative_to(ROOT)) for page in PAGES]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.M | re.S)


def anchors(page: Path) -> set[str]:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", prose, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = page.parent / path if path else page
        assert there.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(there), f"{page.name}: {target}"


def test_the_readme_leads_to_every_reference_page() -> None:
    text = (ROOT / "README.md").read_text()
    for page in REFERENCE.glob("*.md"):
        assert f"](docs/reference/{page.name})" in text


def test_the_page_on_the_control_api_has_every_verb_and_parameter() -> None:
    text = (REFERENCE / "control-api.md").read_text()
    for path, verbs in document()["paths"].items():
        for method, verb in verbs.items():
            assert f"`{method.upper()} {path}`" in text
            for parameter in verb.get("parameters", []):
                assert parameter["name"] in text, f"{path}: {parameter['name']}"


@pytest.mark.parametrize("model", ["FlipRequest", "BackRequest", "AdoptRequest", "RecordRequest"])
def test_the_page_on_the_control_api_has_every_key_of_a_move(model: str) -> None:
    text = (REFERENCE / "control-api.md").read_text()
    for key in document()["components"]["schemas"][model]["properties"]:
        assert f"`{key}`" in text or f'"{key}"' in text, f"{model}: {key}"


def test_the_page_on_operating_has_every_field_of_the_status_and_every_file_of_the_state() -> None:
    text = (REFERENCE / "operating.md").read_text()
    for key in document()["components"]["schemas"]["Status"]["properties"]:
        assert f"`{key}`" in text, key
    state = StateDir(Path("state"))
    kept = {name: getattr(state, name) for name, kind in vars(StateDir).items() if isinstance(kind, property)}
    files = {name: path for name, path in kept.items() if isinstance(path, Path)}
    assert files
    for name, path in files.items():
        assert f"| `{path.name}` |" in text, name


def test_the_page_on_the_library_has_every_hook_of_a_seam_every_setting_and_every_rule() -> None:
    text = (REFERENCE / "library.md").read_text()
    for name in inspect.signature(Seam).parameters:
        assert re.search(rf"^\| [^|]*`{name}`", text, re.M), name
    for name in KEYS:
        assert f"`{name}`" in text, name
    for name in ACTIONS:
        assert re.search(rf"^\| `{name} = ", text, re.M), name


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_json_example_is_json(page: Path) -> None:
    for block in blocks(page, "json"):
        json.loads(block)


def test_the_librarys_examples_run() -> None:
    names: dict[str, object] = {}
    for block in blocks(REFERENCE / "library.md", "python"):
        exec(compile(block, "library.md", "exec"), names)
    assert "TestMyStore" in names
