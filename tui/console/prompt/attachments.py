"""What goes with a prompt beside its words: files that it names, and long pastes.

Looked at and read in threads, under the same border as the tools': what the person wrote whole is
granted, ownkey's own folders never are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import unquote

from tui.billing.counting import text_tokens
from tui.billing.file_tokens import picture_size
from tui.console.prompt.limits import refused
from tui.console.prompt.mentions import Mention
from tui.console.prompt.pasted import Pasted
from tui.errors import OwnkeyError
from tui.events.turn import Attachment
from tui.session.replies import ModelRow
from tui.text import neutralise, truncate

Kind = Literal["text", "image", "pdf", "folder", "missing", "refused"]

MOST_TEXT = 400_000
"""Bytes of one text file that are sent; the model's tools read the rest."""
MOST_NAMES = 500
MOST_BYTES = 64_000_000
"""Bytes of one picture or document that are read at all."""
_HEAD = 8_192
_NAMES_TOKENS = 200.0
"""Of a usual folder's names."""
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|pdf)$", re.IGNORECASE)


class Looked(NamedTuple):
    """What a mention stands for; `note` says why it is not sent, or what is special.

    `pixels`: a picture's width and height, where its head tells them. `tokens`: about how many a
    text has, as o200k counts them.
    """

    path: str
    kind: Kind
    size: int = 0
    media_type: str = "text/plain"
    note: str = ""
    pixels: tuple[int, int] | None = None
    tokens: float = 0.0

    @property
    def sent(self) -> bool:
        """Whether it can go."""
        return self.kind not in ("missing", "refused")


class Gathered(NamedTuple):
    """What was read for a prompt; `problem` is why the prompt is not sent as it stands."""

    files: tuple[Attachment, ...] = ()
    problem: str | None = None
    missing: bool = False


class Reader:
    """Looks at and reads what a prompt names, from one folder. Blocks: for threads."""

    def __init__(self, cwd: Path, environ: Mapping[str, str]) -> None:
        self._cwd = cwd
        self._environ = environ

    def look(self, mention: Mention) -> Looked:
        """What a mention stands for: the first of its spellings that is there."""
        looked = [self._look(path) for path in mention.paths]
        return next((one for one in looked if one.kind != "missing"), looked[-1])

    def gather(
        self,
        found: list[Mention],
        pasted: tuple[Pasted, ...],
        row: ModelRow | None,
        *,
        insists: bool = False,
    ) -> Gathered:
        """All that goes with a prompt, each file once.

        With `insists` a file that is not there is a word, however much it looks like one.
        """
        files: dict[str, Attachment] = {}
        for mention in found:
            one = self.look(mention)
            name = shown(one.path)
            if one.kind == "missing" and (insists or not mention.meant):
                continue  # `@someone`: a word
            problem = one.note if not one.sent else refused(one.media_type, one.size, row)
            if problem:
                missing = one.kind == "missing"
                return Gathered(problem=f"{name}: {problem}", missing=missing)
            try:
                files.setdefault(one.path, self._read(one))
            except (OSError, OwnkeyError) as error:
                return Gathered(problem=f"{name}: {_why(error)}")
        pastes = tuple(
            Attachment(name=one.name, media_type="text/plain", data=one.data()) for one in pasted
        )
        return Gathered((*files.values(), *pastes))

    def _absolute(self, path: str) -> Path:
        if path == "~" or path.startswith("~/"):
            home = self._environ.get("HOME") or os.path.expanduser("~")
            return Path(home, path[2:])
        return self._cwd / path

    def _look(self, path: str) -> Looked:
        from tui.protected import secret_reason
        from tui.tools.files import binary_kind

        try:
            with self._reached(path) as reached:
                if reached.is_folder:
                    return Looked(path, "folder", note="its names", tokens=_NAMES_TOKENS)
                size = reached.info.st_size
                with reached.open_file() as file:
                    head = file.read(_HEAD)
                secret = secret_reason(reached.real)
        except FileNotFoundError:
            return Looked(path, "missing", note="no such file")
        except (OSError, ValueError, OwnkeyError) as error:
            return Looked(path, "refused", note=_why(error))
        media_type = media_type_of(head)
        if media_type is not None:
            kind: Kind = "pdf" if media_type == "application/pdf" else "image"
            return Looked(path, kind, size, media_type, pixels=picture_size(head))
        if (binary := binary_kind(head)) is not None:
            return Looked(path, "refused", size, note=f"{binary}: not sent")
        note = f"may hold secrets: {secret}" if secret else ""
        seen = text_tokens(head.decode("utf-8", "ignore"), "openai") / max(len(head), 1)
        tokens = seen * min(size, MOST_TEXT)
        return Looked(path, "text", size, note=note or _cut_note(size), tokens=tokens)

    def _reached(self, path: str):  # noqa: ANN202 - a context manager of `Reached`
        from tui.tools.base import ToolContext
        from tui.tools.opening import reach

        at = self._absolute(path)
        granted = frozenset((at.resolve(),))  # the person has written it whole
        context = ToolContext(cwd=self._cwd.resolve(), environ=self._environ, granted=granted)
        return reach(at, context.border())

    def _read(self, one: Looked) -> Attachment:
        with self._reached(one.path) as reached:
            if one.kind == "folder":
                folder, _ = reached.open_folder()
                try:
                    data = _listing(folder)
                finally:
                    os.close(folder)
            else:
                with reached.open_file() as file:
                    data = file.read(MOST_TEXT if one.kind == "text" else MOST_BYTES)
        if one.kind == "text" and one.size > len(data):
            left = f"{len(data):,} of {one.size:,} bytes; `read` gives the rest"
            data = data.decode("utf-8", "ignore").encode() + f"\n[cut: {left}]".encode()
        return Attachment(name=shown(one.path), media_type=one.media_type, data=data)


def media_type_of(head: bytes) -> str | None:
    """A picture's or document's type by its first bytes; None of any other file."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def shown(path: str) -> str:
    """A path on a screen or in the log: nothing in it acts, and it ends somewhere."""
    return truncate(neutralise(path, strict=True), 200)


def pasted_picture(text: str, cwd: Path) -> str | None:
    """The path of a picture or document that a paste consists of, as terminals give a drop.

    Blocks shortly: one look whether it is there.
    """
    word = text.strip()
    if len(word) > 4_096 or "\n" in word:
        return None
    if word[:1] in ("'", '"') and word[-1:] == word[:1]:
        word = word[1:-1]
    elif word.startswith("file://"):
        word = unquote(word.removeprefix("file://").removeprefix("localhost"))
    else:
        word = re.sub(r"\\(.)", r"\1", word)
    if not _PICTURE.search(word):
        return None
    at = Path(word).expanduser() if word.startswith("~/") else cwd / word
    try:
        return word if at.is_file() else None
    except (OSError, ValueError):
        return None


def size_words(size: int) -> str:
    """`312 B`, `4.2 kB`, `1.3 MB`."""
    if size < 1_000:
        return f"{size} B"
    unit, scale = ("kB", 1_000) if size < 1_000_000 else ("MB", 1_000_000)
    number = size / scale
    return f"{number:.0f} {unit}" if number >= 10 else f"{number:.1f} {unit}"


def _cut_note(size: int) -> str:
    return f"its first {size_words(MOST_TEXT)}" if size > MOST_TEXT else ""


def _why(error: Exception) -> str:
    if isinstance(error, OwnkeyError):
        return error.message.rpartition("not opened: ")[2]
    return (error.strerror or "cannot be read") if isinstance(error, OSError) else str(error)


def _listing(folder: int) -> bytes:
    with os.scandir(folder) as entries:
        names = sorted(f"{one.name}/" if one.is_dir() else one.name for one in entries)
    lines = [shown(name) for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        lines.append(f"[{len(names) - MOST_NAMES:,} more]")
    return "\n".join(lines).encode("utf-8", "replace")
