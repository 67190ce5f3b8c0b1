"""What is put to the desk is written, redacted, into one file at a time, and to the last before it says that it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.comparer.desk import Desk
from strangler_proxy.record.order import Order

from strangler.compare import Pair
from strangler.evidence import Redactor
from strangler.recording import Rotation, open_recording
from tests.proxy.control.fakes import until
from tests.proxy.recording.exchanges import an_order, answered, passed
from tests.proxy.recording.writing import KEY


def told(order: Order | None) -> dict[str, Any]:
    return {"type": "record", "order": None if order is None else order.to_json(seconds=order.seconds)}


@asynccontextmanager
async def working(
    redact: Callable[[Pair], Pair] | None = None,
    *,
    most_bytes: int = 1 << 20,
    telling: Callable[[], bool] = lambda: False,
    rooms: list[None] | None = None,
) -> AsyncIterator[Desk]:
    desk = Desk(
        redact or Redactor(key=KEY),
        most_bytes,
        lambda: None if rooms is None else rooms.append(None),
        telling=telling,
        tell=lambda: None,
    )
    task = asyncio.create_task(desk.run())
    try:
        yield desk
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def closed(desk: Desk) -> bool:
    report = desk.report()
    return report is not None and report["closed"] is True


def test_what_is_put_is_written_and_can_be_opened(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "visits.ndjson"
        async with working() as desk:
            desk.heed(told(an_order(path)))
            desk.put(passed(method="POST", body=b"a=1"))
            desk.put(passed(route="", candidate=True, answer=answered(b"new")))
            desk.heed(told(None))
            await until(lambda: closed(desk))
            report = desk.report()
            assert report is not None
            assert (report["written"], report["bytes"], desk.written) == (2, path.stat().st_size, 2)
        first, second = open_recording(path)
        assert (first.request.method, first.request.target, first.request.route) == (
            "POST",
            "/products/?page=2",
            "catalog.list",
        )
        assert (first.request.body, first.client, first.at) == (b"a=1", "5f0c9e1b2a77d310", 1_700_000_000.0)
        assert first.old is not None
        assert (first.old.status, first.old.body, first.old_seconds, first.new) == (200, b"ok", 0.01, None)
        assert second.new is not None
        assert (second.new.body, second.old, second.request.route) == (b"new", None, "")

    asyncio.run(scenario())


def test_no_secret_comes_to_the_disk(tmp_path: Path) -> None:
    secrets = (b"cookie-secret", b"bearer-secret", b"form-secret", b"answer-secret")

    async def scenario() -> None:
        async with working() as desk:
            desk.heed(told(an_order(tmp_path / "visits.ndjson")))
            desk.put(
                passed(
                    method="POST",
                    lines=[
                        b"Content-Type: application/x-www-form-urlencoded",
                        b"Cookie: sessionid=cookie-secret",
                        b"Authorization: Bearer bearer-secret",
                    ],
                    body=b"password=form-secret",
                    answer=answered(lines=(b"Set-Cookie: sessionid=answer-secret",)),
                )
            )
            desk.heed(told(None))
            await until(lambda: closed(desk))
        written = (tmp_path / "visits.ndjson").read_bytes()
        assert written.count(b"\n") == 2
        assert not [secret for secret in secrets if secret in written]

    asyncio.run(scenario())


def test_what_cannot_be_redacted_is_not_written_and_is_counted(tmp_path: Path) -> None:
    def fails(pair: Pair) -> Pair:
        raise ValueError("not this one")

    async def scenario() -> None:
        async with working(fails) as desk:
            desk.heed(told(an_order(tmp_path / "visits.ndjson")))
            desk.put(passed())
            await until(lambda: desk.dropped["redactor"])
        assert not (tmp_path / "visits.ndjson").exists()

    asyncio.run(scenario())


def test_without_a_key_nothing_is_written_and_the_report_says_why(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = Desk(None, 1 << 20, lambda: None, telling=lambda: False, tell=lambda: None)
        desk.heed(told(an_order(tmp_path / "visits.ndjson")))
        desk.put(passed())
        desk.finish()
        report = desk.report()
        assert report is not None
        assert report["closed"]
        assert "no key" in report["problem"]
        assert desk.dropped["redactor"] == 1

    asyncio.run(scenario())
    assert not list(tmp_path.iterdir())


def test_after_enough_requests_it_says_so_and_writes_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "visits.ndjson"
        async with working() as desk:
            desk.heed(told(an_order(path, requests=2)))
            for _ in range(5):
                desk.put(passed())
            await until(lambda: (desk.report() or {})["full"])
            desk.heed(told(None))
            await until(lambda: closed(desk))
        assert open_recording(path).count == 2
        assert not desk.dropped

    asyncio.run(scenario())


def test_what_belongs_to_another_recording_is_not_written(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "visits.ndjson"
        async with working() as desk:
            desk.heed(told(an_order(path)))
            desk.put(passed(order="earlier"))
            desk.put(passed())
            desk.heed(told(None))
            await until(lambda: closed(desk))
        assert open_recording(path).count == 1

    asyncio.run(scenario())


def test_what_comes_before_the_order_waits_for_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "visits.ndjson"
        async with working() as desk:
            desk.put(passed())
            await asyncio.sleep(0)
            desk.heed(told(an_order(path)))
            desk.heed(told(None))
            await until(lambda: closed(desk))
        assert open_recording(path).count == 1

    asyncio.run(scenario())


def test_it_closes_only_when_workers_tell_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        path, connected = tmp_path / "visits.ndjson", [True]
        async with working(telling=lambda: bool(connected)) as desk:
            desk.heed(told(an_order(path)))
            desk.heed(told(None))
            desk.put(passed())
            await until(lambda: not desk._waiting)
            assert not closed(desk)
            connected.clear()
            await until(lambda: closed(desk))
        assert open_recording(path).count == 1

    asyncio.run(scenario())


def test_nobody_is_to_bring_more_while_it_is_full(tmp_path: Path) -> None:
    async def scenario() -> None:
        rooms: list[None] = []
        async with working(most_bytes=10_000, rooms=rooms) as desk:
            assert not desk.full
            for _ in range(3):
                desk.put(passed())
            assert desk.full
            desk.heed(told(an_order(tmp_path / "visits.ndjson")))
            await until(lambda: rooms)
            assert not desk.full

    asyncio.run(scenario())


def test_an_order_that_is_told_again_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "visits.ndjson"

    async def scenario() -> None:
        async with working() as desk:
            desk.heed(told(an_order(path)))
            desk.put(passed())
            await until(lambda: not desk._waiting)
            desk.heed(told(an_order(path)))
            desk.put(passed())
            desk.heed(told(None))
            await until(lambda: closed(desk))

    asyncio.run(scenario())
    assert open_recording(path).count == 2
    assert list(tmp_path.iterdir()) == [path]


def test_the_next_one_goes_on_after_one_that_died_and_puts_its_file_aside(tmp_path: Path) -> None:
    path = tmp_path / "visits.ndjson"

    async def scenario() -> None:
        path.write_text('{"strangler": "recording", "version": 1}\n{"at": 1, "requ')
        async with working() as desk:
            desk.heed(told(an_order(path)))
            desk.put(passed())
            desk.heed(told(None))
            await until(lambda: closed(desk))

    asyncio.run(scenario())
    [earlier] = set(tmp_path.iterdir()) - {path}
    assert open_recording(path).count == 1
    assert open_recording(earlier).skipped == {"torn": 1}


def test_files_are_rotated_as_the_order_wants(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "visits.ndjson.gz"
        async with working() as desk:
            desk.heed(told(an_order(path, rotation=Rotation(bytes=1, packed=True))))
            for number in range(3):
                desk.put(passed(answer=answered(bytes(100_000))))
                await until(lambda number=number: desk.written > number)  # type: ignore[misc]
                assert desk._writer is not None
                desk._writer.flush()
            desk.heed(told(None))
            await until(lambda: closed(desk))

    asyncio.run(scenario())
    assert len(list(tmp_path.iterdir())) == 3
    assert sum(open_recording(each).count for each in tmp_path.iterdir()) == 3


def test_a_disk_that_refuses_is_told_of(tmp_path: Path) -> None:
    async def scenario() -> None:
        (tmp_path / "folder").write_text("a file is in the way")
        async with working() as desk:
            desk.heed(told(an_order(tmp_path / "folder" / "visits.ndjson")))
            desk.put(passed())
            await until(lambda: (desk.report() or {})["problem"])
            desk.heed(told(None))
            await until(lambda: closed(desk))
            assert desk.dropped["buffer"] == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("wrong", [{"order": {}}, {"order": [1]}, {"order": {"id": 1}}])
def test_what_is_no_order_is_not_heeded(wrong: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with working() as desk:
            desk.heed({"type": "record", **wrong})
            assert desk.report() is None

    asyncio.run(scenario())


def test_a_report_is_plain_json(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with working() as desk:
            desk.heed(told(an_order(tmp_path / "visits.ndjson")))
            assert json.loads(json.dumps(desk.report())) == desk.report()

    asyncio.run(scenario())
