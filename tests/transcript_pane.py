"""The transcript's pane alone on a screen, fed by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widgets import Input

from tests.transcript_world import Script
from tui.console import theme
from tui.console.transcript.finder import Report
from tui.console.transcript.view import TranscriptView


class Pane(App[None]):
    """Nothing but the transcript, and something else that can have the focus."""

    CSS_PATH: ClassVar = [theme.sheet("transcript")]
    CSS = "Input { height: 1; border: none; }"

    def __init__(self, script: Script) -> None:
        super().__init__()
        for one in theme.themes():
            self.register_theme(one)
        self.theme = theme.DARK
        self.view = TranscriptView(clock=script.clock, tz=dt.UTC)
        self.sent: list[object] = []
        self.reports: list[Report] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme.mapped(self.current_theme.to_color_system().generate())

    def compose(self) -> ComposeResult:
        yield self.view
        yield Input()

    def on_transcript_view_link_opened(self, event: TranscriptView.LinkOpened) -> None:
        self.sent.append(event.href)

    def on_walking_canvas_copy_requested(self, event: TranscriptView.CopyRequested) -> None:
        self.sent.append(event.piece.text)

    def on_walking_canvas_open_requested(self, event: TranscriptView.OpenRequested) -> None:
        self.sent.append((event.piece.text, event.pager))

    def on_finding_canvas_counted(self, event: TranscriptView.Counted) -> None:
        self.reports.append(event.report)


class Screen:
    """What a person sees of it, and what he does."""

    def __init__(self, app: Pane, pilot: Pilot[None], script: Script) -> None:
        self.app = app
        self.pilot = pilot
        self.view = app.view
        self.script = script

    async def feed(self) -> None:
        self.view.feed(self.script.take())
        await self.settle()

    async def settle(self) -> None:
        await self.pilot.pause()
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    def rows(self) -> list[str]:
        strips = self.view.render_lines(Region(0, 0, *self.view.size))
        return [strip.text.rstrip() for strip in strips]

    def text(self) -> str:
        return "\n".join(self.rows())

    def row(self, piece: str) -> int:
        return next(y for y, row in enumerate(self.rows()) if piece in row)

    async def click(self, piece: str, times: int = 1) -> None:
        y = self.row(piece)
        x = self.rows()[y].index(piece) + 1
        await self.pilot.click(self.view, offset=(x, y), times=times)
        await self.settle()

    async def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        await self.pilot.mouse_down(self.view, offset=start)
        await self.pilot.hover(self.view, offset=end)
        await self.pilot.mouse_up(self.view, offset=end)
        await self.settle()


@asynccontextmanager
async def screen(script: Script, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Screen]:
    app = Pane(script)
    async with app.run_test(size=size) as pilot:
        seen = Screen(app, pilot, script)
        await seen.settle()
        await seen.feed()
        yield seen


def talk(turns: int) -> Script:
    script = Script()
    for number in range(turns):
        script.turn(f"question {number}", f"answer {number}\n\nmore of it")
    return script
