"""May this call run? What it would do, whole, and the answers (pure but for what they do)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from tui.console.panels.answers import Choice
from tui.console.panels.choices import Question
from tui.console.panels.exact import exact_lines, is_plain
from tui.console.transcript.diff import from_unified, lay_out
from tui.console.transcript.lines import Line, Span
from tui.events.tool import ApprovalAsked
from tui.text import neutralise, truncate

STOPS = ("Esc", "stops the turn")

Scope = Literal["once", "session", "always"]

_TITLES = {
    "shell": "Run this command?",
    "bash": "Run this command?",
    "edit": "Change this file?",
    "write": "Write this file?",
    "fetch": "Fetch this address?",
}
_LONGEST_NAME = 40
_QUICK = 20_000
"""Characters that are laid out within a few frames."""
_LONGEST_REASON = 400
"""A longer reason is read with what it is about, where nothing is cut."""


class Answers(msgspec.Struct, frozen=True):
    """What the answers do.

    Args:
        allow: Lets the call run, for so long.
        deny: Refuses it.
        say_why: Asks for the words of a refusal.
        edit: Asks for another command; None: it cannot be edited here.
    """

    allow: Callable[[Scope], None]
    deny: Callable[[], None]
    say_why: Callable[[], None]
    edit: Callable[[], None] | None = None


def approval_question(
    asked: ApprovalAsked, folder: str, answers: Answers, place: tuple[int, int] = (1, 1)
) -> Question:
    """The panel for a call that waits; `folder` is neutral, `place` which of how many calls."""
    name = neutralise(asked.name, strict=True)
    title = (
        _TITLES.get(asked.name)
        or _of_server(asked)
        or f"Let the agent {truncate(name, _LONGEST_NAME)} this?"
    )
    if place[1] > 1:
        title = f"{title}  {place[0]} of {place[1]}"
    sandbox = neutralise(asked.sandbox, strict=True)
    return Question(
        subject=f"approval {asked.call}",
        title=title,
        aside=f"in {folder}" + (f", {sandbox}" if sandbox else ""),
        shown=lambda width: list(_shown(asked, width)),
        body=tuple(_reason(asked)) if len(asked.why) <= _LONGEST_REASON else (),
        choices=tuple(_choices(asked, answers)),
        beside=True,
        keys=(STOPS,),
        whole=True,
        heavy=len(asked.what) + len(asked.why) + len(asked.diff or "") > _QUICK,
    )


def _of_server(asked: ApprovalAsked) -> str:
    """The title for a tool of an MCP server, whose name tells nothing of what it does."""
    return "Call this tool of a server?" if "__" in asked.name else ""


def _choices(asked: ApprovalAsked, answers: Answers) -> Iterator[Choice]:
    yield Choice("once", "", lambda: answers.allow("once"), "1", late=True)
    yield Choice("this session", "", lambda: answers.allow("session"), "2", late=True)
    if asked.rule is not None:
        rule = neutralise(asked.rule, strict=True)
        yield Choice("always here", "", lambda: answers.allow("always"), "3", rule, late=True)
    yield Choice("no", "", answers.deny, "4")
    yield Choice("no and why", "", answers.say_why, "5")
    if answers.edit is not None:
        yield Choice("edit", "", answers.edit, "6", late=True)


def editable(asked: ApprovalAsked, args: dict[str, object] | None) -> str | None:
    """The command that a person can change before it runs; None where there is none.

    One with characters that cannot be shown as they are is refused or run, never edited: what
    would stand in the prompt were another command.
    """
    command = (args or {}).get("command")
    if not isinstance(command, str) or command not in asked.what or not is_plain(command):
        return None
    return command


def _shown(asked: ApprovalAsked, width: int) -> Iterator[Line]:
    yield from exact_lines(asked.what, asked.marks, width, ground="page")
    if asked.diff is not None:
        yield from _diff(asked.diff, width)
    if len(asked.why) > _LONGEST_REASON:
        yield Line()
        yield from exact_lines(f"asks because {asked.why}", (), width)


def _diff(diff: str, width: int) -> Sequence[Line]:
    change = from_unified(diff, whole=True)
    if change is None:
        return exact_lines(diff, (), width, ground="page")
    return [_on_page(line) for line in lay_out(change, width, lambda _: None, whole=True)]


def _on_page(line: Line) -> Line:
    """The same on the page's ground, its own grounds kept."""
    spans: list[Span] = []
    at = 0
    for span in line.spans:
        ground = line.fill if line.fill and at >= line.inset else "page"
        spans.append(span._replace(style=f"{ground} {span.style}"))
        at += len(span.text)
    return line._replace(spans=tuple(spans), fill=line.fill or "page", inset=0)


def _reason(asked: ApprovalAsked) -> Iterator[Span]:
    """Why it asks, with the marked pieces of the command standing out in it, too."""
    why = neutralise(asked.why.replace("\n", " "), strict=True)
    pieces = {neutralise(asked.what[low:high].strip(), strict=True) for low, high in asked.marks}
    yield Span("asks because ", "mute")
    found = max((piece for piece in pieces if piece and piece in why), key=len, default="")
    before, _, after = why.partition(found) if found else (why, "", "")
    for text, style in ((before, "mute"), (found, "warn"), (after, "mute")):
        if text:
            yield Span(text, style)
