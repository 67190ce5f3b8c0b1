"""What the command line, pytest's configuration and a test's mark say, read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from strangler.compare import Rules, load_rules
from strangler.errors import ConfigError, Problem
from strangler.parity.settings import Mode, ParitySettings
from strangler.parity.sides import Sides

if TYPE_CHECKING:
    import pytest

__all__ = ["path_option", "read_rules", "read_settings", "read_sides"]

_MARK: Final = "parity"
_KEYS: Final = frozenset(["route", "rules", "again", "lag", "allow_inconclusive", "mode"])
_WHERE: Final = "pytest"


def read_sides(config: pytest.Config) -> Sides | None:
    """The sides that options name; None where there is no new one, or no old one and the mode wants it."""
    old, new = _text(config, "old"), _text(config, "new")
    if not new or (not old and _mode(_text(config, "mode")) is Mode.ASK):
        return None
    return Sides(old or None, new, _headers(config))


def read_rules(rules: Rules | Path | str | None, config: pytest.Config) -> tuple[Rules, str]:
    """Rules, and the file that they are from: a name is taken from pytest's root folder. Raises ConfigError."""
    if rules is None or isinstance(rules, Rules):
        return rules or Rules(), ""
    path = config.rootpath / rules
    within = path.is_relative_to(config.rootpath)
    return load_rules(path), str(path.relative_to(config.rootpath) if within else path)


def read_settings(node: pytest.Item, rules_file: str) -> ParitySettings:
    """How a test asks: options, and before them its mark. Raises ConfigError."""
    config = node.config
    marked: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers(_MARK))):
        if mark.args or set(mark.kwargs) - _KEYS:
            raise _wrong(
                "the mark parity", "takes what it does not know", f"It takes {', '.join(sorted(_KEYS))}, by name."
            )
        marked |= mark.kwargs
    return ParitySettings(
        route=str(marked.get("route", "")),
        rules_file=rules_file,
        mode=_mode(str(marked.get("mode") or _text(config, "mode"))),
        again=_number("again", marked.get("again", _text(config, "again") or 1), int),
        lag=_number("lag", marked.get("lag", _text(config, "lag") or 0.0), float),
        allow_inconclusive=bool(marked.get("allow_inconclusive", _flag(config, "allow_inconclusive"))),
        max_examples=_number("max-examples", _text(config, "max_examples") or 0, int) or None,
        seed=_number("seed", _text(config, "seed") or 1, int),
    )


def path_option(config: pytest.Config, name: str) -> Path | None:
    """A folder or file that an option names from the folder of the call, or a key of the configuration from its own."""
    given = config.getoption(f"parity_{name}")
    if given:
        return config.invocation_params.dir / str(given)
    kept = str(config.getini(f"parity_{name}") or "")
    return (config.rootpath / kept) if kept else None


def _text(config: pytest.Config, name: str) -> str:
    return str(config.getoption(f"parity_{name}") or config.getini(f"parity_{name}") or "")


def _flag(config: pytest.Config, name: str) -> bool:
    return bool(config.getoption(f"parity_{name}") or config.getini(f"parity_{name}"))


def _headers(config: pytest.Config) -> tuple[tuple[str, str], ...]:
    lines = config.getoption("parity_header") or config.getini("parity_header") or ()
    found = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise _wrong("--parity-header", f"{line!r} is no header", "Write one such as 'Cookie: sessionid=…'.")
        found.append((name.strip(), value.strip()))
    return tuple(found)


def _mode(text: str) -> Mode:
    try:
        return Mode(text or Mode.ASK)
    except ValueError:
        raise _wrong("--parity-mode", f"{text!r} is no mode", f"Write one of {', '.join(Mode)}.") from None


def _number(name: str, value: object, kind: type) -> Any:
    try:
        number = kind(str(value))
    except ValueError:
        number = -1
    if not 0 <= number < 1e9:
        raise _wrong(f"--parity-{name}", f"{value!r} is no number from 0 up", "Write one, such as 1.")
    return number


def _wrong(key: str, wrong: str, right: str) -> ConfigError:
    return ConfigError([Problem(_WHERE, None, key, wrong, right)])
