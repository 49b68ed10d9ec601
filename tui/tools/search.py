"""Finding files by name, and lines by what they say."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from itertools import groupby
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
from tui.tools.engines import Hit, find_lines
from tui.tools.files import LOOK, binary_kind
from tui.tools.lines import Lines
from tui.tools.listing import Below, Found, files_below
from tui.tools.opening import reach
from tui.tools.output import SHORT_NAMES, Page, amount, shown_name
from tui.tools.patterns import Pattern, anywhere, split_base

_SECONDS = 20.0
_WINDOW_CHARS = 400
_LEAD_BYTES = 120  # of a long line, shown before the match
_MOST_SIZE = 50_000_000
_ODD_NAMES = "A name with unusual characters stands as a JSON string. "
_LEFT_OUT = "Left out: what .gitignore names, .git, and links. "


class GlobArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pattern: Annotated[
        str, msgspec.Meta(description="Like `src/**/*.py`: * ? [a-z] {a,b}, ** any folders.")
    ]
    path: Annotated[str, msgspec.Meta(description="Folder to start from.")] = "."


class GrepArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pattern: Annotated[str, msgspec.Meta(description="Regular expression, within one line.")]
    path: Annotated[str, msgspec.Meta(description="Folder or file to search.")] = "."
    glob: Annotated[str, msgspec.Meta(description="Only files like this: `*.py`.")] = ""
    ignore_case: Annotated[bool, msgspec.Meta(description="Upper and lower case alike.")] = False


class Target(msgspec.Struct, frozen=True):
    """Where a search starts, held open: a folder, and in it one file or (None) all below."""

    folder: int
    real: Path
    name: str | None


class GlobTool:
    """Finds files by a pattern of their path."""

    def __init__(self) -> None:
        self.spec = make_spec(
            "glob",
            "Finds files below a folder by a pattern of their path, hidden ones too, sorted. "
            f"{_LEFT_OUT}{_ODD_NAMES}",
            GlobArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        try:
            return (_base(_glob_args(args), context)[0],)
        except CallFailed:
            return ()

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        deadline = Deadline(_SECONDS)
        try:
            base, rest = _base(_glob_args(args), context)
            pattern = Pattern(rest)
            with _opened(base, context) as target:
                if target.name is not None:
                    raise CallFailed(f"{shown_name(str(base))} is no folder: use `read`.")
                found = await files_below(target.folder, target.real, context, deadline)
                return await in_thread(
                    lambda: _names(found, pattern, target, context, deadline), deadline
                )
        except (CallFailed, OSError) as error:
            return failed(error, args)


class GrepTool:
    """Finds lines by a regular expression."""

    def __init__(self) -> None:
        self.spec = make_spec(
            "grep",
            "Searches files for lines that match a regular expression: `path:line:text`. "
            f"{_LEFT_OUT}Also binary files, files over 50 MB, and files that may hold secrets. "
            f"{_ODD_NAMES}",
            GrepArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        try:
            return (context.absolute(_grep_args(args).path),)
        except CallFailed:
            return ()

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        deadline = Deadline(_SECONDS)
        try:
            call = _grep_args(args)
            with _opened(context.absolute(call.path), context) as target:
                return await _grep(call, target, context, deadline)
        except (CallFailed, OSError) as error:
            return failed(error, args)


def _glob_args(args: dict[str, Any]) -> GlobArgs:
    return parse_args(args, GlobArgs, '{"pattern": "**/*.py", "path": "src"}')


def _grep_args(args: dict[str, Any]) -> GrepArgs:
    return parse_args(args, GrepArgs, '{"pattern": "def main", "path": "src", "glob": "*.py"}')


def _base(call: GlobArgs, context: ToolContext) -> tuple[Path, str]:
    """The folder that a call searches, and the pattern below it."""
    base, rest = split_base(call.pattern)
    if base.startswith("/") or base.partition("/")[0] in SHORT_NAMES:
        return context.absolute(base), rest
    return context.absolute(f"{call.path}/{base}" if call.path else ""), rest


@contextmanager
def _opened(path: Path, context: ToolContext) -> Generator[Target]:
    with reach(path, context.border()) as reached:
        folder, name = reached.open_folder()
        real = reached.real if name is None else reached.real.parent
    try:
        yield Target(folder, real, name)
    finally:
        os.close(folder)


def _shown(path: str, target: Target, context: ToolContext) -> str:
    """A found path as the model can give it back: from the workspace, or absolute."""
    real = target.real / path
    inside = real.is_relative_to(context.cwd)
    return shown_name(str(real.relative_to(context.cwd) if inside else real))


def _names(
    found: Found, pattern: Pattern, target: Target, context: ToolContext, deadline: Deadline
) -> ToolOutput:
    below, page, count = Below(target.folder, target.real, context.border()), Page(), 0
    with closing(below):
        for path in found.paths:
            if deadline.over():
                break
            if pattern.matches(path) and below.stat(path, name_only=True):
                count += 1
                if not page.full:
                    page.add(_shown(path, target, context))
    whole = found.whole and not deadline.over()
    notes = (
        f"no file of {len(found.paths):,} fits" if not count else "",
        f"cut: {len(page):,} of {amount(count, 'files')}; narrow the pattern" if page.full else "",
        "" if whole else "there are too many files to list them all: start from a deeper folder",
        found.note,
    )
    return ToolOutput(True, page.text(*notes), truncated=page.full or not whole)


async def _grep(
    call: GrepArgs, target: Target, context: ToolContext, deadline: Deadline
) -> ToolOutput:
    if target.name is not None:
        found, most = Found((target.name,), True, ""), None
    else:
        found = await files_below(target.folder, target.real, context, deadline)
        most = _MOST_SIZE
    files = await in_thread(
        lambda: _searched(found, call.glob, target, most, context, deadline), deadline
    )
    hits = await find_lines(files, target.real, call.pattern, call.ignore_case, context, deadline)
    page = await in_thread(lambda: _show(hits.hits, target, context, deadline), deadline)
    cut = page.full or not hits.whole
    if not len(page) and not hits.whole:
        raise CallFailed(f"No line found, but the search {hits.note or 'was cut'}.")
    notes = (
        f"no line of {amount(len(files), 'files')} matches" if not len(page) else "",
        f"cut: {len(page):,} of {amount(len(hits.hits), 'lines')} or more; narrow it"
        if cut and len(page)
        else "",
        f"the search {hits.note}" if hits.note else "",
        "" if found.whole else "there are too many files to search them all: use `path`",
        found.note,
    )
    return ToolOutput(True, page.text(*notes), truncated=cut or not found.whole)


def _searched(
    found: Found,
    glob: str,
    target: Target,
    most: int | None,
    context: ToolContext,
    deadline: Deadline,
) -> list[str]:
    """Of the files found those that may be searched: by the border, their kind, their size."""
    wanted = anywhere(glob) if glob else None
    files: list[str] = []
    with closing(Below(target.folder, target.real, context.border())) as below:
        for path in found.paths:
            if deadline.over():
                raise CallFailed("There are too many files: use `path` or `glob`.")
            if wanted is not None and not wanted.matches(path):
                continue
            info = below.stat(path)
            if info is not None and (most is None or info.st_size <= most):
                files.append(path)
    return files


def _show(hits: tuple[Hit, ...], target: Target, context: ToolContext, deadline: Deadline) -> Page:
    """The lines that were hit, read anew under the folder's descriptor.

    What the search itself opened is never shown: a file may have been swapped under it.
    """
    page = Page()
    with closing(Below(target.folder, target.real, context.border())) as below:
        for path, of_file in groupby(hits, key=lambda hit: hit.path):
            with suppress(OSError, CallFailed), below.open(path) as file:
                if binary_kind(file.read(LOOK)) is not None:
                    continue
                file.seek(0)
                lines = Lines(file, deadline)
                for hit in of_file:
                    if not page.add(f"{_shown(path, target, context)}:{_text(hit, lines)}"):
                        return page
    return page


def _text(hit: Hit, lines: Lines) -> str:
    start = 0 if hit.column < _WINDOW_CHARS else hit.column - _LEAD_BYTES
    line = lines.next(_WINDOW_CHARS, start) if lines.skip_to(hit.line) else None
    if line is None:
        raise CallFailed("the file changed")
    return f"{hit.line}:{'…' if start else ''}{line.text}{'…' if line.cut else ''}"
