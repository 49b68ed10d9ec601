"""A home with an own key and a house's credits, the servers of both, and what all books say."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest

from tests.canary import made_up_key
from tests.command import run_command
from tests.fake_credits import FakeHouse
from tests.fake_provider import FakeProvider
from tests.ledger_world import TEAM
from tests.quick_vault import SEALED, quick_vault
from tui.money import to_nano
from tui.paths import find_paths
from tui.settings.store import SettingsStore
from tui.store.check import check_store
from tui.store.ledger_read import read_ledgers

OWN = "openai/gpt-5.5"
HOUSE = "house/house-large"
PER_TOKEN = (5_000, 30_000)
"""Nano-dollars of a token in and out, as the maker lists `gpt-5.5`."""

GRANTED = "100000"
assert TEAM != "house"


class Deadly(FakeProvider):
    """Kills who asks once it has taken the request and billed it; nothing goes back."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.victims: queue.Queue[int] | None = None

    def _decide(self, seen: Any, path: str) -> Any:
        made = super()._decide(seen, path)
        if seen.method == "POST" and self.victims is not None:
            victims, self.victims = self.victims, None
            os.kill(victims.get(timeout=60), signal.SIGKILL)
        return made


class OwnMaker(Deadly):
    """The maker of the own key; no two of its replies cost the same."""

    def _next_step(self) -> dict[str, Any]:
        return {"text": "a word or two", **super()._next_step()}

    def reply_to(self, ask: Any, step: dict[str, Any]) -> Any:
        usage = {"input": 1_000 + len(self.served), "output": 40}
        return super().reply_to(ask, {**step, "usage": step.get("usage", usage)})

    @property
    def bills(self) -> list[int]:
        """Nano-dollars of each reply, by its own books."""
        return [
            one.count("input") * PER_TOKEN[0] + one.count("output") * PER_TOKEN[1]
            for one in self.served
        ]


class OwnHouse(Deadly, FakeHouse):
    """The house; no two of its replies cost the same."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.entries[0]["pricing"] = {"prompt": "0.000005", "completion": "0.000025"}
        self.bills: list[int] = []

    def _next_step(self) -> dict[str, Any]:
        self.cost = str(Decimal("0.0100") + Decimal(len(self.bills)) / 10_000)
        return {"text": "on credits", **super()._next_step()}

    def billed(self, cost: Decimal) -> dict[str, Any]:
        self.bills.append(to_nano(cost))
        return super().billed(cost)


class Books(NamedTuple):
    """What a store says of one payer: each known charge, how many are not known."""

    known: list[int]
    unknown: int


class MoneyWorld:
    """One home and its two servers.

    Args:
        folder: For the home.
    """

    def __init__(self, folder: Path, own: OwnMaker, house: OwnHouse) -> None:
        self.own, self.house, self.folder = own, house, folder
        key = made_up_key("sk-proj-")
        self.environ = SEALED | {
            "OWNKEY_HOME": str(folder / "home"), "OPENAI_API_KEY": key,
            "OPENAI_BASE_URL": own.url("openai-responses"),
        }  # fmt: skip
        self.path = folder / "home" / "data" / "sessions.db"
        self.settings = SettingsStore(find_paths(self.environ).settings_file)
        with quick_vault():
            self._say("keys", "use", "OPENAI_API_KEY")
            url, given = house.base_url, made_up_key()
            self._say("credits", "add", "house", "--base-url", url, "--yes", stdin=given)
            self._say("credits", "grant", GRANTED, "--service", "house")
        self._asked_before = len(house.requests)

    def _say(self, *words: str, stdin: str = "") -> None:
        said = run_command(*words, stdin=stdin, environ=self.environ)
        assert said.returncode == 0, said.stdout + said.stderr

    def set(self, **settings: Any) -> None:
        """Settings by name with `__` for the dot."""
        for name, value in settings.items():
            self.settings.set(name.replace("__", "."), value)

    def reset(self, *names: str) -> None:
        """Settings back to their defaults."""
        for name in names:
            self.settings.reset(name)

    @property
    def taken(self) -> int:
        """Requests that the house was asked to serve."""
        return len(self.house.requests) - self._asked_before

    def books(self) -> dict[str, Books]:
        """Of each payer."""
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            # The fee for running the agent is nothing that anybody served.
            rows = db.execute(
                "SELECT payer, nano FROM charges WHERE payer <> 'platform_credits'"
            ).fetchall()
        found = {payer: Books([], 0) for payer in ("own_key", "credits")}
        for payer, nano in rows:
            known, unknown = found[payer]
            more = [] if nano is None else [nano]
            found[payer] = Books(known + more, unknown + (nano is None))
        return found

    def wrong(self) -> list[str]:
        """All that is not as promise 5 has it, once each session was opened again."""
        said = list(check_store(self.path).problems)
        for payer, bills in (("own_key", self.own.bills), ("credits", self.house.bills)):
            known, unknown = self.books()[payer]
            assert len(set(bills)) == len(bills)
            if twice := [one for one, times in Counter(known).items() if times > 1]:
                said.append(f"{payer}: charged twice: {twice}")
            if strange := set(known) - set(bills):
                said.append(f"{payer}: charged and never served: {strange}")
            if (missing := len(set(bills) - set(known))) > unknown:
                said.append(f"{payer}: {missing} missing, {unknown} not known")
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            open_holds = db.execute("SELECT count(*) FROM holds").fetchone()[0]
            unheld = db.execute(
                "SELECT count(*) FROM charges WHERE nano IS NULL AND held IS NULL"
                " AND payer <> 'platform_credits'"
            ).fetchone()[0]
            states = Counter(one for (one,) in db.execute("SELECT state FROM ledger_holds"))
        if open_holds:
            said.append(f"{open_holds} holds are left")
        if unheld:
            said.append(f"{unheld} of unknown cost count for nothing")
        return said + self._wrong_ledger(states)

    def _wrong_ledger(self, states: Counter[str]) -> list[str]:
        [book] = read_ledgers(self.path, dt.datetime.now(dt.UTC), service="house")
        known, unknown = self.books()["credits"]
        said: list[str] = []
        if book.spent != sum(known) * 100:  # a credit is a cent
            said.append(f"the ledger has {book.spent} spent, the charges say {sum(known) * 100}")
        if states["settled"] != len(known) or states["unsettled"] != unknown:
            said.append(f"{dict(states)} for {len(known)} known and {unknown} unknown charges")
        if states["open"] or states["sent"]:
            said.append(f"{dict(states)}: some are left open")
        return said


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MoneyWorld]:
    with OwnMaker() as own, OwnHouse() as house:
        yield MoneyWorld(tmp_path, own, house)


class Life(NamedTuple):
    """How a child ended: its session, and how each of its turns stopped."""

    session: str
    stops: list[str]


class Spenders:
    """Children that spend, one after the other; see `tests.money_child`."""

    def __init__(self, world: MoneyWorld, kind: str = "real") -> None:
        self._world = world
        root = str(Path(__file__).parents[1])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.money_child", kind],
            env={**os.environ, **world.environ, "PYTHONPATH": root}, cwd=world.folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lines: queue.Queue[list[str]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.split(maxsplit=1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait(10)
        self._reader.join(10)
        self._process.stdout.close()

    def live(
        self, model: str, point: str | None = None, *, session: str | None = None, turns: int = 1,
        says: str | None = None,
    ) -> Life:  # fmt: skip
        """A child's whole life."""
        assert self._process.stdin is not None
        order = {
            "session": session, "model": model, "turns": turns, "point": point, "says": says,
        }  # fmt: skip
        victims: queue.Queue[int] | None = None
        if point is not None and point.endswith(": taken"):
            server = self._world.own if point.startswith("own") else self._world.house
            victims = server.victims = queue.Queue()
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        (_, pid) = self._lines.get(timeout=60)
        if victims is not None:
            victims.put(int(pid))
        found, stops = session or "", list[str]()
        while (line := self._lines.get(timeout=60))[0] != "end":
            if line[0] == "session":
                found = line[1].strip()
            else:
                stops.append(line[1].strip())
        return Life(found, stops)
