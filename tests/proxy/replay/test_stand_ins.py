from __future__ import annotations

from pathlib import Path

import pytest
from strangler_proxy.replay.stand_ins import Login, StandIns, load_stand_ins

from strangler.errors import ConfigError

FILE = """
[[login]]
client = "5f*"
headers = {Authorization = "Token ${SHOP_TOKEN}"}

[[login]]
path = "/login/"
fields = {username = "ann", password = "${SHOP_PASSWORD}"}

[fields]
card = "4242"
"""


def load(folder: Path, text: str, **environment: str) -> StandIns:
    path = folder / "login.toml"
    path.write_text(text)
    return load_stand_ins(path, environment)


def test_the_first_login_that_fits_a_client_holds_and_secrets_come_from_the_environment(tmp_path: Path) -> None:
    made = load(tmp_path, FILE, SHOP_TOKEN="abc", SHOP_PASSWORD="secret")
    assert made.login_of("5f0c") == Login("5f*", "", {}, {"Authorization": "Token abc"})
    assert made.login_of("77") == Login("*", "/login/", {"username": "ann", "password": "secret"}, {})
    assert made.fields == {"card": "4242"}
    assert StandIns().login_of("77") is None


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = """
    colour = 1
    fields = {card = 4242}
    [[login]]
    client = 7
    path = "login/"
    [[login]]
    path = "/login/"
    fields = {password = "${NOBODY}"}
    shoe = 1
    [[login]]
    path = "/login/"
    """
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, text)
    assert {problem.key for problem in raised.value.problems} == {
        "colour",
        "fields",
        "login[0].client",
        "login[0].path",
        "login[0]",
        "login[1].fields.password",
        "login[1].shoe",
        "login[2]",
    }


def test_a_file_that_is_not_there_or_no_toml_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_stand_ins(tmp_path / "none", {})
    with pytest.raises(ConfigError, match="is not TOML"):
        load(tmp_path, "[[")
    with pytest.raises(ConfigError, match="is not a list of tables"):
        load(tmp_path, "login = 1")
