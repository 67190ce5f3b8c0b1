from __future__ import annotations

import pytest

from extracted.catalog.errors import SettingsError
from extracted.catalog.settings import _REMEDIES, Settings, load_settings

REQUIRED = {"CATALOG_MONOLITH_URL": "http://monolith.test/", "CATALOG_FEED_TOKEN": "s3cret"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_what_the_environment_says_counts(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CATALOG_ALLOWED_HOSTS", "a.test, .b.test,")
    environment.setenv("CATALOG_DATABASE_URL", "postgres://u@h/d")
    environment.setenv("CATALOG_PORT", "8101")
    settings = load_settings()
    assert settings.monolith_url == "http://monolith.test"
    assert settings.allowed_hosts == ("a.test", ".b.test")
    assert settings.database_url == "postgresql://u@h/d"
    assert settings.poll_seconds == 0.5
    assert (settings.host, settings.port) == ("127.0.0.1", 8101)
    assert "s3cret" not in repr(settings)


def test_every_setting_that_is_missing_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in REQUIRED:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    first, second = caught.value.problems
    assert first.startswith("CATALOG_MONOLITH_URL: is not set. Set it to the address")
    assert second.startswith("CATALOG_FEED_TOKEN: is not set. Set it to the same text")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CATALOG_MONOLITH_URL", "monolith:8000"),
        ("CATALOG_MONOLITH_URL", "ftp://monolith"),
        ("CATALOG_MONOLITH_URL", "http://user:password@monolith"),
        ("CATALOG_FEED_TOKEN", ""),
        ("CATALOG_FEED_TOKEN", "ü"),
        ("CATALOG_FEED_TOKEN", "a\nb"),
        ("CATALOG_DATABASE_URL", "catalog.db"),
        ("CATALOG_DATABASE_URL", "mysql://host/db"),
        ("CATALOG_DATABASE_URL", "sqlite:////none/at/all/catalog.db"),
        ("CATALOG_PORT", "70000"),
        ("CATALOG_POLL_SECONDS", "often"),
        ("CATALOG_POLL_SECONDS", "0"),
        ("CATALOG_ANON_RATE", "5 a minute"),
        ("CATALOG_PROXY_COUNT", "-1"),
        ("CATALOG_FEED_PAGE", "1001"),
        ("CATALOG_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_setting_that_cannot_be_is_named_and_its_value_is_not_told(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    (problem,) = caught.value.problems
    assert problem.startswith(f"{name}: ")


def test_every_remedy_is_of_a_setting() -> None:
    assert _REMEDIES.keys() <= Settings.model_fields.keys()
