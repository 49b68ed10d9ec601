"""What is typed and not sent yet, written down so that no crash takes it.

One private file a session. It is written off the loop, never with a key in it that is recognised,
and goes when the prompt is sent.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from tui.paths import write_private

MOST_CHARACTERS = 1_000_000
"""Longer pastes are not written down."""
MOST_FILES = 200
OLD_S = 30 * 24 * 3600.0
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A draft as it lies on the disk.

    Args:
        pasted: The long pastes beside the text.
        cwd: The session's folder.
        fresh: Nothing was said in the session yet: a console that begins anew there takes it up.
        pid: The console's that wrote it.
    """

    text: str
    cursor: tuple[int, int] = (0, 0)
    pasted: tuple[str, ...] = ()
    cwd: str = ""
    fresh: bool = False
    pid: int = 0


class Drafts:
    """The drafts of one person. Every method blocks: for threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, session: str, draft: Written | None) -> None:
        """Keep a draft in the place of the one before; None, or one with a key: none at all.

        A disk that is full keeps nobody from typing.
        """
        file = self._file(session)
        if file is None:
            return
        with suppress(OSError):
            if draft is None or _holds_key(draft):
                file.unlink(missing_ok=True)
            else:
                write_private(file, msgspec.json.encode(_bounded(draft)))

    def read(self, session: str) -> Written | None:
        """A session's draft."""
        file = self._file(session)
        return None if file is None else _read(file)

    def adopt(self, cwd: str) -> Written | None:
        """The latest draft of a session in this folder in which nothing was said yet, and whose
        console is gone; it is nobody's then.
        """
        files: list[tuple[float, Path]] = []
        with suppress(OSError):
            for file in self._folder.glob("*.json"):
                with suppress(OSError):
                    files.append((file.stat().st_mtime, file))
        files.sort(reverse=True)
        for number, (at, file) in enumerate(files):
            if number >= MOST_FILES or at < time.time() - OLD_S:
                with suppress(OSError):
                    file.unlink()
                continue
            draft = _read(file)
            if draft is not None and draft.fresh and draft.cwd == cwd and not _lives(draft.pid):
                with suppress(OSError):
                    file.unlink()
                    return draft
        return None

    def _file(self, session: str) -> Path | None:
        return self._folder / f"{session}.json" if _ID.fullmatch(session) else None


def _read(file: Path) -> Written | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Written)
    except (OSError, msgspec.DecodeError):
        return None


def _lives(pid: int) -> bool:
    if pid <= 0 or pid == os.getpid():
        return pid > 0
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _holds_key(draft: Written) -> bool:
    from tui.keys.paste import contains_key, recognise

    short = draft.text if len(draft.text) < 70_000 else ""
    return recognise(short) is not None or any(
        contains_key(text) for text in (draft.text, *_bounded(draft).pasted)
    )


def _bounded(draft: Written) -> Written:
    def clean(text: str) -> str:
        return text.encode("utf-8", "replace").decode("utf-8")

    kept = tuple(clean(one) for one in draft.pasted if len(one) <= MOST_CHARACTERS)
    return msgspec.structs.replace(draft, text=clean(draft.text), pasted=kept)
