from __future__ import annotations

from tui.console.crash import crash_words


def failed(key: str = "sk-ant-api03-TESTkeyTESTkeyTESTkey01") -> Exception:
    try:
        raise ValueError(f"cannot take {key}")
    except ValueError as error:
        return error


def test_a_crash_says_its_kind_its_place_and_how_to_go_on():
    said = crash_words(failed(), "s_1")
    assert "ValueError" in said
    assert "`ownkey --session s_1` goes on" in said
    assert "test_console_crash.py:" in said


def test_a_crash_shows_no_message_and_no_variable():
    assert "sk-ant" not in crash_words(failed(), None)


def test_a_workers_crash_names_what_really_failed():
    wrapped = RuntimeError("worker")
    wrapped.error = failed()  # type: ignore[attr-defined]
    assert "ValueError" in crash_words(wrapped, None)


def test_a_crash_without_a_cause_is_said_too():
    assert "an unknown error" in crash_words(None, None)
