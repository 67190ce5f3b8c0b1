"""The release: what the environment says, else the version, else what the sources are."""

from __future__ import annotations

from pathlib import Path

import pytest

from strangler.errors import ConfigError
from strangler.shadow import release_of


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("STRANGLER_RELEASE", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "a_service_of_this_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise AssertionError('imported')")
    return folder


def test_the_environment_comes_before_the_version_and_that_before_the_digest(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert release_of(package.name, version="1.2") == "1.2"
    monkeypatch.setenv("STRANGLER_RELEASE", " 4f2c ")
    assert release_of(package.name, version="1.2") == "4f2c"


def test_any_change_of_code_or_templates_is_another_release_and_nothing_else_is(package: Path) -> None:
    seen = [release_of(package.name)]
    assert len(seen[0]) == 12

    def changed(name: str, text: str) -> bool:
        path = package / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        seen.append(release_of(package.name))
        return seen[-1] not in seen[:-1]

    assert changed("views.py", "a = 1")
    assert changed("views.py", "a = 2")
    assert changed("templates/page.html", "<p>")
    assert not changed("db.sqlite3", "rows")
    assert not changed(".cache/views.py", "a = 3")


def test_a_module_that_is_no_package_is_a_release_of_its_one_file(package: Path) -> None:
    module = package.parent / "a_module_of_this_test.py"
    module.write_text("raise AssertionError('imported')")
    first = release_of(module.stem)
    module.write_text("raise AssertionError('imported again')")
    assert first != release_of(module.stem) != "unknown" != first


def test_what_is_not_there_is_unknown(package: Path) -> None:
    assert release_of("no_such_package_anywhere") == release_of("no_such_package.anywhere") == "unknown"


@pytest.mark.parametrize("wrong", ["ü", "a\nb", "x" * 129])
def test_a_release_that_no_header_can_hold_is_an_error(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRANGLER_RELEASE", wrong)
    with pytest.raises(ConfigError, match="STRANGLER_RELEASE: cannot be"):
        release_of()
