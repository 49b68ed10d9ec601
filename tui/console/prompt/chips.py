"""What goes with the prompt, as chips above it: files that it names, long pastes."""

from __future__ import annotations

from typing import NamedTuple

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.console.prompt.attachments import Looked, shown, size_words
from tui.console.prompt.mentions import Mention
from tui.console.prompt.pasted import Pasted
from tui.text import truncate

_NAME_CELLS = 32
MOST_LINES = 2
Hint = tuple[str, str]


class Named(NamedTuple):
    """A file that the prompt names, and what became of it."""

    mention: Mention
    looked: Looked
    problem: str | None


class Chips(Static):
    """Shows chips; one of them may be chosen."""

    class Removed(Message):
        """A named file is to go: its name out of the prompt."""

        def __init__(self, mention: Mention) -> None:
            super().__init__()
            self.mention = mention

    class Opened(Message):
        """A long paste is to be seen and changed."""

        def __init__(self, pasted: Pasted) -> None:
            super().__init__()
            self.pasted = pasted

    class Changed(Message):
        """Another chip is chosen, or one has gone."""

    def __init__(self) -> None:
        super().__init__("", id="chips", markup=False)
        self.display = False
        self._named: list[Named] = []
        self._pasted: list[Pasted] = []
        self._problem: str | None = None
        self.at: int | None = None
        """Which is chosen; None: the cursor is in the text."""

    @property
    def pasted(self) -> tuple[Pasted, ...]:
        """The long pastes, in order."""
        return tuple(self._pasted)

    @property
    def named(self) -> tuple[Named, ...]:
        """The files that the prompt names."""
        return tuple(self._named)

    @property
    def names(self) -> bool:
        """Whether a file is shown that the prompt names."""
        return bool(self._named)

    def add(self, pasted: Pasted) -> None:
        """One more long paste."""
        self._pasted.append(pasted)
        self._draw()

    def set_pasted(self, pasted: tuple[Pasted, ...]) -> None:
        """These long pastes and no other."""
        self._pasted, self.at = list(pasted), None
        self._draw()

    def set_named(self, named: list[Named]) -> None:
        """The files that the prompt names."""
        if named != self._named:
            self._named, self.at = named, None
            self._draw()

    def warn(self, problem: str | None) -> None:
        """Why the pastes do not fit, or None."""
        if problem != self._problem:
            self._problem = problem
            self._draw()

    def take(self) -> tuple[Pasted, ...]:
        """The long pastes, which are not shown any more."""
        taken = self.pasted
        self._named = []
        self.set_pasted(())
        return taken

    def hints(self) -> list[Hint]:
        """The keys of the chip that is chosen."""
        if self.at is None:
            return []
        opens = [("Enter", "open")] if self.at >= len(self._named) else []
        return [("Backspace", "remove"), *opens, ("◂ ▸", "choose"), ("Esc", "back")]

    def key(self, key: str, *, first: bool) -> bool:
        """Take a key; `first`: the cursor is at the prompt's beginning. Whether it was taken."""
        count = len(self._named) + len(self._pasted)
        if self.at is None:
            if not (first and count and key in ("left", "backspace", "ctrl+h", "ctrl+b")):
                return False
            self._choose(count - 1)
            return True
        match key:
            case "left" | "ctrl+b":
                self._choose(max(0, self.at - 1))
            case "right" | "ctrl+f":
                self._choose(self.at + 1 if self.at + 1 < count else None)
            case "escape":
                self._choose(None)
            case "backspace" | "ctrl+h" | "delete" | "ctrl+d":
                self._remove(self.at)
            case "enter" if self.at >= len(self._named):
                pasted = self._pasted[self.at - len(self._named)]
                self._choose(None)
                self.post_message(self.Opened(pasted))
            case _:
                self._choose(None)
                return False
        return True

    def drop(self, pasted: Pasted) -> None:
        """Take a paste away: it was opened."""
        self._pasted = [one for one in self._pasted if one is not pasted]
        self._draw()

    def change(self, pasted: Pasted, to: Pasted) -> None:
        """Show another paste in its place."""
        self._pasted = [to if one is pasted else one for one in self._pasted]
        self._draw()

    def _choose(self, at: int | None) -> None:
        self.at = at
        self._draw()
        self.post_message(self.Changed())

    def _remove(self, at: int) -> None:
        if at < len(self._named):
            self.post_message(self.Removed(self._named.pop(at).mention))
        else:
            del self._pasted[at - len(self._named)]
        left = len(self._named) + len(self._pasted)
        self._choose(min(at, left - 1) if left else None)

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        chips = [_file_chip(one) for one in self._named]
        chips += [_paste_chip(one) for one in self._pasted]
        lines, room = [Content("")], (self.size.width or 80) - 8
        for number, (words, style) in enumerate(chips):
            chosen = number == self.at
            chip = Content.assemble(" ", *words, " ").stylize_before(
                "$text on $focus-ground" if chosen else f"{style} on $line"
            )
            if lines[-1] and lines[-1].cell_length + chip.cell_length > room:
                if len(lines) == MOST_LINES and not chosen:
                    lines[-1] += Content.assemble((f"+{len(chips) - number} more", "$mute"))
                    break
                lines.append(Content(""))
            lines[-1] += chip + " "
        if self._problem:
            lines.append(Content.assemble((self._problem, "$warn")))
        self.display = bool(chips or self._problem)
        self.update(Content("\n").join(lines[-MOST_LINES - 1 :]))


Words = tuple[list[str | tuple[str, str]], str]


def _file_chip(one: Named) -> Words:
    name = truncate(shown(one.looked.path), _NAME_CELLS)
    if one.looked.kind == "missing" and not one.mention.meant:
        return [f"@{name}", ("  no file: a word", "$mute")], "$mute"
    if problem := (one.problem or (None if one.looked.sent else one.looked.note)):
        return [name, f"  {truncate(problem, 60)}"], "$warn"
    kind = one.looked.media_type.rpartition("/")[2].upper() if one.looked.kind != "text" else ""
    if one.looked.kind == "folder":
        return [f"{name.rstrip('/')}/", ("  its names", "$mute")], "$soft"
    size = " ".join(word for word in (kind, size_words(one.looked.size)) if word)
    note = f"  {one.looked.note}" if one.looked.note else ""
    return [name, (f"  {size}", "$mute"), (note, "$warn")], "$soft"


def _paste_chip(one: Pasted) -> Words:
    return [one.name, (f"  {size_words(len(one.text))}", "$mute")], "$soft"
