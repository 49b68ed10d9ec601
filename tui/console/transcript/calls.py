"""What a tool call says of itself in one line, for any tool: from its name, arguments, output."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from tui.console.transcript.blocks import ToolCard
from tui.console.transcript.checklist import checklist, tally
from tui.console.transcript.diff import Change, from_texts, from_unified
from tui.console.transcript.words import counted
from tui.events.tool import FileChanged
from tui.text import decode, neutralise

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
_WRITES = frozenset(("write", "write_file", "create"))
_STATUS = re.compile(
    r"^\W*exit(?:ed)?(?: with)?(?: status| code)?:? (-?\d{1,5})\W*$", re.IGNORECASE
)
_LOOKED_AT = 4_000
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
    if card.question is not None:
        return "ask" if card.asked else "asked"
    if checklist(card.name, card.args):
        return "todo"
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
    if card.output is not None and card.ok and (told := from_unified(card.output)):
        return told
    if card.denied or not card.ok:
        return None
    if card.change is not None:
        return _of_file(card.change)
    texts = _texts(card)
    return from_texts(*texts) if texts is not None else None


def _texts(card: ToolCard) -> tuple[str, str] | None:
    """What a call says that it takes out and puts in; a file that it writes is all new."""
    args = card.args or {}
    for old, new in _CHANGES:
        before, after = args.get(old), args.get(new)
        if isinstance(before, str) and isinstance(after, str):
            return before, after
    written = args.get("content") if card.name in _WRITES else None
    return ("", written) if isinstance(written, str) else None


def _of_file(change: FileChanged) -> Change | None:
    """What really became of the file; None where it is no text."""
    if _is_binary(change):
        return None
    before, after = decode(change.before or b""), decode(change.after or b"")
    return from_texts(before, after, files=True)


def _is_binary(change: FileChanged) -> bool:
    return any(b"\0" in (side or b"")[:_LOOKED_AT] for side in (change.before, change.after))


def shows_change(card: ToolCard) -> bool:
    """Whether the card is an edit whose lines are few enough to show without being asked."""
    if card.denied or not card.ok or (card.args is None and card.output is None):
        return False
    if card.asked:
        return False  # the panel that asks shows it
    if card.output is not None and "@@ -" in card.output[:2000]:
        return card.output.count("\n") <= _SHOWN_LINES
    if checklist(card.name, card.args):
        return not card.outdated
    if card.change is not None and _is_binary(card.change):
        return False
    texts = _texts(card)
    return texts is not None and sum(text.count("\n") for text in texts) <= _SHOWN_LINES


def outcome(card: ToolCard) -> Outcome:
    """How the call went."""
    if card.asked:
        return Outcome("waits for you", "warn")
    if items := checklist(card.name, card.args):
        return Outcome(tally(items), "mute")
    if card.denied:
        return Outcome(_one_line(card.decision), "warn")
    if card.output is None:
        return Outcome(card.decision, "mute")
    if card.question is not None and card.ok:
        return Outcome("", "mute")
    lines = [line for line in card.output[-4000:].splitlines() if line.strip()]
    if card.name in _RUNS and (status := _exit(card.output, lines)) is not None:
        return status
    if not card.ok:
        first = card.output[:400].strip().partition("\n")[0]
        return Outcome(_one_line(lines[-1] if card.name in _RUNS and lines else first), "bad")
    if card.name in _RUNS and lines and len(_one_line(lines[-1])) <= 60:
        return Outcome(_one_line(lines[-1]), "mute")
    count = card.output.rstrip("\n").count("\n") + 1 if card.output.strip() else 0
    return Outcome(f"{counted(count)} line{'s' * (count != 1)}" if count else "", "mute")


def _exit(output: str, lines: list[str]) -> Outcome | None:
    """The exit status that stands in a command's first or last line, and what it said last."""
    first = output[:_LONG].partition("\n")[0]
    for place, line in ((-1, lines[-1] if lines else ""), (0, first)):
        if found := _STATUS.search(line):
            rest = [one for one in lines if not _STATUS.search(one)]
            last = _one_line(rest[-1]) if rest and place == -1 else ""
            status = found[1]
            if status == "0":
                return Outcome(last[:60], "mute") if last else None
            return Outcome(f"exit {status}" + (f"  {last[:60]}" if last else ""), "bad")
    return None


def _one_line(text: str) -> str:
    """A line of outside text without the rules that programs draw around it."""
    return neutralise(text[:_LONG]).replace("\n", " ").replace("\t", " ").strip(" =-_*")
