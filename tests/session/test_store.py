from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sqlite3
import stat
import subprocess
import time
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.command import run_command
from tests.engine_world import child_program
from tests.event_makers import EVENT_TYPES, values
from tests.seeds import kept_and_new, seeded
from tests.store_world import NOW, ONE, a_turn, change, route, text, write_turns
from tests.typed_child import TypedChild
from tui.errors import StoreError, UsageError
from tui.events import codec
from tui.events.base import SessionId
from tui.events.session import SessionCreated
from tui.events.turn import ErrorRaised, TurnFinished, TurnStarted
from tui.store.check import CheckReport, check_store
from tui.store.export import export_session
from tui.store.lease import Lease
from tui.store.log import MIGRATIONS, Store

CREATED = SessionCreated(cwd="/work", version="test")


@pytest.fixture
def path(home):
    return home / "data" / "sessions.db"


@pytest.fixture
def store(path):
    opened = Store(path)
    yield opened
    opened.close()


def reopened(path) -> Store:
    return Store(path)


# What is written and read.


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=st.lists(st.sampled_from(EVENT_TYPES).flatmap(values), max_size=8))
def test_a_session_is_read_as_it_was_written(store, events):
    session = SessionId(uuid4().hex)
    written = store.append(session, [(event, 1) for event in (CREATED, *events)], NOW)
    assert store.read(session) == list(written)
    assert [record.seq for record in written] == list(range(1, len(events) + 2))


def test_reading_on_begins_behind_a_number_and_ends_at_a_limit(store):
    write_turns(store, a_turn("p", "reply"))
    assert [r.seq for r in store.read(ONE, after=4, limit=3)] == [5, 6, 7]


def test_a_summary_is_kept_beside_the_events(store):
    write_turns(store, a_turn("first prompt\nmore", "reply"), a_turn("p", "r", nano=None))
    (summary,) = store.summaries()
    assert (summary.title, summary.messages, summary.nano, summary.unknown, summary.state) == (
        "first prompt", 4, 1_000, 1, "idle",
    )  # fmt: skip


def test_money_of_all_sessions_is_summed_since_a_time(store):
    write_turns(store, a_turn("p", "r", nano=5), session=SessionId("s_a"))
    write_turns(store, a_turn("p", "r", nano=None), session=SessionId("s_b"))
    assert store.spent_since(NOW) == (5, 1)
    assert store.spent_since(NOW + dt.timedelta(days=1)) == (0, 0)


def test_a_step_that_fails_leaves_nothing_behind_and_the_next_one_succeeds(path):
    def refuse(data: bytes) -> bytes:
        if b"refused" in data:
            raise OSError(28, "No space left on device")
        return data

    store = Store(path, refuse)
    with pytest.raises(OSError, match="No space"):
        store.append(ONE, [(CREATED, 0), (TurnStarted(prompt="refused"), 1)], NOW)
    assert not store.has(ONE)
    store.append(ONE, [(CREATED, 0)], NOW)
    store.close()
    assert check_store(path).problems == ()


def test_two_processes_that_write_one_session_are_told(store, path):
    other = reopened(path)
    store.append(ONE, [(CREATED, 0)], NOW)
    assert len(other.read(ONE)) == 1
    other.append(ONE, [(TurnStarted(prompt="theirs"), 1)], NOW)
    with pytest.raises(StoreError, match="another ownkey writes"):
        store.append(ONE, [(TurnStarted(prompt="mine"), 1)], NOW)
    other.close()


# Migrations.

SECOND_STEP = "CREATE TABLE extra (n INTEGER) STRICT;\n" + "\n".join(
    f"INSERT INTO extra VALUES ({n});" for n in range(20_000)
)
MIGRATE = """
from pathlib import Path
from contextlib import contextmanager
from tui.store.log import Store

class Untransacted(Store):
    @contextmanager
    def _transaction(self):
        yield

print("ready", flush=True)
kind = Untransacted if sys.argv[3] == "mutant" else Store
kind(Path(sys.argv[1]), migrations=Path(sys.argv[2]))
print("done", flush=True)
"""


@pytest.fixture
def steps(tmp_path):
    """The migrations with one more that takes long enough to be killed in."""
    folder = tmp_path / "steps"
    folder.mkdir()
    for step in MIGRATIONS.glob("*.sql"):
        (folder / step.name).write_text(step.read_text())
    (folder / "0999_extra.sql").write_text(SECOND_STEP)
    return folder


def kill_in_migration(path, steps, wait_s: float, kind: str) -> str:
    """`old` or `new`, or `torn` where the store is neither."""
    argv = child_program(MIGRATE, str(path), str(steps), kind)
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(wait_s)
        child.kill()
    db = sqlite3.connect(path)
    (version,) = db.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    rows = db.execute("SELECT count(*) FROM extra").fetchone()[0] if "extra" in tables else None
    db.close()
    before = len(list(MIGRATIONS.glob("*.sql")))
    return {(before, None): "old", (before + 1, 20_000): "new"}.get((version, rows), "torn")


def migrations_killed(path, steps, kind: str) -> list[str]:
    found = []
    for wait_ms in (1, 4, 8, 15, 25, 40, 60, 90):
        path.unlink(missing_ok=True)
        store = Store(path)
        write_turns(store, a_turn("p", "r"))
        store.close()
        found.append(kill_in_migration(path, steps, wait_ms / 1000, kind))
    return found


def test_a_kill_in_a_migration_leaves_the_old_store_or_the_new_one(path, steps):
    outcomes = migrations_killed(path, steps, "real")
    assert set(outcomes) <= {"old", "new"}
    store = Store(path, migrations=steps)
    assert len(store.read(ONE)) == 13
    store.close()


def test_a_migration_without_a_transaction_would_be_found_out(path, steps):
    assert "torn" in migrations_killed(path, steps, "mutant")


def test_a_store_of_a_newer_ownkey_is_refused_and_left_alone(path):
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer ownkey"):
        Store(path)
    assert path.read_bytes() == before


# The check.

PLANTS = {
    "gap": ("DELETE FROM events WHERE seq = 5", "event 5 is missing"),
    "first": ("DELETE FROM events WHERE seq = 1", "event 1 is missing"),
    "tail": ("DELETE FROM events WHERE seq > 11", "differs from its events"),
    "all": ("DELETE FROM events", "has no events"),
    "damaged body": ("UPDATE events SET body = x'7b22' WHERE seq = 6", "event 6: a damaged event"),
    "newer body": ("UPDATE events SET version = 9 WHERE seq = 6", "newer ownkey"),
    "time": (f"UPDATE events SET at = {2**62} WHERE seq = 6", "event 6: a damaged event"),
    "summary": ("UPDATE summaries SET nano = nano + 1", "differs from its events"),
    "summary state": ("UPDATE summaries SET state = 'working'", "differs from its events"),
    "summary title": ("UPDATE summaries SET title = 'other'", "differs from its events"),
    "no summary": ("DELETE FROM summaries", "differs from its events"),
    "charge": ("UPDATE charges SET nano = 7", "charges differ"),
    "no charge": ("DELETE FROM charges", "charges differ"),
    "nobody's events": ("DELETE FROM sessions", "a row of no session"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_the_check_finds_what_is_planted(store, path, plant):
    statement, found = PLANTS[plant]
    write_turns(store, a_turn("p", "reply"))
    store.close()
    assert check_store(path).problems == ()
    change(path, statement)
    assert any(found in problem for problem in check_store(path).problems)


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([*a_turn("p", "r"), TurnFinished(stop="end")], "ends twice"),
        ([TurnStarted(prompt="a"), TurnStarted(prompt="b")], "begins before turn"),
        ([TurnFinished(stop="end")], "without a beginning"),
    ],
)
def test_the_check_finds_a_turn_that_begins_or_ends_twice(store, path, events, found):
    write_turns(store, events)
    assert any(found in problem for problem in check_store(path).problems)


def test_the_check_finds_a_session_that_begins_with_something_else(store, path):
    store.append(ONE, [(TurnStarted(prompt="p"), 1)], NOW)
    assert "s_one: does not begin with session_created" in check_store(path).problems


def test_the_check_sees_one_moment_while_another_writes(store, path):
    write_turns(store, a_turn("p", "r"))
    code = """
from pathlib import Path
from tests.seeds import kept_and_new, seeded
from tests.store_world import NOW, ONE, text
from tui.store.log import Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    store.append(ONE, [(text("more"), 1)], NOW)
"""
    with subprocess.Popen(child_program(code, str(path)), stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        until = time.monotonic() + 1
        found = []
        while time.monotonic() < until:
            found += check_store(path).problems
        child.kill()
    assert found == []


def test_a_store_that_a_kill_left_empty_is_well(path):
    path.parent.mkdir(parents=True)
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    assert check_store(path) == CheckReport(sessions=0, events=0, problems=())


def test_the_check_command_says_what_is_wrong_and_fails(store, path):
    write_turns(store, a_turn("p", "r"))
    store.close()
    assert run_command("sessions", "check").returncode == 0
    change(path, PLANTS["gap"][0])
    said = run_command("sessions", "check", "--json")
    told = json.loads(said.stdout)
    assert (said.returncode, told["ok"], told["sessions"]) == (1, False, 1)
    assert any("event 5 is missing" in problem for problem in told["problems"])


def test_the_check_changes_nothing(store, path):
    write_turns(store, a_turn("p", "r"))
    store.close()
    before = path.read_bytes()
    check_store(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("seed", kept_and_new("flipped-bytes"))
def test_flipped_bytes_are_said_or_do_no_harm_but_never_crash(store, path, seed):
    write_turns(store, *(a_turn(f"prompt {n}", "reply " * 200) for n in range(12)))
    store.close()
    whole = path.read_bytes()
    with seeded("flipped-bytes", seed) as chance:
        for _ in range(60):
            damaged = bytearray(whole)
            for _ in range(chance.choice((1, 8, 200))):
                damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            path.write_bytes(damaged)
            found = check_store(path).problems
            try:
                opened = Store(path)
                listed = [*opened.summaries(), *opened.summaries(deleted=True)]
                read = [r for s in listed for r in opened.read(SessionId(s.id))]
                opened.close()
            except StoreError as error:
                assert error.hint
            else:
                assert found or len(read) == 12 * 12 + 1


# Export.

HOSTILE = "<script>alert(1)</script>\x1b]0;title\x07 ``` \u202eevil\x00 &amp; \ud800"


@pytest.fixture
def hostile(store):
    write_turns(store, a_turn(HOSTILE, f"say {HOSTILE}"))
    return store.read(ONE)


def test_html_has_no_tag_of_theirs_and_no_control_character(hostile):
    page = export_session(hostile, "html")
    assert "<script" not in page
    assert not any(ord(c) < 32 and c != "\n" for c in page)
    assert "\u202e" not in page


def test_json_holds_every_character_in_ascii_alone(hostile):
    said = export_session(hostile, "json")
    assert said.isascii()
    assert not any(ord(c) < 32 and c != "\n" for c in said)
    messages = json.loads(said)["messages"]
    assert [m["text"] for m in messages] == [HOSTILE, f"say {HOSTILE}", f"file of {HOSTILE}"]


def test_json_has_the_fields_of_the_contract(hostile):
    told = json.loads(export_session(hostile, "json"))
    assert {"id", "title", "cwd", "created", "messages"} <= set(told)
    assistant = told["messages"][1]
    assert {"role", "text", "at", "model", "connection", "payer", "usd", "stop"} <= set(assistant)
    assert (assistant["usd"], assistant["thinking"]) == ("0.000001000", "let me see")
    assert assistant["stop"] == "tool"
    assert told["created"] == "2026-11-24T12:00:00.000000Z"


def test_json_says_null_for_what_a_reply_of_unknown_price_cost(store):
    write_turns(store, a_turn("p", "r", nano=None))
    told = json.loads(export_session(store.read(ONE), "json"))
    assert told["messages"][1]["usd"] is None


def test_a_reply_that_a_kill_cut_off_ends_as_interrupted_with_what_was_shown(store):
    write_turns(store, [TurnStarted(prompt="p"), route(), text("half of "), text("it")])
    reply = json.loads(export_session(store.read(ONE), "json"))["messages"][-1]
    assert (reply["stop"], reply["text"], reply["usd"]) == ("interrupted", "half of it", None)


def test_a_try_that_said_nothing_and_was_repeated_is_no_message(store):
    again = [TurnStarted(prompt="p"), route("r_0"), *a_turn("p", "reply")[1:]]
    write_turns(store, again)
    told = json.loads(export_session(store.read(ONE), "json"))
    assert [m["role"] for m in told["messages"]] == ["user", "assistant", "tool"]


def test_a_turn_that_failed_says_so(store):
    failed = ErrorRaised(kind="server", message="broke", hint="")
    write_turns(store, [TurnStarted(prompt="p"), route(), failed, TurnFinished(stop="error")])
    told = json.loads(export_session(store.read(ONE), "json"))
    assert told["messages"][-1]["stop"] == "error"


def test_markdown_holds_the_texts_as_they_came(hostile):
    assert f"say {HOSTILE}" in export_session(hostile, "markdown")


def test_tool_output_cannot_break_out_of_its_fence(hostile):
    said = export_session(hostile, "markdown")
    assert f"\n````\nfile of {HOSTILE}\n````\n" in said


@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_a_file_gets_the_export_byte_by_byte(hostile, form):
    said = run_command("sessions", "export", "s_one", "--format", form)
    assert said.stdout == export_session(hostile, form).replace("\ud800", "?")


@pytest.mark.parametrize(
    "words",
    [
        ("export", "s_one"), ("export", "s_one", "--format", "html"), ("show", "s_one"),
        ("list",), ("show", "s_one", "--json"), ("export", "s_one", "--format", "json"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_terminal_gets_no_control_sequence_of_theirs(hostile, words):
    with TypedChild("sessions", *words) as child:
        assert child.end() == 0
    assert "script" in child.shown
    assert not any(ord(c) < 32 and c not in "\r\n" for c in child.shown)
    assert "\u202e" not in child.shown


def test_a_shown_session_is_neutral_in_a_pipe_too(hostile):
    assert "\x1b" not in run_command("sessions", "show", "s_one").stdout


def test_another_form_is_a_wrong_usage(hostile):
    with pytest.raises(UsageError):
        export_session(hostile, "pdf")


# Delete, undo, find.


def test_a_deleted_session_is_gone_from_the_list_and_comes_back_whole(store, path):
    write_turns(store, a_turn("p", "r"))
    before = store.read(ONE)
    assert run_command("sessions", "delete", "s_one").returncode == 0
    assert json.loads(run_command("sessions", "list", "--json").stdout) == []
    assert run_command("sessions", "export", "s_one").returncode == 2
    assert run_command("sessions", "delete", "s_one", "--undo").returncode == 0
    assert store.read(ONE) == before
    assert check_store(path).problems == ()


def test_a_second_delete_and_an_undo_of_nothing_are_refused(store):
    write_turns(store, a_turn("p", "r"))
    assert run_command("sessions", "delete", "s_one", "--undo").returncode == 2
    run_command("sessions", "delete", "s_one")
    assert run_command("sessions", "delete", "s_one").returncode == 2


def test_what_was_deleted_long_ago_goes_for_good_but_what_it_cost_stays_counted(store, path):
    write_turns(store, a_turn("p", "r"))
    store.mark_deleted(ONE, NOW)
    assert store.purge_deleted(NOW) == 0
    assert store.purge_deleted(NOW + dt.timedelta(seconds=1)) == 1
    assert store.read(ONE) == []
    assert store.spent_since(NOW) == (1_000, 0)
    assert check_store(path) == CheckReport(sessions=0, events=0, problems=())


def test_the_list_has_the_fields_of_the_contract(store):
    write_turns(store, a_turn("a title", "r"))
    (listed,) = json.loads(run_command("sessions", "list", "--json").stdout)
    assert listed == {
        "id": "s_one", "title": "a title", "cwd": "/work", "branch": "main",
        "model": "anthropic/claude-opus-4-7", "payer": "own_key", "state": "idle", "messages": 2,
        "usd": "0.000001000", "unknown": 0, "created": "2026-11-24T12:00:00.000000Z",
        "updated": "2026-11-24T12:00:12.000000Z",
    }  # fmt: skip


def test_an_id_is_found_by_its_beginning_where_that_names_one(store):
    write_turns(store, a_turn("p", "r"), session=SessionId("s_abc"))
    write_turns(store, a_turn("p", "r"), session=SessionId("s_abd"))
    assert run_command("sessions", "show", "s_abc").returncode == 0
    assert run_command("sessions", "show", "s_ab").returncode == 2
    assert run_command("sessions", "show", "nobody").returncode == 2


# Leases and modes.

HOLD = """
from pathlib import Path
from tui.store.lease import Lease
lease = Lease.take(Path(sys.argv[1]), "s_one")
print("held" if lease else "refused", flush=True)
sys.stdin.read()
"""


def test_a_lease_is_held_by_one_process_and_free_at_once_after_a_kill(tmp_path):
    with subprocess.Popen(
        child_program(HOLD, str(tmp_path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert Lease.take(tmp_path, ONE) is None
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    lease = Lease.take(tmp_path, ONE)
    assert lease is not None
    lease.release()


def test_a_lease_that_was_given_back_can_be_taken(tmp_path):
    first = Lease.take(tmp_path, ONE)
    assert first is not None
    assert Lease.take(tmp_path, ONE) is None
    first.release()
    second = Lease.take(tmp_path, ONE)
    assert second is not None
    second.release()


def test_a_link_planted_in_place_of_a_lease_is_refused(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("kept")
    locks = tmp_path / "locks"
    locks.mkdir()
    (locks / "s_one.lock").symlink_to(victim)
    with pytest.raises(StoreError):
        Lease.take(locks, ONE)
    assert victim.read_text() == "kept"


def test_everything_is_made_for_this_user_alone(store, home):
    write_turns(store, a_turn("p", "r"))
    lease = Lease.take(home / "state" / "locks", ONE)
    assert lease is not None
    modes = {
        str(path.relative_to(home)): stat.S_IMODE(path.stat().st_mode)
        for path in (home, *home.rglob("*"))
    }
    lease.release()
    assert {"data/sessions.db", "data/sessions.db-wal", "data/sessions.db-shm"} <= set(modes)
    wrong = {
        name: oct(mode)
        for name, mode in modes.items()
        if mode != (0o700 if (home / name).is_dir() else 0o600)
    }
    assert wrong == {}


def test_every_written_event_says_its_version(store, path):
    write_turns(store, a_turn("p", "r"))
    db = sqlite3.connect(path)
    assert db.execute("SELECT DISTINCT version FROM events").fetchall() == [(codec.VERSION,)]
    db.close()
