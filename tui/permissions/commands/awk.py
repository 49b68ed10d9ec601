"""Which awk programs only print."""

from __future__ import annotations

import re

_REACHES = re.compile(
    r"system|getline|ENVIRON|PROCINFO|ARGV|ARGC|SYMTAB|FUNCTAB|FILENAME\s*=|@|close|fflush|\\\n"
)


def awk_program(text: str) -> bool:
    """Whether a program can neither run, write, nor read anything but its operands.

    Works on the characters, strings and comments too, so that no misread quote hides anything:
    output goes elsewhere only by `>` behind a `print`, and by `|`.
    """
    if _REACHES.search(text) or "|" in text.replace("||", ""):
        return False
    printed = text.find("print")
    return printed < 0 or ">" not in text[printed:]
