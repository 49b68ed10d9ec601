"""Reading a file and listing a folder."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path
from typing import Annotated, Any, BinaryIO

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
from tui.tools.lines import Lines
from tui.tools.opening import kind_of, reach
from tui.tools.output import MAX_LINE_CHARS, MAX_LINES, Page, amount, shown_name

_SECONDS = 10.0
LOOK = 8_192  # git looks for a NUL in as many bytes to tell text from binary
_MOST_ENTRIES = 100_000


class ReadArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Annotated[str, msgspec.Meta(description="File, relative to the folder or absolute.")]
    offset: Annotated[int, msgspec.Meta(ge=1, description="First line, counted from 1.")] = 1
    limit: Annotated[int, msgspec.Meta(ge=1, description="Most lines to give.")] = MAX_LINES


class ListArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Annotated[str, msgspec.Meta(description="Folder, relative or absolute.")] = "."


class ReadTool:
    """Gives lines of one text file with their numbers."""

    def __init__(self) -> None:
        self.spec = make_spec(
            "read",
            "Reads a text file: each line with its number and a tab before it. At most "
            f"{MAX_LINES:,} lines or 50 KB at once; go on with `offset`. Lines longer than "
            f"{MAX_LINE_CHARS:,} characters are cut. Pictures and other binary files are named, "
            "not read.",
            ReadArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        try:
            return (context.absolute(_read_args(args).path),)
        except CallFailed:
            return ()

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        deadline = Deadline(_SECONDS)
        try:
            call = _read_args(args)
            path = context.absolute(call.path)
            return await in_thread(lambda: _read(call, path, context, deadline), deadline)
        except (CallFailed, OSError) as error:
            return failed(error, args)


class ListTool:
    """Gives the names in one folder."""

    def __init__(self) -> None:
        self.spec = make_spec(
            "list",
            "Lists one folder, sorted, hidden files too. A folder ends in `/`, a link shows "
            "`-> target`. A name with unusual characters stands as a JSON string: give it back "
            "as that string says. Use `glob` to find files deeper down.",
            ListArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        try:
            return (context.absolute(_list_args(args).path),)
        except CallFailed:
            return ()

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        deadline = Deadline(_SECONDS)
        try:
            path = context.absolute(_list_args(args).path)
            return await in_thread(lambda: _list(path, context, deadline), deadline)
        except (CallFailed, OSError) as error:
            return failed(error, args)


def _read_args(args: dict[str, Any]) -> ReadArgs:
    return parse_args(args, ReadArgs, '{"path": "src/app.py", "offset": 1, "limit": 200}')


def _list_args(args: dict[str, Any]) -> ListArgs:
    return parse_args(args, ListArgs, '{"path": "src"}')


def _read(call: ReadArgs, path: Path, context: ToolContext, deadline: Deadline) -> ToolOutput:
    name = shown_name(call.path)
    with reach(path, context.border()) as reached:
        if reached.is_folder:
            raise CallFailed(f"{name} is a folder: use `list`.")
        try:
            file = reached.open_file()
        except CallFailed as error:
            raise CallFailed(f"{name} was not read: {error.message}.") from error
        with file:
            info = os.fstat(file.fileno())
            size = info.st_size
            head = file.read(LOOK)
            if kind := binary_kind(head):
                raise CallFailed(f"{name} is {kind}, {amount(size, 'bytes')}: it holds no text.")
            file.seek(0)
            given = _lines(call, file, size, deadline)
            context.seen.note(reached.real, info)
            return given


def _lines(call: ReadArgs, file: BinaryIO, size: int, deadline: Deadline) -> ToolOutput:
    page, lines = Page(), Lines(file, deadline)
    if not lines.skip_to(call.offset) and call.offset > 1:
        raise CallFailed(f"Offset {call.offset:,} is behind the last line, {lines.before:,}.")
    long, crlf = 0, False
    while len(page) < min(call.limit, MAX_LINES):
        number = lines.number
        line = lines.next(MAX_LINE_CHARS)
        if line is None:
            break
        mark = f"… [line of {amount(line.size, 'bytes')}, cut]" if line.cut else ""
        if not page.add(f"{number:>6}\t{line.text}{mark}"):
            break
        long += line.cut
        crlf |= line.crlf
    last = call.offset + len(page) - 1
    more = page.full or lines.more()
    notes = (
        "the file is empty" if not len(page) else "",
        "the lines end in CR LF" if crlf else "",
        f"cut after line {last:,}; the file has {amount(size, 'bytes')}; "
        f"go on with offset {last + 1}"
        if more
        else "",
    )
    return ToolOutput(True, page.text(*notes), truncated=more or long > 0)


_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\0\0\1\0", "an icon"),
    (b"%PDF-", "a PDF document"),
)


def binary_kind(head: bytes) -> str | None:
    """What a file is by its first bytes, in words; None for text."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "a WebP picture"
    if head[4:8] == b"ftyp" and b"\0" in head:
        return "an AVIF or HEIC picture" if head[8:10] in (b"av", b"he", b"mi") else "a video"
    for magic, words in _PICTURES:
        if head.startswith(magic) and (b"\0" in head or magic == b"%PDF-"):
            width_height = struct.unpack(">II", head[16:24]) if len(head) > 24 else None
            if words == "a PNG picture" and width_height:
                return "a PNG picture of {} × {} pixels".format(*width_height)
            return words
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text in UTF-16, which is not read"
    return "a binary file" if b"\0" in head else None


def _list(path: Path, context: ToolContext, deadline: Deadline) -> ToolOutput:
    with reach(path, context.border()) as reached:
        folder, name = reached.open_folder()
        try:
            if name is not None:
                raise CallFailed(f"{shown_name(str(path))} is no folder: use `read`.")
            return _names(folder, deadline)
        finally:
            os.close(folder)


def _names(folder: int, deadline: Deadline) -> ToolOutput:
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            names.append(entry.name)
            if len(names) == _MOST_ENTRIES or deadline.over():
                break
    names.sort()
    page = Page()
    for name in names:
        if not page.add(_entry(name, folder)):
            break
    if not names:
        return ToolOutput(True, page.text("the folder is empty"))
    cut = len(page) < len(names) or len(names) == _MOST_ENTRIES
    note = f"cut: {len(page):,} of {amount(len(names), 'names')}; use `glob` with a pattern"
    return ToolOutput(True, page.text(note if cut else ""), truncated=cut)


def _entry(name: str, folder: int) -> str:
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            return f"{shown_name(name)} -> {shown_name(os.readlink(name, dir_fd=folder))}"
    except OSError:
        return shown_name(name)  # gone since
    if stat.S_ISDIR(mode):
        return shown_name(name) + "/"
    return shown_name(name) if stat.S_ISREG(mode) else f"{shown_name(name)} ({kind_of(mode)})"
