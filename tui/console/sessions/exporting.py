"""A session into a file that the person names: the form follows from the name's end."""

from __future__ import annotations

import os
from pathlib import Path

from tui.errors import OwnkeyError, StoreError, UsageError
from tui.events.base import SessionId

FORMS = {".md": "markdown", ".markdown": "markdown", ".json": "json", ".html": "html"}
NAME_LENGTH = 48


class FileThere(OwnkeyError):
    """There is a file of this name already."""


def suggested_name(title: str) -> str:
    """A file's name out of a title: letters and digits, and hyphens between."""
    letters = "".join(one if one.isalnum() else " " for one in title.lower())
    words = "-".join(letters.split())[:NAME_LENGTH].strip("-")
    return f"{words or 'session'}.md"


def form_of(path: Path) -> str:
    """The form that a name's end says.

    Raises:
        UsageError: it says none.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise UsageError("the name does not say the form", hint="End it in .md, .json or .html.")
    return form


def export_to(store_file: Path, session: SessionId, path: Path, *, replace: bool) -> None:
    """Write a session for this user alone. Blocks: call it in a thread.

    Args:
        store_file: Where the sessions lie.
        session: The session.
        path: Where to.
        replace: Whether a file of this name may be written over.

    Raises:
        FileThere: there is one, and it may not.
        UsageError: the name does not say the form, or the session is empty.
        StoreError: it cannot be read, or the file cannot be written.
    """
    from tui.store.export import export_session
    from tui.store.log import Store

    form = form_of(path)
    if not replace and os.path.lexists(path):
        raise FileThere("there is a file of this name", hint="Enter again writes over it.")
    store = Store(store_file)
    try:
        text = export_session(store.read(session), form)
    finally:
        store.close()
    write_export(path, text, replace=replace)


def write_export(path: Path, text: str, *, replace: bool) -> None:
    """Write a file for this user alone. Blocks.

    Raises:
        FileThere: there is one of this name, and it may not be replaced.
        StoreError: it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    flags |= os.O_TRUNC if replace else os.O_EXCL
    try:
        descriptor = os.open(path, flags, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except FileExistsError as error:
        raise FileThere(
            "there is a file of this name", hint="Enter again writes over it."
        ) from error
    except OSError as error:
        raise StoreError(f"not written: {error.strerror}", hint="Name another place.") from error
