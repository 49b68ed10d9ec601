"""Anthropic Messages, through the maker's SDK."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from tui.events.base import utc_now
from tui.events.stream import Sealed
from tui.providers import failures
from tui.providers.anthropic_reading import AnthropicReading
from tui.providers.anthropic_request import API, body
from tui.providers.base import Access, Api, ModelRequest, Opened, StreamPart
from tui.providers.exchange import UNUSED_KEY, Exchange, host_of, loaded
from tui.providers.limits import anthropic_limits

WIRE_VERSION = "2026-10-21"
"""The `anthropic-version` that this adapter is written for; a test holds it against the SDK's."""


class Anthropic:
    """The Messages wire; see `tui.providers.base.Provider`.

    Args:
        now: The clock that a rate limit's reset is counted from, where the response has no date.
    """

    api: Api = API

    def __init__(self, now: Callable[[], dt.datetime] = utc_now) -> None:
        self._now = now

    async def stream(self, request: ModelRequest, access: Access) -> AsyncGenerator[StreamPart]:
        """Send one request and yield its parts as they come.

        Raises:
            EndedEarly: no `message_stop` came.
            RequestError: any other failure, as one of its kinds.
        """
        await loaded("anthropic")
        from anthropic import AsyncAnthropic, AsyncStream

        host = host_of(access.base_url)
        sent = body(request, host)

        def seal(payload: dict[str, Any]) -> Sealed:
            return Sealed(api=API, host=host, model=request.model, payload=payload)

        async with Exchange(access, _headers(access)) as exchange:
            client = AsyncAnthropic(
                api_key=UNUSED_KEY,
                base_url=access.base_url,
                max_retries=0,
                http_client=exchange.client,
                open_telemetry=False,
            )
            # Not `messages.create`: that one warns of old models on standard error, which is the
            # screen, and refuses long answers that are not streamed.
            stream_class = AsyncStream[object]
            response = await exchange.send(
                client.post(
                    "/v1/messages",
                    body=sent,
                    cast_to=object,
                    stream=True,
                    stream_cls=stream_class,
                )
            )
            yield Opened(
                provider_request_id=failures.request_id(response.headers),
                limits=anthropic_limits(response.headers, self._now()),
            )
            async with aclosing(exchange.parts(AnthropicReading(seal))) as parts:
                async for part in parts:
                    yield part


def _headers(access: Access) -> dict[str, str]:
    headers = {
        "accept": "application/json",
        "content-type": "application/json",
        "anthropic-version": WIRE_VERSION,
    }
    if access.secret is not None:
        headers["authorization"] = f"Bearer {access.secret.reveal()}"
    return headers
