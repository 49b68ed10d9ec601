"""What may stand in front of a command and changes nothing of what it may do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.permissions.commands.table import BUILTINS, TELLS, VERSIONS
from tui.permissions.shell_words import Word

_SETTING = re.compile(
    r"(?:LC_[A-Z]+|LANG|LANGUAGE)=(?:C|POSIX|C\.UTF-8|C\.utf8|en_US\.UTF-8|en)|TZ=UTC0?"
    r"|NO_COLOR=1|FORCE_COLOR=0|CLICOLOR=0|TERM=dumb|COLUMNS=[0-9]{1,4}"
    r"|(?:GIT_)?PAGER=cat|GIT_OPTIONAL_LOCKS=0|GIT_TERMINAL_PROMPT=0"
)


def unset(words: Sequence[Word]) -> Sequence[Word]:
    """A command without variables that bear on its wording only, with values that are known.

    Alone, an assignment stays in the shell: it is left as it is.
    """
    at = 0
    while at < len(words) and _SETTING.fullmatch(words[at].raw):
        at += 1
    return words[at:] if at < len(words) else words


def tells(name: str, args: Sequence[str | None]) -> bool:
    """Whether a program that is known only tells of itself with these arguments."""
    if len(args) != 1 or name in BUILTINS:
        return False
    if args[0] == "--version":
        return name in VERSIONS
    return args[0] == "--help" or args[0] in TELLS.get(name, ())
