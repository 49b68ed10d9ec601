"""The files below the folder, to be searched at every key: in slices, on the loop, by the clock.

A repository of 200,000 files has some 10 MB of names. They lie in slices of 16 KB, lower case and
joined, so that a search is a few hundred calls of `str.find`; it can be left after any slice.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from tui.text.filter import score

SLICE = 16_384
ENOUGH = 40
"""So many files that hold the letters together, and those that have them strewn are not sought."""
MOST_FITS = 600
MOST_SEARCH_S = 0.2
"""So long strewn letters are sought at most, over all steps."""
LISTING_S = 20.0


class FileList:
    """Names of files; only ever added to."""

    def __init__(self) -> None:
        self.slices: list[tuple[list[str], str]] = []
        self.count = 0

    def add(self, names: list[str]) -> None:
        """Add a slice of names."""
        if names:
            self.slices.append((names, "\0".join(["", *names, ""]).lower()))
            self.count += len(names)


class Search:
    """One search, done in steps; `top` is the best of what was found so far."""

    def __init__(self, files: FileList, query: str) -> None:
        self.query = query.lower().removeprefix("./")
        self._files = files
        self._fits: dict[str, int] = {}
        self._work = self._look()
        self._spent = 0.0
        self.done = False

    def step(self, seconds: float) -> bool:
        """Search on for so long; whether it is done."""
        began = now = time.perf_counter()
        while not self.done and now < began + seconds:
            self.done = next(self._work, True)
            now = time.perf_counter()
        self._spent += now - began
        return self.done

    def top(self, most: int) -> list[str]:
        """The best, without what may hold secrets: that is named whole or not at all."""
        from tui.protected import secret_reason

        ranked = sorted(self._fits, key=lambda path: (-self._fits[path], len(path), path))
        shown: list[str] = []
        for path in ranked:
            if secret_reason(PurePosixPath("/", path)) is None:
                shown.append(path)
                if len(shown) == most:
                    break
        return shown

    def _look(self) -> Iterator[bool]:
        """One slice at each step."""
        each = max(2, MOST_FITS // max(1, len(self._files.slices)))
        for names, folded in self._files.slices:
            if not self.query:
                self._fits |= {name: -name.count("/") * 100 for name in names[:each]}
            else:
                self._pieces(names, folded, each)
            yield False
        if self.query and len(self._fits) < ENOUGH:
            strewn = re.compile(_strewn(self.query))
            for names, folded in self._files.slices:
                self._letters(names, folded, strewn)
                yield len(self._fits) >= MOST_FITS or self._spent > MOST_SEARCH_S

    def _pieces(self, names: list[str], folded: str, most: int) -> None:
        """Names that hold the query as it stands: at a part's beginning, then anywhere."""
        found = 0
        for piece in (f"/{self.query}", f"\0{self.query}", self.query):
            at = folded.find(piece)
            while at >= 0 and found < most:
                here = at + (piece[0] == "\0")
                self._take(names[folded.count("\0", 0, here) - 1])
                found += 1
                at = folded.find(piece, folded.find("\0", here))

    def _letters(self, names: list[str], folded: str, strewn: re.Pattern[str]) -> None:
        for fits in strewn.finditer(folded):
            self._take(names[folded.count("\0", 0, fits.start()) - 1])

    def _take(self, path: str) -> None:
        if path not in self._fits:
            folded = path.lower()
            name = folded.rpartition("/")[2]
            of_name, of_path = score(self.query, name), score(self.query, folded)
            best = max((of_name or 0) * 2 + (name == self.query) * 500, of_path or 0)
            self._fits[path] = best * 4 - len(path)


def _strewn(query: str) -> str:
    """A pattern for the letters in their order within one name, without going back."""
    first, *others = map(re.escape, query)
    return first + "".join(f"[^\0{one}]*{one}" for one in others)


def list_files(folder: Path, environ: Mapping[str, str]) -> FileList:
    """Read which files lie below a folder, as the tools do. Takes its time: for a thread.

    Raises:
        OSError: the folder cannot be read.
        TimeoutError: not done in 20 s.
    """
    from tui import process
    from tui.protected import secret_reason

    files = FileList()
    secret_reason(PurePosixPath("/x"))  # makes its pattern, which takes 70 ms
    rg = process.find_program("rg", environ, outside=folder)
    if rg is None:
        names = list(asyncio.run(_walked(folder, environ)))
        for at in range(0, len(names), 1_000):
            files.add(names[at : at + 1_000])
        return files
    for names in _listed(rg, folder, environ):
        files.add(names)
    return files


def _listed(rg: Path, folder: Path, environ: Mapping[str, str]) -> Iterator[list[str]]:
    """Ripgrep's list in pieces: taken whole it would hold the interpreter for 100 ms."""
    from tui import process
    from tui.tools.listing import MOST_BYTES, MOST_FILES, ripgrep_list

    output = asyncio.run(
        process.run(
            ripgrep_list(rg, folder),
            environ=environ,
            timeout_s=LISTING_S,
            max_bytes=MOST_BYTES,
            cwd=folder,
        )
    ).output
    at, count = 0, 0
    while at < len(output) and count < MOST_FILES:
        end = output.find(b"\0", at + SLICE)
        end = len(output) if end < 0 else end + 1
        names = [name for name in os.fsdecode(output[at:end]).split("\0") if name]
        yield names
        at, count = end, count + len(names)


async def _walked(folder: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    from tui.tools.base import Deadline, ToolContext
    from tui.tools.listing import files_below

    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        context = ToolContext(cwd=folder, environ=environ)
        return (await files_below(root, folder, context, Deadline(LISTING_S))).paths
    finally:
        os.close(root)
