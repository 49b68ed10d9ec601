"""What was spent, as the store keeps and sums it."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
import time
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store_world import NOW, ONE, a_turn, change, write_turns
from tui.events.base import RequestId, SessionId
from tui.events.money import ChargeLine, ChargeRecorded, UsageReported
from tui.events.route import RequestFinished, ResponseOpened, RouteDecided
from tui.events.session import HistoryCompacted, SessionCreated, SessionRewound
from tui.store.charging import ChargeRow
from tui.store.check import check_store
from tui.store.forking import fork_session
from tui.store.log import MIGRATIONS, Store
from tui.store.spent import GROUPS, Slice
from tui.store.usage import read_receipts, read_usage

FORK = SessionId("s_fork")


@pytest.fixture
def path(home):
    return home / "data" / "sessions.db"


@pytest.fixture
def store(path):
    opened = Store(path)
    yield opened
    opened.close()


def a_request(
    id: str,
    nano: int | None,
    *,
    model="anthropic/claude-opus-4-7",
    key="k_1",
    payer="own_key",
    input=1_000,
    answered=None,
    fee=None,
    summary=False,
):
    request = RequestId(id)
    line = ChargeLine(
        what="input", quantity=Decimal(1_000), unit_usd=Decimal("0.000005"), usd=Decimal("0.005")
    )
    events = [
        RouteDecided(
            request=request, model=model, connection=key, payer=payer, why="w", host="https://h:443",
            label=f"label of {key}",
        ),
        ResponseOpened(request=request, provider_request_id=f"req_{id}"),
        UsageReported(
            request=request, input=input, output=10, cache_read=None, cache_write=None,
            reasoning=None, raw={},
        ),
        ChargeRecorded(
            request=request, payer=payer, nano=nano, lines=(line,), priced_by="a list",
            sureness="unknown" if nano is None else "priced",
        ),
        RequestFinished(request=request, stop="end", said="end_turn", model=answered),
    ]  # fmt: skip
    if fee is not None:
        events.append(
            ChargeRecorded(
                request=request, payer="platform_credits", nano=fee, lines=(), priced_by="fee",
                sureness="exact",
            )
        )  # fmt: skip
    if summary:
        events.append(HistoryCompacted(upto=2, summary="short", request=request))
    return events


def write(store, *events, session=ONE, at=NOW, folder="/work"):
    new = not store.has(session)
    created = [(SessionCreated(cwd=folder, version="test"), 0)] if new else []
    store.append(session, [*created, *((event, 1) for event in events)], at)


def sums(path, by, **part):
    return {row.key: row.nano for row in read_usage(path, by, Slice(**part)).rows}


DAYS = st.integers(0, 40)
CHARGES = st.lists(
    st.tuples(
        DAYS,
        st.sampled_from(["a/one", "b/two", "b/three"]),
        st.sampled_from(["k_1", "k_2"]),
        st.sampled_from(["s_a", "s_b", "s_c"]),
        st.sampled_from(["own_key", "endpoint", "credits", "nobody"]),
        st.one_of(st.none(), st.integers(0, 10**12)),
        st.one_of(st.none(), st.integers(0, 10**6)),
    ),
    max_size=25,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(charges=CHARGES)
def test_sums_are_those_of_a_hand_count_in_every_grouping(tmp_path_factory, charges):
    path = tmp_path_factory.mktemp("sums") / "sessions.db"
    store = Store(path)
    rows = [
        ChargeRow(
            session=SessionId(session), seq=number, at=NOW + dt.timedelta(days=day), payer=payer,
            nano=nano, requests=1, input=tokens, output=None, cache_read=tokens, model=model,
            connection=key, label=key, folder=f"/{session}", request=f"r_{number}", theirs="",
            side="",
        )
        for number, (day, model, key, session, payer, nano, tokens) in enumerate(charges, start=1)
    ]  # fmt: skip
    with store._transaction():
        store._charge(rows)
    key_of = {
        "day": lambda row: row.at.date().isoformat(), "model": lambda row: row.model,
        "key": lambda row: row.connection, "folder": lambda row: row.folder,
        "session": lambda row: row.session, "payer": lambda row: row.payer,
    }  # fmt: skip
    for by in GROUPS:
        expected = defaultdict(lambda: [0, 0, 0, 0])
        for row in rows:
            one = expected[key_of[by](row)]
            one[0] += 1
            one[1] += row.nano or 0
            one[2] += row.nano is None
            one[3] += row.input is None
        table = read_usage(path, by, Slice())
        found = {r.key: [r.requests, r.nano, r.unknown, r.untold] for r in table.rows}
        assert found == expected
        assert (table.total.requests, table.total.nano) == (
            len(rows), sum(row.nano or 0 for row in rows),
        )  # fmt: skip
        assert sum(day.nano for day in table.days) == table.total.nano
        assert store.spent_since(NOW) == (table.total.nano, table.total.unknown)
        for row in table.rows:
            inside = read_usage(path, "payer", Slice().within(by, row.key)).total
            assert (inside.nano, inside.unknown) == (row.nano, row.unknown)
    store.close()


def test_a_charge_tells_its_model_key_folder_tokens_and_the_providers_id(store, path):
    write(store, *a_request("r_1", 7, answered="claude-sonnet-5"), folder="/here")
    (receipt,) = read_receipts(path, Slice())
    assert (receipt.model, receipt.key, receipt.label, receipt.folder) == (
        "anthropic/claude-sonnet-5", "k_1", "label of k_1", "/here",
    )  # fmt: skip
    assert (receipt.input, receipt.output, receipt.cache_read) == (1_000, 10, None)
    assert (receipt.theirs, receipt.priced_by, receipt.sureness) == ("req_r_1", "a list", "priced")
    assert receipt.lines is not None
    assert receipt.lines[0].usd == Decimal("0.005")
    assert check_store(path).problems == ()


def test_a_request_of_unknown_cost_is_counted_apart(store, path):
    write(store, *a_request("r_1", 7), *a_request("r_2", None))
    total = read_usage(path, "model", Slice()).total
    assert (total.requests, total.nano, total.unknown) == (2, 7, 1)


def test_the_platforms_fee_is_money_but_no_request(store, path):
    write(store, *a_request("r_1", 7, fee=3))
    total = read_usage(path, "day", Slice()).total
    assert (total.requests, total.nano, total.input) == (1, 10, 1_000)


def test_the_platforms_fee_is_no_request_when_it_comes_first_either(store, path):
    *events, fee = a_request("r_1", 7, fee=3)
    write(store, events[0], fee, *events[1:])
    rows = {row.key: row for row in read_usage(path, "payer", Slice()).rows}
    assert (rows["own_key"].requests, rows["own_key"].input) == (1, 1_000)
    assert (rows["platform_credits"].requests, rows["platform_credits"].input) == (0, None)


def test_what_is_told_late_of_a_copied_request_pays_nothing_in_the_fork(store, path):
    write(store, *a_request("r_1", 7))
    fork_session(store, ONE, FORK, None, NOW)
    write(store, a_request("r_1", 7, answered="other")[-1], session=FORK)
    assert sums(path, "session") == {ONE: 7}
    assert check_store(path).problems == ()


def test_a_summary_is_a_side_request_with_its_money(store, path):
    write(store, *a_request("r_1", 7), *a_request("r_2", 5, summary=True))
    assert [(one.side, one.nano) for one in read_receipts(path, Slice())] == [
        ("summary", 5), ("", 7),
    ]  # fmt: skip
    assert check_store(path).problems == ()


def test_a_fork_and_a_going_back_pay_nothing_twice(store, path):
    write(store, *a_request("r_1", 7), *a_request("r_2", 5))
    fork_session(store, ONE, FORK, None, NOW)
    write(store, *a_request("r_3", 100), session=FORK)
    write(store, SessionRewound(to=3))
    assert sums(path, "session") == {ONE: 12, FORK: 100}
    assert read_usage(path, "session", Slice()).total.requests == 3
    assert {one.id: one.nano for one in store.summaries()} | {ONE: 12, FORK: 100} == {
        ONE: 12, FORK: 100,
    }  # fmt: skip
    assert check_store(path).problems == ()


def test_a_session_opened_anew_knows_the_requests_of_before(store, path):
    route, opened, usage, charge, finished = a_request("r_1", 7)
    write(store, route, opened, usage)
    other = Store(path)
    write(other, charge)
    other.close()
    store.forget_cached(ONE)
    write(store, finished)
    assert read_usage(path, "key", Slice()).rows[0].input == 1_000
    assert check_store(path).problems == ()


def test_money_of_a_deleted_session_stays_counted_also_when_it_is_gone_for_good(store, path):
    write(store, *a_request("r_1", 7), folder="/secret")
    store.mark_deleted(ONE, NOW)
    assert sums(path, "folder") == {"/secret": 7}
    store.purge_deleted(NOW + dt.timedelta(days=1))
    assert sums(path, "folder") == {"/secret": 7}
    (receipt,) = read_receipts(path, Slice())
    assert (receipt.nano, receipt.lines) == (7, None)
    assert store.spent_since(NOW) == (7, 0)


def test_a_part_is_what_fits_all_that_is_named(store, path):
    write(store, *a_request("r_1", 1), *a_request("r_2", 2, model="b/two", key="k_2"))
    write(store, *a_request("r_3", 4), at=NOW + dt.timedelta(days=1))
    assert sums(path, "model", key="k_1") == {"anthropic/claude-opus-4-7": 5}
    assert sums(path, "day", since=NOW + dt.timedelta(days=1)) == {"2026-11-25": 4}
    assert sums(path, "day", until=NOW + dt.timedelta(days=1)) == {"2026-11-24": 3}
    assert sums(path, "payer", model="nobody/has/this") == {}


def test_a_store_that_is_not_there_has_spent_nothing(tmp_path):
    assert read_usage(tmp_path / "none.db", "day", Slice()).rows == ()
    assert read_receipts(tmp_path / "none.db", Slice()) == ()


def test_a_store_of_the_first_form_gets_all_that_its_events_tell(store, path):
    write(store, *a_request("r_1", 7, answered="claude-opus-4-7-20260416", fee=2), folder="/a")
    write(store, *a_request("r_2", None, answered="other", summary=True), folder="/a")
    write(store, *a_request("r_3", 5, model="auto", answered="x/y"), session=SessionId("s_b"))
    write_turns(store, a_turn("p", "r"), session=SessionId("s_c"))
    fork_session(store, ONE, FORK, None, NOW)
    write(store, *a_request("r_4", 9, input=None), session=FORK)
    store.close()
    with sqlite3.connect(path) as db:
        expected = db.execute("SELECT * FROM charges ORDER BY session, seq").fetchall()
        for later in sorted(MIGRATIONS.glob("*.sql"))[2:]:  # what came after it was not there yet
            made = re.findall(r"CREATE TABLE (\w+)", later.read_text("utf-8"))
            for table in reversed(made):
                db.execute(f"DROP TABLE {table}")
        old = (MIGRATIONS / "0001_first.sql").read_text("utf-8")
        made = [one for one in old.split(";") if "charges" in one and "TABLE" in one]
        db.execute("ALTER TABLE charges RENAME TO new")
        db.execute(made[0])
        db.execute("CREATE INDEX charges_by_time ON charges (at)")
        db.execute(
            "INSERT INTO charges SELECT row, new.seq, at, nano FROM new JOIN sessions"
            " ON sessions.id = new.session"
        )
        db.execute("DROP TABLE new")
        db.execute("PRAGMA user_version = 1")
    db.close()
    Store(path).close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT * FROM charges ORDER BY session, seq").fetchall() == expected
    db.close()
    assert len(expected) == 6
    assert check_store(path).problems == ()


@pytest.mark.parametrize("column", ["model", "folder", "input", "theirs", "requests"])
def test_the_check_finds_a_charge_that_tells_something_else(store, path, column):
    write(store, *a_request("r_1", 7))
    store.close()
    change(path, f"UPDATE charges SET {column} = 9")
    assert any("charges differ" in problem for problem in check_store(path).problems)


@pytest.mark.soak
def test_a_hundred_thousand_charges_are_summed_in_a_second(store, path):
    rows = [
        ChargeRow(
            session=SessionId(f"s_{number % 3_000}"), seq=number,
            at=NOW + dt.timedelta(seconds=150 * number), payer="own_key", nano=number, requests=1,
            input=5_000, output=300, cache_read=4_000, model=f"anthropic/model-{number % 12}",
            connection=f"k_{number % 6}", label="personal", folder=f"/work/{number % 20}",
            request=f"r_{number}", theirs=f"req_{number:024x}", side="",
        )
        for number in range(100_000)
    ]  # fmt: skip
    with store._transaction():
        store._charge(rows)
    for by in GROUPS:
        began = time.process_time()
        assert read_usage(path, by, Slice()).total.requests == 100_000
        assert time.process_time() - began < 1
    began = time.process_time()
    store.spent_since(rows[-100].at)
    assert time.process_time() - began < 0.05
