"""What a tool call says of itself in a few words, for any tool (pure)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from tui.session.words import Tone, counted
from tui.text import neutralise

RUNS = frozenset(("shell", "bash"))
"""Tools that run a command."""

LONG = 300
"""Characters that stand on one line at most."""

_SUBJECTS = (
    *("command", "pattern", "query", "url", "path", "file_path", "file", "filename"),
    *("question", "prompt", "description", "name"),
)
_DONE = {"shell": "ran", "bash": "ran", "fetch": "fetched", "write": "wrote"}
_RUNNING = {"shell": "run", "bash": "run"}
_STATUS = re.compile(
    r"^\W*exit(?:ed)?(?: with)?(?: status| code)?:? (-?\d{1,5})\W*$", re.IGNORECASE
)


class Outcome(NamedTuple):
    """A few words behind the call, and their tone."""

    text: str
    style: Tone


def did(name: str, *, done: bool) -> str:
    """What a tool does, in a word; what is done already is said so."""
    return neutralise((_DONE if done else _RUNNING).get(name, name), strict=True)


def subject(name: str, args: dict[str, Any] | None) -> str:
    """What the call is about, on one line, not neutralised: its path, command, pattern, or all."""
    if not args:
        return ""
    for key in _SUBJECTS:
        value = args.get(key)
        if isinstance(value, str) and value.strip():
            where = args.get("path") if key in ("pattern", "query") else None
            inside = f" in {where}" if isinstance(where, str) and where != "." else ""
            return " ⏎ ".join(value.strip()[:LONG].splitlines()) + inside[:LONG]
    import json  # 2 ms of the console's start, and not needed for it

    try:
        return json.dumps(args, ensure_ascii=False)[:LONG]
    except (ValueError, RecursionError):
        return str(args)[:LONG]


def result_words(name: str, output: str, *, ok: bool) -> Outcome:
    """How a call that has returned went: an exit status, its last words, or how many lines."""
    lines = [line for line in output[-4000:].splitlines() if line.strip()]
    if name in RUNS and (status := _exit(output, lines)) is not None:
        return status
    if not ok:
        first = output[:400].strip().partition("\n")[0]
        return Outcome(one_line(lines[-1] if name in RUNS and lines else first), "bad")
    if name in RUNS and lines and len(one_line(lines[-1])) <= 60:
        return Outcome(one_line(lines[-1]), "mute")
    count = output.rstrip("\n").count("\n") + 1 if output.strip() else 0
    return Outcome(f"{counted(count)} line{'s' * (count != 1)}" if count else "", "mute")


def one_line(text: str) -> str:
    """A line of outside text without the rules that programs draw around it."""
    return neutralise(text[:LONG]).replace("\n", " ").replace("\t", " ").strip(" =-_*")


def _exit(output: str, lines: list[str]) -> Outcome | None:
    """The exit status that stands in a command's first or last line, and what it said last."""
    first = output[:LONG].partition("\n")[0]
    for place, line in ((-1, lines[-1] if lines else ""), (0, first)):
        if found := _STATUS.search(line):
            rest = [one for one in lines if not _STATUS.search(one)]
            last = one_line(rest[-1]) if rest and place == -1 else ""
            status = found[1]
            if status == "0":
                return Outcome(last[:60], "mute") if last or place == -1 else None
            return Outcome(f"exit {status}" + (f"  {last[:60]}" if last else ""), "bad")
    return None
