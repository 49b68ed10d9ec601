from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tool_calls import RIPGREP, Place, body
from tui.tools import matcher
from tui.tools.base import CallFailed
from tui.tools.listing import Below
from tui.tools.patterns import Pattern, anywhere, split_base

needs_ripgrep = pytest.mark.skipif(RIPGREP is None, reason="ripgrep is not installed")


@pytest.fixture(params=[pytest.param(True, marks=needs_ripgrep, id="ripgrep"), False])
def place(request, tmp_path):
    made = Place(tmp_path, ripgrep=request.param)
    made.write("src/app.py", "import os\n\ndef main():\n    pass\n")
    made.write("src/deep/er/x.py", "import sys\r\nDEF = 1\r\n")
    made.write("README.md", "def in words\n")
    made.write(".github/ci.yml", "run: tests\n")
    return made


@pytest.fixture
def without_ripgrep(tmp_path):
    return Place(tmp_path)


async def test_glob_finds_files_sorted_and_hidden_ones_too(place):
    assert body(await place.run("glob", pattern="**/*.{py,yml}")) == [
        ".github/ci.yml",
        "src/app.py",
        "src/deep/er/x.py",
    ]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", ["README.md"]),
        ("src/*.py", ["src/app.py"]),
        ("src/**/*.py", ["src/app.py", "src/deep/er/x.py"]),
        ("src/d*/**", ["src/deep/er/x.py"]),
        ("src/app.py", ["src/app.py"]),
        ("./src/[a-c]pp.p?", ["src/app.py"]),
        ("**/er/x.py", ["src/deep/er/x.py"]),
        ("app.py", []),
    ],
)
async def test_a_pattern_finds(place, pattern, found):
    assert body(await place.run("glob", pattern=pattern)) == found


async def test_glob_starts_where_the_path_says(place):
    assert body(await place.run("glob", pattern="*.py", path="src")) == ["src/app.py"]


@pytest.mark.parametrize("pattern", ["*/../../x", "a/*/{..,b}/x", "", "src/", "{a,b}" * 20])
async def test_a_pattern_that_cannot_be_searched_is_answered_in_words(place, pattern):
    result = await place.run("glob", pattern=pattern)
    assert not result.ok
    assert result.output


async def test_grep_gives_path_line_and_text(place):
    assert body(await place.run("grep", pattern=r"^def \w+")) == [
        "README.md:1:def in words",
        "src/app.py:3:def main():",
    ]


async def test_grep_matches_the_end_of_a_line_with_crlf(place):
    assert body(await place.run("grep", pattern="= 1$")) == ["src/deep/er/x.py:2:DEF = 1"]


async def test_grep_can_ignore_case_and_look_at_some_files_only(place):
    result = await place.run("grep", pattern="def", ignore_case=True, glob="*.py")
    assert body(result) == ["src/app.py:3:def main():", "src/deep/er/x.py:2:DEF = 1"]


async def test_grep_takes_a_single_file(place):
    assert body(await place.run("grep", pattern="import", path="src/app.py")) == [
        "src/app.py:1:import os"
    ]


async def test_grep_says_when_nothing_matches(place):
    result = await place.run("grep", pattern="no such words")
    assert result.ok
    assert result.output.startswith("[no line of 4 files matches]")


@pytest.mark.parametrize("pattern", ["(a", "a{2,1}", "[z-a]", "a\0b", "a\ud800", "x" * 300_000])
async def test_a_wrong_pattern_is_said_to_be_wrong(place, pattern):
    result = await place.run("grep", pattern=pattern)
    assert not result.ok
    assert "pattern is wrong" in result.output
    assert len(result.output) < 2_000


@pytest.mark.parametrize("pattern", ["--help", "-rf", "--pre=touch PWNED", "-", "--"])
async def test_a_pattern_that_looks_like_an_option_is_a_pattern(place, pattern):
    place.write("odd.txt", f"with {pattern} in it\n")
    result = await place.run("grep", pattern=pattern, glob="odd.txt")
    assert body(result) == [f"odd.txt:1:with {pattern} in it"]


async def test_a_match_far_into_a_long_line_is_shown_with_what_stands_around(place):
    place.write("long.txt", "x" * 500_000 + "needle" + "y" * 500_000)
    (line,) = body(await place.run("grep", pattern="needle"))
    assert "xneedley" in line
    assert len(line) < 500


async def test_what_grep_finds_in_bytes_that_are_no_utf8_keeps_them(place):
    place.write("latin.txt", b"caf\xe9 needle\n")
    (line,) = body(await place.run("grep", pattern="needle"))
    assert line.encode("utf-8", "surrogateescape") == b"latin.txt:1:caf\xe9 needle"


async def test_many_matches_are_capped_with_a_mark(place):
    place.write("many.txt", "needle\n" * 5_000)
    result = await place.run("grep", pattern="needle")
    assert len(body(result)) == 2_000
    assert "[cut: 2,000 of 2,001 lines or more; narrow it]" in result.output
    assert result.truncated


async def test_exactly_a_page_of_matches_is_not_said_to_be_cut(place):
    place.write("many.txt", "needle\n" * 2_000)
    assert not (await place.run("grep", pattern="needle")).truncated


async def test_binary_files_are_left_out(place):
    place.write("x.bin", b"needle\0\n")
    assert body(await place.run("grep", pattern="needle")) == []


async def test_files_that_may_hold_secrets_are_left_out_without_a_trace(place):
    result = await place.run("grep", pattern="nothing")
    for name in (".env", "deploy/server.pem", ".ssh/config", "id_rsa", "x/.git/config"):
        place.write(name, "needle\n")
    found = await place.run("grep", pattern="needle")
    assert found == await place.run("grep", pattern="a needle that is nowhere")
    assert found == result


async def test_a_secret_is_searched_after_a_yes_to_that_very_file(place):
    place.write(".env", "KEY=needle\n")
    assert place.judge("grep", pattern="needle", path=".env").verdict == "ask"
    assert not (await place.run("grep", pattern="needle", path=".env")).ok
    found = await place.run_approved("grep", pattern="needle", path=".env")
    assert body(found) == [".env:1:KEY=needle"]


async def test_a_yes_to_a_folder_outside_does_not_cover_the_secrets_in_it(place):
    (place.home / ".aws").mkdir()
    (place.home / ".aws" / "credentials").write_text("needle\n", encoding="utf-8")
    (place.home / "notes.txt").write_text("needle\n", encoding="utf-8")
    found = await place.run_approved("grep", pattern="needle", path="~")
    assert body(found) == [f"{place.home}/notes.txt:1:needle"]


async def test_a_yes_to_a_folder_of_secrets_covers_them(place):
    (place.home / ".aws").mkdir()
    (place.home / ".aws" / "credentials").write_text("needle\n", encoding="utf-8")
    found = await place.run_approved("grep", pattern="needle", path="~/.aws")
    assert body(found) == [f"{place.home}/.aws/credentials:1:needle"]


@pytest.mark.parametrize("tool", ["glob", "grep"])
async def test_links_are_neither_found_nor_followed(place, tool):
    (place.root / "out").mkdir()
    (place.root / "out" / "needle.txt").write_text("needle", encoding="utf-8")
    (place.folder / "folder").symlink_to(place.root / "out")
    (place.folder / "needle.txt").symlink_to(place.root / "out" / "needle.txt")
    (place.folder / "loop").symlink_to(".")
    assert body(await place.run(tool, pattern="**/needle*" if tool == "glob" else "needle")) == []


async def test_our_own_files_are_not_found_even_when_they_lie_in_the_folder(tmp_path):
    place = Place(tmp_path)
    place.environ["OWNKEY_HOME"] = str(place.folder / "inner")
    place.write("inner/config/settings.json", "needle")
    assert body(await place.run("grep", pattern="needle")) == []
    assert body(await place.run("glob", pattern="**/*.json")) == []


@needs_ripgrep
@pytest.mark.parametrize("git", [True, False])
async def test_gitignore_is_honoured(tmp_path, git):
    place = Place(tmp_path, ripgrep=True)
    place.write(".gitignore", "build/\n*.log\n")
    for name in ("build/x.py", "a.log", "a.py"):
        place.write(name, "needle\n")
    if git:
        (place.folder / ".git").mkdir()
    assert body(await place.run("glob", pattern="**")) == [".gitignore", "a.py"]
    assert body(await place.run("grep", pattern="needle")) == ["a.py:1:needle"]


@needs_ripgrep
async def test_outside_of_git_a_gitignore_above_the_folder_hides_nothing(tmp_path):
    place = Place(tmp_path, ripgrep=True)
    (place.root / ".gitignore").write_text("*\n", encoding="utf-8")
    place.write("a.py", "x")
    assert body(await place.run("glob", pattern="*.py")) == ["a.py"]


async def test_without_ripgrep_it_is_said_what_is_left_out(without_ripgrep):
    without_ripgrep.write("node_modules/x.py", "needle")
    without_ripgrep.write("a.py", "needle")
    result = await without_ripgrep.run("grep", pattern="needle")
    assert result.output.startswith("a.py:1:needle\n[ripgrep is not installed: .gitignore not read")


async def test_a_ripgrep_that_lies_in_the_folder_is_not_run(tmp_path):
    place = Place(tmp_path)
    program = place.write("bin/rg", f"#!/bin/sh\ntouch {place.folder}/PWNED\n")
    program.chmod(0o755)
    place.environ["PATH"] = f"{place.folder}/bin:."
    place.write("a.py", "needle")
    assert body(await place.run("grep", pattern="needle", glob="*.py")) == ["a.py:1:needle"]
    assert not (place.folder / "PWNED").exists()


async def test_what_a_search_program_claims_of_a_file_it_may_not_show_is_not_shown(tmp_path):
    place = Place(tmp_path)
    place.write(".env", "KEY=needle\n")
    place.write("a.txt", "needle\n")
    (place.root / "out.txt").write_text("needle\n", encoding="utf-8")
    (place.folder / "link.txt").symlink_to(place.root / "out.txt")
    claims = "".join(f"./{name}\\0001:1:x\\n" for name in (".env", "link.txt", "../out.txt"))
    programs = place.root / "programs"
    programs.mkdir()
    (programs / "rg").write_text(
        f"#!/bin/sh\ncase \"$*\" in *--files*) printf 'a.txt\\0';; *) printf '{claims}';; esac\n",
        encoding="utf-8",
    )
    (programs / "rg").chmod(0o755)
    place.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    assert "needle" not in (await place.run("grep", pattern="needle")).output.split("[", 1)[0]


@pytest.mark.long
@pytest.mark.parametrize(
    ("pattern", "line"),
    [("(a+)+$", "a" * 60 + "!"), ("(.*a){25}$", "a" * 60 + "!"), ("(a|aa)+$", "a" * 80 + "!")],
)
async def test_a_slow_pattern_ends_in_time(place, pattern, line):
    place.write("slow.txt", f"{line}\n")
    began = time.monotonic()
    result = await place.run("grep", pattern=pattern)
    seconds = time.monotonic() - began
    print(f"{pattern}: {seconds:.2f} s, {result.output!r}")
    assert seconds < 5
    assert "no line of" in result.output or "stopped after 3 s" in result.output


async def test_a_search_that_nobody_waits_for_is_killed(without_ripgrep):
    without_ripgrep.write("slow.txt", "a" * 60 + "!\n")
    search = asyncio.create_task(without_ripgrep.run("grep", pattern="(a+)+$"))
    await asyncio.sleep(0.5)
    search.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await search
    assert time.monotonic() - began < 1


def test_the_search_child_stops_itself_and_keeps_what_it_found(tmp_path):
    (tmp_path / "a.txt").write_text("aaa\n" + "a" * 60 + "!\n", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-I", "-S", matcher.__file__, "0.3", "-", "(a+)+$", "./a.txt"],
        cwd=tmp_path,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (3, b"./a.txt\x001:1:\n")


def test_the_search_child_opens_ordinary_files_only(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    ended = subprocess.run(
        [sys.executable, "-I", "-S", matcher.__file__, "5", "-", "x", "./pipe"],
        cwd=tmp_path,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


@given(st.text(alphabet="ab*?[]!-{},./\\é\n", max_size=30), st.text("ab/é\n", max_size=20))
def test_any_pattern_is_matched_or_refused(pattern, path):
    try:
        _, rest = split_base(pattern)
        Pattern(rest).matches(path)
        anywhere(pattern).matches(path)
    except CallFailed as error:
        assert error.message


def test_a_pattern_of_many_stars_is_not_slow():
    pattern = Pattern("**/" * 30 + "*a" * 60 + "b")
    began = time.monotonic()
    assert not pattern.matches("/".join(["a" * 200] * 60))
    assert time.monotonic() - began < 2


async def test_a_search_leaves_no_descriptor_open_where_folders_are_swapped_or_closed(tmp_path):
    place = Place(tmp_path)
    place.write("a/b/c.txt", "needle")
    (place.folder / "a" / "link").symlink_to("/")
    folder = os.open(place.folder, os.O_RDONLY)
    before = len(os.listdir("/dev/fd"))
    below = Below(folder, place.folder, place.context().border())
    for path in ("a/b/c.txt", "a/link/x", "a/b/nope/x", "a/b/../b/c.txt", "../x", "a/b/c.txt"):
        below.stat(path)
    below.close()
    assert len(os.listdir("/dev/fd")) == before
    os.close(folder)


async def test_names_in_our_own_folders_are_not_told_wherever_these_lie(tmp_path):
    place = Place(tmp_path / "p")
    inside = place.folder / "state"
    place.environ["OWNKEY_HOME"] = str(inside)
    place.write("state/config/keys.txt")
    place.write("beside.txt")
    output = (await place.run("glob", pattern="**/*.txt")).output
    assert "beside.txt" in output
    assert "keys.txt" not in output
