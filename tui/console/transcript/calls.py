"""What a tool call says of itself in one line, for any tool: from its name, arguments, output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.console.transcript.blocks import ToolCard
from tui.console.transcript.checklist import checklist, tally
from tui.events.tool import FileChanged
from tui.session.call_words import RUNS, Outcome, did, one_line, result_words, subject
from tui.text import decode

if TYPE_CHECKING:
    from tui.console.transcript.diff import Change

_CHANGES = (
    ("old", "new"),
    ("old_string", "new_string"),
    ("old_text", "new_text"),
    ("old_str", "new_str"),
    ("search", "replace"),
)
_WRITES = frozenset(("write", "write_file", "create"))
_LOOKED_AT = 4_000
_SHOWN_LINES = 60


def verb(card: ToolCard) -> str:
    """What the call does, in a word; what is done already is said so."""
    done = card.output is not None and not card.denied
    if card.question is not None:
        return "ask" if card.asked else "asked"
    if checklist(card.name, card.args):
        return "todo"
    return did(card.name, done=done)


def doing(card: ToolCard) -> str:
    """The call while it runs: `running read tests/test_login.py`. Not neutralised."""
    name = "" if card.name in RUNS else f"{card.name} "
    return f"running {name}{subject(card.name, card.args)}".rstrip()


def language_of(card: ToolCard) -> str:
    """The ending of the file's name, by which its code is coloured."""
    path = str((card.args or {}).get("path") or (card.args or {}).get("file_path") or "")
    return path.rpartition(".")[2] if "." in path else ""


def change_of(card: ToolCard) -> Change | None:
    """What an edit takes out and puts in; None for any other call."""
    from tui.console.transcript.diff import from_texts, from_unified

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
    from tui.console.transcript.diff import from_texts

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
        return Outcome(one_line(card.decision), "warn")
    if card.output is None:
        return Outcome(card.decision, "mute")
    if card.question is not None and card.ok:
        return Outcome("", "mute")
    return result_words(card.name, card.output, ok=card.ok)
