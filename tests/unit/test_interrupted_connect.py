"""An interrupt while a host's address is looked up ends the request, whenever it comes."""

from __future__ import annotations

import asyncio

import pytest

from tui.net import client


class FakeLine:
    """A connection that is never made."""

    async def connect_tcp(self, *_args, **_more):
        await asyncio.Event().wait()


@pytest.mark.parametrize("ticks", range(6))
async def test_an_interrupt_that_comes_with_the_address_is_not_lost(monkeypatch, ticks):
    found: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()

    async def addresses(host, port):
        return await found

    monkeypatch.setattr(client, "_addresses_of", addresses)
    guard = client._Guard()  # pyright: ignore[reportPrivateUsage]
    guard._inner = FakeLine()  # pyright: ignore
    task = asyncio.create_task(guard.connect_tcp("127.0.0.1", 1, 5.0))
    await asyncio.sleep(0.01)
    found.set_result(["127.0.0.1"])
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=2)
    assert done and task.cancelled()
