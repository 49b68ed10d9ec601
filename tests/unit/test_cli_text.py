from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.hostile_cases import HostileCase, expecting, load
from tests.neutral_checks import assert_no_raw_controls
from tui.cli.main import main
from tui.text import neutralise


class Stdin:
    """Standard input that holds these bytes."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@pytest.fixture
def ownkey(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]):
    def run(*words: str, given: bytes = b"") -> tuple[int, bytes]:
        monkeypatch.setattr(sys, "stdin", Stdin(given))
        status = main(words)
        return status, capsysbinary.readouterr().out

    return run


def json_lines(out: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("case", expecting("text", "no_raw_bytes"), ids=repr)
def test_the_command_shows_no_raw_byte(case: HostileCase, ownkey: Any):
    status, out = ownkey("neutralise", given=case.data)
    assert status == 0
    assert_no_raw_controls(out.decode("utf-8"))


def test_the_command_adds_nothing_to_ordinary_text(ownkey: Any):
    text = "می‌خواهم 👩‍👩‍👧\tx\n\n"
    assert ownkey("neutralise", given=text.encode())[1].decode() == text


def test_the_command_answers_as_the_function_does_for_every_case_in_one_batch(ownkey: Any):
    cases = [case for case in load("text") if len(case.text) < 200_000]
    lines = "\n".join(json.dumps({"id": case.id, "payload": case.text}) for case in cases)
    status, out = ownkey("neutralise", "--batch", given=lines.encode())
    assert status == 0
    assert [answer["text"] for answer in json_lines(out)] == [
        neutralise(case.text) for case in cases
    ]


def test_a_bad_line_of_a_batch_gets_its_own_answer_in_its_place(ownkey: Any):
    given = b'{"payload": "a"}\nno json\n{"payload": 1}\n[]\n\n' + b"[" * 100_000
    given += b'\n{"payload": "\\udc9f\xff\\u001b"}\n'
    answers = json_lines(ownkey("neutralise", "--batch", given=given)[1])
    assert [answer["text"] for answer in answers] == ["a", *[None] * 5, "⟨x9f⟩⟨xff⟩␛"]
    assert [bool(answer.get("error")) for answer in answers] == [False, *[True] * 5, False]


def test_output_is_utf8_in_a_locale_that_is_not():
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", "neutralise"],
        input=b"\xff\x1b\xe6\xbc\xa2",
        capture_output=True,
        env={"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"},
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, "⟨xff⟩␛漢", b"")


@pytest.mark.parametrize("case", load("endpoints"), ids=repr)
def test_the_exit_status_says_the_verdict(case: HostileCase, ownkey: Any):
    status, out = ownkey("endpoints", "check", "--json", "--", case.text)
    answer = json.loads(out)
    assert answer["verdict"] in case.expect["verdict"].split("_or_")
    assert status == {"accept": 0, "confirm": 1, "reject": 2}[answer["verdict"]]


@pytest.mark.parametrize("case", expecting("endpoints", "not_stored_or_shown"), ids=repr)
@pytest.mark.parametrize("extra", [[], ["--json"], ["second word"]])
def test_a_secret_is_not_printed(
    case: HostileCase,
    extra: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    main(["endpoints", "check", case.text, *extra])
    printed = "".join(capsys.readouterr())
    assert [part for part in case.expect["not_stored_or_shown"] if part in printed] == []


def test_a_batch_of_addresses_is_answered_in_order(ownkey: Any):
    cases = load("endpoints")
    lines = [json.dumps({"url": case.text}) for case in cases]
    given = "\n".join(["no json", *lines, "{}"]).encode()
    status, out = ownkey("endpoints", "check", "--batch", given=given)
    first, *answers, last = json_lines(out)
    assert status == 0
    assert [first["verdict"], last["verdict"]] == ["reject", "reject"]
    wrong = [
        case.id
        for case, answer in zip(cases, answers, strict=True)
        if answer["verdict"] not in case.expect["verdict"].split("_or_")
        or answer["normalised"] != case.expect.get("normalised", answer["normalised"])
    ]
    assert wrong == []


def test_a_person_reads_the_verdict_and_the_address(ownkey: Any):
    out = ownkey("endpoints", "check", "http://h.example/v1/")[1].decode()
    assert out == "confirm: Not encrypted: the key can be read on the way.\nhttp://h.example/v1\n"


def test_checking_opens_no_connection(monkeypatch: pytest.MonkeyPatch, ownkey: Any):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened or a name looked up")

    monkeypatch.setattr("socket.socket", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    assert ownkey("endpoints", "check", "https://h.example/v1")[0] == 0
