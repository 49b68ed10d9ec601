"""The questions that can stand above the prompt, in words."""

from __future__ import annotations

from collections.abc import Callable

from tui.console.panels.choices import Choice, ChoicePanel
from tui.events.tool import ApprovalAsked
from tui.session.commands import Keys, LocalProgress
from tui.text import neutralise


def approval_question(
    panel: ChoicePanel, asked: ApprovalAsked, answer: Callable[[bool], None]
) -> None:
    """May this call run?"""
    what = neutralise(asked.what, strict=False)
    panel.ask(
        f"approval {asked.call}",
        f"Let the agent {neutralise(asked.name, strict=True)} this?",
        f"{what}\nasks because {neutralise(asked.why)}",
        (
            Choice("once", "", lambda: answer(True)),
            Choice("no", "the agent is told and goes on", lambda: answer(False)),
        ),
    )


def first_run_question(
    panel: ChoicePanel,
    keys: Keys | None,
    fetching: LocalProgress | None,
    *,
    use: Callable[[str], None],
    paste: Callable[[], None],
    fetch: Callable[[], None],
) -> None:
    """No model can be used yet: three ways to one (design.md §2, first run)."""
    found = [k for k in (keys.keys if keys else ()) if k.source == "environment" and not k.used]
    choices = [
        Choice(
            f"use {row.id} …{row.fingerprint}",
            "found in the environment, not used yet",
            _use(use, row.id),
        )
        for row in found
    ]
    choices.append(
        Choice("paste a key", "Anthropic, OpenAI or Google; or paste it right here", paste)
    )
    aside = "SmolLM2 135M, 98 MB, Apache-2.0, free; small talk only"
    if fetching is not None:
        total = max(1, fetching.total_bytes)
        aside = f"fetching: {fetching.done_bytes * 100 // total}% of {total // 1_000_000} MB"
    choices.append(Choice("a small model on this machine", aside, fetch))
    panel.ask(
        f"first run {len(found)}",
        "No model yet: choose how to begin.",
        "",
        tuple(choices),
    )


def _use(use: Callable[[str], None], variable: str) -> Callable[[], None]:
    return lambda: use(variable)
