from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tui.errors import StoreError, UsageError
from tui.settings.store import SettingsStore

NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "config" / "settings.json"


@pytest.fixture
def store(file):
    return SettingsStore(file, now=lambda: NOON)


def written(file, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_without_a_file_every_setting_has_its_default(store):
    assert store.get("credits.fallback_limit_usd") == "0.50"


def test_reading_makes_no_file(store, file):
    store.get("credits.fallback")
    assert not file.parent.exists()


def test_a_value_that_was_set_is_read_back_by_another_store(store, file):
    store.set("budget.day_usd", "5")
    assert SettingsStore(file).get("budget.day_usd") == "5"


def test_a_change_by_another_store_is_seen_at_once(store, file):
    store.get("approvals.mode")
    SettingsStore(file).set("approvals.mode", "read")
    assert store.get("approvals.mode") == "read"


def test_an_edit_by_hand_in_the_same_file_is_seen_at_once(store, file):
    store.set("approvals.mode", "read")
    store.get("approvals.mode")
    with open(file, "r+", encoding="utf-8") as opened:
        opened.write('{"approvals.mode": "edit"}' + " " * 40)
    assert store.get("approvals.mode") == "edit"


def test_a_refused_value_leaves_the_old_one(store):
    store.set("budget.day_usd", "5")
    with pytest.raises(UsageError):
        store.set("budget.day_usd", "-5")
    assert store.get("budget.day_usd") == "5"


def test_a_refused_value_is_refused_with_its_reason(store):
    with pytest.raises(UsageError, match="one of read, ask, edit"):
        store.set("approvals.mode", "yolo")


def test_an_unknown_name_is_refused_with_the_nearest_one_in_the_hint(store):
    with pytest.raises(UsageError) as refused:
        store.get("credits.falback")
    assert "credits.fallback" in refused.value.hint


def test_reset_goes_back_to_the_default(store):
    store.set("credits.fallback", True)
    store.reset("credits.fallback")
    assert (store.get("credits.fallback"), store.is_set("credits.fallback")) == (False, False)


def test_what_we_do_not_know_is_kept_to_the_digit(store, file):
    kept = '{"future.setting": 1.000000000000000000001, "other": {"deep": [1e400]}}'
    written(file, kept)
    store.set("credits.fallback", True)
    after = file.read_text(encoding="utf-8")
    assert "1.000000000000000000001" in after and "1e400" in after


def test_a_wrong_value_in_the_file_gives_the_default(store, file):
    written(file, '{"account.org_size": "many"}')
    assert store.get("account.org_size") == 1


def test_a_wrong_value_in_the_file_is_said(store, file):
    written(file, '{"account.org_size": "many"}')
    assert "account.org_size" in store.problems[0]


def test_a_number_of_money_in_the_file_stays_exact(store, file):
    written(file, '{"budget.day_usd": 0.1}')
    assert store.usd("budget.day_usd") == 100_000_000


BROKEN = {
    "cut off": b'{"credits.fallback": tr',
    "a list": b"[1, 2]",
    "no text": b"\x00\xff\xfe",
    "empty": b"",
    "too deep": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "too long": b'{"a": "' + b"x" * 1_100_000 + b'"}',
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_kept_aside_under_its_time(store, file, data):
    file.parent.mkdir()
    file.write_bytes(data)
    store.get("credits.fallback")
    assert file.with_name("settings.json.broken-20261124T120000Z").read_bytes() == data


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_after_a_broken_file_a_value_can_be_set(store, file, data):
    file.parent.mkdir()
    file.write_bytes(data)
    store.set("credits.fallback", True)
    assert json.loads(file.read_bytes()) == {"credits.fallback": True}


def test_a_broken_file_is_said_with_the_name_it_now_has(store, file):
    written(file, "{")
    assert "settings.json.broken-20261124T120000Z" in store.problems[0]


def test_two_broken_files_of_one_second_are_both_kept(store, file):
    for text in ("{1", "{2"):
        written(file, text)
        store.get("credits.fallback")
    assert len(list(file.parent.glob("settings.json.broken-*"))) == 2


def test_a_byte_order_mark_is_no_defect(store, file):
    written(file, '\ufeff{"credits.fallback": true}')
    assert store.flag("credits.fallback") is True


def test_bytes_that_are_no_text_in_a_value_give_the_default(store, file):
    file.parent.mkdir()
    file.write_bytes(b'{"model.default": "a/\xff"}')
    assert store.text("model.default") is None


def test_the_file_is_for_this_user_alone(store, file):
    old = os.umask(0)
    try:
        store.set("credits.fallback", True)
    finally:
        os.umask(old)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert (modes, stat.S_IMODE(file.parent.stat().st_mode)) == ({0o600}, 0o700)


def test_a_place_that_cannot_be_written_is_said_with_the_next_step(tmp_path):
    (tmp_path / "config").write_text("a file where the folder should be", encoding="utf-8")
    store = SettingsStore(tmp_path / "config" / "settings.json")
    with pytest.raises(StoreError) as failed:
        store.set("credits.fallback", True)
    assert failed.value.hint


def test_money_is_read_in_nano_dollars(store):
    assert store.usd("cache.warn_usd") == 50_000_000


def test_no_budget_is_none(store):
    assert store.usd("budget.month_usd") is None


def test_a_rate_keeps_its_digits(store):
    store.set("account.platform_rate", Decimal("2.25"))
    assert store.number("account.platform_rate") == Decimal("2.25")


SET_MANY = """
import sys
from pathlib import Path
from tui.settings.store import SettingsStore
store = SettingsStore(Path(sys.argv[1]))
for value in range(1, 21):
    store.set(sys.argv[2], str(value))
"""


def test_processes_that_write_different_settings_lose_nothing(file):
    names = ["budget.day_usd", "budget.month_usd", "budget.turn_usd"]
    writers = [subprocess.Popen([sys.executable, "-c", SET_MANY, file, name]) for name in names]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert {name: SettingsStore(file).get(name) for name in names} == dict.fromkeys(names, "20")
