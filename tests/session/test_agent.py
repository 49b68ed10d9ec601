from __future__ import annotations

import asyncio

import pytest

from tests.session.scripted import make_manager
from tests.session.test_turns import calls, kinds, of_kind, open_session, run_turn, says, until_done
from tui.errors import UsageError
from tui.events.session import SessionForked
from tui.events.turn import Attachment
from tui.providers.base import (
    Opened,
    Stopped,
    TextBlock,
    TextDelta,
    ToolCallBlock,
    ToolCalled,
    ToolResultBlock,
    UsageReported,
)
from tui.session.commands import (
    AnswerPerson,
    Compact,
    DeleteSession,
    EditQueued,
    ForkSession,
    Interrupt,
    OpenSession,
    RenameSession,
    RewindSession,
    RunShell,
    StartTurn,
)
from tui.session.ports import Guide
from tui.store.check import check_store


def said(request) -> list[str]:
    """Every text of a request, in order."""
    return [b.text for m in request.messages for b in m.blocks if isinstance(b, TextBlock)]


def recording(*answers: str):
    """A script that keeps each request and answers one after the other."""
    seen, left = [], list(answers)

    async def script(request):
        seen.append(request)
        yield Opened(provider_request_id=None)
        yield TextDelta(text=left.pop(0) if left else "ok")
        yield UsageReported(raw={"in": 10, "out": 5}, context={})
        yield Stopped(stop="end", said="stop")

    return seen, script


async def say(manager, session, prompt="hello", after=None, **start):
    after = manager._store.newest(session) if after is None else after
    await manager.call(StartTurn(session=session, prompt=prompt, **start))
    return await until_done(manager, session, after)


async def until(manager, session, kind, after=0):
    async with asyncio.timeout(10):
        async for batch in manager.follow(session, after):
            if kind in kinds(batch):
                return next(r for r in batch if kinds([r]) == [kind])
    raise AssertionError("the follow ended")


# what the model asks the person


async def test_the_persons_answer_is_the_result_of_the_question(tmp_path):
    async with make_manager(tmp_path, calls("ask", {})) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        asked = await until(manager, opened.session, "person_asked")
        assert asked.event.choices == ("a", "b")
        await manager.call(AnswerPerson(session=opened.session, call="c1", answer="b"))
        records = await until_done(manager, opened.session)
    assert [one.output for one in of_kind(records, "tool_result")] == ["b"]
    assert [one.answer for one in of_kind(records, "person_answered")] == ["b"]


async def test_what_a_tool_gives_while_it_runs_is_told_before_its_result(tmp_path):
    records = await run_turn(tmp_path, calls("loud", {}))
    told = [k for k in kinds(records) if k in ("tool_output", "tool_result")]
    assert told == ["tool_output", "tool_output", "tool_result"]


async def test_a_rule_of_the_turn_lets_a_call_run_where_nobody_can_answer(tmp_path):
    records = await run_turn(tmp_path, calls("outside", {}), asks=False, allow=("outside",))
    assert [one.ok for one in of_kind(records, "tool_result")] == [True]


# going in circles


async def test_the_same_call_again_and_again_is_told_once_and_then_ends_the_turn(tmp_path):
    async def script(request):
        yield ToolCalled(call=ToolCallBlock(id="c1", name="read", args={"path": "x"}))
        yield Stopped(stop="tool", said="tool_calls")

    records = await run_turn(tmp_path, script)
    told = ["ends the turn" in one.output for one in of_kind(records, "tool_result")]
    assert told == [False, False, True, False]
    assert records[-1].event.stop == "error"
    assert "circles" in of_kind(records, "error")[0].message


async def test_calls_that_differ_are_no_circle(tmp_path):
    count = [0]

    async def script(request):
        count[0] += 1
        yield ToolCalled(call=ToolCallBlock(id="c", name="read", args={"path": str(count[0])}))
        yield Stopped(stop="tool", said="tool_calls")

    records = await run_turn(tmp_path, script, max_steps=12)
    assert records[-1].event.stop == "max_steps"


# what is said while it works


async def test_words_that_steer_stand_before_the_next_request_of_the_turn(tmp_path):
    seen = []

    async def script(request):
        seen.append(said(request))
        if len(seen) == 1:
            await manager.call(StartTurn(session=opened.session, prompt="left!", steer=True))
            yield ToolCalled(call=ToolCallBlock(id="c1", name="read", args={}))
            yield Stopped(stop="tool", said="tool_calls")
        else:
            yield TextDelta(text="ok")
            yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        records = await say(manager, opened.session)
    assert seen == [["hello"], ["hello", "left!"]]
    assert kinds(records).count("turn_started") == 1
    assert check_store(tmp_path / "sessions.db").problems == ()


async def test_words_that_steer_go_next_where_the_turn_has_no_further_request(tmp_path):
    gate = asyncio.Event()

    async def script(request):
        await gate.wait()
        yield TextDelta(text="ok")
        yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="one"))
        await manager.call(StartTurn(session=opened.session, prompt="two", steer=True))
        gate.set()
        records = await until_done(manager, opened.session, turns=2)
    assert [one.prompt for one in of_kind(records, "turn_started")] == ["one", "two"]


async def test_a_queued_message_is_sent_as_it_was_edited(tmp_path):
    gate = asyncio.Event()

    async def script(request):
        await gate.wait()
        yield TextDelta(text="ok")
        yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        session = opened.session
        await manager.call(StartTurn(session=session, prompt="one"))
        await manager.call(StartTurn(session=session, prompt="two"))
        message = (await until(manager, session, "message_queued")).event.message
        await manager.call(EditQueued(session=session, message=message, text="three"))
        gate.set()
        records = await until_done(manager, session, turns=2)
        with pytest.raises(UsageError):
            await manager.call(EditQueued(session=session, message=message, text="late"))
    assert [one.prompt for one in of_kind(records, "turn_started")] == ["one", "three"]


# the person's own commands


async def test_a_command_of_the_persons_own_is_told_with_their_next_words(tmp_path):
    seen, script = recording()
    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(RunShell(session=opened.session, command="ls"))
        await until(manager, opened.session, "tool_result")
        await say(manager, opened.session, "what now?")
    told = said(seen[0])
    assert "$ ls" in told[0]
    assert "ran ls" in told[0]
    assert told[1] == "what now?"


async def test_an_interrupt_ends_a_command_of_the_persons_own(tmp_path):
    async with make_manager(tmp_path, says("x")) as manager:
        opened = await open_session(manager)
        await manager.call(RunShell(session=opened.session, command="slow"))
        await manager.call(Interrupt(session=opened.session))
        result = await until(manager, opened.session, "tool_result")
    assert not result.event.ok


# the folder's words


async def test_the_folders_words_are_told_to_the_model_and_said_once(tmp_path):
    seen, script = recording()
    guides = (Guide(path="AGENTS.md", text="Speak in rhymes."),)
    async with make_manager(tmp_path, script, guides=guides) as manager:
        opened = await open_session(manager)
        records = await say(manager, opened.session)
        records += await say(manager, opened.session, tools="none")
        records += await say(manager, opened.session)
    assert "Speak in rhymes." in seen[0].system
    assert [one.files for one in of_kind(records, "guides_read")] == [("AGENTS.md",)]


# a summary in the place of what was said


async def test_a_summary_stands_for_what_was_said_before_it(tmp_path):
    seen, script = recording("a long answer", "SUMMARY")
    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await say(manager, opened.session, "a long question")
        await manager.call(Compact(session=opened.session))
        done = await until(manager, opened.session, "compacted")
        records = await say(manager, opened.session, "next")
        log = manager._store.read(opened.session)
    assert "SUMMARY" in said(seen[2])[0]
    assert "a long question" not in "".join(said(seen[2]))
    charged = {one.request for one in of_kind(log, "charge")}
    assert done.event.request in charged
    assert records[-1].event.stop == "end"


async def test_a_full_context_is_summed_up_before_the_next_request(tmp_path):
    seen, script = recording("a long answer " * 100, "SUMMARY", "done")
    async with make_manager(tmp_path, script, context=600) as manager:
        opened = await open_session(manager)
        await say(manager, opened.session, "a long question " * 30)
        records = await say(manager, opened.session, "the next question")
    assert kinds(records).count("compacted") == 1
    last = "".join(said(seen[-1]))
    assert "SUMMARY" in last
    assert "the next question" in last
    assert "a long answer" not in last


async def test_a_summary_that_fails_leaves_all_as_it_was_and_says_so(tmp_path):
    seen, script = recording("a long answer", "")
    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await say(manager, opened.session, "a long question")
        await manager.call(Compact(session=opened.session))
        error = await until(manager, opened.session, "error")
        await asyncio.sleep(0.05)
        await say(manager, opened.session, "next")
    assert "not summed up" in error.event.message
    assert "a long question" in said(seen[-1])


async def test_an_empty_session_has_nothing_to_sum_up(tmp_path):
    async with make_manager(tmp_path, says("x")) as manager:
        opened = await open_session(manager)
        with pytest.raises(UsageError):
            await manager.call(Compact(session=opened.session))


# going back, forks, names


async def test_what_was_gone_back_behind_is_not_sent_any_more(tmp_path):
    seen, script = recording()
    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        session = opened.session
        await say(manager, session, "one")
        kept = manager._store.newest(session)
        await say(manager, session, "two")
        await manager.call(RewindSession(session=session, to=kept, files=False))
        await say(manager, session, "three")
    assert said(seen[-1]) == ["one", "ok", "three"]


async def test_going_back_is_kept_when_the_session_is_opened_again(tmp_path):
    seen, script = recording()
    async with make_manager(tmp_path, script) as manager:
        session = (await open_session(manager)).session
        await say(manager, session, "one")
        await manager.call(RewindSession(session=session, to=2, files=True))
    async with make_manager(tmp_path, script) as manager:
        await manager.call(OpenSession(session=session, cwd="/"))
        await say(manager, session, "two")
    assert said(seen[-1]) == ["two"]


async def test_a_turn_that_runs_is_not_gone_back_behind(tmp_path):
    async with make_manager(tmp_path, calls("slow", {})) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        with pytest.raises(UsageError):
            await manager.call(RewindSession(session=opened.session, to=1, files=False))
        await manager.call(Interrupt(session=opened.session))


async def test_a_fork_goes_on_by_itself_and_spends_nothing_twice(tmp_path):
    seen, script = recording()
    async with make_manager(tmp_path, script) as manager:
        session = (await open_session(manager)).session
        await say(manager, session, "one")
        before = await manager.spent_today()
        fork = (await manager.call(ForkSession(session=session))).session
        after = await manager.spent_today()
        await manager.call(OpenSession(session=fork, cwd="/"))
        await say(manager, fork, "two")
        await say(manager, session, "three")
        summary = manager._store.summary(fork)
    assert before == after
    assert said(seen[1]) == ["one", "ok", "two"]
    assert said(seen[2]) == ["one", "ok", "three"]
    assert summary.nano == 15
    assert check_store(tmp_path / "sessions.db").problems == ()


async def test_a_fork_of_a_turn_that_runs_is_ended_where_it_was_taken(tmp_path):
    async with make_manager(tmp_path, calls("slow", {})) as manager:
        session = (await open_session(manager)).session
        await manager.call(StartTurn(session=session, prompt="hello"))
        await until(manager, session, "approval")
        fork = (await manager.call(ForkSession(session=session))).session
        records = manager._store.read(fork)
        await manager.call(Interrupt(session=session))
    assert kinds(records)[-3:] == ["tool_result", "done", "session_forked"]
    assert isinstance(records[-1].event, SessionForked)
    assert check_store(tmp_path / "sessions.db").problems == ()


async def test_a_fork_up_to_an_event_holds_no_more(tmp_path):
    async with make_manager(tmp_path, says("x")) as manager:
        session = (await open_session(manager)).session
        await say(manager, session)
        fork = (await manager.call(ForkSession(session=session, at=2))).session
        with pytest.raises(UsageError):
            await manager.call(ForkSession(session=session, at=999))
        assert kinds(manager._store.read(fork)) == [
            "session_created",
            "model_chosen",
            "session_forked",
        ]


async def test_a_session_is_renamed_open_or_not(tmp_path):
    async with make_manager(tmp_path, says("x")) as manager:
        session = (await open_session(manager)).session
        await say(manager, session)
        await manager.call(RenameSession(session=session, title="open"))
        assert manager._store.summary(session).title == "open"
    async with make_manager(tmp_path, says("x")) as manager:
        await manager.call(RenameSession(session=session, title="closed"))
        assert manager._store.summary(session).title == "closed"
        with pytest.raises(UsageError):
            await manager.call(RenameSession(session=session, title="  "))


async def test_a_deleted_session_comes_back(tmp_path):
    async with make_manager(tmp_path, says("x")) as manager:
        session = (await open_session(manager)).session
        await say(manager, session)
        await manager.call(DeleteSession(session=session))
        assert manager._store.summaries() == []
        await manager.call(DeleteSession(session=session, undo=True))
        assert [one.id for one in manager._store.summaries()] == [session]
        with pytest.raises(UsageError):
            await manager.call(DeleteSession(session="s_none"))


async def test_reading_calls_of_one_answer_run_side_by_side(tmp_path):
    async def script(request):
        if isinstance(request.messages[-1].blocks[0], ToolResultBlock):
            yield Stopped(stop="end", said="stop")
            return
        for number in range(3):
            call = ToolCallBlock(id=f"c{number}", name="read", args={"path": str(number)})
            yield ToolCalled(call=call)
        yield Stopped(stop="tool", said="tool_calls")

    records = await run_turn(tmp_path, script)
    told = [k for k in kinds(records) if k in ("approval", "tool_result")]
    assert told == ["approval"] * 3 + ["tool_result"] * 3


async def test_a_text_that_goes_with_a_prompt_is_told_as_words_under_its_name(tmp_path):
    seen, script = recording()
    file = Attachment(name="notes.txt", media_type="text/plain", data=b"remember the milk")
    async with make_manager(tmp_path, script) as manager:
        session = (await open_session(manager)).session
        await say(manager, session, "read this", attachments=(file,))
    attached, words = said(seen[0])
    assert "notes.txt" in attached
    assert "remember the milk" in attached
    assert words == "read this"
