r"""`@file` in a prompt: how a path is written there, and found again (pure).

`@src/app.py`, or `@"a \"b\".py"` as a JSON string where the path is not plain: blanks, quotes,
invisible characters, bytes that are no UTF-8 (`\\udcff`). What is written names the very file.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tui.text import neutralise

LONGEST = 4_096
"""Bytes of a path, as the kernel has it; a longer word is none."""

_BEFORE = r"(?<![^\s(\[{\"'`])@"
_QUOTED = re.compile(rf"{_BEFORE}(\"(?:[^\"\\\n]|\\.)*\")")
_EITHER = re.compile(rf"{_QUOTED.pattern}|{_BEFORE}([^\s\"'`<>|]+)")
_OPEN = re.compile(rf"{_BEFORE}(?:\"((?:[^\"\\\n]|\\.)*)|([^\s\"'`<>|]*))\Z")
_PLAIN = re.compile(r"[^\s\"'`<>|\\@~(\[{][^\s\"'`<>|\\]*")
_LOOSE = ".,;:!?)]}"


class Mention(NamedTuple):
    """A file that a prompt names; `paths` is what it may be called, the likeliest first."""

    start: int
    end: int
    paths: tuple[str, ...]
    meant: bool
    """Whether it can be nothing but a file: quoted, or with a folder or a suffix."""


def written(path: str) -> str:
    """A path as a prompt names it."""
    if path == "~" or path.startswith("~/"):
        path = f"./{path}"
    shown = neutralise(path, strict=True) == path
    if shown and (_PLAIN.fullmatch(path) or _tilde(path)) and path[-1] not in _LOOSE:
        return f"@{path}"
    import json  # 2 ms of the start, and not needed for it

    quoted = json.dumps(path, ensure_ascii=False)
    return f"@{quoted if neutralise(quoted, strict=True) == quoted else json.dumps(path)}"


def _tilde(path: str) -> bool:
    return path.startswith("~") and _PLAIN.fullmatch(path[1:]) is not None


def mentions(text: str) -> list[Mention]:
    """The files that a text names, in order."""
    found: list[Mention] = []
    for one in _EITHER.finditer(text) if "@" in text else ():
        quoted, bare = one.groups()
        paths = (_unquoted(quoted),) if quoted else (bare, bare.rstrip(_LOOSE))
        known = tuple(dict.fromkeys(path for path in paths if path))
        if known and len(known[0]) <= LONGEST:
            meant = bool(quoted) or "/" in known[-1] or "." in known[-1].strip(".")
            found.append(Mention(one.start(), one.end(), known, meant))
    return found


def open_mention(line: str) -> tuple[int, str] | None:
    """Where the mention that is being written at a line's end begins, and what it says so far."""
    found = _OPEN.search(line, max(0, len(line) - LONGEST))
    if found is None:
        return None
    quoted, bare = found.groups()
    return found.start(), bare if quoted is None else _unquoted(f'"{quoted}"')


def _unquoted(text: str) -> str:
    import json

    try:
        value = json.loads(text, strict=False)
    except ValueError:
        return text.strip('"')  # an escape that is none, or not yet
    return value if isinstance(value, str) else ""
