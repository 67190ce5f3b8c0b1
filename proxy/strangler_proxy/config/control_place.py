"""Where the control plane of a `strangler.toml` is, whatever else in it is wrong: no way back may hang on that."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from strangler.errors import ConfigError
from strangler_proxy.config.document import ControlTable, ControlTlsTable, StateTable
from strangler_proxy.config.environment import expanded
from strangler_proxy.config.place import Place
from strangler_proxy.config.positions import Positions
from strangler_proxy.config.reader import syntax_problem
from strangler_proxy.config.validation import validated
from strangler_proxy.config.values import Address, Config

__all__ = ["ControlPlace", "control_place"]

_HEADER: Final = re.compile(r"\s*\[\s*(?P<name>[^\[\]]*?)\s*\]\s*(?:#.*)?")
_WANTED: Final = frozenset({"control", "control.tls", "state"})


@dataclass(frozen=True, slots=True)
class ControlPlace:
    """Where the control plane listens, the certificate that it serves by (None: plain HTTP), and the state folder."""

    listen: Address
    certificate: Path | None
    state: Path

    @classmethod
    def of(cls, config: Config) -> ControlPlace:
        """That of a configuration."""
        certificate = None if config.control_tls is None else config.control_tls.certificate
        return cls(config.control, certificate, config.path.parent / config.state_dir)


def control_place(text: str, path: Path, environment: Mapping[str, str]) -> ControlPlace:
    """That of the text of a file at `path`, of which `listen` of `[control]`, `[control.tls]` and `[state]` are read.

    Raises ConfigError with what is wrong in these, and where the text is not TOML and no `[control]` is found in it.
    """
    kept = text
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        wrong = ConfigError([syntax_problem(str(path), text, error)])
        kept = _without_others(text)
        try:
            raw = tomllib.loads(kept)
        except tomllib.TOMLDecodeError:
            raise wrong from None
        if not isinstance(raw.get("control"), dict):
            raise wrong from None
    place = Place(str(path), Positions(kept), raw)
    told = raw.get("control", {})
    if isinstance(told, dict):
        # Of its other keys none says where it is, and one that is wrong must not stand in the way either.
        told = {key: value for key, value in told.items() if key in ("listen", "tls")}
    document, missing = expanded({"control": told, "state": raw.get("state", {})}, environment)
    problems = [place.problem(gap, f"the environment variable {name} is not set", "set it") for gap, name in missing]
    told, tls = document["control"], None
    if isinstance(told, dict) and "tls" in told:
        tls, problems_of_tls = validated(ControlTlsTable, told.pop("tls"), ("control", "tls"), place)
        problems += problems_of_tls
    control, wrong_control = validated(ControlTable, told, ("control",), place)
    state, wrong_state = validated(StateTable, document["state"], ("state",), place)
    problems += [*wrong_control, *wrong_state]
    if control is None or state is None or problems:
        raise ConfigError(dict.fromkeys(problems))
    folder = path.resolve().parent
    certificate = None if tls is None else folder / Path(tls.certificate).expanduser()
    return ControlPlace(control.listen, certificate, folder / Path(state.dir).expanduser())


def _without_others(text: str) -> str:
    """The text with all lines blank that are of another table or of none; what is left stands where it stood."""
    keeps = False
    lines = []
    for line in text.split("\n"):
        if line.lstrip().startswith("["):
            header = _HEADER.fullmatch(line.rstrip("\r"))
            # What stands below a header that is broken belongs to nobody knows what.
            keeps = header is not None and header["name"].replace(" ", "") in _WANTED
        lines.append(line if keeps and _is_toml(line) else "")
    return "\n".join(lines)


def _is_toml(line: str) -> bool:
    try:
        tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return False
    return True
