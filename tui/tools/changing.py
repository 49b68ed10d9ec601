"""Changing files: one edit, or a whole file written."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

import msgspec

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
from tui.tools.effects import Changing
from tui.tools.files import LOOK
from tui.tools.opening import reach_place
from tui.tools.output import amount, shown_name
from tui.tools.replacing import replace

LARGEST = 4_000_000
"""Bytes of a file that is changed: both its states are kept in the log, for the way back."""

_SECONDS = 30.0
_MOST_DIFF = 20_000  # lines of a diff that are worked out


class EditArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Annotated[str, msgspec.Meta(description="File, relative to the folder or absolute.")]
    old: Annotated[str, msgspec.Meta(description="Text to be replaced, as the file has it.")]
    new: Annotated[str, msgspec.Meta(description="What takes its place.")]
    all: Annotated[bool, msgspec.Meta(description="Replace every place, not the only one.")] = False


class WriteArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Annotated[str, msgspec.Meta(description="File, relative to the folder or absolute.")]
    content: Annotated[str, msgspec.Meta(description="All that the file is to hold.")]


class EditTool:
    """Replaces one piece of a file's text."""

    def __init__(self) -> None:
        self.spec = make_spec(
            "edit",
            "Replaces `old` by `new` in a text file. `old` has to be there once: give whole "
            "lines, as many as make it so, without the line numbers of `read`. Line ends and "
            "everything outside stay as they are.",
            EditArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        return _path(args, context)

    def effect(self, args: dict[str, Any], context: ToolContext) -> Changing:
        """See `tui.tools.base.ActingTool`."""
        call = parse_args(args, EditArgs, '{"path": "a.py", "old": "x = 1", "new": "x = 2"}')
        path = context.absolute(call.path)
        real, before = _look(path, context)
        if before is None:
            raise CallFailed(f"{shown_name(call.path)} is not there: `write` makes a file")
        if b"\0" in before[:LOOK]:
            raise CallFailed(f"{shown_name(call.path)} is no text file")
        text = before.decode("utf-8", "surrogateescape")
        done = replace(text, call.old, call.new, every=call.all)
        places = f", and {amount(done.places - 1, 'more places')}" if done.places > 1 else ""
        said = f"changed at line {done.line:,}{places}" + (f"; {done.said}" if done.said else "")
        return _changing(path, real, before, done.text, said)

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        return await _run(self, args, context)


class WriteTool:
    """Writes a whole file."""

    def __init__(self) -> None:
        self.spec = make_spec(
            "write",
            "Writes a text file whole: a new one, with the folders it needs, or in the place of "
            "what was there. For a change to a file use `edit`.",
            WriteArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        return _path(args, context)

    def effect(self, args: dict[str, Any], context: ToolContext) -> Changing:
        """See `tui.tools.base.ActingTool`."""
        call = parse_args(args, WriteArgs, '{"path": "a.py", "content": "x = 1\\n"}')
        path = context.absolute(call.path)
        real, before = _look(path, context)
        lines = amount(len(call.content.splitlines()), "lines")
        said = f"{'made' if before is None else 'written anew'}: {lines}"
        return _changing(path, real, before, call.content, said)

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        return await _run(self, args, context)


def _path(args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
    path = args.get("path")
    try:
        return (context.absolute(path),) if isinstance(path, str) else ()
    except CallFailed:
        return ()


def _look(path: Path, context: ToolContext) -> tuple[Path, bytes | None]:
    with reach_place(path, context.border()) as place:
        if place.is_folder:
            raise CallFailed(f"{shown_name(str(path))} is a folder")
        if place.missing:
            return place.real, None
        with place.open_file() as file:
            data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise CallFailed(f"it is larger than {LARGEST:,} bytes: too large to be changed")
    return place.real, data


def _changing(path: Path, real: Path, before: bytes | None, text: str, said: str) -> Changing:
    try:
        after = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise CallFailed("the new text holds characters that no UTF-8 file can hold") from None
    if len(after) > LARGEST:
        raise CallFailed(f"it would be larger than {LARGEST:,} bytes")
    if after == before:
        raise CallFailed("the file holds just that already: nothing was changed")
    return Changing(
        asked=path, path=real, before=before, after=after, note=said,
        diff=unified(shown_name(str(path)), before, after),
    )  # fmt: skip


def unified(name: str, before: bytes | None, after: bytes) -> str:
    """A unified diff for a person; of very long files only how many lines there are."""
    old, new = _lines(before or b"", after)
    first = "/dev/null" if before is None else name
    if len(old) + len(new) > _MOST_DIFF:
        return f"--- {first}\n+++ {name}\n@@ {len(old):,} lines become {len(new):,} @@"
    return "\n".join(difflib.unified_diff(old, new, first, name, lineterm=""))


def _lines(before: bytes, after: bytes) -> tuple[list[str], list[str]]:
    """The lines of both; ends that are not the same in all of both stand in them, to be seen."""
    texts = [data.decode("utf-8", "surrogateescape") for data in (before, after)]
    whole = "".join(texts)
    end = "\r\n" if whole.count("\n") == whole.count("\r\n") > 0 else "\n"
    old, new = (text.split(end) for text in texts)
    if old[-1] == new[-1] == "":
        return old[:-1], new[:-1]
    return old, new


async def _run(
    tool: EditTool | WriteTool, args: dict[str, Any], context: ToolContext
) -> ToolOutput:
    deadline = Deadline(_SECONDS)

    def work() -> str:
        change = context.approved
        if not isinstance(change, Changing):
            tool.effect(args, context)
            raise CallFailed("it could not be done when it was looked at: call it again")
        _write(change, context)
        return f"{shown_name(str(args['path']))}: {change.note}"

    try:
        return ToolOutput(True, await in_thread(work, deadline))
    except (CallFailed, OSError) as error:
        return failed(error, args)


def _write(change: Changing, context: ToolContext) -> None:
    with reach_place(change.asked, context.border()) as place:
        if place.real != change.path:
            raise CallFailed("the path leads elsewhere than when it was looked at: call it again")
        now = None
        if not place.missing:
            with place.open_file() as file:
                now = file.read(LARGEST + 1)
        if now != change.before:
            raise CallFailed("the file has changed since it was looked at: read it again")
        place.replace_file(change.after or b"")
