"""The usage screen: by keys and clicks, over a real store; on the engine; its pictures."""

from __future__ import annotations

import csv
import io
import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.console_world import engine_environ, hand_fed, on_engine
from tests.fake_provider import FakeProvider
from tests.screenshot import svg_of
from tests.transcript_world import START
from tests.usage_world import OWN, exact, request, spent
from tui.console.usage.list import UsageList
from tui.console.usage.place import Where
from tui.console.usage.screen import UsageScreen
from tui.errors import StoreError
from tui.events.base import SessionId
from tui.session.commands import AskReceipts, AskUsage
from tui.session.replies import SpentToday
from tui.store.spent import Slice
from tui.store.usage import read_usage

FOLDER = Path(__file__).parent / "snapshots" / "usage"


async def pressed(seen, *keys):
    for key in keys:
        await seen.pilot.press(key)
        await seen.app.workers.wait_for_complete()
    await seen.settle()


async def test_f4_opens_and_closes_it_and_so_does_the_command(tmp_path):
    async with spent(tmp_path) as seen:
        await pressed(seen, "f4")
        assert isinstance(seen.app.screen, UsageScreen)
        assert "$3.2160 + ?" in seen.row_of("53 requests")
        await pressed(seen, "f4")
        assert len(seen.app.screen_stack) == 1
        await seen.type("/usage", "enter")
        assert isinstance(seen.app.screen, UsageScreen)
        await pressed(seen, "escape")
        assert len(seen.app.screen_stack) == 1


@pytest.mark.long
async def test_a_click_on_today_in_the_status_bar_opens_it(tmp_path):
    async with spent(tmp_path, size=(132, 42)) as seen:
        seen.app.on_notice(SpentToday(nano=16_000_000, unknown=0))
        await seen.settle()
        at = seen.status.index("today")
        await seen.pilot.click(seen.app.status, offset=(at - 4, 0))
        assert len(seen.app.screen_stack) == 1
        await seen.pilot.click(seen.app.status, offset=(at + 2, 0))
        await seen.settle()
        assert isinstance(seen.app.screen, UsageScreen)


async def test_enter_goes_from_day_to_model_to_session_to_the_receipts_lines_and_esc_back(tmp_path):
    async with spent(tmp_path) as seen:
        await pressed(seen, "f4", "down", "enter")
        assert "2026-03-04" in seen.row_of("Usage")
        assert "glm-5.2" in seen.text()
        await pressed(seen, "enter", "enter")
        assert isinstance(seen.asked[-1], AskReceipts)
        assert "Mar  4 14:0" in seen.text()
        await pressed(seen, "enter")
        assert "× $5 a million" in seen.text() or "not known" in seen.text()
        await pressed(seen, "escape", "escape", "escape")
        screen = seen.app.screen
        assert isinstance(screen, UsageScreen)
        assert screen.list.chosen == "2026-03-04"
        await pressed(seen, "escape")
        assert len(seen.app.screen_stack) == 1


@pytest.mark.long
async def test_one_key_changes_the_grouping_and_one_the_period(tmp_path):
    async with spent(tmp_path) as seen:
        await pressed(seen, "f4")
        for by in ("day", "model"):
            table = read_usage(seen.store.path, by, Where().part(START))
            assert seen.app.screen.list._table.keys == [row.key for row in table.rows]
            await pressed(seen, "right")
        await pressed(seen, "left")
        assert [one.by for one in seen.asked if isinstance(one, AskUsage)][-1] == "model"
        await pressed(seen, "left", "left")
        assert [one.by for one in seen.asked if isinstance(one, AskUsage)][-1] == "payer"
        said = []
        for _ in range(4):
            await pressed(seen, "p")
            said.append(seen.row_of("Usage").split("Usage")[1].strip()[:9])
        assert said == ["all time ", "today (UT", "the last ", "the last "]


@pytest.mark.long
async def test_a_charge_while_it_is_open_moves_the_sums(tmp_path):
    async with spent(tmp_path) as seen:
        await pressed(seen, "f4")
        seen.store.append(
            SessionId("s_1"),
            [(one, 2) for one in request("r_new", OWN, 4_000, exact(4_000))],
            START,
        )
        seen.app.on_notice(SpentToday(nano=32_000_000, unknown=0))
        await seen.until_said("54 requests")
        assert "$3.2320 + ?" in seen.row_of("54 requests")


@pytest.mark.long
async def test_what_credits_paid_stands_beside_the_dollars_and_alone_where_some_was(tmp_path):
    async with spent(tmp_path, size=(132, 42)) as seen:
        await pressed(seen, "f4", "right")
        rows = [row.split() for row in seen.rows(seen.app.screen.query_one(UsageList))]
        head = next(row for row in rows if "cost" in row)
        assert head[head.index("cost") + 1] == "credits"
        auto = next(row for row in rows if "◆" in row)
        at = next(n for n, cell in enumerate(auto) if cell.startswith("$"))
        assert Decimal(auto[at + 1]) == Decimal(auto[at][1:]) * 100
        opus = next(row for row in rows if "Opus" in row)
        assert opus[-1].startswith("$")


async def test_nothing_spent_says_so_in_words(tmp_path):
    async with spent(tmp_path, empty=True) as seen:
        await pressed(seen, "f4")
        assert "Nothing was spent in the last 30 days. P shows another period." in seen.text()
        await pressed(seen, "p")
        assert "Nothing was spent yet." in seen.text()
        await pressed(seen, "enter", "e", "right")
        assert "Nothing was spent yet." in seen.text()


@pytest.mark.long
async def test_a_store_that_cannot_be_read_is_said_with_the_next_step(tmp_path):
    async with hand_fed(tmp_path) as seen:
        error = StoreError("the store is damaged", hint="Look at it.")
        seen.bridge.answers |= {AskUsage: error}
        await pressed(seen, "f4")
        assert "the store is damaged. Look at it." in seen.text()


@pytest.mark.long
async def test_the_export_is_what_is_shown_and_a_file_is_replaced_only_when_asked_twice(tmp_path):
    async with spent(tmp_path) as seen:
        seen.app.folder = tmp_path
        await pressed(seen, "f4", "right", "e", "enter")
        file = tmp_path / "usage-model-2026-03-05.csv"
        assert "Written to" in seen.text()
        rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))
        assert {row["key"] for row in rows} >= {OWN[0], "local/smollm"}
        assert file.stat().st_mode & 0o777 == 0o600
        await pressed(seen, "e", "enter")
        assert "There is a file of this name" in seen.text()
        await pressed(seen, "enter")
        assert "Written to" in seen.text()


@pytest.mark.long
async def test_receipts_are_exported_with_their_lines_and_another_form_is_refused(tmp_path):
    async with spent(tmp_path) as seen:
        seen.app.folder = tmp_path
        await pressed(seen, "f4", "enter", "enter", "enter", "e")
        await seen.press("end", *["backspace"] * 3, "p", "d", "f")
        await pressed(seen, "enter")
        assert "The name does not say the form" in seen.text()
        await seen.press(*["backspace"] * 3, "j", "s", "o", "n")
        await pressed(seen, "enter")
        (receipt,) = json.loads((tmp_path / "usage-receipts-2026-03-05.json").read_text("utf-8"))
        assert receipt["usd"] == "0.016000000"
        assert [line["what"] for line in receipt["lines"]] == ["input", "cache_read", "output"]
        assert receipt["provider_request_id"] == "req_r_0_0"


@pytest.mark.long
async def test_names_from_outside_reach_the_screen_neutral(tmp_path):
    async with spent(tmp_path, empty=True) as seen:
        served = ("gw/\x1b]0;x\x07\u202emodel", "k\x9f", "la\nbel", "endpoint")
        seen.store.append(
            SessionId("s_9"), [(one, 1) for one in request("r_1", served, 4_000, 9)], START
        )
        await pressed(seen, "f4")
        for _ in range(6):
            await pressed(seen, "right")
            assert not any(
                ord(one) < 32 or one in "\u202e\x9f" for one in seen.text() if one != "\n"
            )


@pytest.mark.soak
async def test_on_the_engine_it_agrees_with_the_status_bar_after_a_turn(tmp_path):
    with FakeProvider() as fake:
        fake.script([{"text": "done " * 30}])
        environ = engine_environ(tmp_path / "home", fake, OWNKEY_KEYRING="env",
                                 ANTHROPIC_API_KEY="sk-ant-test-0000000000000000")  # fmt: skip
        async with on_engine(environ, tmp_path, model="anthropic/claude-opus-4-7") as seen:
            await seen.type("hello", "enter")
            await seen.until(lambda: seen.app.today is not None and seen.app.today.nano > 0)
            await seen.press("f4")
            await seen.until_said("1 request ")
            table = read_usage(seen.app.paths.store_file, "model", Slice())
            assert table.total.nano == seen.app.today.nano == seen.app.state.session_nano > 0
            (row,) = table.rows
            assert row.key == "anthropic/claude-opus-4-7"


@pytest.mark.long
async def test_a_key_typed_before_the_rows_are_there_takes_no_row_of_the_table_before(tmp_path):
    async with spent(tmp_path) as seen:
        await pressed(seen, "f4")
        screen = seen.app.screen
        screen.action_group(1)
        screen.on_usage_list_picked(UsageList.Picked())
        screen._show()
        await seen.settle()
        await pressed(seen)
        assert screen._where == Where(by="model")
        assert "Claude Opus 4.7" in seen.text()


# Pictures.

LOOKS = {
    "days": ((132, 42), ("f4",), {}),
    "receipt": ((100, 30), ("f4", "enter", "enter", "enter", "enter"), {}),
    "least": ((60, 18), ("f4", "right"), {}),
    "folders-light": ((132, 42), ("f4", "right", "right", "right"),
                      {"appearance.theme": "ownkey-light"}),
}  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
async def test_it_looks_as_it_did(tmp_path, look):
    size, keys, settings = LOOKS[look]
    async with spent(tmp_path, size=size, settings=settings) as seen:
        await pressed(seen, *keys)
        made = svg_of(seen.app)
    file = FOLDER / f"{look}.svg"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        FOLDER.mkdir(parents=True, exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert file.is_file()
    assert made == file.read_text(encoding="utf-8")
