from __future__ import annotations

import datetime as dt
import sqlite3
import subprocess

import pytest

from tests.engine_world import child_program
from tui.errors import UsageError
from tui.store.check import check_store
from tui.store.ledger import MOST, KeyReused, NotEnough
from tui.store.ledger_read import read_ledgers
from tui.store.log import Store

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
MIDNIGHT = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
LATER = dt.datetime(2027, 3, 1, tzinfo=dt.UTC)
TEAM = "team"


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "sessions.db")
    yield store
    store.close()
    assert check_store(tmp_path / "sessions.db").problems == ()


@pytest.fixture
def ledger(store):
    return store.ledger


def grant(ledger, nano, bucket="addon", expires=None, key=None, at=NOON, service=TEAM):
    key = key or f"{bucket} {nano} {expires}"
    return ledger.grant(service, nano, bucket=bucket, expires=expires, key=key, at=at)


def hold(ledger, nano, key="r_1", at=NOON, session="s_1"):
    return ledger.hold(TEAM, nano, key=key, session=session, at=at)


def read(store, now=NOON):
    [found] = read_ledgers(store.path, now, service=TEAM)
    return found


def buckets(store, now=NOON):
    return [(one.kind, one.left, one.expires) for one in read(store, now).buckets]


def test_what_is_granted_held_charged_and_left_adds_up(store, ledger):
    grant(ledger, 1_000)
    assert hold(ledger, 400).left == 600
    told = ledger.settle("r_1", 150, NOON)
    assert (told.nano, told.left, told.owed) == (150, 850, 0)
    found = read(store)
    assert (found.granted, found.left, found.held, found.spent) == (1_000, 850, 0, 150)
    assert found.holds == ()


def test_the_plan_is_spent_first_then_add_ons_by_expiry_and_those_without_one_last(store, ledger):
    grant(ledger, 10)
    grant(ledger, 20, expires=LATER)
    grant(ledger, 30, expires=MIDNIGHT)
    grant(ledger, 40, "plan", LATER)
    grant(ledger, 50, "plan", MIDNIGHT)
    order = []
    for number in range(15):
        before = dict(((kind, end), left) for kind, left, end in buckets(store))
        hold(ledger, 10, f"r_{number}")
        ledger.settle(f"r_{number}", 10, NOON)
        after = dict(((kind, end), left) for kind, left, end in buckets(store))
        [drawn] = [name for name, left in before.items() if after.get(name, 0) != left]
        if drawn not in order:
            order.append(drawn)
    assert order == [
        ("plan", MIDNIGHT), ("plan", LATER), ("addon", MIDNIGHT), ("addon", LATER), ("addon", None),
    ]  # fmt: skip


def test_what_a_request_did_not_cost_goes_back_where_it_came_from(store, ledger):
    grant(ledger, 100, "plan", LATER)
    grant(ledger, 100)
    hold(ledger, 150)
    assert buckets(store) == [("addon", 50, None)]
    ledger.settle("r_1", 120, NOON)
    assert buckets(store) == [("addon", 80, None)]
    hold(ledger, 60, "r_2")
    ledger.release("r_2", NOON)
    assert buckets(store) == [("addon", 80, None)]


def test_a_hold_that_does_not_fit_is_refused_with_what_is_left_and_holds_nothing(store, ledger):
    grant(ledger, 100)
    with pytest.raises(NotEnough) as refused:
        hold(ledger, 101)
    assert (refused.value.left, refused.value.needs) == (100, 101)
    assert (read(store).held, read(store).left) == (0, 100)
    assert hold(ledger, 100).left == 0


@pytest.mark.parametrize("step", ["grant", "hold", "settle", "release"])
def test_the_same_key_again_changes_nothing_and_gives_the_first_answer(store, ledger, step):
    steps = {
        "grant": lambda: grant(ledger, 1_000, key="g"),
        "hold": lambda: hold(ledger, 300),
        "settle": lambda: ledger.settle("r_1", 200, NOON),
        "release": lambda: ledger.release("r_1", NOON),
    }
    for name, take in steps.items():
        if name != "settle" or step == "settle":
            first = take()
        if name == step:
            break
    grant(ledger, 5, key="something between")
    before = read(store)
    assert steps[step]() == first
    assert read(store) == before


def test_the_same_key_with_another_amount_is_refused_and_changes_nothing(store, ledger):
    grant(ledger, 1_000, key="g")
    hold(ledger, 300)
    ledger.settle("r_1", 200, NOON)
    before = read(store)
    for again in (
        lambda: grant(ledger, 999, key="g"),
        lambda: grant(ledger, 1_000, "plan", key="g"),
        lambda: grant(ledger, 1_000, key="g", service="other"),
        lambda: hold(ledger, 301),
        lambda: ledger.settle("r_1", 201, NOON),
    ):
        with pytest.raises(KeyReused, match="used before"):
            again()
    assert read(store) == before


def test_a_bucket_ends_at_midnight_utc_and_its_rest_is_an_entry_of_its_own(store, ledger):
    grant(ledger, 100, "plan", MIDNIGHT)
    grant(ledger, 7)
    last = MIDNIGHT - dt.timedelta(microseconds=1)
    assert hold(ledger, 30, at=last).left == 77
    with pytest.raises(NotEnough) as refused:
        hold(ledger, 8, "r_2", MIDNIGHT)
    assert refused.value.left == 7
    told = ledger.settle("r_1", 20, MIDNIGHT)  # held while it was good; the rest of it is not
    assert told.left == 7
    found = read(store, MIDNIGHT)
    assert (found.spent, found.expired, found.left) == (20, 80, 7)
    expired = [(line.account, line.nano) for line in found.lines if line.step == "expire"]
    assert sorted(expired) == [("expired", 10), ("expired", 70), ("plan", -70), ("plan", -10)]


def test_what_has_expired_does_not_come_back_when_the_clock_jumps_back_over_midnight(store, ledger):
    grant(ledger, 100, "plan", MIDNIGHT)
    grant(ledger, 5)
    hold(ledger, 1, at=MIDNIGHT + dt.timedelta(hours=1))
    assert read(store, NOON).left == 4
    with pytest.raises(NotEnough):
        hold(ledger, 10, "r_2", NOON)
    ledger.settle("r_1", 1, NOON)
    assert read(store, NOON).expired == 100


def test_what_has_expired_is_shown_so_before_anything_is_written(store, ledger):
    grant(ledger, 100, "plan", MIDNIGHT)
    assert read(store, MIDNIGHT - dt.timedelta(seconds=1)).left == 100
    assert (read(store, MIDNIGHT).left, read(store, MIDNIGHT).expired) == (0, 100)


def test_a_charge_above_its_hold_takes_what_is_left_and_the_rest_is_owed(store, ledger):
    grant(ledger, 100)
    hold(ledger, 60)
    told = ledger.settle("r_1", 130, NOON)
    assert (told.nano, told.left, told.owed) == (130, 0, 30)
    found = read(store)
    assert (found.spent, found.owed, found.left, found.held) == (130, 30, 0, 0)
    assert grant(ledger, 50, key="more").left == 20
    assert (read(store).owed, read(store).left) == (0, 20)


def test_what_is_owed_is_paid_by_what_another_request_gives_back(store, ledger):
    grant(ledger, 100)
    hold(ledger, 50, "r_1")
    hold(ledger, 50, "r_2")
    assert ledger.settle("r_1", 70, NOON).owed == 20
    assert ledger.settle("r_2", 10, NOON).left == 20
    assert read(store).owed == 0


def test_what_nobody_can_say_the_cost_of_stays_held_and_is_settled_or_released_later(store, ledger):
    grant(ledger, 100)
    for key in ("r_1", "r_2"):
        hold(ledger, 40, key)
        ledger.unsettle(key)
    assert [(one.key, one.state) for one in read(store).holds] == [
        ("r_1", "unsettled"), ("r_2", "unsettled"),
    ]  # fmt: skip
    assert read(store).left == 20
    assert ledger.settle("r_1", 25, NOON).left == 35
    assert ledger.release("r_2", NOON).left == 75
    assert read(store).holds == ()


def test_a_request_that_was_let_go_of_and_billed_after_all_is_charged(store, ledger):
    grant(ledger, 100)
    hold(ledger, 40)
    ledger.release("r_1", NOON)
    assert ledger.settle("r_1", 30, NOON).left == 70
    assert ledger.release("r_1", NOON).nano == 40  # the first answer; nothing moves
    assert read(store).left == 70


def test_what_was_settled_is_not_let_go_of(store, ledger):
    grant(ledger, 100)
    hold(ledger, 40)
    ledger.settle("r_1", 40, NOON)
    assert ledger.release("r_1", NOON).nano == 0
    assert (read(store).left, read(store).spent) == (60, 40)


@pytest.mark.parametrize("nano", [0, -1, MOST + 1])
def test_a_grant_of_nothing_or_of_too_much_is_refused(store, ledger, nano):
    with pytest.raises(UsageError, match="above 0"):
        grant(ledger, nano)


def test_credits_that_would_have_expired_already_are_not_granted(store, ledger):
    with pytest.raises(UsageError, match="expired"):
        grant(ledger, 10, expires=NOON)


def test_a_charge_for_which_nothing_was_held_is_refused(store, ledger):
    with pytest.raises(UsageError, match="nothing was held"):
        ledger.settle("r_x", 1, NOON)


def test_services_do_not_pay_for_each_other(store, ledger):
    grant(ledger, 100, service="other")
    grant(ledger, 10)
    with pytest.raises(NotEnough):
        hold(ledger, 11)
    assert [one.service for one in read_ledgers(store.path, NOON)] == ["other", TEAM]


def test_the_database_itself_refuses_a_bucket_below_nothing(store, ledger):
    grant(ledger, 100)
    db = sqlite3.connect(store.path)
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE ledger_accounts SET nano = -1 WHERE kind = 'addon'")
    db.close()


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("UPDATE ledger_entries SET nano = nano + 1 WHERE nano > 0", "does not add up"),
        ("UPDATE ledger_accounts SET nano = nano + 1 WHERE kind = 'addon'", "differs from its"),
        ("UPDATE ledger_holds SET nano = 1 WHERE state = 'open'", "differs from the holds"),
        ("UPDATE ledger_holds SET charged = 1 WHERE charged = 3", "differs from the charges"),
    ],
)
def test_the_check_finds_a_ledger_that_does_not_add_up(tmp_path, planted, said):
    store = Store(tmp_path / "sessions.db")
    grant(store.ledger, 100)
    hold(store.ledger, 10)
    hold(store.ledger, 10, "r_2")
    store.ledger.settle("r_2", 3, NOON)
    store.close()
    assert check_store(store.path).problems == ()
    with sqlite3.connect(store.path) as db:
        assert db.execute(planted).rowcount > 0
    db.close()
    assert any(said in one for one in check_store(store.path).problems)


CHILD = """
import datetime as dt, sys
from pathlib import Path
from tui.store.ledger import NotEnough
from tui.store.log import Store

store = Store(Path(sys.argv[1]))
at = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
sys.stdin.readline()
spent = 0
for number in range(80):
    key = f"{sys.argv[2]}_{number}"
    try:
        store.ledger.hold("team", 10, key=key, session="s", at=at)
    except NotEnough:
        continue
    spent += store.ledger.settle(key, 9, at).nano
    store.ledger.settle(f"{sys.argv[2]}_{number}", 9, at)
print(spent)
"""


def test_two_processes_at_once_spend_what_there_is_and_no_more(store, ledger):
    grant(ledger, 900)
    children = [
        subprocess.Popen(
            child_program(CHILD, str(store.path), name),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in "ab"
    ]  # fmt: skip
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    spent = [int(child.communicate(timeout=30)[0]) for child in children]
    assert (sum(spent), read(store).spent, read(store).left) == (891, 891, 9)
    assert min(spent) > 0
