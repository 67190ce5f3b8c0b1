from __future__ import annotations

from pathlib import Path

import pytest
from strangler_proxy.config import Config
from strangler_proxy.config.groups import Group
from strangler_proxy.config.reader import read_config
from strangler_proxy.config.risks import risks
from strangler_proxy.config.values import ListenerTls

from strangler.errors import ConfigError

MINIMAL = '[upstreams.monolith]\nurl = "http://127.0.0.1:8000"\n'
TRUSTING = '[proxy]\ntrusted_proxies = ["10.0.0.0/8"]\n'
TLS = '[control.tls]\ncertificate = "control.crt"\nkey = "/etc/control.key"\n'
OPEN = '[control]\nlisten = "0.0.0.0:8081"\n'


def read(text: str) -> Config:
    return read_config(MINIMAL + text, Path("/srv/shop/strangler.toml"), {})


def wrong(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(text)
    return [f"{problem.key}: {problem.wrong}" for problem in refused.value.problems]


def test_groups_come_through_in_their_order() -> None:
    config = read(
        TRUSTING
        + '[groups.staff]\nheaders = { X-Staff = "yes", X-Boss = true }\n'
        + '[groups.early]\nsubjects = ["ada"]\n[groups.seams]\n'
    )
    assert config.groups == (
        Group("staff", headers={"X-Staff": "yes", "X-Boss": None}, line=5),
        Group("early", frozenset({"ada"}), line=7),
        Group("seams", line=9),
    )


def test_a_header_that_nobody_is_trusted_to_send_makes_no_group() -> None:
    (told,) = wrong('[groups.staff]\nheaders = { X-Staff = "yes" }\n')
    assert told.startswith("groups.staff.headers: nobody is trusted to send such headers")


@pytest.mark.parametrize("name", ["anonymous", "credentials", '"Staff"', '"a b"'])
def test_a_group_has_a_name_of_its_own(name: str) -> None:
    assert wrong(f'[groups.{name}]\nsubjects = ["ada"]\n')


def test_a_key_that_there_is_not_and_a_group_that_is_no_table_are_told() -> None:
    assert wrong('[groups.staff]\nmembers = ["ada"]\n') == ["groups.staff.members: is not a key that Strangler knows"]
    assert wrong('[groups]\nstaff = "ada"\n')


def test_beyond_this_machine_the_control_plane_wants_tls_or_a_word() -> None:
    (told,) = wrong(OPEN)
    assert "in plain HTTP, tokens and all" in told
    config = read(OPEN + TLS)
    assert config.control_tls == ListenerTls(Path("/srv/shop/control.crt"), Path("/etc/control.key"))
    assert not [each for each in risks(config) if "plain HTTP" in each.wrong]
    assert [each for each in risks(read(OPEN + "allow_remote = true\n")) if "plain HTTP" in each.wrong]


def test_the_tables_of_tls_are_told_apart() -> None:
    assert wrong('[control.tls]\ncertificate = "a"\n') == ["control.tls.key: is missing"]
    assert wrong('[proxy.tls]\nkey = "a"\n') == ["proxy.tls.certificate: is missing"]


def test_the_rate_has_a_default_and_an_end() -> None:
    assert (read("").control_rate, read("[control]\nrate = 0\n").control_rate) == (200.0, 0.0)
    assert wrong("[control]\nrate = -1\n") == ["control.rate: is -1, too small"]
