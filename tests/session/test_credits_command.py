from __future__ import annotations

import datetime as dt
import json

import pytest

from tests.command import run_command
from tests.ledger_world import ledger_of
from tui.cli.credits_grant import credits_nano, moment_ahead
from tui.errors import UsageError
from tui.events.base import utc_now
from tui.store.log import Store

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


def credits(*words):
    ended = run_command("credits", *words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def grant(*words):
    return json.loads(credits("grant", *words, "--json"))


@pytest.fixture
def path(home):
    return home / "data" / "sessions.db"


def test_a_grant_is_in_the_ledger_and_the_same_key_again_changes_nothing(path):
    words = ("1,204.5", "--service", "team", "--bucket", "plan", "--key", "november")
    first = grant(*words)
    assert (first["granted"], first["left"]) == ("1204.500000000",) * 2
    assert grant(*words) == first
    assert ledger_of(path).granted == 1_204_500_000_000
    other = run_command("credits", "grant", "9", "--service", "team", "--key", "november")
    assert other.returncode == 2
    assert "used before" in other.stderr


def test_the_only_ledger_need_not_be_named_and_of_two_one_must_be(path):
    grant("10", "--service", "team")
    assert grant("5")["left"] == "15.000000000"
    grant("5", "--service", "other")
    refused = run_command("credits", "grant", "5")
    assert refused.returncode == 2
    assert "other, team" in refused.stderr


def test_the_ledger_shows_buckets_holds_and_entries_and_a_hold_is_settled_by_hand(path):
    grant("10", "--service", "team")
    grant("5", "--bucket", "plan", "--expires", "2999-01-01")
    store = Store(path)
    for key in ("r_1", "r_2"):
        store.ledger.hold("team", 10**9, key=key, session="s", at=utc_now())
        store.ledger.unsettle(key)
    store.close()
    [one] = json.loads(credits("ledger", "--json"))["ledgers"]
    assert (one["service"], one["left"], one["held"]) == ("team", "13.000000000", "2.000000000")
    assert one["buckets"] == [
        {"kind": "plan", "left": "3.000000000", "expires": "2999-01-01T00:00:00.000000Z"},
        {"kind": "addon", "left": "10.000000000", "expires": None},
    ]
    assert [hold["state"] for hold in one["holds"]] == ["unsettled", "unsettled"]
    assert sum(float(entry["credits"]) for entry in one["entries"]) == 0
    assert "r_1" in credits("ledger", "--service", "team")
    assert "0.25 credits charged" in credits("settle", "r_1", "0.25")
    assert json.loads(credits("settle", "r_2", "0", "--json"))["left"] == "14.750000000"
    assert ledger_of(path).holds == ()


def test_a_request_that_still_runs_is_not_settled_by_hand(path):
    grant("10", "--service", "team")
    store = Store(path)
    store.ledger.hold("team", 10**9, key="r_1", session="s", at=utc_now())
    store.close()
    refused = run_command("credits", "settle", "r_1", "0")
    assert refused.returncode == 2
    assert "still running" in refused.stderr


def test_without_a_ledger_it_is_said_how_one_begins(home):
    assert "credits grant N --service NAME" in credits("ledger")
    assert run_command("credits", "ledger", "--service", "x").returncode == 2


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1e-10", "1e400"])
def test_what_is_no_number_of_credits_is_refused(text):
    with pytest.raises(UsageError):
        credits_nano(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-31", dt.datetime(2026, 12, 31, tzinfo=dt.UTC)),
        ("2026-12-31T12:00+02:00", dt.datetime(2026, 12, 31, 10, tzinfo=dt.UTC)),
        ("30d", NOON + dt.timedelta(days=30)),
        ("month", dt.datetime(2026, 12, 1, tzinfo=dt.UTC)),
    ],
)
def test_a_moment_to_come_is_read_as_it_is_written(text, moment):
    assert moment_ahead(text, NOON) == moment


@pytest.mark.parametrize("text", ["all", "yesterday", "soon", "2026-13-01"])
def test_what_is_no_moment_to_come_is_refused(text):
    with pytest.raises(UsageError):
        moment_ahead(text, NOON)
