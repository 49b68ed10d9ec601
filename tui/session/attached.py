"""Files that go with a prompt: what the model is given of them, and what the log keeps."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tui.events.turn import Attachment
from tui.providers.base import FileBlock, TextBlock


def is_text(file: Attachment) -> bool:
    """Whether the model reads it as words, and not as a picture or a document."""
    return file.media_type.startswith("text/")


def block_of(file: Attachment) -> TextBlock | FileBlock:
    """What a request carries of it: text between marks with its name, or the bytes."""
    if not is_text(file):
        return FileBlock(name=file.name, media_type=file.media_type, data=file.data)
    name = file.name.replace("\n", " ").replace('"', "'")
    text = file.data.decode("utf-8", "replace")
    return TextBlock(text=f'<attached name="{name}">\n{text}\n</attached>')


def scrubbed(files: tuple[Attachment, ...], scrub: Callable[[str], str]) -> tuple[Attachment, ...]:
    """The same without a stored key in what is text; pictures and documents stay as they are."""

    def clean(file: Attachment) -> Attachment:
        name, text = scrub(file.name), file.data.decode("utf-8", "surrogateescape")
        masked = scrub(text) if is_text(file) else text
        if (name, masked) == (file.name, text):
            return file
        data = file.data if masked == text else masked.encode("utf-8", "surrogateescape")
        return msgspec.structs.replace(file, name=name, data=data)

    return tuple(clean(file) for file in files)
