from __future__ import annotations

import datetime as dt
import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.canary import made_up_key
from tui import hosts
from tui.hosts import MOST_HOSTS, Contact, Contacts, Notes, merged, read_contacts

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def contact(origin: str = "https://a.example:443", minute: int = 0, count: int = 1) -> Contact:
    at = NOON + dt.timedelta(minutes=minute)
    return Contact(origin=origin, purpose="chat", first=at, last=at, count=count)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "hosts.json"


@pytest.fixture
def notes(file: Path) -> Notes:
    return Notes(lambda: file)


def seen(file: Path) -> dict[tuple[str, str], int]:
    return {(one.origin, one.purpose): one.count for one in read_contacts(file).contacts}


def eventually(file: Path, wanted: dict[tuple[str, str], int]) -> None:
    ends = time.monotonic() + 10
    while seen(file) != wanted and time.monotonic() < ends:
        time.sleep(0.01)
    assert seen(file) == wanted


def test_a_host_that_is_new_is_written_without_being_asked_to(file: Path, notes: Notes):
    notes.note("https://a.example:443", "chat")
    eventually(file, {("https://a.example:443", "chat"): 1})


def test_what_a_host_was_asked_for_is_counted_apart(file: Path, notes: Notes):
    for purpose in ("chat", "key check", "chat"):
        notes.note("https://a.example:443", purpose)
    notes.flush()
    assert seen(file) == {
        ("https://a.example:443", "chat"): 2, ("https://a.example:443", "key check"): 1
    }  # fmt: skip


def test_neither_path_nor_query_nor_user_nor_key_is_written(file: Path):
    key = made_up_key()
    hosts.keep_at(lambda: file)
    try:
        hosts.note(f"https://me:{key}@a.example/v1/{key}?key={key}", "chat")
        hosts.note("https://b.example/secret/path?q=words", "MCP")
        hosts.flush()
    finally:
        hosts.keep_none()
    text = file.read_text(encoding="utf-8")
    assert key not in text
    assert "secret" not in text
    assert "words" not in text
    assert ("https://b.example:443", "MCP") in seen(file)


def test_first_and_last_and_the_count_are_kept_over_processes():
    both = merged(Contacts(contacts=(contact(minute=5, count=3),)), [contact(count=2)])
    (one,) = both.contacts
    assert (one.first, one.last, one.count) == (NOON, NOON + dt.timedelta(minutes=5), 5)
    assert both.since == NOON


def test_the_list_is_bounded_and_says_what_went():
    many = [contact(f"https://h{n}.example:443", n) for n in range(MOST_HOSTS + 3)]
    found = merged(Contacts(), many)
    assert len(found.contacts) == MOST_HOSTS
    assert found.dropped == 3
    assert found.since == NOON
    assert all(one.origin != "https://h0.example:443" for one in found.contacts)


def test_a_note_does_not_wait_for_another_process_that_holds_the_lock(file: Path, notes: Notes):
    file.parent.mkdir(parents=True)
    holder = os.open(file.with_name(f".{file.name}.lock"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        began = time.monotonic()
        for number in range(200):
            notes.note(f"https://h{number}.example:443", "chat")
        assert time.monotonic() - began < 0.5
        assert seen(file) == {}
    finally:
        os.close(holder)
    ends = time.monotonic() + 10
    while len(seen(file)) < 200 and time.monotonic() < ends:
        time.sleep(0.01)
    assert len(seen(file)) == 200


def test_a_disk_that_refuses_costs_nothing_but_the_notes(tmp_path: Path):
    (tmp_path / "state").write_bytes(b"")  # a file where the folder should be
    notes = Notes(lambda: tmp_path / "state" / "hosts.json")
    notes.note("https://a.example:443", "chat")
    notes.flush()


def test_a_list_that_does_not_parse_is_put_aside_and_begun_anew(file: Path, notes: Notes):
    file.parent.mkdir(parents=True)
    file.write_bytes(b"{")
    notes.note("https://a.example:443", "chat")
    notes.flush()
    assert seen(file) == {("https://a.example:443", "chat"): 1}
    assert file.with_name("hosts.json.broken").read_bytes() == b"{"


def test_the_writing_thread_ends_when_there_is_nothing_to_write(file: Path, notes: Notes):
    notes.note("https://a.example:443", "chat")
    ends = time.monotonic() + 10
    while any(one.name == "hosts" for one in threading.enumerate()) and time.monotonic() < ends:
        time.sleep(0.01)
    assert not any(one.name == "hosts" for one in threading.enumerate())
    notes.note("https://a.example:443", "chat")
    notes.flush()
    assert seen(file) == {("https://a.example:443", "chat"): 2}


MANY = """
import sys
from pathlib import Path
from tui import hosts
hosts.keep_at(lambda: Path(sys.argv[1]))
for _ in range(50):
    hosts.note("https://a.example", "chat")
"""


def test_many_processes_lose_no_count(file: Path):
    children = [
        subprocess.Popen([sys.executable, "-c", MANY, str(file)]) for _ in range(4)
    ]  # fmt: skip
    assert [child.wait(30) for child in children] == [0] * 4
    assert seen(file) == {("https://a.example:443", "chat"): 200}
