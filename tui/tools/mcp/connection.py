"""One connection to one server by the official SDK, in a task of its own.

Nothing that a server asks for is done: no model is used for it, nothing is asked of the person.
It is told the workspace as its only root. The SDK is imported here alone, and in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from tui import __version__
from tui.errors import OwnkeyError
from tui.tools.mcp.definitions import Told
from tui.tools.mcp.filtering import ASKS, Transport, filtered
from tui.tools.mcp.pipe import Pipe
from tui.tools.output import amount

if TYPE_CHECKING:
    from mcp import Client

MOST_LISTED = 5_000
MOST_PAGES = 100
MOST_EVENT = 16 * 1024 * 1024
_MOST_ROUNDS = 5
_MOST_WORDS = 400
_FORGOTTEN = "Session terminated"  # the SDK's word for a session that the server no longer knows


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that each thing may take.

    Args:
        connect: To start, and to say what it is.
        wait: What a turn waits for servers that have only just been started.
        list: To tell its tools.
        call: One call.
        grace: To end once its input is closed.
    """

    connect: float = 30.0
    wait: float = 10.0
    list: float = 20.0
    call: float = 300.0
    grace: float = 1.0


class ServerTrouble(OwnkeyError):
    """A server does not do what it is there for; the message names neither it nor us."""


class Connection:
    """A server that runs, or an address that answers.

    Args:
        transport: Gives the streams, once.
        pipe: The process behind it, for its last words; None for an address.
        workspace: The only root that it is told.
        hear: Told in words what it asked for.
        changed: Told that its list of tools is another.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        pipe: Pipe | None,
        workspace: Path,
        limits: Limits,
        hear: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self.pipe = pipe
        self._transport = transport
        self._workspace = workspace
        self._limits = limits
        self._hear = hear
        self._changed = changed
        self._client: Client | None = None
        self._over = asyncio.Event()
        self._trouble = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether calls can be made."""
        return self._client is not None and not self._over.is_set()

    async def open(self) -> None:
        """Connect. Raises ServerTrouble."""
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._serve(opened))
        await asyncio.wait({self._task, opened}, return_when=asyncio.FIRST_COMPLETED)
        if not opened.done():
            opened.cancel()
            raise ServerTrouble(self._trouble or "it could not be reached")

    async def close(self) -> None:
        """End it, and its process."""
        self._over.set()
        if self._task is not None:
            if self._client is None:  # it is still connecting
                self._task.cancel()
            _, late = await asyncio.wait({self._task}, timeout=self._limits.grace + 2.0)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def list_tools(self) -> tuple[list[Told], str]:
        """Its tools, and what is wrong with the list, or empty. Raises ServerTrouble."""
        told: list[Told] = []
        try:
            async with asyncio.timeout(self._limits.list):
                note = await self._pages(told)
        except TimeoutError:
            if not told:
                raise ServerTrouble(self._late("its list of tools", self._limits.list)) from None
            note = f"its list of tools did not end within {self._limits.list:g} s"
        except Exception as error:  # the SDK's edge: whatever it is, it is this server's
            raise self._failed(error) from error
        return told, note

    async def _pages(self, told: list[Told]) -> str:
        from mcp_types import PaginatedRequestParams

        cursor: str | None = None
        for _ in range(MOST_PAGES):
            params = None if cursor is None else PaginatedRequestParams(cursor=cursor)
            page = await self._session().list_tools(params=params)
            told += [
                Told(name=one.name, description=one.description or "", schema=one.input_schema)
                for one in page.tools
            ]
            before, cursor = cursor, page.next_cursor
            if not cursor:
                return ""
            if cursor == before:
                return "its list of tools goes in a circle"
            if len(told) > MOST_LISTED:
                break
        return f"its list of tools was not read to its end, behind {amount(len(told), 'tools')}"

    async def call(
        self, name: str, args: dict[str, Any], emit: Callable[[str], None]
    ) -> dict[str, Any]:
        """The result of `tools/call`, as it crosses. Raises ServerTrouble."""
        try:
            async with asyncio.timeout(self._limits.call):
                return await self._rounds(name, args, emit)
        except TimeoutError:
            raise ServerTrouble(self._late("an answer", self._limits.call)) from None
        except ServerTrouble:
            raise
        except Exception as error:  # the SDK's edge: whatever it is, it is this server's
            raise self._failed(error) from error

    async def _rounds(
        self, name: str, args: dict[str, Any], emit: Callable[[str], None]
    ) -> dict[str, Any]:
        """Ask until it gives a result.

        Not by the SDK's own `call_tool`: that judges results by patterns of the server's, which
        may be made to take for ever.
        """
        import mcp_types as types
        from pydantic import TypeAdapter

        kinds: TypeAdapter[Any] = TypeAdapter(types.CallToolResult | types.InputRequiredResult)
        answers: dict[str, Any] | None = None
        state: str | None = None

        async def progress(done: float, total: float | None, message: str | None) -> None:
            if message:
                emit(f"{message[:_MOST_WORDS]}\n")

        for _ in range(_MOST_ROUNDS):
            params = types.CallToolRequestParams(
                name=name, arguments=args, input_responses=answers, request_state=state
            )
            result: Any = await self._session().send_request(
                types.CallToolRequest(params=params),
                kinds,
                request_read_timeout_seconds=self._limits.call,
                progress_callback=progress,
            )
            if isinstance(result, types.CallToolResult):
                return result.model_dump(by_alias=True, mode="json", exclude_none=True)
            answers, state = self._answers(result), result.request_state
        raise ServerTrouble("it asks for one thing after the other and gives no result")

    def _answers(self, wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - a model of the SDK's
        """The workspace, where it asks for it; anything else is refused and ends the call."""
        answers: dict[str, Any] = {}
        requests = cast("dict[str, Any]", wanted.input_requests or {})
        for key, request in requests.items():
            if (asked := ASKS.get(request.method)) is not None:
                self._hear(f"{asked}: refused")
                raise ServerTrouble(f"it {asked}, which ownkey does not do for a server")
            answers[key] = self._roots()
        return answers

    def _roots(self) -> Any:  # noqa: ANN401 - a model of the SDK's
        import mcp_types as types
        from pydantic import FileUrl

        uri = FileUrl(self._workspace.as_uri())
        return types.ListRootsResult(roots=[types.Root(uri=uri, name=self._workspace.name)])

    def _session(self) -> Any:  # noqa: ANN401 - the SDK's session
        if self._client is None:
            raise ServerTrouble(self._trouble or "it has ended")
        return self._client.session

    async def _serve(self, opened: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(self._limits.connect) as limit:
                async with self._made() as client:
                    limit.reschedule(None)
                    self._client = client
                    if not opened.done():
                        opened.set_result(None)
                    watching = asyncio.create_task(self._watch(client))
                    try:
                        await self._over.wait()
                    finally:
                        watching.cancel()
                        await asyncio.gather(watching, return_exceptions=True)
                        self._client = None
        except TimeoutError:
            self._trouble = self._late("a word", self._limits.connect)
        except Exception as error:  # the task's outermost edge: it becomes the server's state
            self._trouble = self._words(error)
        finally:
            self._over.set()
            self._trouble = self._trouble or (self.pipe.trouble() if self.pipe else "")

    def _made(self) -> Client:
        from mcp import Client
        from mcp_types import Implementation

        async def roots(context: object) -> Any:  # noqa: ANN401 - a model of the SDK's
            return self._roots()

        async def heard(message: object) -> None:
            if type(message).__name__ == "ToolListChangedNotification":
                self._changed()

        return Client(
            filtered(self._transport, self._hear, self._over),
            read_timeout_seconds=self._limits.list,
            list_roots_callback=roots,
            message_handler=heard,
            client_info=Implementation(name="ownkey", version=__version__),
            cache=None,
        )

    async def _watch(self, client: Client) -> None:
        """Newer servers tell that their list changed only to who listens."""
        with suppress(Exception):  # one that cannot tell is asked before each turn anyway
            tools = client.server_capabilities.tools
            if tools is not None and tools.list_changed:
                async with client.listen(tools_list_changed=True) as events:
                    async for _ in events:
                        self._changed()

    def _late(self, what: str, seconds: float) -> str:
        beside = self.pipe.trouble() if self.pipe is not None else ""
        return f"it did not give {what} within {seconds:g} s" + (f"; {beside}" if beside else "")

    def _failed(self, error: Exception) -> ServerTrouble:
        said = self._words(error)
        if said == _FORGOTTEN:  # the server was started anew: it has to be greeted anew
            self._over.set()
        return ServerTrouble(said)

    def _words(self, error: BaseException) -> str:
        """What went wrong, out of whatever the SDK wraps it in."""
        while isinstance(error, BaseExceptionGroup):
            error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
        beside = self.pipe.trouble() if self.pipe is not None and self.pipe.gone else ""
        said = str(getattr(error, "message", "") or error).strip() or type(error).__name__
        if isinstance(error, FileNotFoundError):
            said = f"{error.filename} is not there"
        return (beside or said)[:_MOST_WORDS]
