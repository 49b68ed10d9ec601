"""Replacing a piece of a file's text."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path
from typing import Annotated, Any

import msgspec

from tui.events.tool import ToolSpec
from tui.protected import Border
from tui.text import decode
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
from tui.tools.files import LOOK, binary_kind
from tui.tools.matching import Match, find_matches
from tui.tools.output import amount, shown_name
from tui.tools.placing import MOST_BYTES, find_spot
from tui.tools.unified import unified_diff

_SECONDS = 20.0
_MARK = "\ufeff"
_MOST_SHOWN = 12
_SHOWN_CHARS = 200


class EditArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Annotated[str, msgspec.Meta(description="File, relative to the folder or absolute.")]
    old: Annotated[
        str, msgspec.Meta(description="Text to replace, exactly as in the file, without numbers.")
    ]
    new: Annotated[str, msgspec.Meta(description="What stands there afterwards.")]
    all: Annotated[bool, msgspec.Meta(description="Every place, not one alone.")] = False


class EditTool:
    """Replaces text in a file; line ends, byte order mark and bytes outside stay as they are."""

    def __init__(self) -> None:
        self.spec: ToolSpec = make_spec(
            "edit",
            "Replaces a piece of a text file. `old` must stand there once, whole lines are best; "
            "with `all` every place is replaced. Write line ends as LF: the file keeps its own. "
            "If it stands there only nearly, the one place like it is taken, and that is said.",
            EditArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        try:
            return (context.absolute(_edit_args(args).path),)
        except CallFailed:
            return ()

    def effect(self, args: dict[str, Any], context: ToolContext) -> Effect:
        call = _edit_args(args)
        path = context.absolute(call.path)
        deadline = Deadline(_SECONDS)
        return foreseen(path, context, lambda border: _plan(call, path, border, context, deadline))

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        deadline = Deadline(_SECONDS)
        try:
            call = _edit_args(args)
            path = context.absolute(call.path)
            return await in_thread(lambda: _edit(call, path, context, deadline), deadline)
        except (CallFailed, OSError) as error:
            return failed(error, args)


def _edit_args(args: dict[str, Any]) -> EditArgs:
    example = '{"path": "src/app.py", "old": "a = 1\\n", "new": "a = 2\\n"}'
    call = parse_args(args, EditArgs, example)
    for name, text in (("old", call.old), ("new", call.new)):
        try:
            text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise CallFailed(f"`{name}` holds half a character that no file can hold.") from None
    return call


def _plan(
    call: EditArgs, path: Path, border: Border, context: ToolContext, deadline: Deadline
) -> Changing:
    name = shown_name(call.path)
    if not call.old:
        raise CallFailed("`old` is empty: say what to replace, or use `write` for a whole file.")
    with find_spot(path, border) as spot:
        if spot.before is None:
            raise CallFailed(f"{name} is not there: use `write` to make it.")
        if kind := binary_kind(spot.before[:LOOK]):
            raise CallFailed(f"{name} is {kind}: only text is edited.")
        text = _Text(spot.before)
        matches = find_matches(
            text.lines, _plain(call.old), _plain(call.new), every=call.all, deadline=deadline
        )
        after = text.replaced(matches)
        if after == spot.before:
            raise CallFailed("`old` and `new` are the same: the file would stay as it is.")
        if len(after) > MOST_BYTES:
            raise CallFailed(f"{name} would have {amount(len(after), 'bytes')}: too large.")
        return Changing(
            asked=path,
            path=spot.real,
            before=spot.before,
            after=after,
            diff=unified_diff(shown_path(spot.real, context), spot.before, after),
            note=matches[0].how,
        )


def _edit(call: EditArgs, path: Path, context: ToolContext, deadline: Deadline) -> ToolOutput:
    change = approved_change(lambda border: _plan(call, path, border, context, deadline), context)
    apply(change, context)
    note = f" ({change.note})" if change.note else ""
    return ToolOutput(True, f"Edited {shown_name(call.path)}{note}.\n{_now(change)}")


def _now(change: Changing) -> str:
    """The hunks of the change, as many as are worth their tokens."""
    hunks = change.diff.split("\n")[2:]
    shown = "\n".join(line[:_SHOWN_CHARS] for line in hunks[:_MOST_SHOWN])
    left = len(hunks) - _MOST_SHOWN
    return f"{shown}\n[{amount(left, 'lines')} more]" if left > 0 else shown


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


class _Text:
    """A file's text with every line end as LF, and the way back to its bytes."""

    def __init__(self, data: bytes) -> None:
        text = decode(data)
        self._mark = _MARK if text.startswith(_MARK) else ""
        self._raw = text.removeprefix(_MARK)
        self.lines = _plain(self._raw)
        self._crlf: list[int] = []  # where in `lines` an LF stands for CR LF
        at = self._raw.find("\r\n")
        while at >= 0:
            self._crlf.append(at - len(self._crlf))
            at = self._raw.find("\r\n", at + 2)

    def replaced(self, matches: tuple[Match, ...]) -> bytes:
        """The file's bytes after the replacements, which are in order and apart."""
        pieces, done = [self._mark], 0
        for match in matches:
            start, end, text = self._shrunk(match)
            pieces += [self._raw[done : self._place(start)], self._ended(text, match.start)]
            done = self._place(end)
        return "".join([*pieces, self._raw[done:]]).encode("utf-8", "surrogateescape")

    def _shrunk(self, match: Match) -> tuple[int, int, str]:
        """Without what stays the same at both ends, so that its line ends stay, too."""
        old, new = self.lines[match.start : match.end], match.text
        most = min(len(old), len(new))
        first = next((i for i in range(most) if old[i] != new[i]), most)
        rest = most - first
        last = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
        return match.start + first, match.end - last, new[first : len(new) - last]

    def _place(self, at: int) -> int:
        return at + bisect_left(self._crlf, at)

    def _ended(self, text: str, at: int) -> str:
        """With the line end of the line where the edit starts, or of the one before."""
        end = self.lines.find("\n", at)
        end = end if end >= 0 else self.lines.rfind("\n", 0, at)
        known = bisect_left(self._crlf, end)
        crlf = known < len(self._crlf) and self._crlf[known] == end
        return text.replace("\n", "\r\n") if crlf else text
