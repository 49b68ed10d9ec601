"""Where a session can be gone back to."""

from __future__ import annotations

from tests import scenes
from tests.transcript_world import Script
from tui.events.base import CallId
from tui.events.session import SessionRewound
from tui.events.tool import FileChanged
from tui.session.past import Past


def past_of(script: Script) -> Past:
    past = Past()
    for record in script.records:
        past.apply(record)
    return past


def change(script: Script, path: str) -> Script:
    return script.add(FileChanged(call=CallId("c"), path=path, before=b"a", after=b"b"))


def worked() -> Script:
    script = scenes.opened().prompt("one")
    change(change(script, "/w/a.py"), "/w/b.py")
    script.prompt("two")
    return change(change(script, "/w/b.py"), "/w/b.py")


def test_prompts_are_told_the_latest_first_with_what_changed_since():
    prompts = past_of(worked()).prompts
    assert [(one.text, one.files) for one in prompts] == [
        ("two", ("/w/b.py",)),
        ("one", ("/w/a.py", "/w/b.py")),
    ]


def test_going_on_after_a_break_is_no_prompt():
    assert [one.text for one in past_of(worked().prompt("")).prompts] == ["two", "one"]


def test_what_was_taken_back_cannot_be_gone_back_to():
    script = worked()
    second = past_of(script).prompts[0]
    script.add(SessionRewound(to=second.seq - 1, files=("/w/b.py",)))
    past = past_of(script)
    assert [one.text for one in past.prompts] == ["one"]
    assert past.prompts[0].files == ("/w/a.py", "/w/b.py")


def test_files_that_stayed_as_they_were_can_still_be_taken_back():
    script = worked()
    script.add(SessionRewound(to=past_of(script).prompts[1].seq - 1))
    change(script.prompt("three"), "/w/c.py")
    past = past_of(script)
    assert past.prompts[0].files == ("/w/c.py",)
    assert past.files_since(0) == ("/w/a.py", "/w/b.py", "/w/c.py")


def test_what_stood_before_going_back_is_known_by_its_last_event():
    script = worked()
    last = script.records[-1].seq
    script.add(SessionRewound(to=past_of(script).prompts[0].seq - 1))
    gone = past_of(script).gone_back
    assert [(one.seq, one.prompts) for one in gone] == [(last, 1)]
