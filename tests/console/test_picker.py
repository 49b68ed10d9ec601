from __future__ import annotations

import pytest

from tests import scenes
from tests.console_world import MINE, Seen, hand_fed, model_row, no_models, some_models
from tests.transcript_world import OPUS
from tui.console.dialogs.key_entry import KeyDialog
from tui.console.sidebar.modal import PickerScreen
from tui.console.sidebar.rows import Line, sections, short_name
from tui.events.session import ModelChosen
from tui.session.commands import ChooseModel, FetchLocalModel


def heads(lines: list[Line]) -> list[str]:
    return [line.head for line in lines if line.head is not None and line.more is None]


def shown(lines: list[Line]) -> list[int]:
    return [line.row for line in lines if line.row is not None]


def chosen(seen: Seen) -> list[ChooseModel]:
    return [one for one in seen.bridge.sent if isinstance(one, ChooseModel)]


def picker(seen: Seen) -> str:
    return seen.text(seen.app.picker)


def test_what_is_served_stands_first_and_makers_keep_their_order():
    assert heads(sections(some_models(), None)) == ["Anthropic", "Google", "This machine", "OpenAI"]


def test_with_no_key_at_all_the_order_is_the_catalogues():
    assert heads(sections(no_models(), None)) == ["Anthropic", "OpenAI", "Google", "This machine"]


def test_a_maker_without_a_key_shows_its_first_models_alone():
    rows = some_models()
    lines = sections(rows, None)
    assert [rows[at].name for at in shown(lines)][-4:] == [
        "GPT-5.5", "GPT-5.5 Pro", "GPT-5.4", "GPT-5.4 mini",
    ]  # fmt: skip
    assert lines[-1] == Line(head="2", more="openai")


def test_a_maker_that_was_opened_shows_all():
    rows = some_models()
    assert len(shown(sections(rows, None, {"openai"}))) == len(rows)


def test_the_current_model_is_never_among_the_hidden():
    rows = some_models()
    at = next(n for n, row in enumerate(rows) if row.id == "openai/gpt-5.3-codex")
    assert at in shown(sections(rows, rows[at].id))


@pytest.mark.parametrize(
    ("name", "room", "short"),
    [
        ("Gemini 3.1 Pro Preview", 30, "Gemini 3.1 Pro Preview"),
        ("Gemini 3.1 Pro Preview", 18, "Gemini 3.1 Pro"),
        ("Claude Opus 4.7", 14, "Opus 4.7"),
    ],
)
def test_a_name_that_does_not_fit_loses_what_is_said_anyway(name, room, short):
    assert short_name(name, room) == short


async def test_each_section_names_the_key_that_serves_it(tmp_path):
    async with hand_fed(tmp_path) as seen:
        rows = [row.split() for row in seen.rows(seen.app.picker)]
        assert ["Anthropic", "work"] in rows
        assert ["Google", "personal"] in rows
        assert ["OpenAI", "no", "key"] in rows


@pytest.mark.parametrize("key", ["f2", "ctrl+o"])
async def test_models_are_filtered_as_it_is_typed_and_picked_by_enter(tmp_path, key):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.press(key)
        await seen.type("flash", "enter")
        assert [one.model for one in chosen(seen)] == ["google/gemini-3.7-flash"]
        assert seen.app.focused is seen.app.composer.editor


async def test_the_filter_finds_what_the_sections_hide(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f2")
        await seen.type("codex")
        assert "GPT-5.3-Codex" in picker(seen)


async def test_a_filter_that_fits_nothing_says_so(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f2")
        await seen.type("zzz", "enter")
        assert "Nothing fits" in picker(seen)
        assert chosen(seen) == []


async def test_esc_takes_the_filter_away_then_goes_back(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f2")
        await seen.type("flash", "escape")
        assert "Claude Opus 4.7" in picker(seen)
        assert seen.app.focused is seen.app.picker.list
        await seen.press("escape")
        assert seen.app.focused is seen.app.composer.editor


async def test_backspace_and_ctrl_u_edit_the_filter(tmp_path):
    async with hand_fed(tmp_path) as seen:
        await seen.press("f2")
        await seen.type("flashx", "backspace")
        assert "Gemini 3.7 Flash" in picker(seen)
        await seen.press("ctrl+u")
        assert "Claude Haiku 4.5" in picker(seen)


async def test_down_and_up_move_over_heads_and_air(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.press("f2", "down", "down", "down")
        assert "gemini-3.1-pro-preview" in picker(seen)
        await seen.press("up", "enter")
        assert chosen(seen)[-1].model == "anthropic/claude-haiku-4-5"


async def test_effort_is_chosen_by_left_and_right(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.press("f2", "right", "right", "right", "left")
        assert "medium" in picker(seen)
        await seen.press("enter")
        assert chosen(seen)[-1].effort == "medium"


async def test_effort_goes_back_to_the_makers_own(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.press("f2", "right", "left", "left", "enter")
        assert chosen(seen)[-1].effort is None


async def test_the_effort_of_a_session_that_goes_on_is_shown(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened(effort="high")) as seen:
        assert "◂ high ▸" in picker(seen)
        assert "Claude Opus 4.7 high" in seen.status


async def test_a_model_that_nothing_serves_opens_the_key_dialog_of_its_maker(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.press("f2")
        await seen.type("gpt-5.5", "enter")
        assert isinstance(seen.app.screen, KeyDialog)
        assert "OpenAI API key" in seen.text()
        assert chosen(seen) == []


async def test_the_small_model_that_is_not_here_is_fetched(tmp_path):
    async with hand_fed(tmp_path, models=no_models()) as seen:
        await seen.press("f2")
        await seen.type("smol", "enter")
        assert FetchLocalModel() in seen.bridge.sent


async def test_the_current_model_has_its_payers_bar(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        barred = [row for row in seen.rows(seen.app.picker) if "▎" in row]
        assert [row.split()[2:4] for row in barred] == [["Claude", "Opus"]]


async def test_the_bar_follows_a_switch_in_the_middle_of_a_session(tmp_path):
    script = scenes.answered()
    async with hand_fed(tmp_path, script=script) as seen:
        seen.bridge.tell(script.add(ModelChosen(model="google/gemini-3.7-flash")).take())
        await seen.settle()
        assert "Gemini 3.7 Flash" in next(r for r in seen.rows(seen.app.picker) if "▎" in r)
        assert "Gemini 3.7 Flash" in seen.status
        assert "personal" in seen.status


async def test_for_the_highlighted_row_stand_id_window_prices_and_forecast(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        said = picker(seen)
        for fact in (OPUS, "1M context", "5 / 25", "0.5", "≈ $0.0914", "≈ $0.2664", "4 min"):
            assert fact in said


async def test_a_forecast_of_next_to_nothing_is_not_shown_as_a_number(tmp_path):
    cheap = model_row("anthropic/tiny", "Tiny", ("0.001", "0.01", "0.0001"), **MINE, label="work")
    script = scenes.answered().add(ModelChosen(model="anthropic/tiny"))
    async with hand_fed(tmp_path, script=script, models=(cheap,)) as seen:
        assert "< $0.0001" in picker(seen)


async def test_a_model_without_a_known_price_says_so(tmp_path):
    row = model_row("anthropic/new", "Claude New", None, **MINE, label="work")
    async with hand_fed(tmp_path, models=(row,)) as seen:
        assert seen.row_of("Claude New").split("│")[0].split()[3] == "?"


async def test_a_click_on_a_row_picks_it(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        y = next(n for n, row in enumerate(seen.rows()) if "Claude Haiku 4.5" in row)
        await seen.pilot.click(offset=(10, y))
        await seen.settle()
        assert chosen(seen)[-1].model == "anthropic/claude-haiku-4-5"


async def test_a_click_on_more_shows_the_rest(tmp_path):
    async with hand_fed(tmp_path) as seen:
        y = next(n for n, row in enumerate(seen.rows()) if "2 more" in row)
        await seen.pilot.click(offset=(10, y))
        await seen.settle()
        assert "GPT-5.3-Codex" in picker(seen)


async def test_hostile_names_of_models_are_neutral(tmp_path):
    row = model_row("anthropic/x\x1b[2J", "Evil\x1b]0;x\x07\u202e", None, **MINE, label="a\x1bb")
    async with hand_fed(tmp_path, models=(row,)) as seen:
        assert not set("\x1b\x07\u202e") & set(seen.text())


async def test_two_thousand_models_can_be_filtered(tmp_path):
    rows = tuple(
        model_row(f"google/m-{n}", f"Model {n}", ("1", "2", "0.1"), **MINE, label="k")
        for n in range(2_000)
    )
    async with hand_fed(tmp_path, models=rows) as seen:
        await seen.press("f2")
        await seen.type("1987", "enter")
        assert chosen(seen)[-1].model == "google/m-1987"


async def test_under_a_hundred_columns_the_same_list_is_a_modal(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened(), size=(80, 24)) as seen:
        assert not seen.app.picker.display
        await seen.press("f2")
        assert isinstance(seen.app.screen, PickerScreen)
        await seen.type("sonnet", "enter")
        assert chosen(seen)[-1].model == "anthropic/claude-sonnet-4-6"
        assert len(seen.app.screen_stack) == 1


async def test_esc_closes_the_modal_and_picks_nothing(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened(), size=(80, 24)) as seen:
        await seen.press("f2", "escape")
        assert len(seen.app.screen_stack) == 1
        assert chosen(seen) == []


async def test_in_a_session_that_another_console_drives_nothing_is_chosen(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        seen.app.driving = False
        await seen.press("f2")
        await seen.type("flash", "enter")
        assert chosen(seen) == []
        assert "only be read here" in seen.status


async def test_the_filter_is_gone_once_a_model_was_picked(tmp_path):
    async with hand_fed(tmp_path, script=scenes.opened()) as seen:
        await seen.press("f2")
        await seen.type("flash", "enter")
        assert "/ filter" in picker(seen)
        assert "Claude Opus 4.7" in picker(seen)


async def test_a_reason_too_long_for_two_lines_ends_in_dots_and_no_mark(tmp_path):
    why = "no Anthropic key is in use, and nothing else serves anthropic/claude-opus-5-5"
    row = model_row("anthropic/claude-opus-5-5", "Claude Opus 5.5", refused=why)
    async with hand_fed(tmp_path, models=(row,)) as seen:
        said = seen.text(seen.app.picker)
        assert "nothing else serves" in said
        assert "U+" not in said
