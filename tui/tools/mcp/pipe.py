"""A server's process, spoken to a line at a time over its standard input and output.

Its children end with it, and all of them with us (`tui.tools.launcher`). What it prints that is
no message is counted and forgotten; of what it prints beside, the last words are kept.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tui import process
from tui.tools.output import amount
from tui.tools.sandbox import launched

MOST_LINE = 16 * 1024 * 1024
MOST_JUNK = 1_000
"""Lines that are no message, after which a server counts as one that prints for ever."""

_BIG_LINE = 256 * 1024
_MOST_WAITING = 1_000
_KEPT = 2_000
_END_S = 0.5


class Pipe:
    """One run of a server's program.

    Args:
        argv: The program, as an absolute path, and its arguments.
        environ: Where the allow-list is taken from.
        extra: What it is given besides.
        cwd: Where it runs.
        grace_s: How long it may take to end once its input is closed.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        environ: Mapping[str, str],
        extra: Mapping[str, str],
        cwd: Path,
        grace_s: float,
    ) -> None:
        self._argv = argv
        self._environ = environ
        self._extra = extra
        self._cwd = cwd
        self._grace_s = grace_s
        self._junk = 0
        self._first_junk = b""
        self._beside = b""
        self._broken = ""
        self._child: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Of what stands around the program, while it runs."""
        return None if self._child is None else self._child.pid

    @property
    def gone(self) -> bool:
        """Whether it has ended, or is no longer listened to."""
        ended = self._child is not None and self._child.returncode is not None
        return bool(self._broken) or ended

    def trouble(self) -> str:
        """What is wrong with it, in words; empty where nothing is known."""
        status = None if self._child is None else self._child.returncode
        ended = "" if status is None else f"its program ended with status {status}"
        what = self._broken or ended
        if self._junk and not self._broken:
            sample = self._first_junk[:80].decode("utf-8", "replace").strip()
            count = amount(self._junk, "lines")
            what = f"{what}{'; ' if what else ''}it printed {count} that are no message: {sample}"
        last = self._beside.decode("utf-8", "replace").strip().rpartition("\n")[2][:300]
        return f"{what}: {last}" if what and last else what

    @asynccontextmanager
    async def streams(self) -> AsyncGenerator[tuple[Any, Any]]:
        """Run it; gives what the SDK reads messages from and writes them to.

        Raises:
            OSError: the program is missing or may not be run.
        """
        import anyio

        argv = launched(self._argv) if sys.platform == "linux" else self._argv
        child = self._child = await process.start_piped(
            argv,
            environ=self._environ,
            extra=self._extra,
            stderr=asyncio.subprocess.PIPE,
            cwd=self._cwd,
            foreign=True,
        )
        came, read = anyio.create_memory_object_stream[Any](100)
        # Never full: an interrupt must not wait for a server that does not read.
        write, going = anyio.create_memory_object_stream[Any](math.inf)
        tasks = [
            asyncio.create_task(self._read(child, came, write)),
            asyncio.create_task(self._write(child, going)),
            asyncio.create_task(self._listen(child)),
        ]
        try:
            yield read, write
        finally:
            ending = asyncio.create_task(self._end(child, tasks))
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError:
                await ending  # a moment: the program must not outlive us
                raise
            finally:
                for stream in (came, read, write, going):
                    stream.close()

    async def _read(self, child: asyncio.subprocess.Process, came: Any, write: Any) -> None:  # noqa: ANN401 - the SDK's streams
        import anyio

        assert child.stdout is not None
        held = bytearray()
        with came, suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            while piece := await child.stdout.read(1 << 16):
                held += piece
                if b"\n" in piece:
                    *lines, rest = bytes(held).split(b"\n")
                    held = bytearray(rest)
                    for line in lines:
                        await self._take(line, came)
                if len(held) > MOST_LINE:
                    self._broken = f"it printed a line of more than {MOST_LINE >> 20} MB"
                elif write.statistics().current_buffer_used > _MOST_WAITING:
                    self._broken = "it asks, and does not read the answers"
                if self._broken:
                    break
            # What it left behind may hold the pipe open, or the other way round.
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await child.wait()

    async def _take(self, line: bytes, came: Any) -> None:  # noqa: ANN401 - the SDK's stream
        from mcp.shared.message import SessionMessage
        from mcp_types import jsonrpc_message_adapter as messages

        if not line.strip() or self._broken:
            return
        try:
            if len(line) > _BIG_LINE:
                message = await asyncio.to_thread(messages.validate_json, line, by_name=False)
            else:
                message = messages.validate_json(line, by_name=False)
        except (ValueError, RecursionError):
            self._first_junk = self._first_junk or line[:200]
            self._junk += 1
            if self._junk >= MOST_JUNK:
                count = amount(self._junk, "lines")
                sample = self._first_junk[:80].decode("utf-8", "replace").strip()
                self._broken = f"it printed {count} that are no message: {sample}"
        else:
            await came.send(SessionMessage(message))

    async def _write(self, child: asyncio.subprocess.Process, going: Any) -> None:  # noqa: ANN401 - the SDK's stream
        assert child.stdin is not None
        with suppress(OSError):
            async for sent in going:
                text: str = sent.message.model_dump_json(by_alias=True, exclude_unset=True)
                child.stdin.write(text.encode() + b"\n")
                await child.stdin.drain()

    async def _listen(self, child: asyncio.subprocess.Process) -> None:
        """Keep the last of what it prints beside: its own words for why it ends."""
        assert child.stderr is not None
        while piece := await child.stderr.read(1 << 14):
            self._beside = (self._beside + piece)[-_KEPT:]

    async def _end(
        self, child: asyncio.subprocess.Process, tasks: Sequence[asyncio.Task[None]]
    ) -> None:
        """Close its input, wait, then end it and all below it."""
        assert child.stdin is not None
        child.stdin.close()
        for seconds, make_end in ((self._grace_s, child.terminate), (_END_S, child.kill)):
            try:
                async with asyncio.timeout(seconds):
                    await child.wait()
                break
            except TimeoutError:
                with suppress(ProcessLookupError):
                    make_end()
        process.kill_group(child.pid)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                await asyncio.gather(_emptied(child.stdout), _emptied(child.stderr), child.wait())


async def _emptied(stream: asyncio.StreamReader | None) -> None:
    """Read to its end what nobody wants any more: until then the pipe stays open."""
    while stream is not None and await stream.read(1 << 16):
        pass
