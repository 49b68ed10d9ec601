from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tui.console.commands import find_command
from tui.console.sidebar.marker import glyph, plain_glyphs
from tui.console.status.meter import clock, share, tokens
from tui.store.history import History
from tui.text.filter import best, score


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (999, "999"), (1_000, "1k"), (41_234, "41.2k"), (999_499, "999.5k"),
     (999_999, "1M"), (1_250_000, "1.2M")],
)  # fmt: skip
def test_tokens_are_short(count, words):
    assert tokens(count) == words


def test_a_share_of_the_unknown_is_unknown():
    assert share(10, None) is None
    assert share(None, 10) is None


def test_a_clock_never_runs_below_zero():
    assert clock(-3) == "0:00"


def test_a_whole_word_beats_strewn_letters():
    assert best("opus", ["claude sonnet o p u s", "claude opus 4.7"])[0] == 1


def test_every_word_of_the_filter_has_to_fit():
    assert best("claude 4.6", ["claude opus 4.7", "claude sonnet 4.6"]) == [1]


def test_letters_out_of_order_do_not_fit():
    assert score("sup", "opus") is None


def test_an_empty_filter_keeps_the_order():
    assert best(" ", ["b", "a"]) == [0, 1]


def test_a_command_is_found_by_a_unique_beginning():
    found = find_command("/loc")
    assert found is not None and found.name == "local"


@pytest.mark.parametrize("text", ["/", "model", "/nosuch", "/model now", "/usr/bin"])
def test_what_is_no_command_is_none(text):
    assert find_command(text) is None


def test_history_walks_back_and_keeps_the_draft(tmp_path: Path):
    history = History(tmp_path / "h")
    history.add("one")
    history.add("two")
    assert [history.older("draft"), history.older("x"), history.older("x")] == ["two", "one", None]
    assert [history.newer(), history.newer(), history.newer()] == ["two", "draft", None]


def test_history_is_kept_for_the_next_run_and_for_this_user_alone(tmp_path: Path):
    History(tmp_path / "h").keep("line\nwith \ud800")
    assert History(tmp_path / "h").older("") == "line\nwith \ud800"
    assert stat.S_IMODE((tmp_path / "h").stat().st_mode) == 0o600


def test_history_on_the_disk_is_what_was_kept_and_not_what_was_typed(tmp_path: Path):
    history = History(tmp_path / "h")
    history.add("use sk-secret")
    for _ in range(2):
        history.keep("use [secret]")
    assert history.older("") == "use sk-secret"
    assert (tmp_path / "h").read_text("ascii") == '"use [secret]"\n'


def test_a_damaged_history_loses_only_the_damaged_line(tmp_path: Path):
    (tmp_path / "h").write_text('{"broken\n' + json.dumps("kept") + "\n", "utf-8")
    assert History(tmp_path / "h").older("") == "kept"


@pytest.mark.parametrize("payer", ["own_key", "endpoint", "credits", "nobody", None])
def test_letters_are_ascii(payer):
    assert glyph(payer, letters=True).isascii()


def test_a_poor_terminal_gets_letters_by_itself(monkeypatch):
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_CTYPE", raising=False)
    monkeypatch.setenv("TERM", "linux")
    assert plain_glyphs("auto")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert not plain_glyphs("auto")
