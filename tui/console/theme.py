"""The palette of look/README.md as themes, and where the style sheets lie.

Colours stand here and nowhere else; sheets and widgets name the variables. Textual's own themes
can be picked too: our names are mapped from theirs, so payer colours exist in each.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.style import Style
    from textual.theme import Theme

NAMES = (
    "page", "panel", "raised", "line", "text", "soft", "mute", "faint", "focus", "focus-ground",
    "own-key", "endpoint", "cloud-account", "credits", "nobody", "good", "warn", "bad",
    "added", "added-ground", "removed", "removed-ground",
    "code-keyword", "code-name", "code-string", "code-comment",
)  # fmt: skip
"""The variables that sheets and widgets may use."""

_DARK = (
    "#0e1116", "#12161d", "#1a2029", "#252d39", "#d5dbe5", "#aab4c2", "#778293", "#465060",
    "#7aa2f7", "#1d2736", "#e3b341", "#3fb6a8", "#6ea8fe", "#b392f0", "#8fa3ad",
    "#7ec699", "#f0a35e", "#f47067", "#7ee2a8", "#10231b", "#f2a3a0", "#2a1618",
    "#c792ea", "#82aaff", "#a5d6a7", "#5c6773",
)  # fmt: skip
_LIGHT = (
    "#fbfbf9", "#f3f3ef", "#e9e9e3", "#d9d9d1", "#1d232b", "#3f4956", "#636d7a", "#a3aab3",
    "#2757c8", "#dfe7fa", "#8a6100", "#0b7468", "#1f5fc4", "#6a3fc0", "#51646e",
    "#2f7a4a", "#9a5200", "#b3261e", "#12633a", "#e2f4e8", "#8d1f1a", "#fbe6e4",
    "#7a3aa8", "#2456b8", "#2f7a4a", "#7d8590",
)  # fmt: skip

DARK, LIGHT = "ownkey-dark", "ownkey-light"
OURS = (DARK, LIGHT)


def themes() -> list[Theme]:
    """Our two themes."""
    return [_theme(DARK, _DARK, dark=True), _theme(LIGHT, _LIGHT, dark=False)]


def _theme(name: str, colours: tuple[str, ...], *, dark: bool) -> Theme:
    from textual.theme import Theme

    role = dict(zip(NAMES, colours, strict=True))
    return Theme(
        name=name,
        primary=role["focus"],
        secondary=role["credits"],
        warning=role["warn"],
        error=role["bad"],
        success=role["good"],
        accent=role["own-key"],
        foreground=role["text"],
        background=role["page"],
        surface=role["panel"],
        panel=role["panel"],
        dark=dark,
        variables=role
        | {
            "block-cursor-background": role["focus"],
            "input-cursor-background": role["text"],
            "input-cursor-foreground": role["page"],
            "input-selection-background": role["focus-ground"],
            "screen-selection-background": role["focus-ground"],
            "scrollbar": role["line"],
            "scrollbar-hover": role["faint"],
            "scrollbar-active": role["mute"],
            "scrollbar-background": role["page"],
            "scrollbar-background-hover": role["page"],
            "scrollbar-background-active": role["page"],
            "scrollbar-corner-color": role["page"],
        },
    )


def mapped(theirs: Mapping[str, str]) -> dict[str, str]:
    """Our variables out of another theme's own, for what our sheets ask."""
    from textual.color import Color

    ground, ink = Color.parse(theirs["background"]), Color.parse(theirs["foreground"])

    def blend(share: float) -> str:
        return ground.blend(ink, share).hex

    def tint(name: str) -> str:
        return ground.blend(Color.parse(theirs[name]), 0.18).hex

    return {
        "page": theirs["background"],
        "panel": blend(0.04),
        "raised": blend(0.09),
        "line": blend(0.18),
        "text": theirs["foreground"],
        "soft": blend(0.78),
        "mute": blend(0.58),
        "faint": blend(0.36),
        "focus": theirs["primary"],
        "focus-ground": tint("primary"),
        "own-key": theirs["warning"],
        "endpoint": theirs["success"],
        "cloud-account": theirs["primary"],
        "credits": theirs["secondary"],
        "nobody": blend(0.62),
        "good": theirs["success"],
        "warn": theirs["warning"],
        "bad": theirs["error"],
        "added": theirs["success"],
        "added-ground": tint("success"),
        "removed": theirs["error"],
        "removed-ground": tint("error"),
        "code-keyword": theirs["secondary"],
        "code-name": theirs["primary"],
        "code-string": theirs["success"],
        "code-comment": blend(0.45),
    }


def greys(variables: Mapping[str, str]) -> dict[str, str]:
    """The same variables without a hue, for `NO_COLOR`."""
    from textual.color import Color, ColorParseError

    def grey(value: str) -> str:
        try:
            return Color.parse(value).monochrome.hex
        except ColorParseError:
            return value  # no colour: `auto 87%`, a number, a style

    return {name: grey(value) for name, value in variables.items()}


def rich_style(words: str) -> Style:
    """The style of words like `bold $soft` in the running app's theme; they are parsed once."""
    from textual.style import Style as Words

    return Words.parse(words).rich_style


def sheet(name: str) -> Path:
    """A style sheet by name: inside the package when installed, beside it in a clone."""
    here = Path(__file__).resolve().parent.parent
    inside = here / "styles" / f"{name}.tcss"
    return inside if inside.exists() else here.parent / "styles" / f"{name}.tcss"
