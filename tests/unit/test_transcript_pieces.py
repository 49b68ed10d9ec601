from __future__ import annotations

import datetime as dt

import pytest

from tests.transcript_world import Script
from tui.console.transcript.blocks import Block
from tui.console.transcript.model import TranscriptModel
from tui.console.transcript.pieces import Code, Piece, codes_of, wanted

TWO = "See:\n\n```python\nx = 1\n\ty\n```\n\n- an item\n\n  ~~~\n  in a list\n    deeper\n  ~~~\n"


def blocks_of(script: Script) -> list[Block]:
    model = TranscriptModel()
    for record in script.records:
        model.apply(record)
    return model.blocks


def taken(words: str, *replies: str) -> Piece | str:
    script = Script()
    for reply in replies:
        script.turn("why", reply)
    return wanted(words, blocks_of(script), dt.UTC)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("no code", []),
        (TWO, [Code("python", "x = 1\n\ty"), Code("", "in a list\n  deeper")]),
        ("> ```sh\n> ls\n> ```", [Code("sh", "ls")]),
        ("1. do\n   ```\n   one\n\n   two\n   ```", [Code("", "one\n\ntwo")]),
        ("```\nopen", [Code("", "open")]),
        ("````\n```\n````", [Code("", "```")]),
        ("```py\r\na\r\n```", [Code("py", "a")]),
        ("`inline ```", []),
        ("- ```c\n  int x;\n  ```", [Code("c", "int x;")]),
    ],
)
def test_code_is_taken_without_its_fences_and_its_indentation(text: str, codes: list[Code]):
    assert codes_of(text) == codes


def test_the_last_reply_is_taken_as_it_was_written():
    piece = taken("", "first", "**second**\n")
    assert piece == Piece("the reply", "**second**", "md")


def test_code_is_that_of_the_last_reply_that_holds_any():
    assert taken("code", TWO, "no code here") == Piece(
        "the code 2 of 2", "in a list\n  deeper", "txt"
    )
    assert taken("code 1", TWO) == Piece("the python code 1 of 2", "x = 1\n\ty", "py")


@pytest.mark.parametrize("words", ["code 0", "code 3", "code x", "code 99999999", "code ²"])
def test_code_that_is_not_there_is_said_with_how_many_are(words: str):
    said = taken(words, TWO)
    assert isinstance(said, str)
    assert "holds 2 blocks of code" in said


def test_what_cannot_be_taken_is_said():
    assert taken("") == "There is no reply yet."
    assert taken("all") == "Nothing stands here yet."
    assert taken("code", "none") == "No reply holds code."
    assert "reply, code, code 2 or all" in str(taken("nonsense", "x"))


def test_all_of_it_is_markdown_with_who_said_what():
    script = Script().prompt("look").route().think("hm")
    script.tool("read", {"path": "a.py"}, "what stands").say("the **answer**").close()
    script.finished().usage().charge().done()
    piece = wanted("all", blocks_of(script), dt.UTC)
    assert isinstance(piece, Piece)
    assert piece.text == (
        "## You, 2026-03-05 14:02\n\nlook\n\n> hm\n\n**read** a.py\n\n````\nwhat stands\n````"
        "\n\nthe **answer**"
    )


def test_what_is_taken_is_neutral():
    for words in ("", "code", "all"):
        piece = taken(words, "\x1b]0;owned\x07\n\n```\n\x1b[2J\u202e\n```")
        assert isinstance(piece, Piece)
        assert "\x1b" not in piece.text
        assert "\u202e" not in piece.text


@pytest.mark.parametrize(
    ("text", "size"), [("one", "3 characters"), ("x", "1 character"), ("a\nb", "2 lines")]
)
def test_a_size_is_said_in_words(text: str, size: str):
    assert Piece("it", text).size == size
