"""`ownkey usage` over a store that real turns made with the fake provider."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from unittest import mock

import pytest

from tests.command import run_command
from tests.engine_world import QUICK, environ_of
from tests.fake_provider import FakeProvider
from tui.billing.receipt import PriceRequest, price
from tui.catalog.prices import PriceBook
from tui.cli.since import parse_since
from tui.errors import UsageError
from tui.paths import find_paths
from tui.store.log import Store

GPT, MINI = QUICK, "openai/gpt-5.4"
NOW = dt.datetime(2026, 7, 26, 15, 30, tzinfo=dt.UTC)


def usage(*words, environ):
    said = run_command("usage", *words, environ=environ)
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.fixture(scope="module")
def spent(tmp_path_factory):
    """A turn in each of two sessions on two models, and what each request used."""
    home = tmp_path_factory.mktemp("home")
    with (
        FakeProvider() as fake,
        mock.patch("tui.process.harden"),
        pytest.MonkeyPatch.context() as patch,
    ):
        environ = environ_of(fake, home)
        served = []
        for name, model in (("one", GPT), ("two", MINI)):
            folder = tmp_path_factory.mktemp(name)
            (folder / "notes.txt").write_text("words\n", encoding="utf-8")
            patch.chdir(folder)
            fake.script([
                {"text": "look",
                 "tool_calls": [{"name": "read", "args": {"path": "notes.txt"}}]},
                {"text": "an answer " * 20},
            ])  # fmt: skip
            said = run_command("run", "read it", "--json", "--model", model, environ=environ)
            assert said.returncode == 0, said.stderr
            told = [json.loads(line) for line in said.stdout.splitlines()]
            served += [(model, folder, one) for one in told if one["type"] == "usage"]
        yield environ, served


def priced(model, usage):
    """What the provider's own usage object costs by the price list, asked apart."""
    provider, own = model.split("/", 1)
    at = dt.datetime.fromisoformat(usage["at"])
    request = PriceRequest(provider=provider, model=own, at=at, usage=usage["raw"])
    total = price(request, PriceBook()).total
    assert total
    return Decimal(total) / 1_000_000_000


def test_sums_are_what_was_served_at_its_price_to_the_nano_dollar(spent):
    environ, served = spent
    table = json.loads(usage("--json", "--by", "model", environ=environ))
    assert len(served) == 4
    for row in table["rows"]:
        mine = [one for model, _, one in served if model == row["key"]]
        assert row["requests"] == len(mine) > 0
        assert Decimal(row["usd"]) == sum(priced(row["key"], one) for one in mine)
        assert row["input"] == sum(one["input"] for one in mine)
        assert row["output"] == sum(one["output"] for one in mine)
    assert table["total"]["requests"] == 4
    assert table["since"] is None
    assert dt.datetime.fromisoformat(table["until"]).tzinfo is not None


def test_every_grouping_has_the_same_total_as_the_sessions_and_as_today(spent):
    environ, _ = spent
    totals = set()
    for by in ("day", "model", "key", "folder", "session", "payer"):
        table = json.loads(usage("--json", "--by", by, environ=environ))
        assert sum(Decimal(row["usd"]) for row in table["rows"]) == Decimal(table["total"]["usd"])
        totals.add(Decimal(table["total"]["usd"]))
    listed = json.loads(run_command("sessions", "list", "--json", environ=environ).stdout)
    assert totals == {sum(Decimal(one["usd"]) for one in listed)}
    store = Store(find_paths(environ).store_file)
    today, unknown = store.spent_since(dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
    store.close()
    assert (totals, unknown) == ({Decimal(today) / 1_000_000_000}, 0)


def test_a_row_has_the_fields_of_the_contract(spent):
    environ, served = spent
    table = json.loads(usage("--json", "--by", "folder", environ=environ))
    assert {row["key"] for row in table["rows"]} == {str(folder) for _, folder, _ in served}
    for row in (*table["rows"], table["total"]):
        assert {
            "key",
            "requests",
            "input",
            "output",
            "cache_read",
            "usd",
            "credits",
            "unknown",
        } <= {*row}
        assert isinstance(row["usd"], str)
        assert isinstance(row["credits"], str)


def test_a_table_for_a_person_has_a_line_a_row_and_the_total(spent):
    environ, _ = spent
    said = usage("--by", "payer", environ=environ).splitlines()
    assert said[0].split() == ["payer", "requests", "in", "out", "cached", "cost", "unknown"]
    assert said[1].startswith("your keys ")
    assert said[-1].startswith("total ")
    assert said[1].split()[2:] == said[-1].split()[1:]


def test_since_leaves_out_what_was_before(spent):
    environ, _ = spent
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).date().isoformat()
    assert json.loads(usage("--json", "--since", later, environ=environ))["rows"] == []
    assert "Nothing was spent since" in usage("--since", later, environ=environ)
    assert json.loads(usage("--json", "--since", "1d", environ=environ))["total"]["requests"] == 4


def test_a_spreadsheet_gets_a_row_a_group(spent):
    environ, _ = spent
    rows = list(csv.DictReader(io.StringIO(usage("--csv", "--by", "session", environ=environ))))
    table = json.loads(usage("--json", "--by", "session", environ=environ))
    assert [(row["key"], row["usd"], row["requests"]) for row in rows] == [
        (row["key"], row["usd"], str(row["requests"])) for row in table["rows"]
    ]


def test_where_there_is_no_store_nothing_was_spent_and_none_is_made(home):
    assert "Nothing was spent." in run_command("usage").stdout
    assert json.loads(run_command("usage", "--json").stdout)["total"]["requests"] == 0
    assert not (home / "data").exists()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", "2026-07-19T15:30+00:00"),
        ("36H", "2026-07-25T03:30+00:00"),
        ("2 w", "2026-07-12T15:30+00:00"),
        ("today", "2026-07-26T00:00+00:00"),
        ("yesterday", "2026-07-25T00:00+00:00"),
        ("week", "2026-07-20T00:00+00:00"),
        ("month", "2026-07-01T00:00+00:00"),
        ("2026-07-01", "2026-07-01T00:00+00:00"),
        ("2026-07-01T12:00", "2026-07-01T12:00+00:00"),
        ("2026-07-01t12:00z", "2026-07-01T12:00+00:00"),
        ("2026-07-01T12:00:00+02:00", "2026-07-01T10:00+00:00"),
    ],
)
def test_a_moment_is_read_as_a_person_writes_it(text, moment):
    assert parse_since(text, NOW) == dt.datetime.fromisoformat(moment)
    assert parse_since("all", NOW) is None


@pytest.mark.parametrize("text", ["", "soon", "7", "-7d", "999999w", "2026-13-01", "7dd"])
def test_what_is_no_moment_is_a_wrong_usage(text, home):
    with pytest.raises(UsageError, match="no moment"):
        parse_since(text, NOW)
    assert run_command("usage", "--since", text or " ").returncode == 2
