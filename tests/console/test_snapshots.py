"""Screens held against files, one a situation; `UPDATE_SNAPSHOTS=1` writes them anew."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import scenes, scenes_agent, scenes_budget, scenes_failing
from tests.console_world import (
    Seen,
    found_key,
    hand_fed,
    key_row,
    no_models,
    some_keys,
)
from tests.screenshot import svg_of
from tests.transcript_world import OPUS, Script
from tui.session.commands import ListBudgets
from tui.session.replies import BudgetRow, Budgets, LocalProgress, Marks, SessionOpened, SpentToday

FOLDER = Path(__file__).parent / "snapshots"
MINE = some_keys(
    key_row("anthropic", "work", "AAqr", default=True),
    key_row("anthropic", "personal", "Bq7x", state="refused"),
)
FOUND = some_keys(found_key("ANTHROPIC_API_KEY", "anthropic", "1a2b"))
NO_KEYRING = some_keys(store="nowhere yet", trouble="this machine has no keyring")


async def nothing(seen: Seen) -> None:
    pass


def presses(*keys: str) -> Callable[[Seen], Awaitable[None]]:
    async def do(seen: Seen) -> None:
        await seen.press(*keys)

    return do


def types(text: str, *keys: str) -> Callable[[Seen], Awaitable[None]]:
    async def do(seen: Seen) -> None:
        await seen.type(text, *keys)

    return do


async def pick_flash(seen: Seen) -> None:
    await seen.press("f2")
    await seen.type("fla")


async def nothing_fits(seen: Seen) -> None:
    await seen.press("f2")
    await seen.type("qqq")


async def pick_another(seen: Seen) -> None:
    await seen.press("f2")
    await seen.type("flash", "enter")


async def fetch(seen: Seen) -> None:
    seen.app.on_notice(LocalProgress(done_bytes=31_000_000, total_bytes=92_871_040))


async def spend(seen: Seen) -> None:
    seen.app.on_notice(SpentToday(nano=3_200_000_000, unknown=0))


async def follow(seen: Seen) -> None:
    seen.app.on_session(SessionOpened(session="s", driving=False, seq=9, model=None))


async def make_vault(seen: Seen) -> None:
    await seen.type("/key", "enter")
    await seen.press("f8")


async def find(seen: Seen) -> None:
    await seen.press("f8")
    assert seen.app.find_line is not None
    seen.app.find_line.words.cursor_blink = False
    await seen.type("cookie", "enter")


class Situation(NamedTuple):
    name: str
    script: Callable[[], Script]
    do: Callable[[Seen], Awaitable[None]] = nothing
    size: tuple[int, int] = (132, 42)
    fields: dict[str, Any] = {}  # noqa: RUF012 - never changed


def unserved() -> Script:
    return scenes.opened(None)


async def know_budgets(seen: Seen) -> None:
    row = BudgetRow(scope="day", subject="", limit=10_000_000_000, used=9_930_000_000)
    seen.bridge.answers[ListBudgets] = Budgets(budgets=(row,))
    seen.app.on_notice(SpentToday(nano=9_500_000_000, unknown=1))


FIRST: dict[str, Any] = {"models": no_models(), "keys": FOUND}
LIGHT = {"settings": {"appearance.theme": "ownkey-light"}}
BUDGET = {"settings": {"budget.day_usd": "10"}}
LETTERS = {"settings": {"appearance.glyphs": "letters"}}
MARKED: dict[str, Any] = {
    "marks": Marks(
        favourites=("google/gemini-3.7-flash", "openai/gpt-5.5"),
        recent=(OPUS, "anthropic/claude-sonnet-4-6"),
    )
}
WIDE, MIDDLE, NARROW, LEAST = (132, 42), (100, 30), (80, 24), (60, 18)

SITUATIONS = [
    Situation("fresh", scenes.opened),
    Situation("first-run", unserved, size=MIDDLE, fields=FIRST),
    Situation("first-run-narrow", unserved, size=NARROW, fields=FIRST),
    Situation("fetching", unserved, fetch, MIDDLE, FIRST),
    Situation("streaming", scenes.streaming, spend, fields=BUDGET),
    Situation("answered", scenes.answered, size=MIDDLE),
    Situation("answered-light", scenes.answered, fields=LIGHT),
    Situation("answered-narrow", scenes.answered, size=NARROW),
    Situation("answered-least", scenes.answered, size=LEAST),
    Situation("queued", scenes.queued, types("/"), MIDDLE),
    Situation("limited", scenes.limited),
    Situation("limited-letters", scenes.limited, size=MIDDLE, fields=LETTERS),
    Situation("budget", scenes_budget.reached, know_budgets, fields=BUDGET),
    Situation("budget-narrow", scenes_budget.reached, size=NARROW, fields=BUDGET | LIGHT),
    Situation("limit", scenes_failing.limited),
    Situation("limit-middle", scenes_failing.limited, presses("down"), MIDDLE),
    Situation("credits-used-up", scenes_failing.spent),
    Situation("credits-used-up-light", scenes_failing.spent, presses("down"), MIDDLE, LIGHT),
    Situation("limit-narrow", scenes_failing.limited, size=NARROW, fields=LIGHT),
    Situation("payer-changes", scenes_failing.other_payer, size=MIDDLE),
    Situation("ceiling", scenes_budget.unpriced, size=MIDDLE),
    Situation("asking", scenes.asking, size=MIDDLE),
    Situation("approval-command", scenes_agent.asking_command),
    Situation("approval-change", scenes_agent.asking_change, size=(160, 45)),
    Situation("approval-change-narrow", scenes_agent.asking_change, size=NARROW),
    Situation("approval-change-light", scenes_agent.asking_change, size=MIDDLE, fields=LIGHT),
    Situation("approval-letters", scenes_agent.asking_command, size=NARROW, fields=LETTERS),
    Situation("asking-person", scenes_agent.asking_person, size=MIDDLE),
    Situation("working", scenes_agent.working),
    Situation("working-narrow", scenes_agent.working, size=NARROW),
    Situation("refused", scenes.refused, size=NARROW),
    Situation("broken-off", scenes.broken_off, size=MIDDLE),
    Situation("read-only", scenes.answered, follow, NARROW),
    Situation("picker", scenes.answered, pick_flash),
    Situation("picker-narrow", scenes.answered, presses("f2"), NARROW),
    Situation("picker-marks", scenes.answered, presses("f2", "right"), fields=MARKED),
    Situation("picker-marks-light", scenes.answered, presses("f2"), MIDDLE, MARKED | LIGHT),
    Situation("picker-marks-letters", scenes.answered, presses("f2"), LEAST, MARKED | LETTERS),
    Situation("picker-nothing", scenes.answered, nothing_fits, MIDDLE),
    Situation("switch", scenes.answered, pick_another, MIDDLE),
    Situation("switch-narrow", scenes.answered, pick_another, NARROW),
    Situation("key", scenes.answered, types("/key", "enter"), fields={"keys": MINE}),
    Situation("key-narrow", scenes.answered, types("/key", "enter"), NARROW, {"keys": MINE}),
    Situation("key-light", unserved, types("/key", "enter"), MIDDLE, FIRST | LIGHT),
    Situation("no-keyring", scenes.opened, types("/key", "enter"), MIDDLE, {"keys": NO_KEYRING}),
    Situation("vault", scenes.opened, make_vault, NARROW, {"keys": NO_KEYRING}),
    Situation("finding", scenes.answered, find),
    Situation("finding-narrow", scenes.answered, find, NARROW, LIGHT),
    Situation("walking", scenes.answered, presses("f9", "right")),
    Situation("help", scenes.answered, presses("f1")),
    Situation("too-small", scenes.answered, size=(50, 12)),
]


async def quiet(seen: Seen) -> str:
    """The screen, once it has not changed for three looks."""
    looks = [""]
    while (len(looks) < 60 and len(set(looks[-3:])) > 1) or len(looks) < 3:
        await seen.rest()
        await seen.app.workers.wait_for_complete()
        looks.append(svg_of(seen.app))
    return looks[-1]


def assert_same(name: str, made: str) -> None:
    file = FOLDER / f"{name}.svg"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert file.is_file(), f"no {file.name}: run with UPDATE_SNAPSHOTS=1 and look at it"
    same = made == file.read_text(encoding="utf-8")
    assert same, f"{file.name} looks different: run with UPDATE_SNAPSHOTS=1 and look at both"


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
async def test_screen_looks_as_it_did(tmp_path, situation):
    script = situation.script()
    async with hand_fed(tmp_path, script=script, size=situation.size, **situation.fields) as seen:
        await situation.do(seen)
        assert_same(situation.name, await quiet(seen))


async def test_screen_without_colour_looks_as_it_did(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with hand_fed(tmp_path, script=scenes.limited(), size=MIDDLE) as seen:
        assert_same("limited-no-colour", await quiet(seen))


def test_every_file_is_of_a_situation():
    names = {one.name for one in SITUATIONS} | {"limited-no-colour"}
    assert {file.stem for file in FOLDER.glob("*.svg")} == names


def test_a_change_of_one_cell_is_seen(monkeypatch):
    monkeypatch.delenv("UPDATE_SNAPSHOTS", raising=False)
    made = (FOLDER / "fresh.svg").read_text(encoding="utf-8").replace("ownkey", "0wnkey", 1)
    with pytest.raises(AssertionError, match="looks different"):
        assert_same("fresh", made)
