"""The German catalogue: complete, compiled, and about the strings that the sources really have."""

from __future__ import annotations

import gettext
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.conftest import program

SHOP = Path(__file__).parents[3] / "monolith"
PO = SHOP / "locale/de/LC_MESSAGES/django.po"
MO = PO.with_suffix(".mo")
# An empty string that the next line does not go on with.
_EMPTY = re.compile(r'^msgstr(\[\d\])? ""$(?!\n")', re.MULTILINE)
_FORMAT = re.compile(r"%\(\w+\)s")


def catalogue(mo: Path) -> dict[object, str]:
    with mo.open("rb") as file:
        found: dict[object, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # no public way
    return found


def entries() -> list[str]:
    return PO.read_text().split("\n\n")[1:]


def test_no_entry_is_fuzzy_or_left_over() -> None:
    for entry in entries():
        assert not re.search(r"^#,.*fuzzy", entry, re.MULTILINE), entry
        assert not entry.startswith("#~"), entry


def test_no_entry_is_untranslated() -> None:
    for entry in entries():
        assert not _EMPTY.search(entry), entry


def test_translations_keep_the_places_of_what_is_filled_in() -> None:
    for original, translated in catalogue(MO).items():
        text = original[0] if isinstance(original, tuple) else str(original)
        assert set(_FORMAT.findall(text)) == set(_FORMAT.findall(translated)), text


def test_the_compiled_catalogue_is_that_of_the_text(tmp_path: Path) -> None:
    compiled = tmp_path / "django.mo"
    subprocess.run([program("msgfmt", "gettext"), "--check", "-o", str(compiled), str(PO)], check=True)
    assert catalogue(compiled) == catalogue(MO)


def test_every_string_of_the_sources_is_in_the_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program("xgettext", "gettext")
    copy = tmp_path / "monolith"
    shutil.copytree(SHOP, copy, ignore=shutil.ignore_patterns("*.sqlite3*", "__pycache__", "static", "*.mo"))
    monkeypatch.chdir(copy)
    po = copy / "locale/de/LC_MESSAGES/django.po"
    monkeypatch.setattr("django.conf.settings.LOCALE_PATHS", [copy / "locale"])
    call_command("makemessages", locale=["de"], verbosity=0, no_obsolete=True)
    fresh = tmp_path / "fresh.mo"
    subprocess.run([program("msgfmt", "gettext"), "-f", "-o", str(fresh), str(po)], check=True)
    # With -f the strings that makemessages has guessed a translation for are there too, and differ.
    assert catalogue(fresh).keys() - {""} == catalogue(MO).keys() - {""}
    assert not _EMPTY.search(po.read_text())


@pytest.mark.parametrize("word", ["Cart", "Sign in", "There is nothing here"])
def test_german_is_german(word: str) -> None:
    assert catalogue(MO)[word] != word
