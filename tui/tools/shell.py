"""Running a shell command."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec

from tui import process
from tui.events.tool import ToolSpec
from tui.tools.base import (
    NOT_APPROVED,
    CallFailed,
    ToolContext,
    ToolOutput,
    failed,
    make_spec,
    parse_args,
)
from tui.tools.effects import Effect, Running
from tui.tools.opening import reach
from tui.tools.output import amount, shown_name
from tui.tools.sandbox import Scope
from tui.tools.streaming import MOST_KEPT, Kept, Shown

_GROUP_S = 1 / 30
_MOST_COMMAND = 100_000  # bytes: the kernel takes no longer argument than 131,071
_EXTRA = {
    "TERM": "dumb", "NO_COLOR": "1", "PAGER": "cat", "GIT_PAGER": "cat", "MANPAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": ":", "EDITOR": ":",
    "DEBIAN_FRONTEND": "noninteractive",
}  # fmt: skip
"""Nobody is there to answer: pagers, editors and questions would only wait."""


class ShellArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    command: Annotated[str, msgspec.Meta(description="What bash runs, as with `bash -c`.")]
    seconds: Annotated[float, msgspec.Meta(gt=0, le=600, description="Time limit.")] = 120
    cwd: Annotated[str, msgspec.Meta(description="Folder to run it in.")] = "."
    network: Annotated[
        bool, msgspec.Meta(description="It needs the network: set it to install or to fetch.")
    ] = False


class ShellTool:
    """Runs one command to its end and gives what it printed."""

    def __init__(self) -> None:
        self.spec: ToolSpec = make_spec(
            "shell",
            "Runs a command in bash and gives its output, both streams in order, and its exit "
            f"status. Over {MOST_KEPT:,} characters the middle is left out. Nothing can be typed "
            "into it; what it leaves running ends with it. No variable or folder change outlives "
            "a call. To read, find or change files use the other tools.",
            ShellArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        try:
            return (context.absolute(_shell_args(args).cwd),)
        except CallFailed:
            return ()

    def effect(self, args: dict[str, Any], context: ToolContext) -> Effect:
        call = _shell_args(args)
        cwd = Path(os.path.realpath(context.absolute(call.cwd)))
        if not cwd.is_relative_to(context.cwd):
            raise CallFailed(f"{shown_name(call.cwd)} is not below the folder: commands run in it.")
        return Running(
            command=call.command,
            cwd=cwd,
            seconds=call.seconds,
            network=call.network or context.network,
        )

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        try:
            effect = self.effect(args, context)
            if context.approved is None:
                raise CallFailed(NOT_APPROVED)
            if context.approved != effect:
                raise CallFailed("The command is no longer what was approved: call again.")
            assert isinstance(effect, Running)
            with reach(effect.cwd, context.border()) as reached:
                if not reached.is_folder:
                    raise CallFailed(f"{shown_name(str(effect.cwd))} is no folder.")
            return await _run(effect, context)
        except (CallFailed, OSError) as error:
            return failed(error, args)


def _shell_args(args: dict[str, Any]) -> ShellArgs:
    call = parse_args(args, ShellArgs, '{"command": "pytest -q tests", "seconds": 300}')
    try:
        data = os.fsencode(call.command)
    except UnicodeEncodeError:
        raise CallFailed("The command holds half a character that no program gets.") from None
    if b"\0" in data:
        raise CallFailed("The command holds a NUL character: no program can be given one.")
    if len(data) > _MOST_COMMAND:
        raise CallFailed(
            f"The command has {amount(len(data), 'bytes')}: put it into a file with `write`."
        )
    if not call.command.strip():
        raise CallFailed("The command is empty.")
    return call


async def _run(effect: Running, context: ToolContext) -> ToolOutput:
    temp = context.temp or Path(
        await asyncio.to_thread(tempfile.mkdtemp, prefix="ownkey-", dir=None)
    )
    kept, shown = Kept(), Shown(context.emit)
    began = time.monotonic()
    flushing = asyncio.create_task(_flush(shown))
    scope = _scope(effect, context, temp)
    try:
        ended = await process.run_streamed(
            context.sandbox.wrap(_shell(effect.command, context), scope),
            environ=context.environ,
            extra={**_EXTRA, **context.sandbox.extra(scope)},
            timeout_s=effect.seconds,
            take=lambda data: shown.add(kept.add(data)),
            cwd=effect.cwd,
            keepers=context.sandbox.keepers,
        )
        shown.add(kept.add(b"", last=True))
    finally:
        flushing.cancel()
        shown.flush()
        if context.temp is None:
            await asyncio.to_thread(shutil.rmtree, temp, ignore_errors=True)
    return _result(ended, effect, kept, time.monotonic() - began)


async def _flush(shown: Shown) -> None:
    while True:
        await asyncio.sleep(_GROUP_S)
        shown.flush()


def _shell(command: str, context: ToolContext) -> list[str]:
    for name in ("bash", "sh"):
        if found := process.find_program(name, context.environ, outside=context.cwd):
            return [str(found), "-c", command]
    raise CallFailed("There is neither bash nor sh on this machine.")


def _scope(effect: Running, context: ToolContext, temp: Path) -> Scope:
    return Scope(
        workspace=context.cwd,
        cwd=effect.cwd,
        home=context.home,
        own=context.border().own,
        network=effect.network,
        temp=temp.resolve(),
    )


def _result(ended: process.Ended, effect: Running, kept: Kept, seconds: float) -> ToolOutput:
    text = kept.text()
    notes: list[str] = []
    match ended.cause:
        case "time":
            notes.append(f"stopped: it took longer than {effect.seconds:g} s")
        case "output":
            notes.append(f"stopped: it printed more than {process.MOST_OUTPUT // 2**20} MB")
        case _:
            notes.append(_status(ended.status))
    if "Read-only file system" in text:
        notes.append("the sandbox lets a command write below the folder and in $TMPDIR only")
    whole = text if not text or text.endswith("\n") else text + "\n"
    output = whole + "\n".join(f"[{note}]" for note in notes)
    done = ended.cause == "exit" and ended.status == 0
    return ToolOutput(done, output, truncated=kept.cut or ended.cause == "output")


def _status(status: int) -> str:
    number = -status if status < 0 else status - 128
    if (status < 0 or status > 128) and number in {item.value for item in signal.Signals}:
        return f"exit status {status % 256}: ended by {signal.Signals(number).name}"
    return f"exit status {status}"
