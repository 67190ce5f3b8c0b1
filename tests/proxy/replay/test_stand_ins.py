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


def test_redacted_values_in_json_are_stood_in_for_by_their_keys() -> None:
    made = StandIns(fields={"card": "4242"})
    mark = "redacted-0123456789ab"
    document = {"card": mark, "cards": [mark], "pay": {"card": [mark, "open"]}, "n": 1}
    assert made.put_into_json(document) == {"card": "4242", "cards": [mark], "pay": {"card": ["4242", "open"]}, "n": 1}


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
    assert {(problem.line, problem.key) for problem in raised.value.problems} == {
        (None, "colour"),
        (None, "fields"),
        (5, "login[0].client"),
        (6, "login[0].path"),
        (4, "login[0]"),
        (9, "login[1].fields.password"),
        (10, "login[1].shoe"),
        (11, "login[2]"),
    }


def test_a_file_that_is_not_there_or_no_toml_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_stand_ins(tmp_path / "none", {})
    with pytest.raises(ConfigError, match="is not TOML"):
        load(tmp_path, "[[")
    with pytest.raises(ConfigError, match="is not TOML"):
        load(tmp_path, f"fields = {'[' * 3000}{']' * 3000}")
    with pytest.raises(ConfigError, match="is not a list of tables"):
        load(tmp_path, "login = 1")
