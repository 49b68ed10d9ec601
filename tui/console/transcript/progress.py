"""What happens to a tool call between its call and its result: pure changes of its card."""

from __future__ import annotations

import datetime as dt

from tui.console.transcript.blocks import BlockId, ToolCard
from tui.events.tool import (
    ApprovalDecided,
    FileChanged,
    PersonAnswered,
    PersonAsked,
    ShellRun,
    ToolReturned,
    ToolStreamed,
)
from tui.session.words import decided, granted

TAIL_CHARACTERS = 4_000
"""So much of a running call's output is kept: what it gives for ever costs no more than that."""
_LARGEST_FILE = 200_000


def own(id: BlockId, event: ShellRun, at: dt.datetime) -> ToolCard:
    """The card of a command that the person runs."""
    args = {"command": event.command}
    return ToolCard(
        id=id, call=event.call, name="shell", args=args, raw=None, started=at, decision="yours"
    )


def decide(card: ToolCard, event: ApprovalDecided, at: dt.datetime) -> None:
    """A yes or no."""
    card.asked, card.decision = False, decided(event.decision, event.by, event.rule)
    card.denied = event.decision == "deny"
    card.started = None if card.denied else at
    card.said, card.granted = event.said or "", granted(event)
    if event.args is not None:
        card.args, card.raw = event.args, None


def ask(card: ToolCard, event: PersonAsked) -> None:
    """The model asks the person: the card waits for the answer."""
    card.asked, card.question = True, event.question


def answer(card: ToolCard, event: PersonAnswered) -> None:
    """The person's answer."""
    card.asked, card.said = False, event.answer


def stream(card: ToolCard, event: ToolStreamed) -> None:
    """Output while it runs."""
    card.tail = (card.tail + event.delta[-TAIL_CHARACTERS:])[-TAIL_CHARACTERS:]
    card.streamed += len(event.delta)
    card.lines += event.delta.count("\n")


def change(card: ToolCard, event: FileChanged) -> None:
    """What the call does to a file; of several files, or a large one, its own words say it."""
    size = len(event.before or b"") + len(event.after or b"")
    card.files += 1
    card.change = event if card.files == 1 and event.kept and size <= _LARGEST_FILE else None


def end(card: ToolCard, event: ToolReturned) -> None:
    """Its result; what it gave while it ran is part of that."""
    card.output, card.ok, card.truncated = event.output, event.ok, event.truncated
    card.seconds, card.asked = event.seconds, False
    card.tail = ""
