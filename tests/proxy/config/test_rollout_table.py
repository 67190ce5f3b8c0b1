from __future__ import annotations

from pathlib import Path

import pytest
from strangler_proxy.config import Config
from strangler_proxy.config.reader import read_config
from strangler_proxy.notify import NoticeKind, NotifySettings
from strangler_proxy.rollout import DEFAULT, BackTo, Place

from strangler.errors import ConfigError
from strangler.toggles import Stage

MONOLITH = '[upstreams.monolith]\nurl = "http://127.0.0.1:8000"\n'
FOLDER = Path("/srv/shop")


def read(text: str, **environment: str) -> Config:
    return read_config(MONOLITH + text, FOLDER / "strangler.toml", environment)


def wrong(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(text)
    return [f"{each.line} {each.key}: {each.wrong}" for each in refused.value.problems]


def test_without_a_table_there_is_a_default_schedule_and_nobody_is_told() -> None:
    config = read("")
    assert config.rollouts == {"default": DEFAULT}
    assert [str(each.place) for each in DEFAULT.stations][-2:] == ["canary 50%", "extracted"]
    assert config.notify == NotifySettings()


def test_an_empty_table_is_the_default_under_its_own_name() -> None:
    config = read("[rollouts.careful]\n")
    careful = config.rollouts["careful"]
    assert (careful.stations, careful.gates, careful.patience) == (DEFAULT.stations, DEFAULT.gates, DEFAULT.patience)


def test_a_schedule_is_read_whole() -> None:
    schedule = read(
        '[rollouts.brisk]\nshares = ["shadow", "2.5%", "100%"]\ndurations = "90s"\npatience = "5m"\n'
        'gates = { errors = { margin = 0.01 }, requests = 20 }\nback_to = "monolith"\n'
    ).rollouts["brisk"]
    assert [each.place for each in schedule.stations] == [
        Place(Stage.SHADOW),
        Place(Stage.CANARY, 2_500),
        Place(Stage.EXTRACTED),
    ]
    assert {each.seconds for each in schedule.stations} == {90.0}
    assert (schedule.patience, schedule.back_to) == (300.0, BackTo.MONOLITH)
    assert schedule.gates == {"errors": {"margin": 0.01}, "requests": 20}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('shares = ["5%", "5%"]\ndurations = 1', '4 rollouts.x.shares[#2]: is "5%", no further than "5%" before it'),
        ('shares = ["5%", "shadow"]\ndurations = "1m"', "no further than"),
        ('shares = ["0%"]', 'shares[#1]: is "0%", no share'),
        ("shares = []", "shares: is empty"),
        (
            'shares = ["5%", "50%"]\ndurations = ["1m", "2m", "3m"]',
            "5 rollouts.x.durations: has 3 durations for 2 shares",
        ),
        ('durations = "0s"', "no time at all"),
        ("gates = {}", "gates: has none, so that nothing would hold it back"),
        ("gates = { eror = 0.1 }", "gates.eror: is not a key"),
        ('gates = { command = "true" }', "gates.command: would be run by the control plane"),
        ('back_to = "canary"', 'back_to: is "canary"'),
        ("share = 5", "share: is not a key"),
    ],
)
def test_a_wrong_schedule_is_refused_with_its_place(text: str, said: str) -> None:
    (told,) = wrong(f"[rollouts.x]\n{text}\n")
    assert said in told


def test_a_schedules_name_is_a_name() -> None:
    assert wrong("[rollouts.Fast]\n") == ["3 rollouts.Fast: 'Fast' is not a name"]


def test_a_webhook_is_read_and_may_come_from_the_environment() -> None:
    notify = read(
        '[notify]\nwebhook = "${HOOK}"\nsecret_file = "notify.secret"\nkinds = ["pause", "finish"]\nattempts = 3\n',
        HOOK="https://chat.example/hooks/abc",
    ).notify
    assert notify == NotifySettings(
        "https://chat.example/hooks/abc", FOLDER / "notify.secret", (NoticeKind.PAUSE, NoticeKind.FINISH), attempts=3
    )


@pytest.mark.parametrize("address", ["ftp://x/secret", "chat.example/secret", "https:///secret", "http://x:0/secret"])
def test_what_is_no_address_is_refused_and_never_shown(address: str) -> None:
    (told,) = wrong(f'[notify]\nwebhook = "{address}"\n')
    assert told == "4 notify.webhook: is not an address of HTTP"


def test_a_kind_of_notice_that_there_is_not_is_refused() -> None:
    assert wrong('[notify]\nkinds = ["panic"]\n') == ['4 notify.kinds[#1]: is "panic", no kind of notice']
