"""What stands below the prompt: the keys that do something now (pure)."""

from __future__ import annotations

from tui.console.commands import matching
from tui.session.projection import SessionState

Hint = tuple[str, str]
"""A key, and what it does."""


PICKING: list[Hint] = [("Enter", "pick"), ("◂ ▸", "effort"), ("Esc", "back"), ("a…z", "filter")]


def hints(
    state: SessionState,
    text: str,
    *,
    broken_off: bool,
    driving: bool,
    asked: list[Hint],
    picking: bool,
) -> list[Hint]:
    """The keys that act on what is so now, the most wanted first.

    Args:
        state: The session.
        text: What stands in the prompt.
        broken_off: Whether the last turn can be gone on with.
        driving: Whether this console may send.
        asked: What a panel waits for.
        picking: Whether the list of models has the focus.
    """
    if picking:
        return PICKING
    if asked:
        return asked
    if listed := matching(text):
        if len(listed) == 1:
            return [(f"/{listed[0].name}", listed[0].help), ("Enter", "does it")]
        names = "  ".join(f"/{command.name}" for command in listed)
        return [(names, ""), ("Tab", "completes")]
    if not driving:
        return [("Enter", "try to take over"), ("F2", "models"), ("F1", "help")]
    if state.activity == "waiting":
        return [("Enter", "try now"), ("F2", "another model"), ("Esc", "stop")]
    if state.working:
        stop = [("Esc", "stop"), ("Enter", "queue")]
        return [*stop, ("↑", "take back")] if state.queued and not text else stop
    first = ("Enter", "go on") if broken_off and not text.strip() else ("Enter", "send")
    return [first, ("/", "command"), ("F2", "models"), ("F1", "help")]
