"""The console's side of reading: find, copy, and open elsewhere what stands in the transcript."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType

from tui.console.prompt.hints import Hint
from tui.console.recalling import Recalling
from tui.console.sessions.view import SessionView
from tui.console.transcript.pieces import Piece, wanted
from tui.errors import OwnkeyError

if TYPE_CHECKING:
    from pathlib import Path

    from tui.console.transcript.finder import FindingCanvas
    from tui.console.transcript.findline import FindInput, FindLine
    from tui.console.transcript.walking import WalkingCanvas

Result = TypeVar("Result")

_WALKING: list[Hint] = [
    ("↑ ↓", "messages"), ("◂ ▸", "code"), ("y", "copy"), ("c", "copy code"),
    ("e", "editor"), ("v", "pager"), ("Enter", "fold"), ("Esc", "back"),
]  # fmt: skip


class Reading(Recalling[Result], inherit_bindings=False):
    """The part of the console that reads."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *Recalling.BINDINGS,
        Binding("f8", "find", "Find", show=False),
        Binding("f9", "walk", "Walk through the messages", show=False),
    ]

    environ: Mapping[str, str]
    find_line: FindLine | None = None

    # Find.

    async def action_find(self) -> None:
        """F8: the line to look for words in the conversation; there when this ends."""
        await self._open_find(None)

    def action_find_words(self, words: str) -> None:
        """`/find words`."""
        self.run_worker(self._open_find(words), group="find line", exclusive=True)

    async def _open_find(self, words: str | None) -> None:
        if len(self.screen_stack) > 1:
            return
        if not self.transcript.model.blocks:
            self.flash("Nothing stands here yet to look through.")
            return
        if (line := self.find_line) is None:
            from tui.console.transcript.findline import FindLine

            line = self.find_line = FindLine()
            await self.screen.query_one("#chat").mount(line, after=self.transcript)
        elif line.display and self.focused is line.words and words is None:
            self.transcript.find_beside(-1)
            return
        line.display = True
        if words is not None and words != line.words.value:
            line.words.value = words
        elif line.words.value:
            self.transcript.find(line.words.value)
        self.screen.set_focus(line.words)

    def on_find_line_asked(self, event: FindLine.Asked) -> None:
        if self.find_line is not None and self.find_line.display:
            self.transcript.find(event.words)

    def on_find_input_step(self, event: FindInput.Step) -> None:
        self.transcript.find_beside(event.step)

    def on_find_input_left(self, event: FindInput.Left) -> None:
        self.leave_find(stay=event.stay)

    def on_finding_canvas_counted(self, event: FindingCanvas.Counted) -> None:
        if self.find_line is not None:
            self.find_line.show(event.report)

    def leave_find(self, *, stay: bool = False) -> bool:
        """Look no further; whether something was looked for."""
        line = self.find_line
        if line is None or not line.display:
            return False
        line.display = False
        found = self.transcript.at_hit
        self.transcript.end_find(stay=stay)
        if stay and found:
            self.screen.set_focus(self.transcript)
        else:
            self.focus_prompt()
        return True

    def show_session(self, view: SessionView) -> None:
        if view is not self.open_sessions.here and not self.transcript.recalling:
            self.leave_find()
        super().show_session(view)

    # From message to message.

    def action_walk(self) -> None:
        """F9: the cursor in the conversation; there again, back to the prompt."""
        if len(self.screen_stack) > 1:
            return
        if self.focused is self.transcript:
            self.focus_prompt()
        elif not self.transcript.model.blocks:
            self.flash("Nothing stands here yet.")
        else:
            self.leave_find(stay=True)
            self.screen.set_focus(self.transcript)
            self.transcript.begin_walk()

    def asking_hints(self) -> list[Hint]:
        if self.focused is self.transcript and self.transcript.walking:
            return _WALKING
        return super().asking_hints()

    def on_walking_canvas_walked(self) -> None:
        self.show_hints(self._who)

    # Copy.

    def action_copy_words(self, words: str) -> None:
        """`/copy code 2`."""
        piece = wanted(words, self.transcript.model.blocks, self.transcript.tz)
        if isinstance(piece, Piece):
            self.copy_piece(piece)
        else:
            self.flash(piece)

    def action_copy_reply(self) -> None:
        """`/copy`: the last reply."""
        self.action_copy_words("")

    def on_walking_canvas_copy_requested(self, event: WalkingCanvas.CopyRequested) -> None:
        self.copy_piece(event.piece)

    def copy_piece(self, piece: Piece) -> None:
        """Put it into the clipboard by every way there is, and say by which."""
        if not piece.text:
            self.flash(f"There is nothing to copy: {piece.name} is empty.")
            return
        from tui.console import clipboard

        takes = clipboard.terminal_takes(self.environ)
        if takes is not False and len(piece.text) <= clipboard.MOST_OSC:
            self.copy_to_clipboard(piece.text)
        self.run_worker(self._copy_by_programs(piece, takes), group="copy", exclusive=True)

    async def _copy_by_programs(self, piece: Piece, takes: bool | None) -> None:
        from tui.console import clipboard

        took = await asyncio.to_thread(
            clipboard.give, piece.text, self.environ, self._folder_outside()
        )
        words = clipboard.said(piece.name, piece.size, len(piece.text), took, takes)
        self.flash(words, seconds=6.0 if took or takes else 12.0)

    # Open elsewhere.

    def action_open_words(self, words: str) -> None:
        """`/open code 2`: in the editor."""
        self._open_named(words, pager=False)

    def action_open_reply(self) -> None:
        """`/open`: the last reply in the editor."""
        self._open_named("", pager=False)

    def action_page_words(self, words: str) -> None:
        """`/pager code 2`."""
        self._open_named(words, pager=True)

    def action_page_all(self) -> None:
        """`/pager`: all of the conversation."""
        self._open_named("all", pager=True)

    def on_walking_canvas_open_requested(self, event: WalkingCanvas.OpenRequested) -> None:
        self._open_piece(event.piece, pager=event.pager)

    def _open_named(self, words: str, *, pager: bool) -> None:
        piece = wanted(words, self.transcript.model.blocks, self.transcript.tz)
        if isinstance(piece, Piece):
            self._open_piece(piece, pager=pager)
        else:
            self.flash(piece)

    def _open_piece(self, piece: Piece, *, pager: bool) -> None:
        from tui.console.prompt import outside

        program = "pager" if pager else "editor"
        folder = self._folder_outside()
        try:
            choose = outside.pager_command if pager else outside.editor_command
            command = choose(self.environ, folder)
            with self.suspend():
                well = outside.show_outside(
                    piece.text,
                    suffix=piece.suffix,
                    command=command,
                    environ=self.environ,
                    state=self.paths.state,
                    cwd=folder,
                )
        except OwnkeyError as error:
            self.flash(f"{error.message}. {error.hint}")
        except (OSError, SuspendNotSupported) as error:
            self.flash(f"The {program} could not be started: {error}")
        else:
            if not well:
                self.flash(f"The {program} ended with an error.")

    def _folder_outside(self) -> Path:
        """The session's folder: no program of it is started."""
        from pathlib import Path

        return Path(self.state.cwd) if self.state.cwd else self.folder
