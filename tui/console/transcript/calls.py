"""What a tool call says of itself in one line, for any tool: from its name, arguments, output."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tui.console.transcript.blocks import ToolCard
from tui.console.transcript.diff import Change, from_texts, from_unified
from tui.console.transcript.words import counted
from tui.text import neutralise

_SUBJECTS = (
    *("command", "pattern", "query", "url", "path", "file_path", "file", "filename"),
    *("question", "prompt", "description", "name"),
)
_CHANGES = (
    ("old", "new"),
    ("old_string", "new_string"),
    ("old_text", "new_text"),
    ("old_str", "new_str"),
    ("search", "replace"),
)
_DONE = {"shell": "ran", "bash": "ran", "fetch": "fetched", "write": "wrote"}
_RUNNING = {"shell": "run", "bash": "run"}
_RUNS = frozenset(("shell", "bash"))
_LONG = 300
_SHOWN_LINES = 60


class Outcome(NamedTuple):
    """A few words behind the call, and their style."""

    text: str
    style: str


def verb(card: ToolCard) -> str:
    """What the call does, in a word; what is done already is said so."""
    done = card.output is not None and not card.denied
    return neutralise((_DONE if done else _RUNNING).get(card.name, card.name), strict=True)


def doing(card: ToolCard) -> str:
    """The call while it runs: `running read tests/test_login.py`. Not neutralised."""
    name = "" if card.name in _RUNS else f"{card.name} "
    return f"running {name}{subject(card.name, card.args)}".rstrip()


def subject(name: str, args: dict[str, Any] | None) -> str:
    """What the call is about, on one line, not neutralised: its path, command, pattern, or all."""
    if not args:
        return ""
    for key in _SUBJECTS:
        value = args.get(key)
        if isinstance(value, str) and value.strip():
            where = args.get("path") if key in ("pattern", "query") else None
            inside = f" in {where}" if isinstance(where, str) and where != "." else ""
            return " ⏎ ".join(value.strip()[:_LONG].splitlines()) + inside[:_LONG]
    try:
        return json.dumps(args, ensure_ascii=False)[:_LONG]
    except (ValueError, RecursionError):
        return str(args)[:_LONG]


def language_of(card: ToolCard) -> str:
    """The ending of the file's name, by which its code is coloured."""
    path = str((card.args or {}).get("path") or (card.args or {}).get("file_path") or "")
    return path.rpartition(".")[2] if "." in path else ""


def change_of(card: ToolCard) -> Change | None:
    """What an edit takes out and puts in; None for any other call."""
    args = card.args or {}
    if card.output is not None and card.ok and (told := from_unified(card.output)):
        return told
    if card.denied or not card.ok:
        return None
    for old, new in _CHANGES:
        before, after = args.get(old), args.get(new)
        if isinstance(before, str) and isinstance(after, str):
            return from_texts(before, after)
    return None


def shows_change(card: ToolCard) -> bool:
    """Whether the card is an edit whose lines are few enough to show without being asked."""
    if card.denied or not card.ok or (card.args is None and card.output is None):
        return False
    if card.asked:
        return False  # the panel that asks shows it
    if card.output is not None and "@@ -" in card.output[:2000]:
        return card.output.count("\n") <= _SHOWN_LINES
    args = card.args or {}
    for old, new in _CHANGES:
        before, after = args.get(old), args.get(new)
        if isinstance(before, str) and isinstance(after, str):
            return before.count("\n") + after.count("\n") <= _SHOWN_LINES
    return False


def outcome(card: ToolCard) -> Outcome:
    """How the call went."""
    if card.asked:
        return Outcome("waits for you", "warn")
    if card.denied:
        return Outcome(_one_line(card.decision), "warn")
    if card.output is None:
        return Outcome(card.decision, "mute")
    lines = [line for line in card.output[-4000:].splitlines() if line.strip()]
    if not card.ok:
        first = card.output[:400].strip().partition("\n")[0]
        return Outcome(_one_line(lines[-1] if card.name in _RUNS and lines else first), "bad")
    if card.name in _RUNS and lines and len(_one_line(lines[-1])) <= 60:
        return Outcome(_one_line(lines[-1]), "mute")
    count = card.output.rstrip("\n").count("\n") + 1 if card.output.strip() else 0
    return Outcome(f"{counted(count)} line{'s' * (count != 1)}" if count else "", "mute")


def _one_line(text: str) -> str:
    """A line of outside text without the rules that programs draw around it."""
    return neutralise(text[:_LONG]).replace("\n", " ").replace("\t", " ").strip(" =-_*")
