from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.session.scripted import make_manager
from tui.billing.budget import Limits
from tui.errors import ContextTooLong, EndedEarly, Overloaded, RateLimited, UsageError
from tui.events.turn import TurnFinished
from tui.providers.base import (
    BlockEnded,
    Message,
    ModelRequest,
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
    AnswerApproval,
    ChooseMode,
    ChooseModel,
    Interrupt,
    OpenSession,
    RetryNow,
    StartTurn,
    Unqueue,
)
from tui.session.replies import SessionOpened, SpentToday
from tui.store.check import check_store


def says(*texts: str, usage: tuple[int, int] | None = (10, 5)):
    async def script(request: ModelRequest):
        yield Opened(provider_request_id="req")
        for text in texts:
            yield TextDelta(text=text)
        yield BlockEnded(kind="text")
        if usage is not None:
            yield UsageReported(raw={"in": usage[0], "out": usage[1]}, context={})
        yield Stopped(stop="end", said="stop")

    return script


def calls(name: str, args, then: str = "done"):
    async def script(request: ModelRequest):
        yield Opened(provider_request_id=None)
        if isinstance(request.messages[-1].blocks[0], ToolResultBlock):
            yield TextDelta(text=then)
            yield Stopped(stop="end", said="stop")
        else:
            yield ToolCalled(call=ToolCallBlock(id="c1", name=name, args=args))
            yield Stopped(stop="tool", said="tool_calls")

    return script


async def open_session(manager, cwd: Path = Path("/")) -> SessionOpened:
    return await manager.call(OpenSession(cwd=str(cwd)))


async def until_done(manager, session, after: int = 0, turns: int = 1) -> list:
    seen = []
    async for batch in manager.follow(session, after):
        seen += batch
        if sum(isinstance(r.event, TurnFinished) for r in seen) >= turns:
            return seen
    raise AssertionError("the follow ended")


def kinds(records) -> list[str]:
    return [r.event.__struct_config__.tag for r in records]


async def run_turn(tmp_path: Path, script, **start):
    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello", **start))
        return await until_done(manager, opened.session)


async def test_a_turn_is_written_in_the_order_it_happened(tmp_path):
    records = await run_turn(tmp_path, says("Hel", "lo"))
    assert kinds(records) == [
        "session_created", "model_chosen", "turn_started", "route", "opened", "text",
        "block_closed", "usage", "charge", "request_finished", "done",
    ]  # fmt: skip


async def test_sequence_numbers_have_no_gap_and_the_store_is_sound(tmp_path):
    records = await run_turn(tmp_path, says("a", "b", "c"))
    assert [r.seq for r in records] == list(range(1, len(records) + 1))
    assert check_store(tmp_path / "sessions.db").problems == ()


async def test_a_route_is_written_before_the_request_leaves(tmp_path):
    written = []

    async def script(request):
        written.extend(kinds(manager._store.read(opened.session)))
        yield TextDelta(text="x")
        yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        await until_done(manager, opened.session)
    assert "route" in written


async def test_a_tool_call_runs_and_its_result_goes_back(tmp_path):
    records = await run_turn(tmp_path, calls("read", {"path": "x"}))
    assert [k for k in kinds(records) if k in {"tool_call", "approval", "tool_result"}] == [
        "tool_call", "approval", "tool_result",
    ]  # fmt: skip
    assert records[-1].event.stop == "end"


async def test_what_today_cost_is_told_with_every_charge_and_not_only_at_the_end(tmp_path):
    notices = []
    async with make_manager(tmp_path, calls("slow", {}), notices=notices) as manager:
        opened = await open_session(manager)
        before = len(notices)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        async with asyncio.timeout(10):
            while not any(isinstance(one, SpentToday) for one in notices[before:]):
                await asyncio.sleep(0.01)
        told = notices[-1]
        assert told.nano + told.unknown > 0  # while the tool still runs
        await manager.call(Interrupt(session=opened.session))


async def test_a_call_without_valid_arguments_is_told_to_the_model_and_goes_on(tmp_path):
    records = await run_turn(tmp_path, calls("read", None))
    result = next(r.event for r in records if kinds([r]) == ["tool_result"])
    assert not result.ok
    assert records[-1].event.stop == "end"


async def test_max_steps_one_reports_the_call_and_runs_nothing(tmp_path):
    records = await run_turn(tmp_path, calls("read", {}), max_steps=1)
    assert records[-1].event.stop == "max_steps"
    assert "tool_result" not in kinds(records)


async def test_what_asks_is_refused_where_nobody_can_answer(tmp_path):
    records = await run_turn(tmp_path, calls("outside", {}), asks=False)
    approval = next(r.event for r in records if kinds([r]) == ["approval"])
    assert (approval.decision, approval.by) == ("deny", "default")


async def test_a_persons_yes_lets_the_call_run(tmp_path):
    async with make_manager(tmp_path, calls("outside", {})) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        records = []
        async for batch in manager.follow(opened.session, 0):
            records += batch
            if "approval_asked" in kinds(batch):
                await manager.call(AnswerApproval(session=opened.session, call="c1", allow=True))
            if "done" in kinds(batch):
                break
    result = next(r.event for r in records if kinds([r]) == ["tool_result"])
    assert result.ok


async def answered(folder, args, *answers):
    """Records of one turn each, in which a call that asks is answered so."""
    script, records = calls("outside", args), []
    async with make_manager(folder, script) as manager:
        opened = await open_session(manager)
        session, turns = opened.session, 0
        await manager.call(StartTurn(session=session, prompt="hello"))
        left = list(answers)
        async for batch in manager.follow(session, 0):
            records += batch
            if "approval_asked" in kinds(batch):
                await manager.call(AnswerApproval(session=session, call="c1", **left.pop(0)))
            if "done" in kinds(batch):
                turns += 1
                if turns == 2:
                    break
                await manager.call(StartTurn(session=session, prompt="again"))
    return records


def of_kind(records, kind):
    return [record.event for record in records if kinds([record]) == [kind]]


async def test_yes_for_the_session_holds_for_the_same_call_alone(tmp_path):
    records = await answered(tmp_path, {"a": 1}, {"allow": True, "scope": "session"})
    assert len(of_kind(records, "approval_asked")) == 1
    first, second = of_kind(records, "approval")
    assert (first.by, first.scope, second.by) == ("person", "session", "rule")
    assert second.rule == first.rule == "this outside: {'a': 1}"


async def test_yes_for_once_is_asked_again(tmp_path):
    records = await answered(tmp_path, {"a": 1}, {"allow": True}, {"allow": False})
    assert [one.decision for one in of_kind(records, "approval")] == ["allow", "deny"]


async def test_words_of_a_refusal_reach_the_model(tmp_path):
    refusal = {"allow": False, "said": "use the other one"}
    records = await answered(tmp_path, {"a": 1}, refusal, refusal)
    result = of_kind(records, "tool_result")[0]
    assert not result.ok
    assert "use the other one" in result.output


async def test_what_the_person_changed_is_what_runs(tmp_path):
    changed = {"allow": True, "scope": "session", "args": {"a": 2}}
    records = await answered(tmp_path, {"a": 1}, changed, changed)
    assert [one.output for one in of_kind(records, "tool_result")] == ["outside {'a': 2}"] * 2
    assert [one.scope for one in of_kind(records, "approval")] == ["once", "once"]


async def test_what_the_person_changed_is_judged_again(tmp_path):
    changed = {"allow": True, "args": {"closed": 1}}
    records = await answered(tmp_path, {"a": 1}, changed, changed)
    assert [one.decision for one in of_kind(records, "approval")] == ["deny", "deny"]
    assert not of_kind(records, "tool_result")[0].ok


async def test_yes_for_the_session_holds_after_the_engine_has_started_anew(tmp_path):
    yes = {"allow": True, "scope": "session"}
    first = await answered(tmp_path, {"a": 1}, yes)
    async with make_manager(tmp_path, calls("outside", {"a": 1})) as manager:
        opened = await manager.call(OpenSession(session=first[0].session, cwd="/"))
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        records = []
        async for batch in manager.follow(opened.session, first[-1].seq):
            records += batch
            if "done" in kinds(batch):
                break
    assert [one.by for one in of_kind(records, "approval")] == ["rule"]


async def test_mode_is_kept_and_judged_by(tmp_path):
    async with make_manager(tmp_path, calls("change", {})) as manager:
        opened = await open_session(manager)
        await manager.call(ChooseMode(session=opened.session, mode="read"))
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        records = []
        async for batch in manager.follow(opened.session, 0):
            records += batch
            if "done" in kinds(batch):
                break
    assert [one.mode for one in of_kind(records, "mode_chosen")] == ["read"]
    assert [one.decision for one in of_kind(records, "approval")] == ["deny"]


async def test_an_interrupt_stops_the_stream_and_keeps_what_came(tmp_path):
    async def script(request):
        yield TextDelta(text="kept")
        await asyncio.sleep(60)

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        records = []
        async for batch in manager.follow(opened.session, 0):
            records += batch
            if "text" in kinds(batch):
                await manager.call(Interrupt(session=opened.session))
            if "done" in kinds(batch):
                break
    assert records[-1].event.stop == "interrupted"
    assert "".join(r.event.delta for r in records if kinds([r]) == ["text"]) == "kept"


async def test_an_interrupted_request_counts_as_unknown_cost_never_zero(tmp_path):
    async def script(request):
        yield TextDelta(text="kept")
        await asyncio.sleep(60)

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        await asyncio.sleep(0.1)
        await manager.call(Interrupt(session=opened.session))
        records = await until_done(manager, opened.session)
    assert records[-1].event.unknown == 1


async def test_an_interrupt_during_a_tool_gives_the_call_a_result(tmp_path):
    async with make_manager(tmp_path, calls("slow", {})) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        await asyncio.sleep(0.1)
        await manager.call(Interrupt(session=opened.session))
        records = await until_done(manager, opened.session)
    assert kinds(records)[-2:] == ["tool_result", "done"]


def failing_then(error, script, times: int = 1):
    left = [times]

    async def scripted(request):
        if left[0]:
            left[0] -= 1
            raise error
        async for part in script(request):
            yield part

    return scripted


async def test_an_overload_before_the_first_token_is_tried_again(tmp_path):
    async with make_manager(tmp_path, failing_then(Overloaded("busy"), says("ok"))) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        await asyncio.sleep(0.1)
        await manager.call(RetryNow(session=opened.session))
        records = await until_done(manager, opened.session)
    assert kinds(records).count("retry") == 1
    assert records[-1].event.stop == "end"


async def test_after_the_first_token_nothing_is_tried_again(tmp_path):
    async def script(request):
        yield TextDelta(text="half")
        raise EndedEarly("cut")

    records = await run_turn(tmp_path, script)
    assert "retry" not in kinds(records)
    assert records[-1].event.stop == "incomplete"


async def test_a_halting_kind_is_never_tried_again(tmp_path):
    records = await run_turn(tmp_path, failing_then(ContextTooLong("too long"), says("ok")))
    assert "retry" not in kinds(records)
    assert records[-1].event.stop == "error"


async def test_a_retry_after_beyond_a_minute_is_not_waited_for(tmp_path):
    error = RateLimited("limit", retry_after=3600)
    records = await run_turn(tmp_path, failing_then(error, says("ok")), asks=False)
    assert "retry" not in kinds(records)


async def test_another_model_chosen_during_the_wait_is_taken_at_once(tmp_path):
    error = RateLimited("limit", retry_after=50)
    async with make_manager(tmp_path, failing_then(error, says("ok"))) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        await asyncio.sleep(0.1)
        await manager.call(ChooseModel(session=opened.session, model="google/other"))
        records = await until_done(manager, opened.session)
    routes = [r.event.model for r in records if kinds([r]) == ["route"]]
    assert routes == ["openai/scripted", "google/other"]


async def test_a_model_that_nothing_serves_ends_the_turn_with_no_route(tmp_path):
    async with make_manager(tmp_path, says("x")) as manager:
        opened = await manager.call(OpenSession(cwd="/", model="nobody/x"))
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        records = await until_done(manager, opened.session)
    error = next(r.event for r in records if kinds([r]) == ["error"])
    assert error.kind == "no_route"


async def test_a_message_sent_while_it_works_is_queued_and_goes_next(tmp_path):
    gate = asyncio.Event()

    async def script(request):
        await gate.wait()
        yield TextDelta(text=str(len(request.messages)))
        yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="one"))
        await manager.call(StartTurn(session=opened.session, prompt="two"))
        gate.set()
        records = await until_done(manager, opened.session, turns=2)
    assert [r.event.prompt for r in records if kinds([r]) == ["turn_started"]] == ["one", "two"]


async def test_a_queued_message_can_be_taken_back(tmp_path):
    gate = asyncio.Event()

    async def script(request):
        await gate.wait()
        yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="one"))
        await manager.call(StartTurn(session=opened.session, prompt="two"))
        records = manager._store.read(opened.session)
        message = next(r.event.message for r in records if kinds([r]) == ["message_queued"])
        await manager.call(Unqueue(session=opened.session, message=message))
        gate.set()
        await until_done(manager, opened.session)
        await asyncio.sleep(0.05)
        records = manager._store.read(opened.session)
    assert kinds(records).count("turn_started") == 1


async def test_a_session_is_driven_by_one_at_a_time(tmp_path):
    async with make_manager(tmp_path, says("x")) as first:
        opened = await open_session(first)
        async with make_manager(tmp_path, says("x")) as second:
            other = await second.call(OpenSession(cwd="/", session=opened.session))
            assert not other.driving
            with pytest.raises(UsageError):
                await second.call(StartTurn(session=opened.session, prompt="mine"))


async def test_a_second_one_follows_live(tmp_path):
    async with make_manager(tmp_path, says("x")) as first:
        opened = await open_session(first)
        async with make_manager(tmp_path, says("x")) as second:
            await second.call(OpenSession(cwd="/", session=opened.session))
            following = asyncio.create_task(until_done(second, opened.session))
            await first.call(StartTurn(session=opened.session, prompt="hello"))
            records = await asyncio.wait_for(following, 5)
    assert kinds(records)[-1] == "done"


async def test_a_resumed_session_sends_what_was_said_before(tmp_path):
    seen: list[tuple[Message, ...]] = []

    async def script(request):
        seen.append(request.messages)
        yield TextDelta(text="answer")
        yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="one"))
        await until_done(manager, opened.session)
    async with make_manager(tmp_path, script) as manager:
        again = await manager.call(OpenSession(cwd="/", session="last"))
        assert again.session == opened.session
        await manager.call(StartTurn(session=again.session, prompt="two"))
        await until_done(manager, again.session, after=again.seq)
    texts = [block.text for m in seen[1] for block in m.blocks if isinstance(block, TextBlock)]
    assert texts == ["one", "answer", "two"]


async def test_a_slow_follower_loses_nothing(tmp_path):
    async def script(request):
        for number in range(2000):
            yield TextDelta(text=f"{number} ")
            if number % 5 == 0:
                await asyncio.sleep(0.001)
        yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        records = []
        async for batch in manager.follow(opened.session, 0):
            records += batch
            await asyncio.sleep(0.05)
            if "done" in kinds(batch):
                break
    assert [r.seq for r in records] == list(range(1, len(records) + 1))
    text = "".join(r.event.delta for r in records if kinds([r]) == ["text"])
    assert text == "".join(f"{n} " for n in range(2000))


async def test_an_interrupt_lets_the_queue_rest_until_the_person_goes_on(tmp_path):
    async def script(request):
        yield TextDelta(text="x")
        if request.messages[-1].blocks[-1].text == "one":
            await asyncio.sleep(60)
        yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="one"))
        await manager.call(StartTurn(session=opened.session, prompt="queued"))
        await manager.call(Interrupt(session=opened.session))
        await asyncio.sleep(0.1)
        assert kinds(manager._store.read(opened.session)).count("turn_started") == 1
        await manager.call(StartTurn(session=opened.session, prompt="two"))
        records = await until_done(manager, opened.session, turns=3)
    prompts = [r.event.prompt for r in records if kinds([r]) == ["turn_started"]]
    assert prompts == ["one", "two", "queued"]


async def test_a_session_in_which_nothing_was_said_is_not_listed(tmp_path):
    async with make_manager(tmp_path, says("x")) as manager:
        await open_session(manager)
        assert manager._store.summaries() == []


async def test_a_budget_without_room_stops_before_anything_is_sent(tmp_path):
    sent = []

    async def script(request):
        sent.append(request)
        yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script, limits=lambda: Limits(day=500)) as manager:
        opened = await open_session(manager)
        start = StartTurn(session=opened.session, prompt="hello", asks=False)
        await manager.call(start)
        records = await until_done(manager, opened.session)
    assert sent == []
    assert records[-1].event.stop == "budget"


async def test_near_a_cap_the_answer_is_made_to_fit(tmp_path):
    sent = []

    async def script(request):
        sent.append(request.max_tokens)
        yield TextDelta(text="x")
        yield Stopped(stop="end", said="stop")

    async with make_manager(tmp_path, script, limits=lambda: Limits(session=8_000)) as manager:
        opened = await open_session(manager)
        await manager.call(StartTurn(session=opened.session, prompt="hello"))
        await until_done(manager, opened.session)
    assert 1_000 <= sent[0] < 8_000
