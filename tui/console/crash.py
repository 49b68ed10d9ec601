"""What is said when the console itself fails: where, and how to go on; never what stood where."""

from __future__ import annotations

from tui.crash import places_of


def crash_words(error: BaseException | None, session: str | None) -> str:
    """One sentence, the next step, and the places for a report.

    Places alone: a message or a variable may hold a key.
    """
    while error is not None and isinstance(cause := getattr(error, "error", None), Exception):
        error = cause  # a worker's failure wraps the real one
    kind = "an unknown error" if error is None else type(error).__name__
    again = "ownkey" if session is None else f"ownkey --session {session}"
    lines = [
        f"ownkey: the console failed and was closed ({kind})",
        f"  Nothing that was shown is lost: `{again}` goes on.",
    ]
    if error is not None and (places := places_of(error)):
        lines.append(f"  For a report: {places}")
    return "\n".join(lines)
