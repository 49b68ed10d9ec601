"""Chat completions of any endpoint that speaks OpenAI's wire, through OpenAI's SDK."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qsl

from tui.address import origin
from tui.events.stream import Sealed
from tui.providers import failures
from tui.providers.base import Access, Api, ModelRequest, Opened, StreamPart
from tui.providers.exchange import UNUSED_KEY, Exchange, loaded
from tui.providers.limits import openai_limits
from tui.providers.openai_chat_reading import ChatReading
from tui.providers.openai_chat_request import API, body
from tui.providers.openai_shared import ToolNames, headers


class OpenAIChat:
    """The chat completions wire; see `tui.providers.base.Provider`."""

    api: Api = API

    async def stream(self, request: ModelRequest, access: Access) -> AsyncGenerator[StreamPart]:
        """Send one request and yield its parts as they come.

        Raises:
            EndedEarly: no `finish_reason` came.
            RequestError: any other failure, as one of its kinds.
        """
        await loaded("openai")
        from openai import AsyncOpenAI, AsyncStream

        host = origin(access.base_url)
        names = ToolNames(request.tools)
        sent = body(request, access, host, names)

        def seal(payload: dict[str, Any]) -> Sealed:
            return Sealed(api=API, host=host, model=request.model, payload=payload)

        address, _, query = access.base_url.partition("?")
        async with Exchange(access, headers(access)) as exchange:
            client = AsyncOpenAI(
                api_key=UNUSED_KEY,
                base_url=address,
                default_query=dict(parse_qsl(query)),
                max_retries=0,
                http_client=exchange.client,
            )
            # Not `chat.completions.create`: its typed parameters have no room for the vendors'.
            stream_class = AsyncStream[object]
            response = await exchange.send(
                client.post(
                    "/chat/completions",
                    body=sent,
                    cast_to=object,
                    stream=True,
                    stream_cls=stream_class,
                )
            )
            yield Opened(
                provider_request_id=failures.request_id(response.headers),
                limits=openai_limits(response.headers),
            )
            reading = ChatReading(names, seal, response.headers, access.vendor)
            async with aclosing(exchange.parts(reading)) as parts:
                async for part in parts:
                    yield part
