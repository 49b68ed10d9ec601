"""Whether a key has leaked into a file or an output, in any of the forms of reliability.md §6.

Written apart from `tui.keys.forms`, so that a form forgotten there is found here. A run of `RUN`
characters of the key's body counts as the key.
"""

from __future__ import annotations

import base64
import functools
import secrets
from pathlib import Path

RUN = 12
PIECE = 6
FORMS = (
    "plain", "upper", "reversed", "base64", "base64url", "hex", "HEX", "percent", "json",
    "python", "octal", "html", "utf-16-le", "utf-16-be",
)  # fmt: skip


def made_up_key(prefix: str = "sk-ant-api03-") -> str:
    """A key of high entropy that opens nothing."""
    return prefix + secrets.token_urlsafe(70)


def body_of(key: str) -> str:
    """What of a key is secret: the part behind the prefix that every key of its maker has."""
    for prefix in ("sk-ant-api03-", "sk-proj-", "AIzaSy"):
        if key.startswith(prefix):
            return key.removeprefix(prefix)
    return key


def encoded(text: str, form: str, *, offset: int = 0) -> str:
    """The text in one of `FORMS`; `offset` other bytes stand in front of base64."""
    raw = text.encode()
    match form:
        case "plain":
            return text
        case "upper":
            return text.upper()
        case "reversed":
            return text[::-1]
        case "base64":
            return base64.b64encode(b"x" * offset + raw).decode()
        case "base64url":
            return base64.urlsafe_b64encode(b"x" * offset + raw).decode()
        case "hex":
            return raw.hex()
        case "HEX":
            return raw.hex().upper()
        case "percent":
            return "".join(f"%{byte:02X}" for byte in raw)
        case "json":
            return "".join(f"\\u{ord(char):04x}" for char in text)
        case "python":
            return "".join(f"\\x{byte:02x}" for byte in raw)
        case "octal":
            return "".join(f"\\{byte:03o}" for byte in raw)
        case "html":
            return "".join(f"&#{byte};" for byte in raw)
        case "utf-16-le" | "utf-16-be":
            return text.encode(form).decode("latin-1")
        case _:
            raise ValueError(form)


@functools.cache
def _needles(key: str, length: int, step: int) -> dict[str, tuple[bytes, ...]]:
    """Every `step`th run of so many characters of the body, in each form."""
    body = body_of(key)
    runs = [body[at : at + length] for at in range(0, len(body) - length + 1, step)]
    needles: dict[str, tuple[bytes, ...]] = {}
    for form in FORMS:
        if form.startswith("base64"):
            # Without the characters at both ends that neighbours of the run take part in.
            found = [
                encoded(run, form, offset=offset)[
                    offset + (offset > 0) : 4 * (offset + length) // 3
                ]
                for run in runs
                for offset in range(3)
            ]
        elif form.startswith("utf-16"):
            found = ["\x00".join(run) for run in runs]
        else:
            found = [encoded(run, form) for run in runs]
        needles[form] = tuple(one.encode("latin-1") for one in found)
    return needles


def leaks(data: bytes | str, key: str) -> list[str]:
    """The forms in which a run of the key stands in the data."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    # A run of RUN characters holds one of these pieces: most data has none, and is done.
    pieces = _needles(key, PIECE, RUN - PIECE + 1)
    maybe = [form for form in FORMS if any(one in data for one in pieces[form])]
    return [form for form in maybe if any(one in data for one in _needles(key, RUN, 1)[form])]


def leaks_under(folder: Path, key: str) -> list[str]:
    """`FILE: FORM` for every leak in a file's name or content under the folder."""
    found = []
    for path in folder.rglob("*"):
        data = str(path).encode() + b"\n" + (path.read_bytes() if path.is_file() else b"")
        found.extend(f"{path.name}: {form}" for form in leaks(data, key))
    return found
