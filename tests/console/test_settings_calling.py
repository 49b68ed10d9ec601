from __future__ import annotations

import datetime as dt

import pytest
from textual import events

from tests.console_world import Seen, hand_fed
from tests.transcript_world import Script
from tui.console.calling import TITLE_BACK, notification, reason
from tui.events.tool import ApprovalAsked, ApprovalDecided, PersonAsked
from tui.events.turn import TurnFinished, TurnStarted

HOSTILE = "\x1b]0;owned\x07 rm -rf"
ASKED = ApprovalAsked(call="c", name=HOSTILE, what=HOSTILE, why=HOSTILE)
ENDED = TurnFinished(stop="end")


async def told(seen: Seen, script: Script, *happened, away: bool = True) -> str:
    """What the terminal is written, beside what is painted."""
    written: list[str] = []
    seen.app.write_terminal = written.append
    seen.app.post_message(events.AppBlur() if away else events.AppFocus())
    await seen.settle()
    for event in happened:
        script.add(event)
    seen.bridge.tell(script.take())
    await seen.settle()
    return "".join(written)


def begun() -> Script:
    script = Script()
    script.add(TurnStarted(prompt="go"))
    return script


@pytest.mark.parametrize(
    ("happened", "words"),
    [
        ((ENDED,), "a turn has ended"),
        ((TurnFinished(stop="error"),), "a turn has failed"),
        ((ASKED,), "the agent asks you"),
        ((PersonAsked(call="c", question=HOSTILE),), "the agent asks you"),
        ((TurnFinished(stop="interrupted"),), None),
        ((ENDED, TurnStarted(prompt="queued")), None),
        ((ASKED, ApprovalDecided(call="c", decision="allow", by="rule")), None),
    ],
)
def test_the_person_is_wanted_where_something_ends_or_asks(happened, words):
    script = begun()
    script.add(*happened)
    assert reason(script.take(), script.clock()) == words


def test_what_is_read_again_of_old_sessions_wants_nobody():
    script = begun()
    script.add(ENDED)
    assert reason(script.take(), script.clock() + dt.timedelta(hours=1)) is None


async def test_the_person_is_called_while_elsewhere_in_words_of_our_own(tmp_path):
    script = begun()
    async with hand_fed(tmp_path, script=script) as seen:
        said = await told(seen, script, ASKED)
        assert said.startswith("\x07\x1b]9;ownkey: the agent asks you\x07")
        assert "● needs you" in said
        assert "owned" not in said


async def test_nobody_is_called_who_is_here(tmp_path):
    script = begun()
    async with hand_fed(tmp_path, script=script) as seen:
        assert await told(seen, script, ENDED, away=False) == ""


async def test_one_setting_turns_it_off(tmp_path):
    script = begun()
    async with hand_fed(tmp_path, script=script, settings={"appearance.notify": False}) as seen:
        assert await told(seen, script, ENDED) == ""


async def test_the_title_is_kept_once_and_given_back_with_the_focus(tmp_path):
    script = begun()
    async with hand_fed(tmp_path, script=script) as seen:
        said = await told(seen, script, ENDED)
        said += await told(seen, script, TurnStarted(prompt="more"))
        said += await told(seen, script, ENDED)
        assert (said.count("\x1b[22;2t"), said.count("\x07\x1b]9;")) == (1, 2)
        assert await told(seen, script, away=False) == TITLE_BACK


async def test_the_title_is_given_back_at_the_end(tmp_path):
    script = begun()
    written: list[str] = []
    async with hand_fed(tmp_path, script=script) as seen:
        await told(seen, script, ENDED)
        seen.app.write_terminal = written.append
    assert written == [TITLE_BACK]


def test_tmux_is_asked_to_hand_a_notification_on():
    assert notification("x", multiplexed=True) == "\x1bPtmux;\x1b\x1b]9;ownkey: x\x07\x1b\\"
