"""The pytest plugin for parity tests: options, fixtures, kept cases, generated requests. See `strangler.parity`.

Pytest imports it in every run, wherever Strangler is installed. So it imports nothing itself but pytest; the rest comes
with the first test that asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from strangler.parity import Parity, Sides
    from strangler.parity.session import ParitySession

__all__ = [
    "parity",
    "parity_operation",
    "parity_rules",
    "parity_sides",
    "parity_values",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_terminal_summary",
]

# A name, what it takes, and what it says. Each is an option and a key of pytest's configuration.
_TEXTS: Final = (
    ("old", "URL", "the old side's address"),
    ("new", "URL", "the new side's address"),
    ("rules", "FILE", "compare rules, such as strangler.rules.toml"),
    ("save", "DIR", "keep each pair that fails a test there, as a case, without its secrets"),
    ("mode", "MODE", "kept cases: ask both sides (ask), or compare the new one with the kept answer (replay)"),
    ("again", "N", "how often the old side is asked again where answers differ, to know what it does not repeat (1)"),
    ("lag", "SECONDS", "how long answers may differ, because the new side follows the old one's changes (0)"),
    ("max-examples", "N", "generate so many requests an operation, whatever the tests say"),
    ("seed", "N", "generate other requests (1)"),
)
_SUFFIX: Final = ".parity.json"
_MARK: Final = "parity(route, rules, again, lag, allow_inconclusive, mode): how this test asks both sides"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and keys of the same names."""
    group = parser.getgroup("parity", "parity of two sides (strangler)")
    for name, metavar, said in _TEXTS:
        key = f"parity_{name.replace('-', '_')}"
        group.addoption(f"--parity-{name}", dest=key, metavar=metavar, default=None, help=said)
        parser.addini(key, said, default="")
    said = "a header for every request, such as 'Cookie: sessionid=...'; may be given more than once"
    group.addoption("--parity-header", dest="parity_header", metavar="NAME:VALUE", action="append", help=said)
    parser.addini("parity_header", said, type="linelist", default=[])
    said = "collect the cases of this folder too; may be given more than once"
    group.addoption("--parity-cases", dest="parity_cases", metavar="DIR", action="append", help=said)
    parser.addini("parity_cases", said, type="linelist", default=[])
    said = "let pass what cannot be compared"
    group.addoption("--parity-allow-inconclusive", dest="parity_allow_inconclusive", action="store_true", help=said)
    parser.addini("parity_allow_inconclusive", said, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Say what the mark is, and collect the folders of cases that were named."""
    config.addinivalue_line("markers", _MARK)
    here = config.invocation_params.dir
    folders = [here / each for each in config.getoption("parity_cases") or ()]
    # A call that names its own tests wants no others.
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        folders += [config.rootpath / each for each in config.getini("parity_cases")]
    for folder in folders:
        if not folder.is_dir():
            raise pytest.UsageError(f"--parity-cases: {folder} is no folder. Name one that holds *{_SUFFIX} files.")
        if not any(folder.is_relative_to((here / arg.partition("::")[0]).resolve()) for arg in config.args):
            config.args.append(str(folder))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take files of cases for tests."""
    if not file_path.name.endswith(_SUFFIX):
        return None
    from strangler.parity.case_file import CaseFile

    return CaseFile.from_parent(parent, path=file_path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make each operation of a schema that is at hand a test of its own."""
    if "parity_operation" not in metafunc.fixturenames:
        return
    from strangler.errors import StranglerError
    from strangler.parity.from_openapi import labels_of

    try:
        labels = labels_of(metafunc.function)
    except StranglerError:
        # The test will say it.
        return
    if labels:
        metafunc.parametrize("parity_operation", labels)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was asked of the operations of schemas."""
    reports = [
        each for found in terminalreporter.stats.values() for each in found if isinstance(each, pytest.TestReport)
    ]
    covered = [
        value for each in reports for name, value in each.user_properties if name == "parity" and each.when == "call"
    ]
    if covered:
        terminalreporter.section("parity: what was asked")
        for line in covered:
            terminalreporter.write_line(str(line))


@pytest.fixture(scope="session")
def _parity_session(pytestconfig: pytest.Config) -> Iterator[ParitySession]:
    from strangler.parity.session import ParitySession

    session = ParitySession(pytestconfig)
    yield session
    session.close()


@pytest.fixture(scope="session")
def parity_sides(pytestconfig: pytest.Config) -> Sides:
    """Who is asked: `strangler.parity.Sides`. Write a fixture of this name, of any scope, to ask others."""
    from strangler.errors import StranglerError
    from strangler.parity.options import read_sides

    try:
        sides = read_sides(pytestconfig)
    except StranglerError as error:
        pytest.fail(str(error), pytrace=False)
    if sides is None:
        pytest.fail("nobody to ask: give --parity-old and --parity-new, or write a fixture parity_sides", pytrace=False)
    return sides


@pytest.fixture(scope="session")
def parity_rules(pytestconfig: pytest.Config) -> Path | None:
    """The rules that hold where a test's mark names none: a file or `Rules`. A fixture of this name names others."""
    from strangler.parity.options import path_option

    return path_option(pytestconfig, "rules")


@pytest.fixture(scope="session")
def parity_values() -> dict[str, list[object]]:
    """Values of parameters by name, that generated requests draw on: ids that exist, above all. A fixture of this name
    knows some."""
    return {}


@pytest.fixture
def parity_operation() -> str | None:
    """The operation that a test of a schema is for; None for all of them in one test."""
    return None


@pytest.fixture
def parity(
    request: pytest.FixtureRequest,
    _parity_session: ParitySession,
    parity_sides: Sides,
    parity_rules: Any,
    parity_values: Any,
) -> Parity:
    """Both sides, to be asked: `strangler.parity.Parity`."""
    from strangler.errors import StranglerError

    try:
        return _parity_session.parity(request.node, parity_sides, parity_rules, parity_values)
    except StranglerError as error:
        pytest.fail(str(error), pytrace=False)
