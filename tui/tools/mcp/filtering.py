"""What comes from a server, looked through before the SDK takes it.

What it asks for is told to the person; lists of tools are mended, so that one that is told
wrongly does not take the others with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, cast

ASKS = {
    "sampling/createMessage": "asked to use a model at your cost",
    "elicitation/create": "asked to put a question to you",
}
"""What a server may ask of us and never gets, by its method. The SDK refuses it, and does not
offer it: a server that heeds what it is offered does without."""

Transport = Callable[[], AbstractAsyncContextManager[tuple[Any, Any]]]
"""Gives the streams that the SDK reads messages from and writes them to."""


@asynccontextmanager
async def filtered(
    transport: Transport, hear: Callable[[str], None], over: asyncio.Event
) -> AsyncGenerator[tuple[Any, Any]]:
    """The same streams.

    Args:
        transport: Where they come from.
        hear: Told in words what the server asks for.
        over: Set when no more will come.
    """
    import anyio

    async with transport() as (read, write):
        came, out = anyio.create_memory_object_stream[Any](0)

        async def passing() -> None:
            with came, suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                async for message in read:
                    _look(message, hear)
                    await came.send(message)
            over.set()

        task = asyncio.create_task(passing())
        try:
            yield out, write
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            came.close()
            out.close()


def _look(sent: Any, hear: Callable[[str], None]) -> None:  # noqa: ANN401 - the SDK's, or an error
    message = getattr(sent, "message", None)
    method = getattr(message, "method", None)
    if isinstance(method, str) and (asked := ASKS.get(method)) is not None:
        hear(f"{asked}: refused")
    result = getattr(message, "result", None)
    if isinstance(result, dict) and "tools" in result:
        table = cast("dict[str, object]", result)
        table["tools"] = list(_mended(table["tools"]))


def _mended(listed: object) -> Iterator[dict[str, object]]:
    for one in cast("list[object]", listed) if isinstance(listed, list) else []:
        tool: dict[str, object] = cast("dict[str, object]", one) if isinstance(one, dict) else {}
        if not isinstance(tool.get("name"), str):
            continue
        schema, said = tool.get("inputSchema"), tool.get("description")
        table = cast("dict[str, object]", schema) if isinstance(schema, dict) else {}
        yield {
            "name": tool["name"],
            "description": said if isinstance(said, str) else "",
            "inputSchema": {**table, "type": "object"},
        }
