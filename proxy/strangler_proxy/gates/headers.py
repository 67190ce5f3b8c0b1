"""The headers of gates that ask others: their values are in the environment, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from strangler.errors import ConfigError, Problem, StranglerError
from strangler.gates import Gates
from strangler_proxy.config.gates_forms import HEADER_VALUE
from strangler_proxy.config.gates_table import GatesTable
from strangler_proxy.config.values import Config

__all__ = ["HeaderUnset", "require_headers", "sent_headers"]


class HeaderUnset(StranglerError):
    """A header's value is not to be had. Tells of no value, whatever it is."""


def sent_headers(wanted: Iterable[tuple[str, str]], environment: Mapping[str, str]) -> dict[str, str]:
    """The headers with their values, which must never be told or kept. Raises HeaderUnset."""
    return {name: _value(name, where, environment) for name, where in wanted}


def require_headers(config: Config, environment: Mapping[str, str]) -> None:
    """See that the values of all headers that `config` has gates with are there. Raises ConfigError."""
    problems = []
    for key, gates in _gates_of(config):
        wanted = [each for probe in gates.probes for each in probe.headers]
        wanted += [each for query in gates.prometheus for each in query.headers]
        for name, where in dict.fromkeys(wanted):
            try:
                _value(name, where, environment)
            except HeaderUnset as error:
                right = "set it where `strangler serve` is started, or take the header out"
                problems.append(Problem(str(config.path), None, key, f"has a header without a value: {error}", right))
    if problems:
        raise ConfigError(problems)


def _value(name: str, where: str, environment: Mapping[str, str]) -> str:
    found = HEADER_VALUE.fullmatch(where)
    if found is None:
        raise HeaderUnset(f"{name} does not say in which variable of the environment its value is")
    scheme, variable = found.groups(default="")
    value = environment.get(variable, "").strip()
    if not value:
        raise HeaderUnset(f"{variable}, for {name}, is not set in the environment here")
    if not (value.isascii() and value.isprintable()):
        raise HeaderUnset(f"{variable}, for {name}, holds what no header may")
    return f"{scheme}{value}"


def _gates_of(config: Config) -> Iterator[tuple[str, Gates]]:
    for stage, gates in config.gates.items():
        yield f"gates.{stage}", gates
    for route in config.routes:
        for stage, gates in route.gates.items():
            yield f"routes[{route.name}].gates.{stage}", gates
    for schedule in config.rollouts.values():
        yield f"rollouts.{schedule.name}.gates", GatesTable.model_validate(schedule.gates).gates()
