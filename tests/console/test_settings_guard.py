from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from tui.console import theme
from tui.console.guard import Guarded, failure_words

SECRET = "sk-ant-api03-TESTkeyTESTkeyTESTkey01"


class Told(Message):
    pass


class Pane(Guarded, Static):
    """Fails where it is told to."""

    GUARDED_AS = "the plots"
    fails = ""

    def render(self):
        if self.fails == "painting":
            raise KeyError(SECRET)
        return "all is well here"

    def on_told(self) -> None:
        if self.fails == "a message":
            raise KeyError(SECRET)


class Composed(Guarded, Vertical):
    GUARDED_AS = "the list"

    def compose(self) -> ComposeResult:
        yield Static("before")
        raise KeyError(SECRET)


class World(App[None]):
    def __init__(self, pane) -> None:
        super().__init__()
        for one in theme.themes():
            self.register_theme(one)
        self.theme = theme.DARK
        self.pane = pane

    def compose(self) -> ComposeResult:
        yield self.pane
        yield Static("the rest", id="rest")

    def seen(self) -> str:
        update = self.screen._compositor.render_update(full=True)
        return "\n".join("".join(strip.text for strip in line) for line in update.strips)


async def fail(pane: Pane, how: str, pilot) -> None:
    pane.fails = how
    pane.post_message(Told())
    pane.refresh()
    await pilot.pause()


@pytest.mark.parametrize("how", ["painting", "a message"])
async def test_a_pane_that_fails_says_so_in_its_place_and_the_rest_stays(how):
    app = World(Pane())
    async with app.run_test(size=(100, 10)) as pilot:
        await fail(app.pane, how, pilot)
        seen = app.seen()
        assert "The plots failed (KeyError at test_settings_guard.py" in seen
        assert "the rest" in seen


@pytest.mark.parametrize("how", ["painting", "a message"])
async def test_what_failed_is_not_said_with_what_stood_there(how):
    app = World(Pane())
    async with app.run_test(size=(100, 10)) as pilot:
        await fail(app.pane, how, pilot)
        assert SECRET not in app.seen()


async def test_a_pane_that_cannot_be_composed_says_so():
    app = World(Composed())
    async with app.run_test(size=(100, 10)) as pilot:
        await pilot.pause()
        seen = app.seen()
        assert "The list failed (KeyError" in seen
        assert "before" not in seen


async def test_a_pane_is_tried_again_when_it_is_resized():
    app = World(Pane())
    async with app.run_test(size=(100, 10)) as pilot:
        await fail(app.pane, "painting", pilot)
        app.pane.fails = ""
        await pilot.resize_terminal(90, 10)
        await pilot.pause()
        assert "all is well here" in app.seen()


def test_a_pane_keeps_the_styles_of_its_base():
    assert Vertical in Composed._css_bases(Composed)


def test_the_place_of_a_failure_is_said_and_nothing_else():
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        said = failure_words("This part", error)
    assert said.startswith("This part failed (ValueError at test_settings_guard.py:")
    assert SECRET not in said
