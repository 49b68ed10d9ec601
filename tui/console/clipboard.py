"""The clipboard: by what programs this machine has, and by the terminal itself (OSC 52).

Nothing tells whether a terminal takes OSC 52, so what is said of it is no more than what is known.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tui import process

MOST_OSC = 750_000
"""Characters beyond which nothing is sent to the terminal: it would be busy for seconds."""
USUAL_OSC = 74_000
"""Bytes that every terminal takes that takes any."""
_PATIENCE_S = 3.0
_TAKE_IT = ("kitty", "alacritty", "foot", "ghostty", "wezterm", "contour", "rio")
_TAKE_IT_NAMED = ("iTerm.app", "WezTerm", "vscode", "ghostty", "rio", "mintty", "Tabby", "Hyper")
_TAKE_NONE = ("linux", "dumb", "vt100", "vt220")


class Way(NamedTuple):
    """A program that puts its standard input into the clipboard."""

    name: str
    argv: tuple[str, ...]
    variables: tuple[str, ...] = ()


_WAYS = (
    ("", Way("pbcopy", ("pbcopy",))),
    ("WAYLAND_DISPLAY", Way("wl-copy", ("wl-copy",))),
    ("DISPLAY", Way("xclip", ("xclip", "-selection", "clipboard"), ("XAUTHORITY",))),
    ("DISPLAY", Way("xsel", ("xsel", "--clipboard", "--input"), ("XAUTHORITY",))),
    ("WSL_DISTRO_NAME", Way("clip.exe", ("clip.exe",))),
    ("TMUX", Way("tmux", ("tmux", "load-buffer", "-w", "-"), ("TMUX",))),
)
"""Ways, each with the variable that says that it may work; the first is that of macOS."""


def ways(environ: Mapping[str, str], folder: Path) -> list[Way]:
    """The programs that may reach a clipboard here, the likeliest first; none from the folder."""
    found: list[Way] = []
    for variable, way in _WAYS:
        if variable in environ or (not variable and sys.platform == "darwin"):
            program = process.find_program(way.argv[0], environ, outside=folder)
            if program is not None:
                found.append(way._replace(argv=(str(program), *way.argv[1:])))
    return found


def give(text: str, environ: Mapping[str, str], folder: Path) -> list[str]:
    """Put a text into the clipboard by programs; blocks for up to seconds.

    Returns:
        The names of those that took it: a desktop's own, and tmux's beside it.
    """
    took: list[str] = []
    for way in ways(environ, folder):
        desktop_has_it = any(name != "tmux" for name in took)
        if (not desktop_has_it or way.name == "tmux") and _run(way, text, environ):
            took.append(way.name)
    return took


def _run(way: Way, text: str, environ: Mapping[str, str]) -> bool:
    """Whether a program took it; one that stays behind, as a clipboard's owner does, goes on."""
    extra = {name: environ[name] for name in way.variables if name in environ}
    data = text.encode("utf-16" if way.name == "clip.exe" else "utf-8", "replace")
    try:
        child = process.start(way.argv, environ=environ, extra=extra, stdin=process.PIPE)
    except OSError:
        return False
    try:
        child.communicate(data, timeout=_PATIENCE_S)
    except process.TimeoutExpired:
        process.end(child, 0)
    except OSError:
        child.wait()
    return child.returncode == 0


def terminal_takes(environ: Mapping[str, str]) -> bool | None:
    """Whether the terminal is known to take OSC 52, or to take none; None where nobody knows."""
    term = environ.get("TERM", "").lower()
    program = environ.get("TERM_PROGRAM", "")
    if term.startswith(_TAKE_NONE) or program == "Apple_Terminal":
        return False
    if environ.get("VTE_VERSION") and "TMUX" not in environ:
        return False
    if program in _TAKE_IT_NAMED or "KITTY_WINDOW_ID" in environ or "WT_SESSION" in environ:
        return True
    return True if any(name in term for name in _TAKE_IT) else None


def said(what: str, size: str, length: int, took: list[str], takes: bool | None) -> str:
    """What was done, and what to do where it is not known to have worked.

    Args:
        what: What was copied, as it stands in a sentence.
        size: How long it is, in words.
        length: Its characters.
        took: Programs that took it.
        takes: Whether the terminal takes OSC 52.
    """
    if took:
        return f"Copied {what}: {size} ({' and '.join(took)})."
    if takes is False:
        return (
            f"Not copied: neither this terminal nor a program here is known to have a clipboard. "
            f"Install wl-copy or xclip, or see {what} with /pager."
        )
    if length > MOST_OSC:
        return f"Not copied: {size} are too much for a terminal's clipboard. /pager shows {what}."
    if takes and length <= USUAL_OSC:
        return f"Copied {what}: {size}, by the terminal (OSC 52)."
    why = "which may be too long for it" if takes else "which may not take it"
    return f"Gave {what} to the terminal (OSC 52), {why}: {size}. If nothing came: wl-copy, xclip."
