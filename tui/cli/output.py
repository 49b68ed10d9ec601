"""What commands print: JSON for programs, neutralised text for people."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.errors import OwnkeyError


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """One JSON value on one line, flushed; everything beyond ASCII is escaped by JSON alone."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True, separators=(", ", ": ")) + "\n")
    sys.stdout.flush()


def print_text(text: str) -> None:
    """A line for a person, neutralised."""
    from tui.text import neutralise

    sys.stdout.write(neutralise(text) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A line beside the result, on standard error, neutralised."""
    from tui.text import neutralise

    sys.stderr.write(neutralise(text) + "\n")
    sys.stderr.flush()


def say_error(error: OwnkeyError) -> None:
    """An error and its next step, on standard error."""
    from tui.errors import headline

    say(f"ownkey: {headline(error.message)}" + (f"\n  {error.hint}" if error.hint else ""))
