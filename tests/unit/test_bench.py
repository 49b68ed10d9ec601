from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from tests.bench import processes, world
from tests.bench.figures import median, megabytes, milliseconds, per, percentile
from tests.bench.measures import ENDS, KEYS, last_reply
from tests.bench.report import Machine, Row, as_json, table
from tests.bench.terminal import FRAME_ENDS, Program, Screen
from tests.fake_reply import pieces_of
from tui.paths import find_paths
from tui.store.log import Store

MACHINE = Machine(2, "3.11.7", "8.2.8", "Linux x86_64", 0.5, 1.25)
STAT = "42 (a) b (c)) S 7 42 42 0 -1 4194304 1 0 0 0 817 20 5 6 20 0 4 0 1334533 302968832"


@pytest.mark.parametrize(
    ("share", "value"), [(0.01, 1), (0.5, 5), (0.95, 10), (0.9, 9), (0.91, 10), (1.0, 10)]
)
def test_percentile_is_the_smallest_value_that_covers_the_share(share, value):
    assert percentile([10, 1, 9, 2, 8, 3, 7, 4, 6, 5], share) == value


@pytest.mark.parametrize("share", [0, -0.5, 1.1])
def test_percentile_of_no_share_is_refused(share):
    with pytest.raises(ValueError, match="no share"):
        percentile([1.0], share)


@pytest.mark.parametrize("figure", [median, lambda values: percentile(values, 0.5)])
def test_figure_of_nothing_is_refused(figure):
    with pytest.raises(ValueError, match="nothing was measured"):
        figure([])


@pytest.mark.parametrize(("values", "middle"), [([3, 1, 2], 2), ([4, 1, 3, 2], 2.5), ([7], 7)])
def test_median_is_the_middle_whatever_the_order(values, middle):
    assert median(values) == middle


def test_cpu_is_scaled_to_the_unit():
    assert per(1.5, 2_000, 10_000) == 7.5


def test_cpu_of_nothing_counted_is_refused():
    with pytest.raises(ValueError, match="nothing was counted"):
        per(1.0, 0, 10_000)


def test_times_are_written_as_precisely_as_they_are_known():
    assert [milliseconds(s) for s in (0.00416, 0.0999, 0.1644)] == ["4.2 ms", "99.9 ms", "164 ms"]


def test_memory_is_written_in_millions_of_bytes():
    assert megabytes(84_160_000) == "84.2 MB"


def test_stat_is_read_behind_a_name_with_blanks_and_brackets():
    assert processes.parse_stat(STAT) == processes.Stat(parent=7, ticks=837)


@pytest.mark.parametrize("text", ["", "42 (name", "42 (name) S 7"])
def test_what_is_no_stat_line_is_refused(text):
    with pytest.raises(ValueError, match="not a stat line"):
        processes.parse_stat(text)


def test_rollup_is_read_in_bytes():
    text = "00-ff ---p 00:00 0 [rollup]\nRss:  2048 kB\nPss:   1024 kB\nPss_Anon:  7 kB\n"
    assert processes.parse_rollup(text) == processes.Memory(pss=1024 * 1024, rss=2048 * 1024)


def test_rollup_without_a_sum_is_refused():
    with pytest.raises(ValueError, match="smaps_rollup"):
        processes.parse_rollup("Rss:  2048 kB\nPss_Anon: 7 kB\n")


@pytest.mark.linux
def test_cpu_of_a_process_that_works_grows():
    before, ends = processes.cpu_s([os.getpid()]), time.process_time() + 0.1
    while time.process_time() < ends:
        pass
    assert processes.cpu_s([os.getpid()]) - before >= 0.05


@pytest.mark.linux
def test_family_holds_child_and_grandchild():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as child:
        ends = time.monotonic() + 20
        while len(found := processes.family(child.pid)) < 2 and time.monotonic() < ends:
            time.sleep(0.02)
        memory = processes.memory(found)
        child.stdin.close()
    assert found[0] == child.pid
    assert len(found) == 2
    assert memory.rss > memory.pss > 1_000_000


@pytest.mark.parametrize(
    "written",
    [
        "\x1b[1;31mType\x1b[0m a \x1b[38;2;1;2;3mmessage",
        "\x1b]0;title\x07Type a message",
        "\x1b]8;;address\x1b\\Type a\x1b]8;;\x1b\\ message",
        "\x1bP+q544e\x1b\\Type a message",
        "\x1b(BType a\x1b7 message\x1b[?2026$p",
        f"Type a {FRAME_ENDS.decode()}message",
    ],
)
def test_text_is_read_without_its_escapes_whatever_the_pieces(written):
    whole, single = Screen(), Screen()
    whole.feed(written.encode())
    for byte in written.encode():
        single.feed(bytes([byte]))
    assert whole.written == single.written == b"Type a message"
    assert whole.frames == single.frames


def test_glyph_that_comes_in_two_reads_is_one():
    screen = Screen()
    screen.feed("Ж".encode()[:1])
    assert screen.find("Ж") == -1
    screen.feed("Ж".encode()[1:])
    assert screen.find("Ж") == 0


def test_end_of_each_frame_is_known():
    screen = Screen()
    screen.feed(b"ab" + FRAME_ENDS + b"cd" + FRAME_ENDS + b"e")
    assert [screen.written[:end] for end in screen.frames] == [b"ab", b"abcd"]


def test_program_is_typed_to_and_timed(tmp_path):
    code = "print('ready', flush=True); print('got', input())"
    with Program(
        [sys.executable, "-c", code], environ={"PATH": os.environ["PATH"]}, cwd=tmp_path
    ) as program:
        seen = program.wait_for("ready")
        typed = program.type("Ж\r")
        came = program.wait_for("got Ж", program.mark)
    assert program.started < seen < typed < came


def test_program_that_does_not_write_it_is_named(tmp_path):
    with (
        Program(["true"], environ={"PATH": os.environ["PATH"]}, cwd=tmp_path) as program,
        pytest.raises(AssertionError, match="'ready' was not written by"),
    ):
        program.wait_for("ready", seconds=5)


def test_keys_and_ends_are_glyphs_that_no_reply_holds():
    text = world.text_of(2_000)
    assert not set(KEYS + ENDS) & set(text)
    assert len(set(KEYS + ENDS)) == len(KEYS) + len(ENDS)


@pytest.mark.parametrize("tokens", [1, 40, 999])
def test_reply_has_the_tokens_that_the_provider_counts(tokens):
    assert len(pieces_of(world.text_of(tokens))) == tokens


def test_reply_ends_with_its_mark():
    assert world.text_of(40, "ե").endswith("\n\nե")


def test_written_session_holds_its_messages_and_ends_as_it_is_waited_for(tmp_path):
    world.write_session(tmp_path, world.SHORT, 120, tmp_path)
    store = Store(find_paths({"OWNKEY_HOME": str(tmp_path)}).store_file)
    (summary,) = store.summaries()
    records = store.read(world.SHORT)
    store.close()
    assert (summary.id, summary.messages, summary.state) == (world.SHORT, 120, "idle")
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    texts = [r.event.delta for r in records if hasattr(r.event, "delta") and r.turn == 60]
    assert last_reply(120) in "".join(texts)


def row(value: float, limit: float | None) -> Row:
    return Row("start", "≤ 2 ×", value, limit, f"{value} ×", "floor 1 s")


def test_number_above_its_goal_is_said_to_miss_it():
    assert "| start | ≤ 2 × | 2.5 × (missed) | floor 1 s |" in table([row(2.5, 2)], MACHINE)


def test_number_at_its_goal_is_not():
    assert "| start | ≤ 2 × | 2 × | floor 1 s |" in table([row(2, 2)], MACHINE)


def test_table_says_the_machine():
    words = "2 cores, Python 3.11.7, Textual 8.2.8, Linux x86_64; load 0.50 before, 1.25 after"
    assert table([], MACHINE).endswith(words)


def test_json_says_whether_each_goal_is_reached():
    said = json.loads(as_json([row(1, 2), row(3, 2), row(1, None)], MACHINE))
    assert [one["reached"] for one in said["rows"]] == [True, False, None]
    assert said["machine"]["cores"] == 2


@pytest.mark.parametrize("words", [["--quick", "nonsense"], ["--slow"]])
def test_bench_refuses_what_it_does_not_know(words):
    child = subprocess.run(
        [sys.executable, "-m", "tests.bench", *words],
        cwd=world.ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert child.returncode == 2
    assert "usage: python -m tests.bench" in child.stderr
