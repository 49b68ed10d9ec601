"""Writing a whole file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from tui.events.tool import ToolSpec
from tui.protected import Border
from tui.tools.base import (
    CallFailed,
    Deadline,
    ToolContext,
    ToolOutput,
    failed,
    in_thread,
    make_spec,
    parse_args,
)
from tui.tools.changing import apply, approved_change, foreseen, shown_path
from tui.tools.effects import Changing, Effect
from tui.tools.output import amount, shown_name
from tui.tools.placing import MOST_BYTES, find_spot
from tui.tools.unified import unified_diff

_SECONDS = 20.0


class WriteArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Annotated[str, msgspec.Meta(description="File, relative to the folder or absolute.")]
    content: Annotated[str, msgspec.Meta(description="The whole file, byte for byte.")]
    overwrite: Annotated[
        bool, msgspec.Meta(description="Replace a file that was not read before.")
    ] = False


class WriteTool:
    """Makes a file, or replaces one whole."""

    def __init__(self) -> None:
        self.spec: ToolSpec = make_spec(
            "write",
            "Makes a file with its folders, or replaces a whole file. A file that is there has "
            "to be read first. To change a part of a file use `edit`.",
            WriteArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        try:
            return (context.absolute(_write_args(args).path),)
        except CallFailed:
            return ()

    def effect(self, args: dict[str, Any], context: ToolContext) -> Effect:
        call = _write_args(args)
        path = context.absolute(call.path)
        return foreseen(path, context, lambda border: _plan(call, path, border, context))

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        try:
            call = _write_args(args)
            path = context.absolute(call.path)
            return await in_thread(lambda: _write(call, path, context), Deadline(_SECONDS))
        except (CallFailed, OSError) as error:
            return failed(error, args)


def _write_args(args: dict[str, Any]) -> WriteArgs:
    return parse_args(args, WriteArgs, '{"path": "notes.txt", "content": "words\\n"}')


def _plan(call: WriteArgs, path: Path, border: Border, context: ToolContext) -> Changing:
    name = shown_name(call.path)
    try:
        after = call.content.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise CallFailed("`content` holds half a character that no file can hold.") from None
    if len(after) > MOST_BYTES:
        raise CallFailed(f"`content` has {amount(len(after), 'bytes')}: too much for one file.")
    if call.path.endswith("/"):
        raise CallFailed(f"{name} names a folder: give the file.")
    with find_spot(path, border) as spot:
        unseen = spot.info is not None and not context.seen.knows(spot.real, spot.info)
        if unseen and not call.overwrite:
            raise CallFailed(
                f"{name} is there and was not read, or has changed since: read it first, or set "
                "`overwrite`."
            )
        if spot.before == after:
            raise CallFailed(f"{name} holds exactly this already.")
        return Changing(
            asked=path,
            path=spot.real,
            before=spot.before,
            after=after,
            diff=unified_diff(shown_path(spot.real, context), spot.before, after),
            note="replaces a file that was not read" if unseen else "",
            folders=spot.folders,
        )


def _write(call: WriteArgs, path: Path, context: ToolContext) -> ToolOutput:
    change = approved_change(lambda border: _plan(call, path, border, context), context)
    apply(change, context)
    assert change.after is not None
    size, lines = len(change.after), change.after.count(b"\n")
    lines += bool(change.after) and not change.after.endswith(b"\n")
    done = "Made" if change.before is None else "Replaced"
    return ToolOutput(
        True, f"{done} {shown_name(call.path)}: {amount(lines, 'lines')}, {amount(size, 'bytes')}."
    )
