"""Where the control plane is can be read of a file that is wrong everywhere else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.config.control_place import ControlPlace, control_place
from strangler_proxy.config.reader import read_config
from strangler_proxy.config.values import Address

from strangler.errors import ConfigError

FILE = Path("/etc/strangler/strangler.toml")
PLACE = """
[control]
listen = "127.0.0.1:9000"  # ours
rate = "often"
[ control.tls ]
certificate = "control.crt"
key = "${KEY}"
[state]
dir = "/var/lib/strangler"
"""
FOUND = ControlPlace(Address("127.0.0.1", 9000), Path("/etc/strangler/control.crt"), Path("/var/lib/strangler"))
ELSEWHERE = [
    "[[routes]]\nname = ",
    "[proxy]\nworkers = 0\n",
    '[notify]\nwebhook = "${NOWHERE}"\n',
    "nonsense\n",
    "[[control]]\nlisten = 7\n",
    "[upstreams.monolith\n",
    "[proxy]\nlisten = 1\nlisten = 2\n",
]


def read(text: str, **environment: str) -> ControlPlace:
    return control_place(text, FILE, environment)


@pytest.mark.parametrize("wrong", ELSEWHERE)
def test_what_is_wrong_elsewhere_does_not_matter(wrong: str) -> None:
    assert read(f"{PLACE}{wrong}", KEY="control.key") == FOUND
    if not wrong.startswith("[upstreams"):  # That header runs on into what stands below it.
        assert read(f"{wrong}\n{PLACE}", KEY="control.key") == FOUND


def test_it_is_the_place_of_the_whole_configuration_where_that_is_right() -> None:
    text = '[control]\nlisten = "[::1]:9"\n[state]\ndir = "here"\n[upstreams.monolith]\nurl = "http://127.0.0.1:1"\n'
    assert read(text) == ControlPlace.of(read_config(text, FILE, {}))
    nothing = '[upstreams.monolith]\nurl = "http://127.0.0.1:1"\n'
    assert read(nothing) == ControlPlace.of(read_config(nothing, FILE, {}))


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('\n[control]\nlisten = "nowhere"\n[[routes]]\nname = ', 3, "control.listen"),
        ('\n[control]\nlisten = "${NOWHERE}"\n', 3, "control.listen"),
        ("control = 7\n", 1, "control"),
        ("[state]\ndir = 7\n", 2, "state.dir"),
        ('[control.tls]\ncertificate = "a"\n', 1, "control.tls.key"),
        ("[control\nlisten = 7\n", 1, ""),
        ("broken", 1, ""),
    ],
)
def test_what_is_wrong_in_it_is_told_and_nothing_is_guessed(text: str, line: int, key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(text)
    problem, *_ = refused.value.problems
    assert (problem.line, problem.key) == (line, key)
    assert problem.right


@given(st.text())
def test_garbage_is_a_place_or_a_problem(text: str) -> None:
    with suppress(ConfigError):
        assert read(text).listen.port >= 0
