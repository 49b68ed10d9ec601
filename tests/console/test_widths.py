from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from textual.color import Color

from tests import scenes
from tests.console_world import Seen, hand_fed, no_models
from tests.screenshot import svg_of
from tui.console import theme
from tui.paths import find_paths
from tui.session.replies import SpentToday
from tui.settings.store import SettingsStore

pytestmark = pytest.mark.soak

SIZES = [(300, 80), (132, 42), (131, 42), (100, 30), (99, 30), (80, 24), (60, 18)]


def status_of(seen: Seen) -> str:
    return seen.text(seen.app.status)


@pytest.mark.parametrize("size", SIZES)
async def test_who_pays_and_the_turns_cost_are_never_left_out(tmp_path, size):
    async with hand_fed(tmp_path, script=scenes.answered(), size=size) as seen:
        assert "work" in status_of(seen)
        assert "turn  $0.0132" in status_of(seen)


@pytest.mark.parametrize("size", SIZES)
async def test_at_every_width_prompt_and_last_words_are_in_sight(tmp_path, size):
    async with hand_fed(tmp_path, script=scenes.answered(), size=size) as seen:
        assert "Type a message" in seen.text()
        assert "$0.0132" in seen.text(seen.app.transcript)


@pytest.mark.parametrize(("width", "sidebar"), [(132, 32), (100, 28), (99, 0), (60, 0)])
async def test_the_sidebar_narrows_then_folds(tmp_path, width, sidebar):
    async with hand_fed(tmp_path, script=scenes.answered(), size=(width, 30)) as seen:
        picker = seen.app.picker
        assert (picker.region.width if picker.display else 0) == sidebar


@pytest.mark.parametrize("size", [(59, 30), (132, 17), (20, 5), (1, 1)])
async def test_under_the_least_size_words_that_have_room_say_so(tmp_path, size):
    async with hand_fed(tmp_path, script=scenes.answered(), size=size) as seen:
        said = seen.text()
        words = "" if size == (1, 1) else "ownkey needs 60 x 18"
        assert " ".join(said.split()).startswith(words)
        assert "Type a message" not in said


async def test_the_line_of_the_least_size_names_both_sizes(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered(), size=(50, 12)) as seen:
        assert seen.text().strip() == "ownkey needs 60 x 18; this is 50 x 12"


async def test_a_turn_goes_on_while_it_is_too_small(tmp_path):
    script = scenes.streaming()
    async with hand_fed(tmp_path, script=script, size=(50, 12)) as seen:
        seen.bridge.tell(script.say(" and its end").take())
        await seen.pilot.resize_terminal(132, 42)
        await seen.settle()
        assert "reuse its fix and its" in seen.text()


async def test_what_was_typed_survives_every_size(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.type("draft")
        for width, height in [(60, 18), (10, 3), (100, 30), (132, 42)]:
            await seen.pilot.resize_terminal(width, height)
            await seen.settle()
        assert seen.prompt == "draft"
        assert seen.app.focused is seen.app.composer.editor


async def test_a_dialog_survives_every_size(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        await seen.type("/key", "enter")
        for width, height in [(60, 18), (10, 3), (100, 30)]:
            await seen.pilot.resize_terminal(width, height)
            await seen.settle()
        assert "Anthropic API key" in seen.text()


async def test_the_first_run_fits_the_least_size(tmp_path):
    async with hand_fed(
        tmp_path, script=scenes.opened(None), models=no_models(), size=(60, 18)
    ) as seen:
        for words in ("paste a key", "a small model on this machine", "Type a message"):
            assert words in seen.text()


async def test_parts_of_the_status_bar_go_in_their_order(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.on_notice(SpentToday(nano=3_200_000_000, unknown=0))
        left = []
        for width in (132, 84, 70, 60):
            await seen.pilot.resize_terminal(width, 30)
            await seen.settle()
            parts = ("today", "context", "session", "turn")
            left.append([part for part in parts if part in status_of(seen)])
        assert left[0] == ["today", "context", "session", "turn"]
        assert all(set(after) <= set(before) for before, after in pairwise(left))
        assert left[-1][-1] == "turn"
        assert "today" not in left[1]


async def test_money_keeps_its_column_while_it_counts(tmp_path):
    script = scenes.streaming()
    async with hand_fed(tmp_path, script=script) as seen:
        before = status_of(seen).index("session")
        seen.bridge.tell(script.say(" more" * 400).take())
        await seen.settle()
        assert status_of(seen).index("session") == before


async def test_a_running_estimate_is_marked(tmp_path):
    async with hand_fed(tmp_path, script=scenes.streaming()) as seen:
        assert "turn ~$0.0047" in status_of(seen)


@pytest.mark.parametrize(
    ("nano", "said"), [(0, "today        ?"), (3_200_000_000, "today $3.2000 + ?")]
)
async def test_a_day_with_a_cost_that_nobody_told_says_so(tmp_path, nano, said):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.on_notice(SpentToday(nano=nano, unknown=1))
        await seen.settle()
        assert said in status_of(seen)


async def test_todays_running_estimate_is_marked(tmp_path):
    async with hand_fed(tmp_path, script=scenes.streaming()) as seen:
        seen.app.on_notice(SpentToday(nano=0, unknown=0))
        await seen.settle()
        assert "today ~$0.0047" in status_of(seen)


async def test_a_days_budget_is_a_meter(tmp_path):
    settings = {"budget.day_usd": "10"}
    async with hand_fed(tmp_path, script=scenes.answered(), settings=settings) as seen:
        seen.app.on_notice(SpentToday(nano=3_200_000_000, unknown=0))
        await seen.settle()
        assert "today  $3.2000 of $10.00 ━━━━" in status_of(seen)


async def test_todays_meter_goes_first_then_what_it_is_out_of_then_the_sum(tmp_path):
    todays: list[str] = []
    async with hand_fed(
        tmp_path, script=scenes.answered(), size=(132, 42), settings={"budget.day_usd": "5.00"}
    ) as seen:
        seen.app.on_notice(SpentToday(nano=1_340_000_000, unknown=0))
        for width in range(132, 60, -1):
            await seen.pilot.resize_terminal(width, 42)
            await seen.settle()
            said = seen.status.partition("today")[2].partition("context")[0].strip()
            if not todays or todays[-1] != said:
                todays.append(said)
    assert todays == [
        "$1.3400 of $5.0000 ━━━━━━━━━━", "$1.3400 of $5.0000", "$1.3400", "",
    ]  # fmt: skip


async def test_letters_take_the_place_of_every_marker(tmp_path):
    settings = {"appearance.glyphs": "letters"}
    async with hand_fed(tmp_path, script=scenes.limited(), settings=settings) as seen:
        said = seen.text()
        assert not set("🔑◆○⇄☁▎━─◂▸≈") & set(said)
        assert "K  Claude Opus 4.7" in said


@pytest.mark.parametrize("key", ["f1", "f2"])
async def test_dialogs_have_letters_too(tmp_path, key):
    settings = {"appearance.glyphs": "letters"}
    async with hand_fed(
        tmp_path, script=scenes.answered(), settings=settings, size=(80, 24)
    ) as seen:
        await seen.press(key)
        assert not set("🔑◆○⇄☁▎━─◂▸≈↑↓") & set(seen.text())


async def test_light_and_dark_change_at_once_and_are_kept(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        assert seen.app.theme == theme.DARK
        await seen.type("/theme", "enter")
        assert seen.app.theme == theme.LIGHT
    paths = find_paths({"OWNKEY_HOME": str(tmp_path / "home")})
    assert SettingsStore(paths.settings_file).text("appearance.theme") == theme.LIGHT


async def test_any_theme_of_textual_can_be_picked(tmp_path):
    settings = {"appearance.theme": "gruvbox"}
    async with hand_fed(tmp_path, script=scenes.answered(), settings=settings) as seen:
        ours = seen.app.get_css_variables()
        assert Color.parse(ours["own-key"]) == Color.parse(ours["warning"])
        assert "work" in status_of(seen)


async def test_a_theme_that_is_unknown_is_the_dark_one(tmp_path):
    settings = {"appearance.theme": "no-such"}
    async with hand_fed(tmp_path, settings=settings) as seen:
        assert seen.app.theme == theme.DARK


async def test_without_colour_everything_is_grey_and_says_as_much(tmp_path, monkeypatch):
    async with hand_fed(tmp_path, script=scenes.limited()) as seen:
        coloured = seen.text()
    monkeypatch.setenv("NO_COLOR", "1")
    async with hand_fed(tmp_path, script=scenes.limited()) as seen:
        assert seen.text() == coloured
        assert "#e3b341" not in svg_of(seen.app)
        for piece in {part for part in svg_of(seen.app).split('"') if part.startswith("#")}:
            red, green, blue = Color.parse(piece).rgb
            assert red == green == blue


async def test_the_home_folder_is_a_tilde(tmp_path, monkeypatch):
    from tui.console.header import short_path

    monkeypatch.setenv("HOME", str(tmp_path))
    assert short_path(tmp_path / "src" / "shop") == "~/src/shop"
    assert short_path(tmp_path) == "~"
    assert short_path(Path("/elsewhere")) == "/elsewhere"


async def test_others_that_wait_are_counted_in_the_header(tmp_path):
    from tests.transcript_world import START
    from tui.store.summary import Summary

    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        states = {"s": "waiting", "a": "waiting", "b": "idle"}
        rows = [Summary(id=id, created=START, updated=START, state=s) for id, s in states.items()]
        seen.app.show_sessions(rows)
        await seen.settle()
        assert "3 sessions  1 waits for you" in seen.rows()[0]
