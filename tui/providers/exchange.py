"""One request that a maker's SDK sends over our client, and the answer as it comes.

The SDK writes address and body and sends them; which headers leave is settled here, so that
nothing from the environment (`ANTHROPIC_CUSTOM_HEADERS` and the like) leaves with them, and the
answer's bytes are read here (see `sse`).
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import platform
import sys
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping
from contextlib import aclosing, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from tui import __version__, net
from tui.address import origin
from tui.errors import BadRequest, EndedEarly, RequestError
from tui.providers import failures, sse
from tui.providers.base import Access, StreamPart, UsageReported
from tui.providers.error_body import READ_BYTES

if TYPE_CHECKING:
    from typing import Self

    import httpx2

_REFUSAL_WITHIN_S = 10.0

UNUSED_KEY = "set-in-the-header"
"""What an SDK gets for a key: the real one goes into the header alone, never into its objects."""


class Reading(Protocol):
    """What makes stream parts of one wire's events."""

    @property
    def complete(self) -> bool:
        """Nothing that counts can follow."""
        ...

    @property
    def proven(self) -> bool:
        """The wire has said how the model ended."""
        ...

    def take(self, event: sse.Event) -> Iterator[StreamPart]:
        """The parts that `event` makes. Raises RequestError where it is or tells a failure."""
        ...

    def usage(self) -> UsageReported | None:
        """The usage so far."""
        ...

    def finish(self) -> Iterator[StreamPart]:
        """What ends a proven answer, `Stopped` last. Raises ProtocolBroken for an unknown stop."""
        ...


class Exchange:
    """One request and its answer; to be used as a context manager.

    Args:
        access: Where to.
        headers: All that leave, beside those that HTTP itself needs.
    """

    def __init__(self, access: Access, headers: Mapping[str, str]) -> None:
        import httpx2

        self._url = httpx2.URL(access.base_url)
        self._vendor = access.vendor
        self._headers = {**headers, "user-agent": f"ownkey/{__version__}"}
        self._head_within_s = None if access.local else net.CLOUD_SILENCE_S
        self._body: httpx2.AsyncByteStream | None = None
        self._refusal = b""
        self.response: httpx2.Response | None = None
        self.client = access.network.client(
            access.base_url, local=access.local, purpose=access.purpose
        )
        hooks = self.client.event_hooks
        self.client.event_hooks = {
            "request": [*hooks["request"], self._pin],
            "response": [*hooks["response"], self._take],
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._body is not None:
            await self._body.aclose()
        await self.client.aclose()

    async def _pin(self, request: httpx2.Request) -> None:
        import httpx2

        if (request.url.scheme, request.url.netloc) != (self._url.scheme, self._url.netloc):
            raise BadRequest(f"a request to {request.url.host} was stopped: the key is not for it")
        # SDKs put their own time limits into a request, one of them none at all.
        request.extensions["timeout"] = self.client.timeout.as_dict()
        of_http = {
            name: request.headers[name]
            for name in ("accept-encoding", "connection")
            if name in request.headers
        }
        length = {"content-length": str(len(request.content))}
        # Google's SDK sends each request without any time limit: silence would never end.
        request.extensions["timeout"] = self.client.timeout.as_dict()
        request.headers = httpx2.Headers(
            {"host": request.url.netloc.decode("ascii"), **of_http, **length, **self._headers}
        )

    async def _take(self, response: httpx2.Response) -> None:
        import httpx2

        self.response = response
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        if response.status_code != 200:
            self._refusal = await _first_bytes(response.stream)
            response.stream = httpx2.ByteStream(self._refusal)
            return
        # The SDK finds nothing to read and is done: what came is read in `parts`.
        self._body, response.stream = response.stream, httpx2.ByteStream(b"")

    async def send(self, call: Awaitable[object]) -> httpx2.Response:
        """Await `call`, the SDK's, and give the answer's head.

        Raises:
            RequestError: no answer, or one with another status than 200.
        """
        failure: Exception | None = None
        try:
            # A server may send interim answers for ever: only a head counts as a sign of life.
            async with asyncio.timeout(self._head_within_s):
                await call
        except Exception as error:  # an SDK raises its own, HTTP's, the system's or pydantic's
            failure = error
        if self.response is not None and self.response.status_code != 200:
            raise failures.from_response(
                self.response.status_code,
                self.response.headers,
                self._refusal,
                vendor=self._vendor,
            ) from failure
        if failure is not None or self.response is None:
            raise self._why(failure or RuntimeError("no request was sent")) from failure
        return self.response

    def _why(self, error: BaseException) -> RequestError:
        began = self._body is not None
        return failures.from_exception(error, host=self._url.host, began=began, vendor=self._vendor)

    async def _chunks(self) -> AsyncGenerator[bytes]:
        if self._body is None:
            return
        stream = aiter(self._body)
        try:
            async for chunk in stream:
                yield chunk
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()

    async def parts(self, reading: Reading) -> AsyncGenerator[StreamPart]:
        """The answer's parts: all that came, the usage, then `Stopped` or the failure.

        Raises:
            EndedEarly: the body ended before `reading` was proven.
            RequestError: any other failure.
        """
        failure: RequestError | None = None
        try:
            async with (
                aclosing(self._chunks()) as chunks,
                aclosing(sse.events(chunks)) as events,
            ):
                async for event in events:
                    for part in reading.take(event):
                        yield part
                    if reading.complete:
                        break
        except RequestError as error:
            failure = self._told(error)
        except Exception as error:  # HTTP's, the system's
            # After the proof only the end of the connection is missing, and nobody needs that.
            failure = None if reading.proven else self._told(self._why(error))
        if failure is None and not reading.proven:
            failure = self._told(EndedEarly("the answer ended before it was complete"))
        usage = reading.usage()
        if usage is not None:
            yield usage
        if failure is not None:
            raise failure
        for part in reading.finish():
            yield part

    def _told(self, error: RequestError) -> RequestError:
        if self.response is not None:
            told = failures.request_id(self.response.headers)
            error.provider_request_id = error.provider_request_id or told
        return error


def host_of(base_url: str) -> str:
    """What is sealed is bound to: the address as "scheme://host:port".

    Raises:
        BadRequest: there is none in it.
    """
    try:
        return origin(base_url)
    except ValueError as error:
        raise BadRequest("the address cannot be asked", hint=str(error)) from error


async def _first_bytes(stream: httpx2.AsyncByteStream) -> bytes:
    """What an error says at its beginning; it may be endless, stall, or break off."""
    import httpx2

    found = bytearray()
    with suppress(httpx2.HTTPError, OSError, TimeoutError):
        async with asyncio.timeout(_REFUSAL_WITHIN_S):
            async for piece in stream:
                found += piece
                if len(found) >= READ_BYTES:
                    break
    with suppress(httpx2.HTTPError, OSError):
        await stream.aclose()
    return bytes(found[:READ_BYTES])


async def loaded(name: str) -> None:
    """Import an SDK off the event loop: it takes a second or two."""
    _know_the_processor()
    if name not in sys.modules:
        await asyncio.to_thread(importlib.import_module, name)
    log = logging.getLogger(name.replace(".", "_"))
    if not log.handlers:  # without one, its warnings go to standard error, which is the screen
        log.addHandler(logging.NullHandler())


def _know_the_processor() -> None:
    """Answer beforehand what Python 3.11 asks a child for, `uname -p`, once an SDK wants the
    platform's name: that child would get our environment, and with it a key that lies there.
    """
    vars(platform.uname()).setdefault("processor", platform.machine())
