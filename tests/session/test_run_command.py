from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from unittest import mock

import pytest

from tests.command import Said, run_command
from tests.engine_world import MODELS, QUICK, environ_of
from tests.fake_faults import closed_port
from tests.fake_provider import FakeProvider
from tui.cli.jsonl import contract_object
from tui.events.base import CallId, RequestId
from tui.events.route import FallbackTaken
from tui.events.tool import ServerToolUsed, ToolCalled
from tui.store.check import check_store

OPUS = MODELS[0]
RUN = [sys.executable, "-P", "-m", "tui.cli.main", "run"]
LONG = " ".join(f"word{n}" for n in range(2000))


@pytest.fixture(scope="module")
def provider():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def fake(provider):
    provider.reset()
    yield provider
    provider.reset()


@pytest.fixture(autouse=True)
def whole_process():
    """What `run` does to its own process is not done to the tests'."""
    with mock.patch("tui.process.harden"):
        yield


@pytest.fixture
def environ(fake, home):
    return environ_of(fake, home)


@pytest.fixture
def run(environ, tmp_path, monkeypatch):
    """`ownkey run WORDS…` in a working folder of its own."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def run(*words: str, model: str = QUICK, stdin: str = "", **more: str) -> Said:
        named = () if "--model" in words or not model else ("--model", model)
        return run_command("run", *words, *named, stdin=stdin, environ={**environ, **more})

    return run


def objects(said: Said) -> list[dict]:
    return [json.loads(line) for line in said.stdout.splitlines()]


def of_type(said: Said, kind: str) -> list[dict]:
    return [one for one in objects(said) if one["type"] == kind]


def types(said: Said) -> list[str]:
    """The types in their order, repetitions left out."""
    told = [one["type"] for one in objects(said)]
    return [kind for at, kind in enumerate(told) if at == 0 or told[at - 1] != kind]


# Every object, field by field.

NUMBER = (int, type(None))
FIELDS = {
    "session": {"id": str, "cwd": str, "model": (str, type(None)), "plan": str},
    "route": {
        "model": str, "connection": str, "payer": str, "why": str,
        "estimate_usd": (str, type(None)),
    },
    "thinking": {"delta": str},
    "text": {"delta": str},
    "tool_call": {"id": str, "name": str, "args": (dict, type(None))},
    "approval": {"call": str, "decision": str, "by": str, "rule": (str, type(None))},
    "tool_result": {"call": str, "ok": bool, "output": str, "truncated": bool},
    "usage": {
        "input": NUMBER, "output": NUMBER, "cache_read": NUMBER, "cache_write": NUMBER,
        "reasoning": NUMBER, "raw": dict,
    },
    "charge": {
        "payer": str, "usd": (str, type(None)), "credits": str, "lines": list, "priced_by": str,
    },
    "error": {
        "kind": str, "message": str, "hint": str, "retry_after": (int, float, type(None)),
        "provider_request_id": (str, type(None)),
    },
    "retry": {"attempt": int, "after": (int, float), "why": str},
    "done": {"stop": str, "usd": (str, type(None)), "credits": str},
}  # fmt: skip
OF_A_REQUEST = {"route", "thinking", "text", "tool_call", "usage", "charge", "retry"}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
MONEY = re.compile(r"\d+\.\d+")


def check_object(one: dict) -> None:
    """An object has the contract's fields, of the contract's types."""
    wanted = {"type": str, "at": str, "session": str, "turn": int, **FIELDS[one["type"]]}
    if one["type"] in OF_A_REQUEST:
        wanted["request"] = str
    missing = {
        name: kind for name, kind in wanted.items() if not isinstance(one.get(name, ...), kind)
    }
    assert missing == {}, one
    assert RFC3339.fullmatch(one["at"])
    assert one["turn"] >= 1
    for name in ("usd", "estimate_usd"):
        assert one.get(name) is None or MONEY.fullmatch(one[name])


@pytest.fixture
def with_a_tool(fake, run):
    """A turn that thinks, calls a tool, meets a limit, and answers."""
    Path("notes.txt").write_text("what is in it\n", encoding="utf-8")
    fake.script([
        {"thinking": "let me look", "text": "I look.",
         "tool_calls": [{"name": "read", "args": {"path": "notes.txt"}}]},
        {"error": {"kind": "rate_limit", "retry_after": 0.05}},
        {"text": "It says so."},
    ])  # fmt: skip
    return run("what do my notes say?", "--json", model=OPUS)


def test_every_object_has_the_fields_of_the_contract(with_a_tool):
    told = objects(with_a_tool)
    assert {one["type"] for one in told} == set(FIELDS)
    for one in told:
        check_object(one)


@pytest.mark.long
def test_a_turn_is_told_in_the_order_in_which_it_happens(with_a_tool):
    assert types(with_a_tool) == [
        "session", "route", "thinking", "text", "tool_call", "usage", "charge", "approval",
        "tool_result", "route", "error", "retry", "route", "text", "usage", "charge", "done",
    ]  # fmt: skip


@pytest.mark.long
def test_a_tool_call_its_approval_and_its_result_belong_together(with_a_tool):
    (call,) = of_type(with_a_tool, "tool_call")
    (approval,) = of_type(with_a_tool, "approval")
    (result,) = of_type(with_a_tool, "tool_result")
    assert (call["name"], call["args"]) == ("read", {"path": "notes.txt"})
    assert call["id"] == approval["call"] == result["call"]
    assert (approval["decision"], approval["by"]) == ("allow", "rule")
    assert result["ok"]
    assert "what is in it" in result["output"]


@pytest.mark.long
def test_the_objects_of_one_request_share_its_id(with_a_tool):
    first, _, third = of_type(with_a_tool, "route")
    texts = of_type(with_a_tool, "text")
    assert {one["request"] for one in of_type(with_a_tool, "thinking")} == {first["request"]}
    assert texts[-1]["request"] == third["request"]
    charged = [one["request"] for one in of_type(with_a_tool, "charge")]
    assert charged == [first["request"], third["request"]]


@pytest.mark.long
def test_deltas_join_to_what_the_model_said(with_a_tool):
    assert "".join(one["delta"] for one in of_type(with_a_tool, "thinking")) == "let me look"
    assert "".join(one["delta"] for one in of_type(with_a_tool, "text")) == "I look.It says so."


def test_what_a_turn_cost_is_the_sum_of_its_charges(with_a_tool):
    charges = [Decimal(one["usd"]) for one in of_type(with_a_tool, "charge")]
    assert Decimal(objects(with_a_tool)[-1]["usd"]) == sum(charges) > 0


@pytest.mark.long
def test_exactly_one_done_comes_last(with_a_tool):
    told = [one["type"] for one in objects(with_a_tool)]
    assert told.count("done") == 1
    assert told[-1] == "done"
    assert objects(with_a_tool)[-1]["stop"] == "end"
    assert with_a_tool.returncode == 0


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
def test_a_charge_is_what_price_says_of_the_same_usage(run, fake, model):
    fake.script([
        {"text": "a reply of some words",
         "usage": {"input": 12_345, "output": 678, "cache_read": 2_000, "reasoning": 100}}
    ])  # fmt: skip
    said = run("hello", "--json", model=model)
    (usage,) = of_type(said, "usage")
    (charge,) = of_type(said, "charge")
    maker, _, name = model.partition("/")
    words = ("price", name, "--provider", maker, "--at", charge["at"], "--json")
    priced = json.loads(run_command(*words, stdin=json.dumps(usage["raw"])).stdout)
    assert priced["usd"] is not None
    assert {name: charge[name] for name in ("usd", "lines", "priced_by")} == {
        name: priced[name] for name in ("usd", "lines", "priced_by")
    }


@pytest.mark.long
def test_usage_counts_as_the_contract_does(run, fake):
    fake.script([{"text": "x", "usage": {"input": 500, "output": 40, "cache_read": 300}}])
    (usage,) = of_type(run("hello", "--json", model=OPUS), "usage")
    assert (usage["input"], usage["output"], usage["cache_read"]) == (500, 40, 300)


def test_a_call_without_valid_arguments_tells_the_string():
    called = ToolCalled(request=RequestId("r"), id=CallId("c"), name="n", args=None, raw='{"a":')
    told = contract_object(called)
    assert told is not None
    assert (told["args"], told["raw"]) == (None, '{"a":')


def test_tools_of_the_provider_and_fallbacks_have_the_fields_of_the_contract():
    used = contract_object(ServerToolUsed(request=RequestId("r"), name="web_search", id="w"))
    assert used == {"type": "server_tool", "request": "r", "name": "web_search", "id": "w"}
    taken = FallbackTaken(request=RequestId("r"), source="a", target="b", why="limit")
    assert contract_object(taken) == {
        "type": "fallback", "request": "r", "from": "a", "to": "b", "why": "limit",
    }  # fmt: skip


# How it ends.


def test_a_stop_that_the_wire_names_is_told(run, fake):
    fake.script([{"text": "cut short", "stop": "length"}])
    said = run("hello", "--json")
    assert objects(said)[-1]["stop"] == "length"
    assert said.returncode == 0


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "kind",
    ["invalid_key", "permission", "not_found", "quota", "context_length", "bad_request"],
)
def test_an_error_that_no_retry_mends_is_told_once_and_fails(run, fake, model, kind):
    fake.script([{"error": {"kind": kind}}])
    said = run("hello", "--json", model=model)
    assert [one["type"] for one in objects(said)] == ["session", "route", "error", "done"]
    (error,) = of_type(said, "error")
    check_object(error)
    assert error["kind"] == kind
    assert error["message"]
    assert error["hint"]
    assert objects(said)[-1]["stop"] == "error"
    assert said.returncode == 1


def test_a_wrong_key_is_said_with_the_next_step_and_no_reply(run, fake):
    fake.script([{"error": {"kind": "invalid_key"}}])
    said = run("hello")
    assert said.returncode == 1
    assert said.stdout == ""
    first, second, *_ = said.stderr.splitlines()
    assert first.startswith("ownkey: ")
    assert second.startswith("  ")


@pytest.mark.long
def test_a_limit_that_passes_is_waited_for_and_told(run, fake):
    fake.script([{"error": {"kind": "rate_limit", "retry_after": 0.05}}, {"text": "now"}])
    said = run("hello", "--json")
    (retry,) = of_type(said, "retry")
    assert (retry["attempt"], retry["why"]) == (2, "rate_limit")
    assert 0 < retry["after"] < 1
    assert said.returncode == 0


@pytest.mark.long
def test_three_tries_are_all(run, fake):
    fake.script([{"error": {"kind": "rate_limit", "retry_after": 0.05}, "times": 9}])
    said = run("hello", "--json")
    assert len(fake.requests) == 3
    assert [one["attempt"] for one in of_type(said, "retry")] == [2, 3]
    assert said.returncode == 1


def test_an_answer_that_breaks_off_keeps_its_text_and_ends_as_incomplete(run, fake):
    fake.script([{"text": LONG, "fault": "cut"}])
    said = run("hello", "--json")
    assert types(said)[-2:] == ["error", "done"] or types(said)[-3:] == ["error", "charge", "done"]
    (error,) = of_type(said, "error")
    assert error["kind"] == "protocol"
    assert objects(said)[-1]["stop"] == "incomplete"
    assert LONG.startswith("".join(one["delta"] for one in of_type(said, "text")))
    assert said.returncode == 1


@pytest.mark.long
def test_a_request_whose_cost_nobody_told_is_unknown_and_never_zero(run, fake):
    fake.script([{"text": LONG, "fault": "cut"}])
    said = run("hello", "--json")
    (charge,) = of_type(said, "charge")
    assert charge["usd"] is None
    assert objects(said)[-1]["usd"] is None


def test_no_network_is_one_sentence_with_the_next_step(run, monkeypatch):
    monkeypatch.setattr("tui.session.retry.FIRST_WAIT_S", 0.01)
    said = run("hello", "--json", OPENAI_BASE_URL=f"http://127.0.0.1:{closed_port()}/v1")
    assert {one["kind"] for one in of_type(said, "error")} == {"network"}
    assert said.returncode == 1
    assert "Traceback" not in said.stderr


def test_a_model_that_nobody_serves_is_no_route(run):
    said = run("hello", "--json", model="nobody/nothing")
    assert of_type(said, "error")[0]["kind"] == "no_route"
    assert [one["type"] for one in objects(said)] == ["session", "error", "done"]
    assert said.returncode == 5


def test_no_key_and_no_model_is_no_route_with_the_next_step(run):
    nothing = dict.fromkeys(("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"), "")
    said = run("hello", model="", **nothing)
    assert said.returncode == 5
    assert said.stdout == ""
    assert said.stderr.splitlines()[0].startswith("ownkey: ")
    assert "Traceback" not in said.stderr


def test_a_budget_that_leaves_no_room_stops_before_anything_is_sent(run, fake):
    run_command("settings", "set", "budget.request_usd", '"0.000001"')
    said = run("hello", "--json")
    assert of_type(said, "error")[0]["kind"] == "budget"
    assert objects(said)[-1]["stop"] == "budget"
    assert fake.requests == []
    assert said.returncode == 4


def test_a_call_that_wants_a_yes_is_refused_and_told_even_if_the_model_goes_on(run, fake):
    fake.script([
        {"tool_calls": [{"name": "read", "args": {"path": "/etc/passwd"}}]}, {"text": "Well then."}
    ])  # fmt: skip
    said = run("hello", "--json")
    (approval,) = of_type(said, "approval")
    (result,) = of_type(said, "tool_result")
    assert (approval["decision"], approval["by"]) == ("deny", "default")
    assert not result["ok"]
    assert "root:" not in said.stdout
    assert objects(said)[-1]["stop"] == "end"
    assert said.returncode == 3


def test_one_step_makes_one_request_and_runs_no_tool(run, fake):
    fake.script([{"tool_calls": [{"name": "read", "args": {"path": "notes.txt"}}]}])
    said = run("hello", "--json", "--max-steps", "1")
    assert len(fake.requests) == 1
    assert len(of_type(said, "tool_call")) == 1
    assert objects(said)[-1]["stop"] == "max_steps"
    assert said.returncode == 0
    assert not of_type(said, "approval")


def test_without_tools_none_is_offered(run, fake):
    run("hello", "--tools", "none")
    assert "tools" not in fake.requests[-1].body


def test_tool_output_is_neutral_in_json_too(run, fake):
    Path("evil.txt").write_text("\x1b]0;owned\x07", encoding="utf-8")
    fake.script([
        {"tool_calls": [{"name": "read", "args": {"path": "evil.txt"}}]}, {"text": "Seen."}
    ])  # fmt: skip
    (result,) = of_type(run("hello", "--json"), "tool_result")
    assert result["ok"]
    assert "owned" in result["output"]
    assert "\x1b" not in result["output"]


@pytest.mark.parametrize(
    "words",
    [("--max-steps", "0", "x"), ("--tools", "some", "x"), ("",), ("--session", "nobody", "x"),
     ("--effort",), ("--no-such", "x")],
    ids=str,
)  # fmt: skip
def test_a_wrong_usage_is_said_and_sends_nothing(run, fake, words):
    said = run(*words)
    assert said.returncode == 2
    assert said.stdout == ""
    assert said.stderr
    assert fake.requests == []


def test_the_last_session_of_an_empty_store_is_a_wrong_usage(run):
    assert run("hello", "--session", "last").returncode == 2


# Sessions.


@pytest.mark.long
def test_a_session_goes_on_with_what_was_said_before(run, fake):
    run("my name is Ada")
    said = run("and again", "--session", "last", "--json")
    assert {one["turn"] for one in objects(said)} == {2}
    sent = json.dumps(fake.requests[-1].body)
    assert "my name is Ada" in sent
    assert "You said: my name is Ada" in sent


def test_a_session_goes_on_with_another_makers_model(run, fake):
    session = of_type(run("first", "--json", model=OPUS), "session")[0]["id"]
    said = run("second", "--json", "--session", session, model=MODELS[2])
    assert of_type(said, "route")[0]["model"] == MODELS[2]
    assert "You said: first" in json.dumps(fake.requests[-1].body)


def test_a_session_keeps_its_model_where_none_is_named(run):
    run("first", model=MODELS[2])
    said = run("second", "--session", "last", "--json", model="")
    assert of_type(said, "route")[0]["model"] == MODELS[2]


@pytest.mark.long
def test_the_last_session_is_that_of_this_folder(run, tmp_path, monkeypatch):
    run("here")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    run("there")
    monkeypatch.chdir(tmp_path / "work")
    run("again", "--session", "last")
    exported = json.loads(run_command("sessions", "export", "last", "--format", "json").stdout)
    assert [m["text"] for m in exported["messages"] if m["role"] == "user"] == ["here", "again"]


# Standard input and output.


@pytest.mark.parametrize("words", [("-",), ()], ids=["dash", "none"])
def test_the_prompt_comes_from_standard_input(run, words):
    assert run(*words, stdin="from the pipe\n").stdout == "You said: from the pipe\n"


def test_a_prompt_with_half_a_character_is_sent(run):
    assert run("-", stdin="half \ud83d").stdout.startswith("You said: half ")


def test_only_the_reply_stands_on_standard_output(run, fake):
    fake.script([
        {"thinking": "hm", "text": "I look.",
         "tool_calls": [{"name": "list", "args": {"path": "."}}]},
        {"text": "Done."},
    ])  # fmt: skip
    said = run("hello", model=OPUS)
    assert said.stdout == "I look.\nDone.\n"
    assert "list" in said.stderr


def test_what_the_reply_cost_is_said_beside_it(run):
    assert re.search(r"1 request, ~?\$0\.\d+", run("hello").stderr)


def test_the_reply_is_neutral_for_whoever_reads_it(run, fake):
    fake.script([{"text": "be\x1b[31mware\x07 of \u202ethis"}])
    said = run("hello")
    assert not {"\x1b", "\x07", "\u202e"} & set(said.stdout)
    assert "ware" in said.stdout


def test_json_holds_the_reply_as_it_came_in_ascii_alone(run, fake):
    fake.script([{"text": "be\x1b[31mware of \u202ethis ☃"}])
    said = run("hello", "--json")
    assert said.stdout.isascii()
    texts = "".join(one["delta"] for one in of_type(said, "text"))
    assert texts == "be\x1b[31mware of \u202ethis ☃"


def start(environ, *words: str, **more: str) -> subprocess.Popen[bytes]:
    """`ownkey run` as a process of its own, with more of an environment."""
    return subprocess.Popen(
        [*RUN, *words, "--model", QUICK], env={**os.environ, **environ, **more},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_of_another_encoding_gets_the_reply_without_a_crash(environ, fake, encoding):
    fake.script([{"text": "Grüße ☃ \U0001f600"}])
    with start(environ, "hello", PYTHONIOENCODING=encoding) as child:
        out, err = child.communicate(timeout=50)
    assert child.returncode == 0, err
    assert out.startswith(b"Gr")
    assert b"Traceback" not in err


@pytest.mark.long
def test_a_reader_that_leaves_ends_it_quietly_and_the_request_too(environ, fake, home):
    fake.script([{"text": LONG, "rate": 200}])
    with start(environ, "hello", "--json") as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        began = time.monotonic()
        err = child.stderr.read()
        child.wait(20)
    assert time.monotonic() - began < 5
    assert err == b""
    report = check_store(home / "data" / "sessions.db")
    assert (report.sessions, report.problems) == (1, ())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_with_130_and_an_interrupted_turn(environ, fake, number):
    fake.script([{"text": LONG, "rate": 200}])
    with start(environ, "hello", "--json") as child:
        assert child.stdout is not None
        lines = []
        for line in child.stdout:
            lines.append(json.loads(line))
            if lines[-1]["type"] == "text" and len(lines) > 5 and number:
                child.send_signal(number)
                sent, number = time.monotonic(), None
        took = time.monotonic() - sent
    print(f"interrupt to exit: {took * 1000:.0f} ms")
    assert child.returncode == 130
    assert lines[-1]["stop"] == "interrupted"
    assert took < 5


@pytest.mark.long
def test_objects_come_as_they_happen(environ, fake):
    fake.script([{"text": "one two three four five six", "rate": 4}])
    with start(environ, "hello", "--json") as child:
        assert child.stdout is not None
        seen = []
        for line in child.stdout:
            told = json.loads(line)
            if told["type"] == "text":
                at = dt.datetime.fromisoformat(told["at"])
                seen.append((time.monotonic(), (dt.datetime.now(dt.UTC) - at).total_seconds()))
    assert len(seen) > 2
    assert seen[-1][0] - seen[0][0] > 0.4
    assert all(late < 1 for _, late in seen)


def test_a_key_in_the_reply_is_masked(run, fake, environ):
    fake.script([{"text": f"your key is {environ['OPENAI_API_KEY']}, keep it"}])
    said = run("hello", "--json")
    body = environ["OPENAI_API_KEY"].removeprefix("sk-proj-")
    assert body not in said.stdout
    assert "keep it" in "".join(one["delta"] for one in of_type(said, "text"))
