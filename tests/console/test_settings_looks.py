"""The settings held against files; `UPDATE_SNAPSHOTS=1` writes them anew."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import scenes
from tests.console_world import found_key, hand_fed, key_row, some_keys
from tests.screenshot import svg_of
from tests.transcript_world import START
from tui.paths import find_paths
from tui.session.commands import ListRules, ListServers
from tui.session.replies import RuleRow, Rules, ServerRow, Servers, SpentToday

FOLDER = Path(__file__).parent / "snapshots" / "settings"
KEYS = some_keys(
    key_row("anthropic", "work", "AAqr", default=True, id="k"),
    key_row("anthropic", "personal", "Bq7x", checked_at=START - dt.timedelta(days=1)),
    key_row(
        "google", "personal", "m2Kd", state="refused", error_kind="invalid_key",
        checked_at=START - dt.timedelta(hours=4),
    ),
    found_key("OPENAI_API_KEY", "openai", "9fGh"),
)  # fmt: skip
RULES = Rules(rules=(RuleRow(rule="shell: make test", folder="~/src/shop", added=START),))
SERVERS = Servers(
    servers=(
        ServerRow(name="docs", what="https://mcp.example.org/mcp", state="ready",
                  tools=("docs__search", "docs__read")),
        ServerRow(name="tickets", what="npx -y tickets-mcp", state="failed",
                  trouble="its program ended with status 1: no account"),
        ServerRow(name="build", what="python tools/build_server.py", state="not used",
                  sha256="0" * 64),
    )
)  # fmt: skip
WIDE, MIDDLE, NARROW, LEAST = (132, 42), (100, 30), (80, 24), (60, 18)


class Look(NamedTuple):
    name: str
    size: tuple[int, int] = WIDE
    typed: str = ""
    keys: tuple[str, ...] = ()
    settings: dict[str, Any] = {}  # noqa: RUF012 - never changed


LOOKS = [
    Look("opened"),
    Look("searched", WIDE, "api keys", ("down",)),
    Look("budgets", WIDE, "budget", ("down", "down"), {"budget.day_usd": "10"}),
    Look("budget-typed", MIDDLE, "daily budget", ("enter", "5")),
    Look("refused", LEAST, "daily budget", ("enter", "x", "enter"),
         {"appearance.theme": "ownkey-light"}),
    Look("theme", NARROW, "theme", ("enter", "down")),
    Look("privacy-light", WIDE, "", ("shift+tab", "end"), {"appearance.theme": "ownkey-light"}),
    Look("servers", WIDE, "mcp", ("down",)),
    Look("least", LEAST, "", ("down",)),
]  # fmt: skip


@pytest.mark.parametrize("look", LOOKS, ids=lambda one: one.name)
async def test_settings_look_as_they_did(tmp_path, look):
    script = scenes.answered()
    async with hand_fed(
        tmp_path, script=script, size=look.size, keys=KEYS, settings=look.settings
    ) as seen:
        seen.bridge.answers |= {ListRules: RULES, ListServers: SERVERS}
        seen.app.paths = find_paths({"OWNKEY_HOME": "/home/ada/not-there"})  # nothing lies there
        seen.app.on_notice(SpentToday(nano=3_200_000_000, unknown=0))
        await seen.press("f3")
        await seen.app.workers.wait_for_complete()
        seen.app.screen.query_one("#settings-search").cursor_blink = False
        seen.app.screen.query_one("#settings-field").cursor_blink = False
        await seen.paste(look.typed)
        await seen.press(*look.keys)
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
