"""`ownkey neutralise`: standard input as the console would show it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import cast

from tui.cli.output import print_json
from tui.text import decode, neutralise


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--batch", action="store_true", help="JSON lines {payload} in, {text} out, in order"
    )


def run(args: argparse.Namespace) -> int:
    """Neutralise bytes to bytes, or JSON lines to JSON lines; always exit status 0."""
    if args.batch:
        for line in sys.stdin.buffer:
            print_json(_answer(line))
        return 0
    shown = neutralise(decode(sys.stdin.buffer.read()))
    # UTF-8 whatever the locale: what is shown holds no surrogate, so it can always be encoded.
    sys.stdout.buffer.write(shown.encode("utf-8"))
    sys.stdout.buffer.flush()
    return 0


def _answer(line: bytes) -> dict[str, str | None]:
    try:
        value: object = json.loads(decode(line))
    except (ValueError, RecursionError):
        return {"text": None, "error": "the line is no JSON"}
    payload = cast("dict[str, object]", value).get("payload") if isinstance(value, dict) else None
    if not isinstance(payload, str):
        return {"text": None, "error": "the line is no object with a text as payload"}
    return {"text": neutralise(payload)}
