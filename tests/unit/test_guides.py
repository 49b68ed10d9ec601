from __future__ import annotations

import os

import pytest

from tui.runtime.guides import MOST_BYTES, read_guides


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def repository(home):
    folder = home / "code" / "app"
    (folder / ".git").mkdir(parents=True)
    (folder / "part").mkdir()
    return folder


def put(folder, name, text):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def told(cwd, home):
    return [(one.path, one.text) for one in read_guides(cwd, home)]


def test_words_are_read_from_the_root_of_the_repository_downwards(repository, home):
    put(repository, "AGENTS.md", "outer")
    put(repository / "part", "CLAUDE.md", "inner")
    assert told(repository / "part", home) == [("AGENTS.md", "outer"), ("part/CLAUDE.md", "inner")]


def test_nothing_above_the_repository_is_read(repository, home):
    put(repository.parent, "AGENTS.md", "above")
    put(home, "AGENTS.md", "home")
    assert told(repository, home) == []


def test_without_a_repository_the_home_is_the_border(home):
    folder = home / "notes" / "today"
    folder.mkdir(parents=True)
    put(home, "AGENTS.md", "home")
    put(home / "notes", "AGENTS.md", "notes")
    assert told(folder, home) == [("AGENTS.md", "notes")]


def test_outside_the_home_only_the_folder_itself_is_read(tmp_path, home):
    folder = tmp_path / "elsewhere" / "work"
    folder.mkdir(parents=True)
    put(folder.parent, "AGENTS.md", "above")
    put(folder, "AGENTS.md", "here")
    assert told(folder, home) == [("AGENTS.md", "here")]


def test_a_link_to_the_same_words_is_read_once(repository, home):
    put(repository, "AGENTS.md", "words")
    (repository / "CLAUDE.md").symlink_to("AGENTS.md")
    assert [text for _, text in told(repository, home)] == ["words"]


def test_a_link_out_of_the_repository_is_not_followed(repository, home):
    put(home, "secret", "private")
    (repository / "AGENTS.md").symlink_to(home / "secret")
    (repository / "CLAUDE.md").symlink_to("../../secret")
    assert told(repository, home) == []


def test_a_link_to_a_secret_in_the_repository_is_not_followed(repository, home):
    put(repository, ".env", "TOKEN=private")
    (repository / "AGENTS.md").symlink_to(".env")
    assert told(repository, home) == []


def test_what_is_no_ordinary_file_is_passed_over(repository, home):
    os.mkfifo(repository / "AGENTS.md")
    (repository / "CLAUDE.md").mkdir()
    assert told(repository, home) == []


def test_much_is_cut_and_the_nearest_words_come_first(repository, home):
    put(repository, "AGENTS.md", "far " * MOST_BYTES)
    put(repository / "part", "AGENTS.md", "near")
    (far, cut), (_, near) = told(repository / "part", home)
    assert near == "near"
    assert cut.endswith("[cut: the rest is not read]")
    assert len(cut) <= MOST_BYTES + 40
    assert far == "AGENTS.md"


def test_invisible_characters_and_controls_are_marked(repository, home):
    put(repository, "AGENTS.md", "be\u202e good\u200b\x1b]0;title\x07 \U000e0041")
    (_, text) = told(repository, home)[0]
    assert not {"\u202e", "\u200b", "\x1b", "\x07", "\U000e0041"} & set(text)


def test_bytes_that_are_no_text_break_nothing(repository, home):
    put(repository, "AGENTS.md", b"\xff\xfe\x00 words")
    assert "words" in told(repository, home)[0][1]
