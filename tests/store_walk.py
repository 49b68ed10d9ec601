"""A random walk of several engine processes over one store, and what is wrong with what they saw.

with Walk(environ, folder, chance, kind="real") as walk:
    walk.run(1_000)
    assert walk.wrong == []
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, Self

from tests.engine_world import QUICK

FEWEST, MOST = 2, 8
MOST_SESSIONS = 10
ANSWER_S = 60.0
CAUGHT_UP_S = 0.5
"""A follower that begins reads what is there: its lag counts from then on."""

STEPS = {
    "open": 20, "follow": 14, "send": 30, "kill": 6, "start": 6, "fork": 4, "rename": 8,
    "delete": 4, "undelete": 4, "rest": 4,
}  # fmt: skip


class Engine:
    """One of the processes, as the walk knows it."""

    def __init__(self, wire: socket.socket, pid: int) -> None:
        self.wire, self.pid = wire, pid
        self.unread = b""
        self.driving: set[str] = set()
        self.following: dict[str, float] = {}
        self.reached: Counter[tuple[str, int]] = Counter()


class Walk:
    """See the module. `wrong` says what must not be; `lags` and `takeovers` are in seconds."""

    def __init__(
        self, environ: Mapping[str, str], folder: Path, chance: Random, *, kind: str
    ) -> None:
        self._chance = chance
        self._place = str(folder / "walk.sock")
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(self._place)
        self._server.listen()
        root = str(Path(__file__).parents[1])
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.walking_child", self._place, kind], cwd=folder,
            env={**os.environ, **environ, "PYTHONPATH": root},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._selector = selectors.DefaultSelector()
        self.engines: list[Engine] = []
        self.sessions: list[str] = []
        self.deleted: set[str] = set()
        self.shown: dict[str, dict[int, int]] = defaultdict(dict)
        self.wrong: list[str] = []
        self.lags: list[float] = []
        self.takeovers: list[float] = []
        self.done: Counter[str] = Counter()
        self._told_at: dict[tuple[str, int], float] = {}
        self._answers: dict[int, dict[str, Any]] = {}
        self._orders = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for engine in self.engines:
            os.kill(engine.pid, signal.SIGKILL)
            engine.wire.close()
        assert self._nursery.stdin is not None and self._nursery.stdout is not None
        self._nursery.stdin.close()
        self._nursery.kill()
        self._nursery.wait(10)
        self._nursery.stdout.close()
        self._server.close()
        self._selector.close()

    def run(self, steps: int) -> None:
        """So many random steps; ends early where something is wrong."""
        names, weights = list(STEPS), list(STEPS.values())
        while len(self.engines) < FEWEST:
            self._start()
        for _ in range(steps):
            step = self._chance.choices(names, weights)[0]
            getattr(self, f"_{step}")()
            self.done[step] += 1
            self._pump(0)
            if self.wrong:
                return

    def settle(self, newest: Mapping[str, int], seconds: float = 20.0) -> None:
        """Wait until each one who follows has seen all; who has not by then has lost some."""
        ends = time.monotonic() + seconds
        while (late := self._late(newest)) and time.monotonic() < ends:
            self._pump(0.1)
        self.wrong += late

    def _late(self, newest: Mapping[str, int]) -> list[str]:
        return [
            f"{engine.pid} has seen {seq} of {newest[session]} in {session}"
            for engine in self.engines
            for (session, _), seq in engine.reached.items()
            if seq < newest[session]
        ]

    # The steps.

    def _start(self) -> None:
        if len(self.engines) >= MOST:
            return
        assert self._nursery.stdin is not None
        self._nursery.stdin.write("\n")
        self._nursery.stdin.flush()
        self._server.settimeout(ANSWER_S)
        wire, _ = self._server.accept()
        pid = b""
        while not pid.endswith(b"\n"):
            pid += wire.recv(1)
        engine = Engine(wire, int(pid))
        self._selector.register(wire, selectors.EVENT_READ, engine)
        self.engines.append(engine)

    def _open(self) -> None:
        """One session, or two engines at once for the same one."""
        session = self._session() if len(self.sessions) >= MOST_SESSIONS else self._maybe_new()
        several = self._chance.sample(self.engines, self._chance.choice([1, 1, 2]))
        orders = [(one, self._order(one, "open", session=session)) for one in several]
        for engine, number in orders:
            answer = self._answer(engine, number)
            if answer is not None and answer["ok"]:
                self._opened(engine, answer)

    def _opened(self, engine: Engine, answer: dict[str, Any]) -> None:
        session = answer["session"]
        if session not in self.sessions:
            self.sessions.append(session)
        if not answer["driving"]:
            return
        others = [one.pid for one in self.engines if one is not engine and session in one.driving]
        if others:
            self.wrong.append(f"{session} is driven by {engine.pid} and by {others}")
        engine.driving.add(session)
        self._let_follow(engine, session)

    def _follow(self) -> None:
        if session := self._session():
            self._let_follow(self._chance.choice(self.engines), session)

    def _let_follow(self, engine: Engine, session: str) -> None:
        if session not in engine.following:
            self._answer(engine, self._order(engine, "follow", session=session))
            engine.following[session] = time.monotonic()

    def _send(self) -> None:
        driven = [(one, session) for one in self.engines for session in sorted(one.driving)]
        if driven:
            engine, session = self._chance.choice(driven)
            number = self._order(engine, "send", session=session)
            if self._chance.random() < 0.7:  # or it is killed before it has answered
                answer = self._answer(engine, number)
                if answer is not None and not answer["ok"]:
                    self.wrong.append(f"a driver does not take a prompt: {answer['error']}")

    def _kill(self) -> None:
        """Kill one; another takes a session of it over."""
        if len(self.engines) <= FEWEST:
            return
        engine = self._chance.choice(self.engines)
        at = time.monotonic()
        os.kill(engine.pid, signal.SIGKILL)
        while engine in self.engines:
            self._pump(0.05)
        orphans = sorted(engine.driving - self.deleted)
        if orphans:
            heir, session = self._chance.choice(self.engines), self._chance.choice(orphans)
            while time.monotonic() < at + ANSWER_S:
                answer = self._answer(heir, self._order(heir, "open", session=session))
                assert answer is not None
                if answer["ok"] and answer["driving"]:
                    self.takeovers.append(answer["at"] - at)
                    self._opened(heir, answer)
                    return
            self.wrong.append(f"{session} was not taken over")

    def _fork(self) -> None:
        engine, session = self._chance.choice(self.engines), self._session()
        if session and len(self.sessions) < MOST_SESSIONS:
            answer = self._answer(engine, self._order(engine, "fork", session=session))
            if answer is not None and answer["ok"]:
                self.sessions.append(answer["session"])

    def _rename(self) -> None:
        self._from_outside("rename")

    def _delete(self) -> None:
        self._from_outside("delete")

    def _undelete(self) -> None:
        if self.deleted:
            session = self._chance.choice(sorted(self.deleted))
            self._from_outside("undelete", session)

    def _from_outside(self, do: str, session: str | None = None) -> None:
        engine, session = self._chance.choice(self.engines), session or self._session()
        if session is None:
            return
        answer = self._answer(engine, self._order(engine, do, session=session))
        if answer is None or not answer["ok"]:
            return
        others = [one.pid for one in self.engines if one is not engine and session in one.driving]
        if others:
            self.wrong.append(f"{do} of {session} by {engine.pid}, which {others} drives")
        if do == "delete":
            engine.driving.discard(session)
            self.deleted.add(session)
        elif do == "undelete":
            self.deleted.discard(session)

    def _rest(self) -> None:
        self._pump(self._chance.uniform(0, 0.3))

    def _session(self) -> str | None:
        alive = [one for one in self.sessions if one not in self.deleted]
        return self._chance.choice(alive) if alive else None

    def _maybe_new(self) -> str | None:
        return self._session() if self._chance.random() < 0.7 else None

    # The wires.

    def _order(self, engine: Engine, do: str, *, session: str | None) -> int:
        self._orders += 1
        order = {"id": self._orders, "do": do, "session": session, "model": None}
        order["model"] = QUICK if do == "open" and session is None else None
        engine.wire.sendall(json.dumps(order).encode() + b"\n")
        return self._orders

    def _answer(self, engine: Engine, number: int) -> dict[str, Any] | None:
        """What the engine answers; None where it has died."""
        ends = time.monotonic() + ANSWER_S
        while number not in self._answers:
            if engine not in self.engines:
                return None
            assert time.monotonic() < ends, f"{engine.pid} does not answer"
            self._pump(0.05)
        return self._answers.pop(number)

    def _pump(self, seconds: float) -> None:
        """Take in what the engines tell."""
        for key, _ in self._selector.select(seconds):
            engine: Engine = key.data
            try:
                data = engine.wire.recv(1 << 18)
            except ConnectionResetError:
                data = b""
            if not data:
                self._selector.unregister(engine.wire)
                engine.wire.close()
                self.engines.remove(engine)
                continue
            *lines, engine.unread = (engine.unread + data).split(b"\n")
            for line in lines:
                self._hear(engine, json.loads(line))

    def _hear(self, engine: Engine, told: dict[str, Any]) -> None:
        if "shown" not in told:
            self._answers[told["id"]] = told
            return
        session, seq = told["shown"], told["seq"]
        reached = engine.reached[session, told["by"]]
        if seq != reached + 1:
            self.wrong.append(f"{engine.pid} was shown {seq} of {session} after {reached}")
        engine.reached[session, told["by"]] = seq
        if self.shown[session].setdefault(seq, told["crc"]) != told["crc"]:
            self.wrong.append(f"{seq} of {session} is not the same everywhere")
        if session in engine.driving:
            self._told_at.setdefault((session, seq), told["at"])
        elif (first := self._told_at.get((session, seq))) is not None:
            begun = engine.following.get(session)
            if begun is not None and first > begun + CAUGHT_UP_S:
                self.lags.append(told["at"] - first)
