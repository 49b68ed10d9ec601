from __future__ import annotations

import time

import pytest

from tui.console.abilities import has_colours, has_emoji, too_small_words, without_colours
from tui.console.typed import MOST_CHARACTERS, TypedReader


@pytest.mark.parametrize(
    ("size", "rows"),
    [
        ((59, 17), ["ownkey needs 60 x 18; this is 59 x 17"]),
        ((22, 17), ["ownkey needs 60 x 18;", "this is 22 x 17"]),
        ((10, 3), ["ownkey", "needs", "60x18"]),
        ((12, 2), ["ownkey needs", "60x18"]),
        ((5, 1), ["60x18"]),
        ((4, 50), ["!"]),
        ((1, 1), ["!"]),
    ],
)
def test_words_for_a_small_window_fit_into_it(size, rows):
    shown = too_small_words((60, 18), size).split("\n")
    assert shown == rows
    assert len(shown) <= size[1]
    assert all(len(row) <= size[0] for row in shown)


@pytest.mark.parametrize("term", ["", "dumb", "vt100", "vt220-w", "xterm-mono"])
def test_terminals_without_colours_are_known(term):
    assert not has_colours(term)


@pytest.mark.parametrize("term", ["xterm", "xterm-256color", "linux", "screen", "tmux-256color"])
def test_terminals_with_colours_are_known(term):
    assert has_colours(term)


def test_a_console_of_the_kernel_draws_no_emoji():
    assert (has_emoji("linux"), has_emoji("vt100"), has_emoji("xterm")) == (False, False, True)


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("\x1b[1;38;2;1;2;3;48;5;7mx\x1b[0m", "\x1b[1mx\x1b[0m"),
        ("\x1b[31mx\x1b[39;49m", "x"),
        ("\x1b[7;97;4mx\x1b[m", "\x1b[7;4mx\x1b[m"),
        ("\x1b[38;2;31;41;97mx", "x"),
        ("\x1b[31;1H\x1b[2J", "\x1b[31;1H\x1b[2J"),
    ],
)
def test_colours_go_and_other_styles_stay(written, left):
    assert without_colours(written) == left


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def read(data: bytes, size: int = 4096, encoding: str = "utf-8") -> list[str]:
    """What was typed and pasted, cut into pieces of this size."""
    reader, found = TypedReader(encoding), []
    for piece in pieces(data, size):
        found += list(reader.feed(piece))
    found += list(reader.tick(quiet=True))
    return [getattr(one, "text", None) or getattr(one, "character", None) or "" for one in found]


PASTE = b"a\x1b[200~x\x1b[31my\xc3\xbc\x1b[200~\x1b[201b\x1b[201~b"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 4096])
def test_a_paste_is_one_piece_however_it_is_cut(size):
    if size > 2:  # cut behind its Esc, Textual's own parser takes it
        assert read(PASTE, size) == ["a", "x\x1b[31myü\x1b[200~\x1b[201b", "b"]
    assert read(b"\x1b[200~plain\x1b[201~", size) == ["plain"]


@pytest.mark.parametrize("strange", [b"\xff", b"\x1b[:5u", b"\xf0\x9f", b"\x1b[200"])
def test_what_is_no_key_does_not_end_the_reading(strange):
    reader = TypedReader("utf-8")
    list(reader.feed(strange))
    list(reader.tick(quiet=True))
    time.sleep(0.12)  # so long an Esc may be the beginning of something
    list(reader.tick(quiet=True))
    (key,) = list(reader.feed(b"k"))[-1:]
    assert getattr(key, "character", None) == "k"


def test_letters_are_read_in_the_terminals_own_encoding():
    assert read("ü".encode("latin-1"), encoding="iso8859-1") == ["ü"]
    assert read("ü".encode(), encoding="ascii") == ["ü"]
    assert read(b"\xfc") == ["\ufffd"]


def test_a_paste_without_end_does_not_fill_the_memory():
    reader = TypedReader("utf-8")
    list(reader.feed(b"\x1b[200~"))
    for _ in range(MOST_CHARACTERS // 4_000_000 + 5):
        list(reader.feed(b"x" * 4_000_000))
    (paste,) = list(reader.feed(b"\x1b[201~"))
    assert len(paste.text) <= MOST_CHARACTERS + 4_000_000
