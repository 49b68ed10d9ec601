"""The child process of a local model, as the engine sees it: start at need, keep, stop.

The model's memory and its crashes stay in the child. It listens on loopback behind a random key
that only we know, and it dies with us (design.md §3).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from contextlib import suppress
from typing import IO, TYPE_CHECKING, NamedTuple, Self

import msgspec

from tui.errors import BadRequest, NoRoute, RequestError, ServerFailed, TimedOut
from tui.localmodel.serve import Answer, Order
from tui.process import kill_group, python_command, start_piped
from tui.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONTEXT_TOKENS = 8192
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 2.0
LOG_TAIL_BYTES = 16_384


class Served(NamedTuple):
    """Where a running model answers. `base_url` ends in /v1; the other wires' lies above it."""

    base_url: str
    secret: Secret


class LocalServer:
    """One local model in a child process, started by the first request to it and kept.

    Args:
        environ: Where the child's allow-listed environment is taken from.
        start_timeout_s: Longest wait until it answers.
    """

    def __init__(
        self, environ: Mapping[str, str], *, start_timeout_s: float = START_TIMEOUT_S
    ) -> None:
        self._environ = environ
        self._timeout_s = start_timeout_s
        self._starting = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None
        self._file: Path | None = None
        self._served: Served | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def alive(self) -> bool:
        """Whether a model is being served."""
        return self._served is not None and self._running

    @property
    def pid(self) -> int | None:
        """The child's process id; None where there is none."""
        return self._child.pid if self._child is not None and self._running else None

    @property
    def _running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    async def start(self, file: Path) -> Served:
        """Serve this model file; one that is served already is given again at once.

        Another model that runs is stopped first: two would not fit a small machine.

        Raises:
            NoRoute: the `local` extra is not installed.
            BadRequest: the file is missing, broken or of a kind that is not read.
            ServerFailed: the memory is short, or the child crashed.
            TimedOut: it did not answer in time.
        """
        async with self._starting:
            if self._served is not None and self._running and self._file == file:
                return self._served
            await self._end()
            if not os.access(file, os.R_OK):
                raise BadRequest(
                    f"the model file {file.name} is not there or cannot be read",
                    hint="`ownkey local list` shows what is; `ownkey local get` fetches one.",
                )
            try:
                self._served = await self._open(file)
            except BaseException:
                await self._end()
                raise
            self._file = file
            return self._served

    async def stop(self) -> None:
        """End the child and wait for its end; nothing happens where there is none."""
        async with self._starting:
            await self._end()

    async def _open(self, file: Path) -> Served:
        key = secrets.token_urlsafe(32)
        order = Order(path=str(file), alias=file.stem, key=key, context=CONTEXT_TOKENS)
        with tempfile.TemporaryFile() as log:  # has no name: nobody reads it but us
            child = self._child = await start_piped(
                python_command("tui.localmodel.serve"),
                environ=self._environ,
                # its crash handler would start a debugger
                extra={"GGML_NO_BACKTRACE": "1"},
                stderr=log.fileno(),
            )
            assert child.stdin is not None and child.stdout is not None
            child.stdin.write(msgspec.json.encode(order) + b"\n")
            try:
                async with asyncio.timeout(self._timeout_s):
                    line = await child.stdout.readline()
            except TimeoutError as error:
                raise TimedOut(
                    f"the local model {file.name} did not start within {self._timeout_s:g} s",
                    hint="Try again, or choose a smaller model (F2).",
                ) from error
            answer = _parse(line)
            if answer.port is None:
                await self._end()
                raise explain(answer.failed, child.returncode, _tail(log), file.name)
        return Served(f"http://127.0.0.1:{answer.port}/v1", Secret(key))

    async def _end(self) -> None:
        child, self._child, self._served = self._child, None, None
        if child is None:
            return
        assert child.stdin is not None
        child.stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await child.wait()
        except TimeoutError:
            pass
        finally:
            if child.returncode is None:
                kill_group(child.pid)
                await child.wait()


def _parse(line: bytes) -> Answer:
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode(line, type=Answer)
    return Answer()  # it died before it answered


def _tail(log: IO[bytes]) -> str:
    log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
    return log.read().decode("utf-8", "replace")


_MEMORY_WORDS = (
    "allocate", "insufficient memory", "out of memory", "bad_alloc", "mem_buffer",
    "Cannot allocate", "MemoryError", "Resource temporarily unavailable",
)  # fmt: skip
_KILLED = -9
_BAD_INSTRUCTION = -4


def explain(failed: str | None, status: int | None, log: str, name: str) -> RequestError:
    """Why a model does not run, in one sentence with the next step.

    Args:
        failed: What the child answered: `missing`, `model`, or None where it only died.
        status: Its exit status, negative for a signal.
        log: What it wrote on standard error, in llama.cpp's words.
        name: Of the model's file.
    """
    if failed == "missing":
        return NoRoute(
            "models on this machine need the `local` extra, which is not installed",
            hint="Install it: `pip install 'ownkey[local]'`, then try again.",
        )
    if any(word in log for word in _MEMORY_WORDS) or (failed is None and status == _KILLED):
        return ServerFailed(
            f"the memory of this machine does not suffice for the model {name}",
            hint="Close other programs, or choose a smaller model (F2).",
        )
    if failed == "model":
        return BadRequest(
            f"the model file {name} is broken or of a kind that llama.cpp does not read",
            hint="Fetch or copy it again: `ownkey local remove`, then `ownkey local get` or `add`.",
        )
    if status == _BAD_INSTRUCTION:
        return NoRoute(
            "the installed xllamacpp does not run on this processor",
            hint="Choose a model of another provider (F2).",
        )
    return ServerFailed(
        f"the process of the local model {name} ended at its start (status {status})",
        hint="Try again, or choose another model (F2).",
    )
