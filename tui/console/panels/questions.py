"""The questions that can stand above the prompt, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tui.console.panels.answers import Choice
from tui.console.panels.approval import STOPS
from tui.console.panels.choices import Question
from tui.console.transcript.layout import outside_text
from tui.console.transcript.lines import Line, Span, styled
from tui.events.tool import PersonAsked
from tui.session.replies import Keys, LocalProgress
from tui.text import neutralise

METER = 24
MOST_NUMBERED = 9
"""Choices that a digit answers."""


def person_question(
    asked: PersonAsked, answer: Callable[[str], None], place: tuple[int, int] = (1, 1)
) -> Question:
    """What the model asks the person: choices by number, or words of their own."""
    return Question(
        subject=f"person {asked.call}",
        title="The agent asks" + (f"  {place[0]} of {place[1]}" if place[1] > 1 else ""),
        shown=lambda width: list(_asked(asked, width)),
        choices=tuple(
            Choice(neutralise(words, strict=True), "", _given(answer, words), str(number))
            for number, words in enumerate(asked.choices[:MOST_NUMBERED], start=1)
        ),
        keys=(("Enter", "sends your own words"), STOPS),
    )


def _asked(asked: PersonAsked, width: int) -> Iterator[Line]:
    yield from outside_text(asked.question.strip("\n"), width, "text", len(asked.question) + 1)
    for words in asked.choices[MOST_NUMBERED:]:
        yield Line((Span(f"or: {neutralise(words, strict=True)}", "soft"),))


def _given(answer: Callable[[str], None], words: str) -> Callable[[], None]:
    return lambda: answer(words)


def first_run_question(
    keys: Keys | None,
    fetching: LocalProgress | None,
    *,
    use: Callable[[str], None],
    paste: Callable[[], None],
    fetch: Callable[[], None],
) -> Question:
    """No model can be used yet: the ways to one (design.md §2, first run)."""
    found = [k for k in (keys.keys if keys else ()) if k.source == "environment" and not k.used]
    choices = [
        Choice(
            f"use {row.label} …{row.fingerprint}",
            "found in the environment, not used yet",
            _use(use, row.label),
        )
        for row in found
    ]
    choices.append(
        Choice("paste a key", "Anthropic, OpenAI or Google; right into the prompt, too", paste)
    )
    aside = small_model_words() if fetching is None else fetch_words(fetching)
    choices.append(Choice("a small model on this machine", aside, fetch))
    return Question(
        subject=f"first run {len(found)}",
        title="How do you want to begin?",
        body=styled("Nothing is billed to a key that you did not choose.", "mute"),
        choices=tuple(choices),
        keys=(("F2", "all models"), ("F1", "help")),
    )


def small_model_words() -> str:
    """What would be fetched, its size and licence said first."""
    from tui.localmodel.models import SMOLLM2

    size = round(SMOLLM2.wheel_bytes / 1_000_000)
    return f"{SMOLLM2.name}, {size} MB, {SMOLLM2.licence}, free; small talk only"


def fetch_words(progress: LocalProgress) -> str:
    """How far the small model is, as a meter and in words."""
    total = max(1, progress.total_bytes)
    share = min(1.0, progress.done_bytes / total)
    full = int(share * METER)
    done = f"{round(progress.done_bytes / 1_000_000)} of {round(total / 1_000_000)} MB"
    return f"{'━' * full}{'─' * (METER - full)} {int(share * 100):>3}%  {done}"


def _use(use: Callable[[str], None], variable: str) -> Callable[[], None]:
    return lambda: use(variable)
