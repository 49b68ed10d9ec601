"""Favourites, what was used last, sections that open, and what stands when nothing fits."""

from __future__ import annotations

import pytest

from tests import scenes
from tests.console_world import MINE, Seen, hand_fed, model_row, no_models, some_models
from tests.transcript_world import OPUS
from tui.console.sidebar.modal import PickerScreen
from tui.errors import StoreError
from tui.session.commands import ChooseModel, ListModels, MarkFavourite
from tui.session.replies import Marks, Models, ModelsChanged

pytestmark = pytest.mark.long

FLASH, SONNET = "google/gemini-3.7-flash", "anthropic/claude-sonnet-4-6"
LIKED = Marks(favourites=(FLASH,), recent=(OPUS, SONNET))
SIZES = [(132, 42), (80, 24), (60, 18)]


def picker(seen: Seen) -> str:
    modal = seen.app.screen
    return seen.text(modal.picker if isinstance(modal, PickerScreen) else seen.app.picker)


def marked(seen: Seen) -> list[MarkFavourite]:
    return [one for one in seen.bridge.sent if isinstance(one, MarkFavourite)]


def many(count: int, **fields) -> tuple:
    return tuple(
        model_row(f"google/m-{n}", f"Model {n}", ("1", "2", "0.1"), **(MINE | fields), label="k")
        for n in range(count)
    )


@pytest.mark.parametrize("size", SIZES)
async def test_favourites_and_the_last_used_stand_on_top(tmp_path, size):
    async with hand_fed(tmp_path, script=scenes.opened(), marks=LIKED, size=size) as seen:
        await seen.press("f2", "home")
        words = picker(seen)
        assert "Favourites" in words and "★" in words and "Recent" in words
        assert words.index("Gemini 3.7 Flash") < words.index("Recent") < words.index("Sonnet 4.6")


@pytest.mark.parametrize("size", [(132, 42), (80, 24)])
async def test_a_star_makes_a_favourite_and_the_same_key_takes_it_back(tmp_path, size):
    async with hand_fed(tmp_path, script=scenes.opened(), size=size) as seen:
        seen.bridge.answers[MarkFavourite] = Marks(favourites=(OPUS,))
        await seen.press("f2", "*")
        assert "★" in picker(seen)
        seen.bridge.answers[MarkFavourite] = Marks()
        await seen.press("*")
        assert "★" not in picker(seen)
        assert [(one.model, one.on) for one in marked(seen)] == [(OPUS, True), (OPUS, False)]


async def test_a_star_types_no_letter_of_the_filter(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f2")
        await seen.type("fla*")
        assert "/ fla" in picker(seen) and "fla*" not in picker(seen)
        assert [one.model for one in marked(seen)] == [FLASH]


async def test_a_favourite_that_cannot_be_kept_is_said_and_is_none(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        seen.bridge.answers[MarkFavourite] = StoreError("it cannot be kept: disk full", hint="Go.")
        await seen.press("f2", "*")
        await seen.settle()
        assert "Favourites" not in picker(seen)
        assert "disk full" in seen.status


async def test_the_key_of_favourites_stands_in_the_foot_and_in_the_help(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.press("f2")
        assert "* favourite" in seen.text(seen.app.composer)
        await seen.press("escape", "f1")
        assert "a favourite, or not" in seen.text()


async def test_a_click_on_the_star_of_the_row_marks_it_and_picks_nothing(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.press("f2")
        y = next(n for n, row in enumerate(seen.rows()) if "☆" in row)
        await seen.pilot.click(offset=(1, y))
        await seen.settle()
        assert [(one.model, one.on) for one in marked(seen)] == [(OPUS, True)]
        assert not [one for one in seen.bridge.sent if isinstance(one, ChooseModel)]


async def test_a_model_that_is_used_becomes_the_last_used(tmp_path):
    script = scenes.opened()
    async with hand_fed(tmp_path, script=script, marks=Marks(recent=(OPUS,))) as seen:
        script.prompt("hi").route(FLASH, label="personal", connection="google")
        seen.bridge.tell(script.take())
        await seen.settle()
        assert seen.app.marks.recent[:2] == (FLASH, OPUS)
        assert "Recent" in picker(seen)


async def test_requests_of_long_ago_that_are_read_again_are_not_the_last_used(tmp_path):
    script = scenes.opened()
    async with hand_fed(tmp_path, script=script, marks=Marks(recent=(OPUS,))) as seen:
        script.prompt("hi").route(FLASH, label="personal", connection="google").wait(3_600)
        seen.bridge.tell(script.take())
        await seen.settle()
        assert seen.app.marks.recent == (OPUS,)


async def test_enter_on_more_shows_the_rest_of_the_section(tmp_path):
    async with hand_fed(tmp_path, models=many(30)) as seen:
        await seen.press("f2", "end")
        assert "… 22 more" in picker(seen)
        await seen.press("enter")
        assert "google/m-8" in picker(seen)
        await seen.press("end")
        assert "Model 29" in picker(seen) and "… fewer" in picker(seen)
        await seen.press("enter")
        assert "Model 29" not in picker(seen)


@pytest.mark.parametrize("size", [(132, 42), (80, 24)])
async def test_the_cursor_stays_on_its_model_and_line_when_the_list_changes(tmp_path, size):
    rows = (*many(6), *(model_row(f"xai/x-{n}", f"X {n}", **MINE) for n in range(8)))
    async with hand_fed(tmp_path, models=rows, size=size) as seen:
        await seen.press("f2", *["down"] * 11)
        before = next(n for n, row in enumerate(picker(seen).splitlines()) if "X 5 " in row)
        new = tuple(model_row(f"anthropic/n-{n}", f"New {n}", **MINE) for n in range(8))
        seen.bridge.answers[ListModels] = Models(models=(*new, *rows))
        seen.app.on_notice(ModelsChanged())
        await seen.app.workers.wait_for_complete()
        await seen.settle()
        now = next(n for n, row in enumerate(picker(seen).splitlines()) if "X 5 " in row)
        assert "xai/x-5" in picker(seen)
        assert now == before or size == (132, 42)  # what was at its top shows what came in above


async def test_what_is_being_chosen_on_a_row_outlives_a_new_list(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.press("f2", "right")
        seen.app.on_notice(ModelsChanged())
        await seen.app.workers.wait_for_complete()
        await seen.settle()
        assert "◂ low ▸" in picker(seen)


async def test_the_effort_stands_on_the_row(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened(effort="high")) as seen:
        row = next(row for row in seen.rows(seen.app.picker) if "▎" in row)
        assert row.split()[-4:] == ["high", "5", "/", "25"]


async def test_a_click_on_an_arrow_changes_the_effort(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        y = next(n for n, row in enumerate(seen.rows()) if "◂ default ▸" in row)
        x = seen.rows()[y].index("▸")
        await seen.pilot.click(offset=(x, y))
        await seen.settle()
        assert "◂ low ▸" in picker(seen)
        await seen.pilot.click(offset=(seen.rows()[y].index("◂"), y))
        await seen.settle()
        assert "◂ default ▸" in picker(seen)


@pytest.mark.parametrize("size", SIZES)
async def test_where_nothing_fits_it_is_said_what_to_do(tmp_path, size):
    async with hand_fed(tmp_path, size=size) as seen:
        await seen.press("f2")
        await seen.type("zzz")
        assert "Nothing fits" in picker(seen) and "show all" in picker(seen)


async def test_the_slash_that_the_head_shows_is_no_letter_of_the_filter(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f2")
        await seen.type("/flash")
        assert "/ flash" in picker(seen) and "Gemini 3.7 Flash" in picker(seen)


async def test_a_refused_model_says_why_and_what_enter_does(tmp_path):
    row = model_row("openai/o9", "O9", refused="the plan is for up to 10 people\x1b[2J")
    async with hand_fed(tmp_path, models=(row,)) as seen:
        words = " ".join(picker(seen).split())
        assert "the plan is for up to 10 people" in words and "Enter adds a key" in words
        assert "\x1b" not in words


async def test_the_forecast_is_unknown_before_anything_was_said(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        line = next(row for row in seen.rows(seen.app.picker) if "next turn" in row)
        assert line.split() == ["next", "turn", "?"]


async def test_the_minutes_of_a_warm_cache_are_gone_when_it_is_cold(tmp_path):
    script = scenes.answered().wait(600)
    async with hand_fed(tmp_path, script=script) as seen:
        assert "cache warm" not in picker(seen) and "next turn, cold" in picker(seen)


async def test_a_modal_that_is_open_sees_a_model_that_is_served_from_now_on(tmp_path):
    async with hand_fed(tmp_path, models=no_models(), size=(80, 24)) as seen:
        await seen.press("f2")
        assert "🔑" not in picker(seen)
        seen.app.show_models(some_models())
        await seen.settle()
        assert "🔑" in picker(seen)


async def test_in_the_least_terminal_the_forecast_and_all_of_the_keys_are_seen(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered(), size=(60, 18)) as seen:
        await seen.press("f2")
        words = seen.text()
        assert "next turn, warm" in words and "next turn, cold" in words
        assert "* favourite" in words and "Esc back" in words


async def test_a_letter_paints_the_lines_that_are_seen_once_and_lays_nothing_out(
    tmp_path, monkeypatch
):
    from textual.screen import Screen

    from tui.console.sidebar.models import ModelList

    async with hand_fed(tmp_path, models=many(2_500)) as seen:
        await seen.press("f2")
        await seen.type("m")
        lines, layouts = [], []
        line, layout = ModelList.render_line, Screen._refresh_layout
        monkeypatch.setattr(
            ModelList, "render_line", lambda self, y: lines.append(y) or line(self, y)
        )
        monkeypatch.setattr(
            Screen, "_refresh_layout", lambda *a, **k: layouts.append(1) or layout(*a, **k)
        )
        await seen.type("o")
        assert 0 < len(lines) <= seen.app.picker.list.size.height
        assert layouts == []
