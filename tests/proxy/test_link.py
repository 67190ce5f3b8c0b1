"""How what talks over a link ends."""

from __future__ import annotations

import asyncio

import pytest
from strangler_proxy.link import call_off


def test_who_is_called_off_while_it_waits_for_another_s_end_ends_itself() -> None:
    async def scenario() -> None:
        talking = asyncio.Event()

        async def talk() -> None:
            talking.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)

        async def link() -> None:
            task = asyncio.create_task(talk())
            await talking.wait()
            await call_off(task)

        linked = asyncio.create_task(link())
        await talking.wait()
        await asyncio.sleep(0)
        linked.cancel()
        await asyncio.wait([linked])
        assert linked.cancelled()

    asyncio.run(scenario())


def test_that_the_other_end_is_gone_is_no_fault_and_everything_else_is_told() -> None:
    async def failing(error: Exception) -> None:
        raise error

    async def scenario() -> None:
        for error in (ConnectionResetError(), ZeroDivisionError()):
            task = asyncio.create_task(failing(error))
            await asyncio.wait([task])
            await call_off(task)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scenario())
