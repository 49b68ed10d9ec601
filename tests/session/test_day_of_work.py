from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import pytest

from tests.engine_world import environ_of
from tests.fake_provider import FakeProvider
from tui.runtime import Runtime
from tui.session.commands import (
    AnswerApproval,
    Interrupt,
    ListRules,
    OpenSession,
    RewindSession,
    StartTurn,
)

MODEL = "anthropic/claude-opus-4-7"

SHOP = """\
def total(prices):
    result = 0
    for price in prices:
        result = price
    return result


def average(prices):
    return total(prices) / len(prices)
"""

TEXTS = """\
def title(words):
    return words.upper()


def initials(name):
    return "".join(part[0] for part in name.split(" "))
"""

TESTS = """\
import unittest

from shop import average, total
from texts import initials, title


class Shop(unittest.TestCase):
    def test_total(self):
        self.assertEqual(total([1, 2, 3]), 6)

    def test_average_of_nothing(self):
        self.assertEqual(average([]), 0)


class Texts(unittest.TestCase):
    def test_title(self):
        self.assertEqual(title("a word"), "A Word")

    def test_initials_of_spaced_names(self):
        self.assertEqual(initials("Ada  Lovelace"), "AL")
"""

RUN = f"{sys.executable} -B -m unittest -q test_all"


def call(name, **args):
    return {"name": name, "args": args}


def run_tests():
    return {"tool_calls": [call("shell", command=RUN)]}


def edits(path, old, new):
    return {"tool_calls": [call("edit", path=path, old=old, new=new)]}


DAY = [
    {"text": "I look.", "tool_calls": [call("list", path="."), call("glob", pattern="*.py")]},
    {"tool_calls": [call("read", path=p) for p in ("shop.py", "texts.py", "test_all.py")]},
    {"tool_calls": [call("todo", items=[{"text": "shop", "state": "doing"}, {"text": "texts"}])]},
    run_tests(),
    {"tool_calls": [call("grep", pattern="result = "), call("grep", pattern="def total")]},
    edits("shop.py", "        result = price\n", "        result += price\n"),
    run_tests(),
    {"tool_calls": [call("shell", command="git status --short"), call("read", path="shop.py")]},
    edits("shop.py", "    return total(prices) / len(prices)",
          "    return total(prices) / len(prices) if prices else 0"),
    run_tests(),
    {"tool_calls": [call("todo", items=[{"text": "shop", "state": "done"},
                                        {"text": "texts", "state": "doing"}])]},
    {"tool_calls": [call("grep", pattern="upper"), call("read", path="texts.py")]},
    edits("texts.py", "words.upper()", "words.title()"),
    run_tests(),
    {"tool_calls": [call("grep", pattern="split"), call("shell", command="wc -l texts.py"),
                    call("shell", command="ls")]},
    edits("texts.py", 'name.split(" ")', "name.split()"),
    run_tests(),
    {"tool_calls": [call("read", path="texts.py"), call("read", path="shop.py"),
                    call("grep", pattern="TODO"), call("list", path="."),
                    call("shell", command="git diff --stat"), call("glob", pattern="**/*.md")]},
    {"tool_calls": [call("todo", items=[{"text": "shop", "state": "done"},
                                        {"text": "texts", "state": "done"}])]},
    {"text": "All tests pass."},
]  # fmt: skip


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    for name, text in (("shop.py", SHOP), ("texts.py", TEXTS), ("test_all.py", TESTS)):
        (folder / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def kind(record):
    return record.event.__struct_config__.tag


class Person:
    """Sends one prompt and says yes: for the session, where a rule is offered for good."""

    def __init__(self, manager, session):
        self.manager, self.session = manager, session
        self.records, self.asked = [], []

    async def works(self, prompt):
        after = self.records[-1].seq if self.records else 0
        await self.manager.call(StartTurn(session=self.session, prompt=prompt, tools="all"))
        async for batch in self.manager.follow(self.session, after):
            self.records += batch
            for record in batch:
                if kind(record) == "approval_asked":
                    self.asked.append(record.event)
                    await self.manager.call(
                        AnswerApproval(
                            session=self.session, call=record.event.call, allow=True,
                            scope="always" if record.event.rule else "session",
                        )
                    )  # fmt: skip
            if kind(batch[-1]) == "done":
                return

    def of(self, wanted):
        return [record.event for record in self.records if kind(record) == wanted]


async def worked(repository, home, steps):
    with FakeProvider() as fake:
        fake.script(steps)
        environ = {**os.environ, **environ_of(fake, home), "HOME": str(home)}
        async with Runtime(environ, notify=lambda notice: None) as runtime, runtime.manager() as m:
            opened = await m.call(OpenSession(cwd=str(repository), model=MODEL))
            person = Person(m, opened.session)
            async with asyncio.timeout(50):
                await person.works("make the tests pass")
                yield person


def passes(folder):
    done = subprocess.run(RUN.split(), cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.soak
async def test_a_day_of_work_ends_green_with_few_questions_and_can_be_taken_back(
    repository, tmp_path
):
    assert not passes(repository)
    async for person in worked(repository, tmp_path / "home", DAY):
        calls = person.of("tool_call")
        assert person.of("done")[0].stop == "end", person.of("error")
        assert passes(repository)
        assert len(calls) >= 30
        assert len(person.asked) <= len(calls) / 10, [one.what for one in person.asked]
        assert [one.ok for one in person.of("tool_result")].count(False) == 4  # red tests
        rules = await person.manager.call(ListRules())
        assert [one.rule for one in rules.rules] == ["edit: shop.py", "edit: texts.py"]
        first = next(r for r in person.records if kind(r) == "turn_started")
        await person.manager.call(
            RewindSession(session=person.session, to=first.seq - 1, files=True)
        )
        assert (repository / "shop.py").read_text(encoding="utf-8") == SHOP
        assert (repository / "texts.py").read_text(encoding="utf-8") == TEXTS


async def test_what_somebody_else_changed_since_is_left_alone(repository, tmp_path):
    steps = [DAY[1], DAY[5], DAY[12], {"text": "done"}]
    async for person in worked(repository, tmp_path / "home", steps):
        (repository / "shop.py").write_text("# mine\n", encoding="utf-8")
        await person.manager.call(RewindSession(session=person.session, to=2, files=True))
        event = person.manager._store.read(person.session)[-1].event
        assert event.left == (str(repository.resolve() / "shop.py"),)
        assert event.files == (str(repository.resolve() / "texts.py"),)
        assert (repository / "shop.py").read_text(encoding="utf-8") == "# mine\n"
        assert (repository / "texts.py").read_text(encoding="utf-8") == TEXTS


async def test_an_interrupt_ends_a_command_and_all_that_it_started(repository, tmp_path):
    steps = [{"tool_calls": [call("shell", command="echo begun; sleep 61.7 & sleep 61.7")]}]
    with FakeProvider() as fake:
        fake.script(steps)
        home = tmp_path / "home"
        environ = {**os.environ, **environ_of(fake, home), "HOME": str(home)}
        async with Runtime(environ, notify=lambda notice: None) as runtime, runtime.manager() as m:
            opened = await m.call(OpenSession(cwd=str(repository), model=MODEL))
            session, began = opened.session, 0.0
            await m.call(StartTurn(session=session, prompt="wait"))
            async with asyncio.timeout(30):
                async for batch in m.follow(session, 0):
                    for record in batch:
                        if kind(record) == "approval_asked":
                            yes = AnswerApproval(
                                session=session, call=record.event.call, allow=True
                            )
                            await m.call(yes)
                        if kind(record) == "tool_output":
                            began = time.monotonic()
                            await m.call(Interrupt(session=session))
                    if kind(batch[-1]) == "done":
                        break
            assert time.monotonic() - began < 1.0  # five times the promise
    left = subprocess.run(["pgrep", "-f", "sleep 61.7"], capture_output=True, check=False)
    assert left.stdout == b""
