from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tui.errors import OwnkeyError, UsageError
from tui.store.check import check_store
from tui.store.ledger import Book, NotEnough
from tui.store.ledger_accounts import Accounts
from tui.store.ledger_read import read_ledgers
from tui.store.log import Store

BEGIN = dt.datetime(2026, 11, 30, 22, tzinfo=dt.UTC)
AMOUNTS = st.one_of(st.integers(0, 50), st.integers(0, 10**12))


class LedgerLives(RuleBasedStateMachine):
    """What is charged equals what was told, once each; nothing is ever below nothing."""

    asked = Bundle("asked")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ownkey-ledger-"))
        self.stores = [Store(self.folder / "sessions.db") for _ in range(2)]
        self.now = BEGIN
        self.number = 0
        self.granted = 0
        self.charged: dict[str, int] = {}
        self.answers: dict[tuple, object] = {}

    def _key(self) -> str:
        self.number += 1
        return f"k_{self.number}"

    def _ledger(self, which):
        return self.stores[which].ledger

    def _once(self, which, name, *given, **more):
        """The step, and the same again from the other program: the same answer."""
        answer = getattr(self._ledger(which), name)(*given, **more)
        assert getattr(self._ledger(1 - which), name)(*given, **more) == answer
        return answer

    @rule(
        which=st.integers(0, 1), nano=AMOUNTS, bucket=st.sampled_from(("plan", "addon")),
        hours=st.sampled_from((None, 1, 2, 48, 24 * 40)),
    )  # fmt: skip
    def grant(self, which, nano, bucket, hours):
        expires = None if hours is None else self.now + dt.timedelta(hours=hours)
        if expires is not None and hours == 2:
            expires = expires.replace(hour=0)  # midnight, UTC
        key = self._key()
        try:
            self._once(which, "grant", "t", nano, bucket=bucket, expires=expires, key=key,
                       at=self.now)  # fmt: skip
        except UsageError:
            return
        self.granted += nano

    @rule(target=asked, which=st.integers(0, 1), nano=AMOUNTS)
    def hold(self, which, nano):
        key = self._key()
        [before] = read_ledgers(self.folder / "sessions.db", self.now) or [None]
        try:
            self._once(which, "hold", "t", nano, key=key, session="s", at=self.now)
        except NotEnough as refused:
            assert refused.left == (before.left if before else 0) < nano
            return None
        return key, nano

    @rule(
        which=st.integers(0, 1),
        one=asked,
        percent=st.one_of(st.integers(0, 100), st.sampled_from((150, 5_000))),
    )
    def settle(self, which, one, percent):
        if one is None:
            return
        key, nano = one
        cost = nano * percent // 100
        if key not in self.charged:
            self._once(which, "settle", key, cost, self.now)
            self.charged[key] = cost
        elif cost != self.charged[key]:
            with pytest.raises(UsageError):
                self._ledger(which).settle(key, cost, self.now)

    @rule(which=st.integers(0, 1), one=asked)
    def release(self, which, one):
        if one is not None:
            self._once(which, "release", one[0], self.now)

    @rule(which=st.integers(0, 1), one=asked)
    def die(self, which, one):
        if one is not None:
            self._ledger(which).unsettle(one[0])

    @rule(hours=st.sampled_from((1, 3, 24, 24 * 41, -2, -25)))
    def jump(self, hours):
        self.now += dt.timedelta(hours=hours)

    @invariant()
    def all_adds_up(self):
        for one in read_ledgers(self.folder / "sessions.db", self.now):
            assert one.spent == sum(self.charged.values())
            assert one.granted == self.granted
            whole = one.left + one.held + one.spent + one.expired
            assert whole == one.granted + one.owed
            assert all(bucket.left > 0 for bucket in one.buckets)
            assert min(one.held, one.spent, one.expired, one.owed) >= 0
            assert not one.owed or not one.left
        assert check_store(self.folder / "sessions.db").problems == ()

    def teardown(self):
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)


FEW = settings(
    max_examples=8, stateful_step_count=25, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
UNTIL_FOUND = settings(
    FEW, max_examples=300, database=None, derandomize=True, phases=[Phase.generate]
)


def test_the_ledger_adds_up_in_random_lives():
    run_state_machine_as_test(LedgerLives, settings=FEW)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_ledger_adds_up_in_many_random_lives():
    run_state_machine_as_test(
        LedgerLives, settings=settings(FEW, max_examples=150, stateful_step_count=40)
    )


def _again(book, step, key, asked):
    return None


MUTANTS = {
    "a key is not remembered": (Book, "_first", _again),
    "nothing goes back": (Accounts, "given_back", lambda *given: {}),
}


SLOWLY = [pytest.mark.soak, pytest.mark.timeout(300)]
SLOW = ("nothing goes back",)


@pytest.mark.parametrize(
    "mutant",
    [pytest.param(one, marks=SLOWLY if one in SLOW else []) for one in MUTANTS],
)
def test_a_ledger_without_one_of_its_rules_is_found(mutant, monkeypatch, capsys):
    monkeypatch.setattr(*MUTANTS[mutant])
    with pytest.raises((AssertionError, OwnkeyError)):  # the database may refuse before we do
        run_state_machine_as_test(LedgerLives, settings=UNTIL_FOUND)
