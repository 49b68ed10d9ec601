"""What commands print: JSON for programs, neutralised text for people."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TextIO

    from tui.errors import OwnkeyError


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """One JSON value on one line, flushed; everything beyond ASCII is escaped by JSON alone."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True, separators=(", ", ": ")) + "\n")
    sys.stdout.flush()


def print_text(text: str) -> None:
    """A line for a person, neutralised."""
    write_text(text + "\n")


def print_row(text: str) -> None:
    """A row of a list: what is named in it cannot begin a row of its own."""
    print_text(text.translate(_ROW))


_ROW = {ord("\t"): "␉", ord("\n"): "␊"}


def write_text(text: str) -> None:
    """A piece of text for a person, neutralised, as it comes."""
    _show(sys.stdout, text)


def say(text: str) -> None:
    """A line beside the result, on standard error, neutralised."""
    _show(sys.stderr, text + "\n")


def _show(stream: TextIO, text: str) -> None:
    from tui.text import neutralise

    put(stream, neutralise(text))


def put(stream: TextIO, shown: str) -> None:
    """Write text that is neutralised; what the stream's encoding does not have is escaped."""
    try:
        stream.write(shown)
    except UnicodeEncodeError:
        coding = stream.encoding
        stream.write(shown.encode(coding, "backslashreplace").decode(coding))
    stream.flush()


def say_error(error: OwnkeyError) -> None:
    """An error and its next step, on standard error."""
    from tui.errors import headline

    say(f"ownkey: {headline(error.message)}" + (f"\n  {error.hint}" if error.hint else ""))
