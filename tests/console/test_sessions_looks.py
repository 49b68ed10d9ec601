"""The sessions' screens held against files; `UPDATE_SNAPSHOTS=1` writes them anew."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from textual.widgets import Input

from tests import scenes
from tests.console_world import Seen, hand_fed
from tests.screenshot import svg_of
from tests.sessions_world import many, of, streaming
from tests.transcript_world import START, Script
from tui.events.base import CallId
from tui.events.tool import FileChanged
from tui.session.commands import ListSessions
from tui.session.replies import Sessions

pytestmark = pytest.mark.long

FOLDER = Path(__file__).parent / "snapshots" / "sessions"
WIDE, MIDDLE, NARROW, LEAST = (132, 42), (100, 30), (80, 24), (60, 18)
LIGHT = {"appearance.theme": "ownkey-light"}
LETTERS = {"appearance.glyphs": "letters"}


class Look(NamedTuple):
    name: str
    size: tuple[int, int] = WIDE
    typed: str = ""
    keys: tuple[str, ...] = ("f5",)
    settings: dict[str, Any] = {}  # noqa: RUF012 - never changed


LOOKS = [
    Look("opened"),
    Look("opened-light", WIDE, "", ("f5", "down", "down"), LIGHT),
    Look("searched", MIDDLE, "garden", ("f5",)),
    Look("narrow", NARROW),
    Look("narrow-light", NARROW, "", ("f5", "down", "down", "down", "d"), LIGHT),
    Look("rename", NARROW, "", ("f5", "down", "r")),
    Look("deleted", WIDE, "haiku", ("f5", "down", "d")),
    Look("export", MIDDLE, "release", ("f5", "down", "e")),
    Look("letters", MIDDLE, "", ("f5", "down"), LETTERS),
    Look("least", LEAST),
    Look("told", NARROW, "", ()),
    Look("rewind", WIDE, "/rewind", ("enter",)),
    Look("rewind-ways", NARROW, "/rewind", ("enter", "down", "enter")),
    Look("rewind-ways-light", WIDE, "/rewind", ("enter", "down", "enter"), LIGHT),
]


def worked() -> Script:
    script = scenes.answered()
    for path in ("~/src/shop/app/session.py", "~/src/shop/tests/test_login.py"):
        script.add(FileChanged(call=CallId("c"), path=path, before=b"", after=b"x"))
    script.wait(240).prompt("now the same for the admin pages").route().opened()
    script.say("The admin pages use the same guard; it is changed there, too.").close()
    script.add(FileChanged(call=CallId("c"), path="/etc/hosts", before=b"", after=b"x"))
    return script.finished().usage().charge(9_100_000).done(nano=9_100_000)


async def several(seen: Seen) -> None:
    """Two more are open: one works, one asks."""
    seen.bridge.answers[ListSessions] = Sessions(sessions=many())
    await seen.app.open_session("w")
    pages = Script(START + dt.timedelta(seconds=30))
    pages.records = streaming("add pagination to the orders endpoint").records
    seen.bridge.tell(of("w", pages.records))
    await seen.settle()
    await seen.app.open_session("q")
    *before, asks = scenes.asking().records
    seen.bridge.tell(of("q", before))
    await seen.settle()
    seen.app.show_session(seen.app.open_sessions.find("s"))
    seen.bridge.tell(of("q", [asks]))
    await seen.app.workers.wait_for_complete()
    await seen.settle()


@pytest.mark.parametrize("look", LOOKS, ids=lambda one: one.name)
async def test_sessions_look_as_they_did(tmp_path, look):
    async with hand_fed(tmp_path, script=worked(), size=look.size, settings=look.settings) as seen:
        await several(seen)
        first = look.keys[:1] if look.keys[:1] == ("f5",) else ()
        await seen.press(*first)
        await seen.app.workers.wait_for_complete()
        for field in seen.app.screen.query(Input):
            field.cursor_blink = False
        await seen.paste(look.typed)
        await seen.press(*look.keys[len(first) :])
        await seen.rest()
        made = svg_of(seen.app)
    file = FOLDER / f"{look.name}.svg"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert file.is_file(), f"no {file.name}: run with UPDATE_SNAPSHOTS=1 and look at it"
    same = made == file.read_text(encoding="utf-8")
    assert same, f"{file.name} looks different: run with UPDATE_SNAPSHOTS=1 and look at both"


def test_every_file_is_of_a_look():
    assert {file.stem for file in FOLDER.glob("*.svg")} == {one.name for one in LOOKS}
