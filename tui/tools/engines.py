"""What finds the lines: ripgrep, or `tui.tools.matcher` in a child that can be killed.

Both tell only where the lines are; who shows them reads them anew (`tui.tools.search`).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tui import process
from tui.tools import matcher
from tui.tools.base import CallFailed, Deadline, ToolContext
from tui.tools.output import MAX_LINES

_RG_FIND = (
    "--no-config", "--null", "--line-number", "--column", "--no-heading", "--with-filename",
    "--color=never", "--no-messages", "--text", "--encoding=none", "--crlf", "--threads=1",
    "--max-columns=1",  # where a line is, not the line: that may be long, and is read anew
    f"--max-count={MAX_LINES + 1}",  # one more, so that a cut is known
)  # fmt: skip
_PYTHON_SECONDS = 3.0
_PATTERN_BYTES = 20_000
_ARGV_BYTES = 250_000
_OUTPUT_BYTES = 4_000_000
_RECORD = re.compile(rb"([^\0]+)\0(\d+):(\d+):[^\n]*\n")


class Hit(msgspec.Struct, frozen=True):
    """A line that matches; `line` and `column` (in bytes) count from 1."""

    path: str
    line: int
    column: int


class Hits(msgspec.Struct, frozen=True):
    """Lines in the order of the files. `whole`: none is missing; else `note` says why."""

    hits: tuple[Hit, ...]
    whole: bool
    note: str


async def find_lines(
    files: Sequence[str],
    folder: Path,
    pattern: str,
    ignore_case: bool,
    context: ToolContext,
    deadline: Deadline,
) -> Hits:
    """The lines of `files` (relative to `folder`) that match, up to a page full.

    Raises:
        CallFailed: the pattern is wrong.
    """
    _check(pattern)
    rg = process.find_program("rg", context.environ, outside=context.cwd)
    limit = deadline if rg is not None else Deadline(min(_PYTHON_SECONDS, deadline.left_s))
    hits: list[Hit] = []
    for batch in _batches(files):
        words = _words(rg, pattern, ignore_case, limit.left_s)
        try:
            done = await process.run(
                [*words, *batch],
                environ=context.environ,
                timeout_s=limit.left_s + (0 if rg else 0.5),
                max_bytes=_OUTPUT_BYTES,
                cwd=folder,
            )
        except TimeoutError:
            return Hits(tuple(hits), False, _too_slow(rg))
        hits += _read_hits(done.output)
        if done.status == 2 and done.errors and not done.output:
            raise CallFailed(f"The pattern is wrong: {_first_words(done.errors)}")
        if rg is None and done.status == 3:
            return Hits(tuple(hits), False, _too_slow(rg))
        if done.truncated or len(hits) > MAX_LINES:
            return Hits(tuple(hits), False, "")
    return Hits(tuple(hits), True, "")


def _check(pattern: str) -> None:
    try:
        data = os.fsencode(pattern)
    except UnicodeEncodeError:
        data = b"\0"
    if b"\0" in data:
        raise CallFailed("The pattern is wrong: it holds a character that no text file has.")
    if len(data) > _PATTERN_BYTES:
        raise CallFailed(f"The pattern is wrong: it is longer than {_PATTERN_BYTES:,} bytes.")


def _words(rg: Path | None, pattern: str, ignore_case: bool, seconds: float) -> list[str]:
    if rg is not None:
        case = "--ignore-case" if ignore_case else "--case-sensitive"
        return [str(rg), *_RG_FIND, case, f"--regexp={pattern}", "--"]
    # By its path: so it starts fast, and from no folder that a search could name.
    program = [sys.executable, "-I", "-S", "-X", "utf8", matcher.__file__]
    return [*program, f"{seconds:.2f}", "i" if ignore_case else "-", pattern]


def _batches(files: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for file in files:
        length = len(os.fsencode(file)) + 11
        if batch and size + length > _ARGV_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(f"./{file}")
        size += length
    if batch:
        yield batch


def _read_hits(output: bytes) -> Iterator[Hit]:
    for path, line, column in _RECORD.findall(output):
        yield Hit(os.fsdecode(path).removeprefix("./"), int(line), int(column))


def _too_slow(rg: Path | None) -> str:
    if rg is None:
        return f"stopped after {_PYTHON_SECONDS:g} s: simplify the pattern, or use `path` or `glob`"
    return "stopped, it took too long: use `path` or `glob`"


def _first_words(errors: bytes) -> str:
    return errors.decode("utf-8", "replace").strip()[:500]
