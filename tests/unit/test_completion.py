from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import hostile_cases
from tui.console.commands import COMMANDS, find_command, with_words
from tui.console.prompt.attachments import MOST_TEXT, Reader, pasted_picture, size_words
from tui.console.prompt.completion import asked_at, command_choices, file_choices, history_choices
from tui.console.prompt.filelist import FileList, Search, list_files
from tui.console.prompt.limits import refused, too_much
from tui.console.prompt.mentions import mentions, open_mention, written
from tui.console.prompt.pasted import long_paste
from tui.session.replies import ModelRow
from tui.text import neutralise

NAMES = hostile_cases.load("file_names")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


def row(**fields) -> ModelRow:
    facts = {"id": "anthropic/x", "name": "X", "provider": "anthropic", "connection": "k",
             "payer": "own_key", "key": True, "label": "work", "context": 1_000_000}  # fmt: skip
    return ModelRow(**(facts | fields))


def listed(*names: str) -> FileList:
    files = FileList()
    files.add(list(names))
    return files


def found(files: FileList, query: str) -> list[str]:
    search = Search(files, query)
    search.step(10)
    return search.top(50)


# Names in a prompt.


@pytest.mark.parametrize("case", NAMES, ids=lambda case: case.id)
def test_a_hostile_name_is_named_shown_harmless_and_reaches_the_very_file(case, tmp_path):
    name = os.fsdecode(case.data)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("here")
    text = f"look at {written(name)} now"
    shown = file_choices([name])[0]
    assert neutralise(text, strict=True) == text
    assert neutralise(shown.name + shown.note, strict=True) == shown.name + shown.note
    (one,) = mentions(text)
    got = Reader(tmp_path, {"HOME": str(tmp_path)}).gather([one], (), None)
    assert [file.data for file in got.files] == [b"here"]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=()), min_size=1))
def test_any_path_is_found_again_as_it_was_written(path):
    (one,) = mentions(f"a {written(path)} b")
    assert one.paths[0] in (path, f"./{path}")


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("see @src/app.py, please", [("src/app.py,", "src/app.py")]),
        ("(@a.py) and @b.py.", [("a.py)", "a.py"), ("b.py.", "b.py")]),
        ("mail me@example.com", []),
        ("@", []),
        ('@"two words.py" x', [("two words.py",)]),
    ],
)
def test_names_are_seen_in_a_sentence(text, paths):
    assert [one.paths for one in mentions(text)] == paths


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("look at @sr", (8, "sr")),
        ("@", (0, "")),
        ('@"two wo', (0, "two wo")),
        ("a@b", None),
        ("@done and", None),
        ('@"done"', None),
    ],
)
def test_a_name_is_open_until_it_ends(line, asked):
    assert open_mention(line) == asked


# The folder's files.


def test_the_name_counts_more_than_the_folders():
    files = listed("model/view.py", "src/model.py", "src/models/other.py", "docs/remodel.md")
    assert found(files, "model")[0] == "src/model.py"


def test_letters_strewn_are_found_where_nothing_holds_them_together():
    assert found(listed("src/console/app.py", "README.md"), "scapp") == ["src/console/app.py"]


def test_what_may_hold_secrets_is_never_offered():
    assert found(listed(".env", "id_rsa", "src/env.py"), "e") == ["src/env.py"]


def test_what_git_ignores_is_not_listed(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "build").mkdir()
    for name in ("build/out.py", "kept.py"):
        (tmp_path / name).write_text("")
    files = list_files(tmp_path, dict(os.environ))
    assert found(files, "py") == ["kept.py"]


def test_files_are_listed_without_ripgrep(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "kept.py").write_text("")
    assert found(list_files(tmp_path, {"PATH": str(tmp_path)}), "kep") == ["deep/kept.py"]


def test_a_key_in_a_repository_of_200000_files_takes_a_moment():
    rng, files = random.Random(1), FileList()
    words = ["model", "view", "test", "core", "render", "parser", "config", "session"]
    for start in range(0, 200_000, 400):
        files.add([f"{rng.choice(words)}{n % 31}/{rng.choice(words)}_{n}.py"
                   for n in range(start, start + 400)])  # fmt: skip
    Search(files, "x").top(1)
    worst = 0.0
    for query in ("", "m", "mo", "model_77", "scfg", "zzz"):
        began, search = time.process_time(), Search(files, query)
        search.step(0.005)
        search.top(50)
        worst = max(worst, time.process_time() - began)
    assert worst < 5 * 0.016


# What is completed.


def test_a_command_that_is_written_whole_stands_first():
    assert next(one.name for one in command_choices("mode")) == "/mode"


def test_a_command_is_found_by_what_it_does():
    assert [one.name for one in command_choices("dark")] == ["/theme"]


@pytest.mark.parametrize("text", ["/usr/bin", "/key is what?", "/model\nand more", "/nothing x"])
def test_other_texts_with_a_slash_are_prompts(text):
    assert with_words(text) is None


def test_a_command_takes_the_words_behind_it():
    command, words = with_words("/rename  the login test ") or (COMMANDS[0], "")
    assert (command.name, words) == ("rename", "the login test")


def test_every_command_that_needs_words_takes_them():
    assert all(one.takes for one in COMMANDS if one.argument)
    assert find_command("/rename") is not None


def test_nothing_is_asked_in_a_second_line():
    assert asked_at(2, 1, "/mo", 3) is None


def test_history_holds_every_word_the_latest_first():
    rows = history_choices("test fix", ["fix the tests", "run tests", "a fix of a test"])
    assert [one.text for one in rows] == ["fix the tests", "a fix of a test"]


# What goes with a prompt.


def gather(folder: Path, text: str, model: ModelRow | None = None, **how):
    reader = Reader(folder, {"HOME": str(folder / "home"), "OWNKEY_HOME": str(folder / "own")})
    return reader.gather(mentions(text), (), model, **how)


def test_a_picture_goes_with_its_type_and_its_bytes(tmp_path):
    (tmp_path / "shot.png").write_bytes(PNG)
    (file,) = gather(tmp_path, "see @shot.png", row()).files
    assert (file.name, file.media_type, file.data) == ("shot.png", "image/png", PNG)


def test_a_type_is_told_by_the_bytes_and_not_by_the_name(tmp_path):
    (tmp_path / "shot.png").write_text("text")
    assert gather(tmp_path, "@shot.png", row()).files[0].media_type == "text/plain"


def test_a_long_file_is_cut_and_says_so(tmp_path):
    (tmp_path / "long.txt").write_bytes(b"x" * (MOST_TEXT + 1))
    (file,) = gather(tmp_path, "@long.txt").files
    assert len(file.data) < MOST_TEXT + 100
    assert b"[cut: 400,000 of 400,001 bytes" in file.data


def test_a_file_that_is_not_there_stops_the_prompt_once(tmp_path):
    assert gather(tmp_path, "@nope.py").problem == "nope.py: no such file"
    assert gather(tmp_path, "@nope.py", insists=True) == ((), None, False)


def test_a_word_with_an_at_is_no_file(tmp_path):
    assert gather(tmp_path, "ask @someone").problem is None


def test_a_binary_file_is_said_and_not_sent(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\0\1\2")
    assert "a binary file" in (gather(tmp_path, "@a.bin").problem or "")


def test_our_own_folders_are_never_sent(tmp_path):
    (tmp_path / "own" / "config").mkdir(parents=True)
    (tmp_path / "own" / "config" / "settings.json").write_text("{}")
    (tmp_path / "repo").mkdir()
    reader = Reader(tmp_path / "repo", {"OWNKEY_HOME": str(tmp_path / "own"), "HOME": "/nowhere"})
    got = reader.gather(mentions(f"@{tmp_path}/own/config/settings.json"), (), None)
    assert "belongs to ownkey" in (got.problem or "")


def test_a_file_outside_goes_where_it_is_written_whole(tmp_path):
    (tmp_path / "repo").mkdir()
    (tmp_path / "note.txt").write_text("note")
    (file,) = gather(tmp_path / "repo", f"@{tmp_path}/note.txt").files
    assert file.data == b"note"


def test_a_folder_goes_as_its_names(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("")
    assert gather(tmp_path, "@src/").files[0].data == b"a.py"


@pytest.mark.parametrize(
    ("media_type", "size", "model", "says"),
    [
        ("image/png", 10, row(image=False), "takes no pictures"),
        ("application/pdf", 10, row(pdf=False), "takes no PDFs"),
        ("image/gif", 10, row(provider="google", image=True), "takes no GIF"),
        ("image/png", 5_000_000, row(image=True), "5.0 MB"),
        ("image/png", 10, row(provider="local"), "takes no pictures"),
    ],
)
def test_what_a_model_does_not_take_is_refused_with_the_reason(media_type, size, model, says):
    assert says in (refused(media_type, size, model) or "")


@pytest.mark.parametrize("model", [row(image=True), row(image=None), None])
def test_what_a_model_takes_or_may_take_goes(model):
    assert refused("image/png", 3_000_000, model) is None


def test_more_than_the_context_holds_is_said_with_numbers():
    assert "about 2.5M tokens" in (too_much(2_500_000, row(), 0) or "")
    assert too_much(2_500, row(), 0) is None


@pytest.mark.parametrize(
    "paste",
    ["{}/a shot.png", "'{}/a shot.png'\n", "file://{}/a%20shot.png", "{}/a\\ shot.png "],
)
def test_a_dropped_picture_is_known_by_its_path(tmp_path, paste):
    (tmp_path / "a shot.png").write_bytes(PNG)
    assert pasted_picture(paste.format(tmp_path), tmp_path) == f"{tmp_path}/a shot.png"


def test_a_path_that_leads_nowhere_is_text(tmp_path):
    assert pasted_picture("/no/such.png", tmp_path) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [("x\n" * 312, "pasted 312 lines"), ("x" * 2_001, "pasted 2,001 characters"),
     ("x\n" * 20, None), ("short", None)],
)  # fmt: skip
def test_a_long_paste_is_named_by_its_size(text, name):
    pasted = long_paste(text)
    assert (pasted.name if pasted else None) == name


@pytest.mark.parametrize(
    ("size", "words"), [(312, "312 B"), (4_200, "4.2 kB"), (120_000, "120 kB"), (10**7, "10 MB")]
)
def test_sizes_are_short(size, words):
    assert size_words(size) == words
