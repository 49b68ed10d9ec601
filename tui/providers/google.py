"""Google's generate-content stream, through the maker's SDK."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from tui.errors import BadRequest
from tui.events.stream import Sealed
from tui.providers import failures
from tui.providers.base import Access, Api, ModelRequest, Opened, StreamPart
from tui.providers.exchange import UNUSED_KEY, Exchange, host_of, loaded
from tui.providers.google_reading import GoogleReading
from tui.providers.google_request import API, body

if TYPE_CHECKING:
    import httpx2
    from google import genai
    from google.genai import types

_API_VERSION = "v1beta"  # the SDK's own choice, v1, lacks the `-latest` names


class Google:
    """The generateContent wire of the Gemini API; see `tui.providers.base.Provider`."""

    api: Api = API

    async def stream(self, request: ModelRequest, access: Access) -> AsyncGenerator[StreamPart]:
        """Send one request and yield its parts as they come.

        Raises:
            EndedEarly: no reason to finish came.
            RequestError: any other failure, as one of its kinds.
        """
        await loaded("google.genai")
        host = host_of(access.base_url)
        config = _config(body(request, host))

        def seal(payload: dict[str, Any]) -> Sealed:
            return Sealed(api=API, host=host, model=request.model, payload=payload)

        async with Exchange(access, _headers(access)) as exchange:
            # Kept until the answer is read: the SDK closes what it holds when it is collected.
            client = _client(access.base_url, exchange.client)
            response = await exchange.send(_call(client, request, config))
            yield Opened(provider_request_id=failures.request_id(response.headers))
            reading = GoogleReading(seal, response.headers)
            async with aclosing(exchange.parts(reading)) as parts:
                async for part in parts:
                    yield part
            del client


def _headers(access: Access) -> dict[str, str]:
    headers = {"accept": "*/*", "content-type": "application/json"}
    if access.secret is not None:
        headers["x-goog-api-key"] = access.secret.reveal()
    return headers


def _client(base_url: str, http: httpx2.AsyncClient) -> genai.Client:
    """The SDK's client with every switch that it would read from the environment set here."""
    import ssl

    import httpx2
    from google import genai
    from google.genai import client, types

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no second way out", request=request)

    options = types.HttpOptions(
        base_url=base_url,
        api_version=_API_VERSION,
        httpx_async_client=http,
        # Without these the SDK makes a client and a context of its own, and reads all
        # certificates for each: 60 ms a request, and a way out that is not ours.
        httpx_client=httpx2.Client(transport=httpx2.MockTransport(refuse), trust_env=False),
        async_client_args={"ssl": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)},
    )
    try:
        return genai.Client(
            vertexai=False,
            api_key=UNUSED_KEY,
            http_options=options,
            debug_config=client.DebugConfig(
                client_mode=None, replays_directory=None, replay_id=None
            ),
        )
    except ImportError as error:  # the one switch that cannot be set from here
        raise BadRequest(
            f"Google's library does not start here: {error}",
            hint="Unset GOOGLE_GENAI_HTTP_CLIENT.",
        ) from error


def _config(sent: dict[str, Any]) -> types.GenerateContentConfig:
    """What turns the SDK's own doings off and hands it our body as it is.

    Its typed models would drop nulls from arguments, re-encode signatures and mix two spellings.
    """
    from google.genai import types

    return types.GenerateContentConfig(
        http_options=types.HttpOptions(extra_body=sent),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,
    )


async def _call(
    client: genai.Client, request: ModelRequest, config: types.GenerateContentConfig
) -> None:
    # The ignores: the SDK's unions of contents name a picture library that is not installed.
    models = client.aio.models
    placeholder = "-"  # replaced by the body's own contents
    if not request.stream:
        await models.generate_content(  # pyright: ignore[reportUnknownMemberType]
            model=request.model, contents=placeholder, config=config
        )
        return
    chunks = await models.generate_content_stream(  # pyright: ignore[reportUnknownMemberType]
        model=request.model, contents=placeholder, config=config
    )
    async for _ in chunks:  # sends; the answer itself is read by `Exchange.parts`
        pass
