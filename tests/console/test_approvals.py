from __future__ import annotations

import asyncio

import pytest

from tests import scenes, scenes_agent
from tests.console_world import Seen, hand_fed
from tui.console.panels import choices
from tui.console.panels.choices import BESIDE, DEAF_S
from tui.errors import NoRoute
from tui.events.base import CallId
from tui.events.session import ModeChosen
from tui.events.tool import ApprovalAsked, ApprovalDecided, PersonAnswered, PersonAsked
from tui.session.commands import AnswerApproval, AnswerPerson, ChooseMode, Interrupt, StartTurn

COMMAND = scenes_agent.COMMAND
LONG = "echo begin\n" + "\n".join(f"echo {number}" for number in range(40)) + "\nrm -rf build"

HIDDEN = [
    "ls\u00a0-la; rm\u2003x", "echo \u202e gpj.exe", "c\u0430t a.txt", "git log \u2212\u2212all",
    "echo a\u200bb \U000e0041", "printf '\x1b[2J'", "echo\r", "echo \udcff",
]  # fmt: skip


async def hear(seen: Seen) -> None:
    """Wait until a panel that has just opened listens."""
    await asyncio.sleep(DEAF_S)
    await seen.settle()


def panel(seen: Seen) -> str:
    return seen.text(seen.app.choices) if seen.app.choices.display else ""


def answers(seen: Seen) -> list[AnswerApproval | AnswerPerson]:
    return [one for one in seen.bridge.sent if isinstance(one, AnswerApproval | AnswerPerson)]


def asking(tmp_path, what: str = COMMAND, size=(80, 30), **fields):
    return hand_fed(tmp_path, script=scenes_agent.asking_command(what, **fields), size=size)


# What it shows.


async def test_a_command_stands_there_with_folder_sandbox_and_reason(tmp_path):
    async with asking(tmp_path) as seen:
        said = panel(seen)
        assert "Run this command?" in said
        assert COMMAND in said
        assert "in ~/src/shop, sandboxed: no network, writes here only" in said
        assert "asks because git commit writes to the repository" in said


async def test_the_rule_stands_there_as_it_will_be_listed(tmp_path):
    async with asking(tmp_path) as seen:
        assert "3 always here: git commit *" in panel(seen)


@pytest.mark.long
async def test_without_a_rule_there_is_no_always(tmp_path):
    async with asking(tmp_path, rule=None) as seen:
        await hear(seen)
        assert "always" not in panel(seen)
        await seen.press("3")
        assert answers(seen) == []


async def test_a_change_shows_its_diff_in_one_column_where_it_is_narrow(tmp_path):
    async with hand_fed(tmp_path, script=scenes_agent.asking_change(), size=(100, 40)) as seen:
        rows = [row for row in seen.rows(seen.app.choices) if "jar_of" in row]
        assert rows
        assert not any("read_cookie" in row for row in rows)


async def test_a_change_shows_its_diff_side_by_side_where_it_is_wide(tmp_path):
    async with hand_fed(tmp_path, script=scenes_agent.asking_change(), size=(180, 50)) as seen:
        rows = [row for row in seen.rows(seen.app.choices) if "import jar_of" in row]
        assert "import read_cookie" in rows[0]


@pytest.mark.long
async def test_a_session_that_waits_says_so_in_the_header(tmp_path):
    async with asking(tmp_path, size=(80, 24)) as seen:
        assert "needs you" in seen.rows()[0]
        await hear(seen)
        await seen.press("4")
        assert "needs you" not in seen.rows()[0]


@pytest.mark.long
@pytest.mark.parametrize("size", [(60, 18), (132, 42)])
async def test_each_character_of_a_long_command_comes_into_sight(tmp_path, size):
    what = "python -c '" + "".join(f"print({n});" for n in range(150)) + "'"
    async with asking(tmp_path, what, size=size) as seen:
        width = seen.app.choices.content_size.width - 2 * len(BESIDE)
        assert scrolled(await pages(seen), width) == what


async def pages(seen: Seen) -> list[list[str]]:
    """What the panel shows, page by page, down to its end."""
    looks = [seen.rows(seen.app.choices)]
    while True:
        seen.app.action_scroll_transcript(1)
        rows = seen.rows(seen.app.choices)
        if rows == looks[-1]:
            return looks
        looks.append(rows)


def scrolled(looks: list[list[str]], width: int) -> str:
    """The rows of the command, each once, by the numbers that the panel gives them."""
    kept: dict[int, str] = {}
    for rows in looks:
        at = next(index for index, row in enumerate(rows) if "lines " in row)
        first, last = (int(rows[at].split()[place]) for place in (2, 4))
        body = [row[3:].ljust(width) for row in rows[at - (last - first) - 1 : at]]
        kept |= {first + index: row[2:] for index, row in enumerate(body)}
    return "".join(kept[number] for number in sorted(kept)).rstrip()


@pytest.mark.long
async def test_yes_stays_closed_until_the_end_was_seen(tmp_path):
    async with asking(tmp_path, LONG) as seen:
        await hear(seen)
        assert "rm -rf build" not in panel(seen)
        assert "1 2 3 6 open when you have seen the end" in panel(seen)
        await seen.press("1", "2", "3", "6")
        assert answers(seen) == []
        assert seen.prompt == ""
        while "rm -rf build" not in panel(seen):
            seen.app.action_scroll_transcript(1)
            await seen.settle()
        assert "open when" not in panel(seen)
        await seen.press("1")
        assert answers(seen)[0].allow


async def test_no_is_open_before_the_end_was_seen(tmp_path):
    async with asking(tmp_path, LONG) as seen:
        await hear(seen)
        await seen.press("4")
        assert not answers(seen)[0].allow


async def test_arrows_move_what_is_asked_about_too(tmp_path):
    async with asking(tmp_path, LONG) as seen:
        await seen.press("pagedown", "pageup", "down", "down")
        assert "lines 3 to" in panel(seen)
        await seen.press("up")
        assert "lines 2 to" in panel(seen)


@pytest.mark.long
async def test_what_was_seen_stays_seen_when_the_terminal_is_resized(tmp_path):
    async with asking(tmp_path, LONG) as seen:
        while "rm -rf build" not in panel(seen):
            seen.app.action_scroll_transcript(1)
            await seen.settle()
        await seen.pilot.resize_terminal(80, 24)
        await hear(seen)
        await seen.press("1")
        assert answers(seen)[0].allow


@pytest.mark.long
async def test_a_reason_of_any_length_is_read_whole_before_a_yes(tmp_path):
    why = " ".join(f"word{number}" for number in range(300)) + " and it sends mail"
    async with asking(tmp_path, why=why, size=(80, 24)) as seen:
        await hear(seen)
        await seen.press("1")
        assert answers(seen) == []
        await pages(seen)
        assert "it sends mail" in panel(seen)


async def test_what_takes_long_to_lay_out_stops_nobody_and_is_judged_after_it(tmp_path):
    what = "\n".join(f"echo {number}" for number in range(6_000)) + "\nrm -rf build"
    async with asking(tmp_path, what) as seen:
        await seen.until(lambda: "of 6001" in panel(seen))
        assert "open when you have seen the end" in panel(seen)


async def test_what_was_laid_out_in_a_thread_is_answered_as_any_other(tmp_path, monkeypatch):
    from tui.console.panels import approval

    monkeypatch.setattr(approval, "_QUICK", 0)
    async with asking(tmp_path, COMMAND) as seen:
        await seen.until(lambda: COMMAND in panel(seen))
        await hear(seen)
        await seen.press("1")
        assert answers(seen)[0].allow


async def test_what_cannot_be_seen_in_a_command_is_marked(tmp_path):
    from tui.text import neutralise

    async with asking(tmp_path, "\n".join(HIDDEN), marks=(), size=(100, 50)) as seen:
        rows = seen.rows(seen.app.choices)
        for line in HIDDEN:
            assert any(neutralise(line, strict=True) in row for row in rows)


# How it is answered.


@pytest.mark.parametrize(
    ("digit", "allow", "scope"),
    [("1", True, "once"), ("2", True, "session"), ("3", True, "always"), ("4", False, "once")],
)
async def test_a_question_costs_one_key(tmp_path, digit, allow, scope):
    async with asking(tmp_path) as seen:
        await hear(seen)
        await seen.press(digit)
        expected = AnswerApproval(session="s", call="c9", allow=allow, scope=scope)
        assert answers(seen) == [expected]
        assert panel(seen) == ""


@pytest.mark.long
async def test_an_answer_counts_once_however_often_its_key_comes(tmp_path):
    async with asking(tmp_path) as seen:
        await hear(seen)
        await seen.press("1", "1", "4")
        assert len(answers(seen)) == 1


@pytest.mark.long
async def test_a_no_takes_the_persons_words_along(tmp_path):
    async with asking(tmp_path) as seen:
        await hear(seen)
        await seen.press("5")
        assert "Run this command?" in panel(seen)
        await seen.type("do 1", "enter")
        said = AnswerApproval(session="s", call="c9", allow=False, said="do 1")
        assert answers(seen) == [said]
        assert (seen.prompt, panel(seen)) == ("", "")


async def test_esc_goes_back_from_the_words_to_the_answers(tmp_path):
    async with asking(tmp_path) as seen:
        await hear(seen)
        await seen.press("5")
        await seen.type("as", "escape")
        assert not [one for one in seen.bridge.sent if isinstance(one, Interrupt)]
        assert seen.prompt == ""
        await seen.press("1")
        assert answers(seen)[0].allow


async def test_a_key_among_the_words_is_not_sent(tmp_path):
    from tests.console_world import ANTHROPIC_KEY

    async with asking(tmp_path) as seen:
        await hear(seen)
        await seen.press("5")
        seen.app.composer.editor.insert_pasted(ANTHROPIC_KEY)
        await seen.press("enter")
        assert answers(seen) == []
        assert "it was not sent" in seen.status


@pytest.mark.long
async def test_an_edited_command_runs_as_it_was_written(tmp_path):
    async with asking(tmp_path) as seen:
        await hear(seen)
        await seen.press("6")
        assert seen.prompt == COMMAND
        await seen.press("ctrl+u")
        await seen.type("ls", "enter")
        assert answers(seen)[0].args == {"command": "ls"}
        assert answers(seen)[0].allow


async def test_a_command_that_was_not_changed_runs_as_it_was_asked(tmp_path):
    async with asking(tmp_path) as seen:
        await hear(seen)
        await seen.press("6", "enter")
        assert answers(seen)[0].args is None


async def test_a_command_with_what_cannot_be_seen_is_not_edited(tmp_path):
    async with asking(tmp_path, "echo a\u202eb") as seen:
        await hear(seen)
        await seen.press("6")
        assert "6 edit" not in panel(seen)
        assert (seen.prompt, answers(seen)) == ("6", [])


async def test_a_draft_stays_and_alt_with_a_digit_answers(tmp_path):
    async with asking(tmp_path) as seen:
        await hear(seen)
        await seen.type("or 1")
        assert answers(seen) == []
        await seen.press("alt+1")
        assert answers(seen)[0].allow
        assert seen.prompt == "or 1"


async def test_the_command_to_edit_goes_when_the_turn_ends(tmp_path):
    script = scenes_agent.asking_command()
    async with hand_fed(tmp_path, script=script) as seen:
        await hear(seen)
        await seen.press("6")
        seen.bridge.tell(script.done("interrupted").take())
        await seen.settle()
        assert (seen.prompt, panel(seen)) == ("", "")


@pytest.mark.long
async def test_an_answer_that_could_not_be_sent_is_asked_for_again(tmp_path):
    async with asking(tmp_path) as seen:
        await hear(seen)
        seen.bridge.answers[AnswerApproval] = NoRoute("the engine is gone", hint="Wait.")
        await seen.press("1")
        await seen.settle()
        assert "Run this command?" in panel(seen)
        assert "the engine is gone" in seen.text(seen.app.transcript)


@pytest.mark.long
async def test_calls_that_wait_together_are_asked_one_after_the_other(tmp_path):
    script = scenes_agent.asking_command()
    for number in (2, 3):
        asked = ApprovalAsked(
            call=CallId(f"n{number}"), name="shell", what=f"make {number}", why="it runs"
        )
        script.add(asked)
    async with hand_fed(tmp_path, script=script) as seen:
        await hear(seen)
        assert "1 of 3" in panel(seen)
        await seen.press("1")
        assert "2 of 3" in panel(seen)
        assert "make 2" in panel(seen)
        seen.bridge.tell(
            script.add(ApprovalDecided(call=CallId("c9"), decision="allow", by="person")).take()
        )
        await seen.settle()
        assert "2 of 3" in panel(seen)


@pytest.mark.long
async def test_the_next_of_several_is_deaf_at_first(tmp_path, monkeypatch):
    script = scenes_agent.asking_command()
    script.add(ApprovalAsked(call=CallId("n2"), name="shell", what="make", why="it runs"))
    async with hand_fed(tmp_path, script=script) as seen:
        await hear(seen)
        await seen.press("1")
        monkeypatch.setattr(choices, "DEAF_S", 60.0)  # so that a slow machine is in time
        await seen.press("1")
        assert [one.call for one in answers(seen)] == ["c9"]


# The agent asks.


@pytest.mark.long
async def test_a_digit_answers_what_the_agent_asks(tmp_path):
    async with hand_fed(tmp_path, script=scenes_agent.asking_person()) as seen:
        await hear(seen)
        assert "2  one day for all" in panel(seen)
        await seen.press("2")
        assert answers(seen) == [AnswerPerson(session="s", call="c9", answer="one day for all")]
        assert panel(seen) == ""


@pytest.mark.long
async def test_own_words_answer_what_the_agent_asks(tmp_path):
    async with hand_fed(tmp_path, script=scenes_agent.asking_person()) as seen:
        await hear(seen)
        await seen.type("7 d", "enter")
        assert answers(seen) == [AnswerPerson(session="s", call="c9", answer="7 d")]
        assert not [one for one in seen.bridge.sent if isinstance(one, StartTurn)]


async def test_what_was_begun_before_a_question_came_does_not_answer_it(tmp_path):
    script = scenes_agent.worked()
    async with hand_fed(tmp_path, script=script) as seen:
        await seen.type("go")
        script.call("ask", {"question": "Which?"}, "c9")
        script.add(PersonAsked(call=CallId("c9"), question="Which?"))
        seen.bridge.tell(script.take())
        await seen.settle()
        await seen.press("enter")
        assert answers(seen) == []
        assert seen.prompt == "go"


async def test_an_answer_given_elsewhere_closes_the_panel(tmp_path):
    script = scenes_agent.asking_person()
    async with hand_fed(tmp_path, script=script) as seen:
        script.add(PersonAnswered(call=CallId("c9"), answer="one day"))
        seen.bridge.tell(script.take())
        await seen.settle()
        assert panel(seen) == ""


async def test_a_question_of_any_length_and_kind_is_shown_whole_and_neutral(tmp_path):
    script = scenes_agent.worked()
    question = "Is it \x1b[2J so?\n" + "\n".join(f"- point {n}" for n in range(50))
    script.add(PersonAsked(call=CallId("c9"), question=question, choices=("y\u202ees", "no" * 90)))
    async with hand_fed(tmp_path, script=script, size=(80, 24)) as seen:
        assert not set("\x1b\u202e") & set(panel(seen))
        await pages(seen)
        assert "point 49" in panel(seen)


# Modes.


async def test_shift_tab_goes_round_the_modes(tmp_path):
    script = scenes.answered()
    async with hand_fed(tmp_path, script=script) as seen:
        await seen.press("shift+tab", "shift+tab")
        sent = [one.mode for one in seen.bridge.sent if isinstance(one, ChooseMode)]
        assert sent == ["edit", "read"]


async def test_the_mode_stands_in_the_composer_however_narrow(tmp_path):
    script = scenes.answered()
    async with hand_fed(tmp_path, script=script, size=(60, 18)) as seen:
        for mode, words in (("read", "read only"), ("edit", "edit freely"), ("ask", "ask")):
            seen.bridge.tell(script.add(ModeChosen(mode=mode)).take())
            await seen.settle()
            assert f"{words}   " in seen.text(seen.app.composer)


async def test_a_session_of_another_console_keeps_its_mode(tmp_path):
    async with hand_fed(tmp_path, script=scenes.answered()) as seen:
        seen.app.driving = False
        await seen.press("shift+tab")
        assert not [one for one in seen.bridge.sent if isinstance(one, ChooseMode)]
