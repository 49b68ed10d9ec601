from __future__ import annotations

import asyncio
import os
import socket
import time
import tracemalloc

import pytest

from tests.tool_calls import Place, body


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


async def test_lines_come_with_their_numbers(place):
    place.write("a.txt", "one\ntwo\n")
    assert (await place.run("read", path="a.txt")).output == "     1\tone\n     2\ttwo"


async def test_offset_and_limit_choose_the_lines_and_say_how_to_go_on(place):
    place.write("a.txt", "".join(f"l{n}\n" for n in range(1, 11)))
    result = await place.run("read", path="a.txt", offset=3, limit=2)
    assert result.output == (
        "     3\tl3\n     4\tl4\n[cut after line 4; the file has 31 bytes; go on with offset 5]"
    )
    assert result.truncated


async def test_numbers_sent_as_text_are_understood(place):
    place.write("a.txt", "one\ntwo\n")
    assert body(await place.run("read", path="a.txt", offset="2")) == ["     2\ttwo"]


@pytest.mark.parametrize("content", ["a\nb\nc", "a\nb\nc\n"])
async def test_an_offset_behind_the_end_says_how_many_lines_there_are(place, content):
    place.write("a.txt", content)
    result = await place.run("read", path="a.txt", offset=4)
    assert (result.ok, result.output) == (False, "Offset 4 is behind the last line, 3.")


@pytest.mark.parametrize("content", ["a\nb\nc", "a\nb\nc\n"])
async def test_the_last_line_can_be_the_first_to_read(place, content):
    place.write("a.txt", content)
    assert (await place.run("read", path="a.txt", offset=3)).output == "     3\tc"


async def test_an_empty_file_is_said_to_be_empty(place):
    place.write("a.txt")
    result = await place.run("read", path="a.txt")
    assert (result.ok, result.output) == (True, "[the file is empty]")


async def test_bytes_that_are_no_utf8_lose_nothing(place):
    place.write("a.txt", b"caf\xe9 \xff\xfe\n")
    line = body(await place.run("read", path="a.txt"))[0].partition("\t")[2]
    assert line.encode("utf-8", "surrogateescape") == b"caf\xe9 \xff\xfe"


async def test_only_line_feeds_end_a_line(place):
    place.write("a.txt", "a\u2028b\x0bc\rd\ne")
    assert len(body(await place.run("read", path="a.txt"))) == 2


async def test_crlf_line_ends_are_said(place):
    place.write("a.txt", "a\r\nb\r\n")
    result = await place.run("read", path="a.txt")
    assert result.output == "     1\ta\n     2\tb\n[the lines end in CR LF]"


async def test_a_letter_is_never_cut_in_two(place):
    place.write("a.txt", "é€" * 2_000)
    line = body(await place.run("read", path="a.txt"))[0]
    assert line.startswith("     1\t" + "é€" * 1_000 + "…")


async def test_a_long_line_is_cut_with_its_size(place):
    place.write("a.txt", "x" * 1_000_000 + "\nnext\n")
    result = await place.run("read", path="a.txt")
    assert "[line of 1,000,000 bytes, cut]" in result.output
    assert result.output.endswith("     2\tnext")
    assert result.truncated


async def test_a_large_result_is_capped_with_the_size(place):
    place.write("a.txt", "word " * 20 + "\n" + ("word " * 20 + "\n") * 9_999)
    result = await place.run("read", path="a.txt")
    assert len(result.output.encode()) < 51_000
    assert "1,010,000 bytes" in result.output.rpartition("\n")[2]
    assert result.truncated


async def test_a_file_of_200_mb_is_read_with_little_memory_and_time(place):
    piece = b"0123456789abcde\n" * 65_536
    with (place.folder / "big.txt").open("wb") as file:
        for _ in range(200):
            file.write(piece)
    tracemalloc.start()
    began = time.monotonic()
    result = await place.run("read", path="big.txt", offset=13_107_200)
    seconds = time.monotonic() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"last line of 200 MB: {seconds:.2f} s, peak {peak:,} bytes")
    assert result.output == "13107200\t0123456789abcde"
    assert peak < 8_000_000
    assert seconds < 10


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08", "PNG picture of 640 × 480"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG picture"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP picture"),
        (b"%PDF-1.7\n", "PDF document"),
        (b"\x7fELF\x02\0\0", "binary file"),
        ("text\n".encode("utf-16"), "UTF-16"),
    ],
)
async def test_what_is_no_text_is_named_and_not_read(place, data, words):
    place.write("x", data)
    result = await place.run("read", path="x")
    assert not result.ok
    assert words in result.output


async def test_text_that_starts_like_a_picture_is_still_text(place):
    place.write("x", "BMW drives\nGIF8 too\n")
    assert (await place.run("read", path="x")).ok


async def test_a_folder_is_no_file(place):
    place.write("d/a", "x")
    assert "use `list`" in (await place.run("read", path="d")).output


async def test_a_file_is_no_folder(place):
    place.write("a", "x")
    assert "use `read`" in (await place.run("list", path="a")).output


async def test_a_missing_file_is_said_in_words(place):
    result = await place.run("read", path="nope.txt")
    assert (result.ok, result.output) == (False, "nope.txt: No such file or directory")


@pytest.mark.parametrize("path", ["a\0b", "a\ud800", "", "x" * 300, "x/" * 5_000, "x" * 1_000_000])
@pytest.mark.parametrize("tool", ["read", "list"])
async def test_a_name_that_cannot_be_is_answered_in_few_words(place, tool, path):
    result = await place.run(tool, path=path)
    assert not result.ok
    assert 0 < len(result.output) < 3_000


@pytest.mark.parametrize("through_link", [False, True])
async def test_a_named_pipe_is_refused_at_once(place, through_link):
    os.mkfifo(place.folder / "pipe")
    (place.folder / "link").symlink_to("pipe")
    async with asyncio.timeout(5):
        result = await place.run("read", path="link" if through_link else "pipe")
    assert not result.ok
    assert "a named pipe" in result.output


async def test_a_socket_is_refused(place, monkeypatch):
    monkeypatch.chdir(place.folder)  # a socket's path may be no longer than about 100 bytes
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("s")
        assert "a socket" in (await place.run("read", path="s")).output


async def test_a_folder_is_listed_sorted_with_the_kind_of_each(place):
    place.write("b.txt")
    place.write("a/x")
    place.write(".hidden")
    (place.folder / "l").symlink_to("b.txt")
    os.mkfifo(place.folder / "p")
    result = await place.run("list")
    assert result.output == ".hidden\na/\nb.txt\nl -> b.txt\np (a named pipe)"


async def test_an_empty_folder_is_said_to_be_empty(place):
    assert (await place.run("list")).output == "[the folder is empty]"


async def test_a_folder_of_many_names_is_capped_with_the_count(place):
    for number in range(2_100):
        place.write(f"f{number:04}")
    result = await place.run("list")
    assert result.output.endswith("\n[cut: 2,000 of 2,100 names; use `glob` with a pattern]")
    assert result.truncated


async def test_a_tilde_is_the_home_and_a_file_of_that_name_needs_a_dot(place):
    place.write("~/a.txt", "in the folder")
    assert place.judge("read", path="~/a.txt").verdict == "ask"
    assert (await place.run("list")).output == "./~/"
    assert body(await place.run("read", path="./~/a.txt")) == ["     1\tin the folder"]
