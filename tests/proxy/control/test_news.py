from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from strangler_proxy.config.values import Config
from strangler_proxy.control.news import difference_notices
from strangler_proxy.control.notifying import SECRET_VARIABLE, notifier_of
from strangler_proxy.notify import MemoryNotifier, NotifySettings, Silent, Webhook

from strangler.compare import Difference, DifferenceKind, Severity
from strangler.errors import ConfigError
from strangler.evidence import Batch, Scope
from strangler.testing import MemoryToggleStore
from tests.proxy.control.fakes import config, plane, running

LIST, DETAIL = Scope("catalog.list", "r2", "rules"), Scope("catalog.detail", "", "rules")


def test_new_kinds_of_difference_are_told_by_field_and_never_by_value() -> None:
    news = [(LIST, f"$.price{index}", "value") for index in range(7)] + [(DETAIL, "$.name", "missing")]
    detail, listed = difference_notices(news)
    assert detail.text == "Route catalog.detail: differs as it was not seen to before: $.name (missing)."
    assert listed.text.endswith("$.price4 (value) and 2 more.")
    assert listed.text.startswith("Route catalog.list, release r2: ")
    assert len(listed.detail["differences"]) == 7


def test_the_intake_tells_of_a_kind_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(plane(tmp_path, MemoryToggleStore())) as control:
            notifier = control.evidence.notifier = MemoryNotifier()
            for _ in range(2):
                batch = Batch()
                difference = Difference("$.price", DifferenceKind.VALUE, "1", "2", Severity.BREAKING)
                batch.difference(LIST, template="/", difference=difference, at=1.0)
                control.evidence.take(batch.to_json())
                await control.evidence.write()
            assert [notice.name for notice in notifier.told] == ["catalog.list"]

    asyncio.run(scenario())


def told_by(folder: Path, settings: NotifySettings, **environment: str) -> object:
    base = config(folder)
    return notifier_of(Config(path=base.path, upstreams=base.upstreams, notify=settings), environment, "eu-1")


def test_nobody_is_told_where_no_webhook_is_named(tmp_path: Path) -> None:
    assert isinstance(told_by(tmp_path, NotifySettings()), Silent)
    assert isinstance(told_by(tmp_path, NotifySettings("http://x/"), **{SECRET_VARIABLE: "s"}), Webhook)


def test_a_secret_that_cannot_be_read_or_is_empty_is_said_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "notify.secret"
    settings = NotifySettings("http://x/", secret_file=file)
    with pytest.raises(ConfigError, match=r"notify.secret_file: .* cannot be read"):
        told_by(tmp_path, settings)
    file.write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        told_by(tmp_path, settings)
    file.write_text("secret\n")
    assert isinstance(told_by(tmp_path, settings), Webhook)
