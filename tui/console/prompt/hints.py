"""What stands below the prompt: the keys that do something now (pure)."""

from __future__ import annotations

from tui.session.projection import SessionState

Hint = tuple[str, str]
"""A key, and what it does."""


STARTS: list[Hint] = [("@", "file"), ("/", "command"), ("!", "shell")]
"""What begins something else than words."""

PICKING: list[Hint] = [
    ("Enter", "pick"), ("◂ ▸", "effort"), ("*", "favourite"), ("Esc", "back"), ("a…z", "filter"),
]  # fmt: skip


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
    if text.startswith("!") and text[1:].strip():
        return [("!", "runs on this machine, as you"), ("Enter", "run it")]
    if not driving:
        return [("Enter", "try to take over"), ("F2", "models"), ("F1", "help")]
    if state.activity == "waiting":
        return [("Enter", "try now"), ("F2", "another model"), ("Esc", "stop")]
    if state.working:
        if text.strip():
            return [("Enter", "steer"), ("Tab", "queue"), ("Esc", "stop")]
        queued = [("↑", "take back"), ("Ctrl+↑", "change")] if state.queued else []
        return [*STARTS, ("Esc", "stop"), *(queued or [("Enter", "steer"), ("Tab", "queue")])]
    first = ("Enter", "go on") if broken_off and not text.strip() else ("Enter", "send")
    return [first, *STARTS, ("F2", "models"), ("F1", "help")]
