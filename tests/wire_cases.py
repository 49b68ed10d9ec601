"""Runs an adapter over recorded traffic and says where it differs from what the recording holds.

    server = replay.serve([str(CASES)])
    differing = await run_cases(provider, cases_of("openai-chat"), server, fault="none")

`differing` maps a case's id to sentences; empty means that everything was read right. What counts
under each fault is the last column of the wire README.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import pathlib
from typing import Any

from tests.replay import Server, events_of, load, plan
from tui.billing.usage import normalise_usage
from tui.errors import EndedEarly, RequestError
from tui.events.stream import Sealed
from tui.net import Network
from tui.providers.base import (
    Access,
    BlockEnded,
    Message,
    ModelRequest,
    Opened,
    Provider,
    ServerToolUsed,
    Stopped,
    TextBlock,
    TextDelta,
    ThinkingDelta,
    ToolCallBlock,
    ToolCalled,
    ToolCallProgress,
    UsageReported,
)
from tui.secret import Secret

CASES = pathlib.Path(__file__).parent / "data" / "wire"
WHOLE = frozenset({"none", "slow", "split-utf8", "split-anywhere"})
"""Faults under which everything must equal what was recorded."""

Case = dict[str, Any]


@dataclasses.dataclass
class Outcome:
    """What an adapter made of one response."""

    opened: list[Opened] = dataclasses.field(default_factory=list)
    said: list[str] = dataclasses.field(default_factory=list)
    thought: list[str] = dataclasses.field(default_factory=list)
    ended: list[BlockEnded] = dataclasses.field(default_factory=list)
    calls: list[ToolCallBlock] = dataclasses.field(default_factory=list)
    server_tools: list[str] = dataclasses.field(default_factory=list)
    usage: list[UsageReported] = dataclasses.field(default_factory=list)
    stopped: Stopped | None = None
    error: RequestError | None = None
    order: list[str] = dataclasses.field(default_factory=list)

    def add(self, part: object) -> None:
        self.order.append(type(part).__name__)
        match part:
            case Opened():
                self.opened.append(part)
            case TextDelta(text=text):
                self.said.append(text)
            case ThinkingDelta(text=text):
                self.thought.append(text)
            case BlockEnded():
                self.ended.append(part)
            case ToolCallProgress():
                pass
            case ToolCalled(call=call):
                self.calls.append(call)
            case ServerToolUsed(name=name):
                self.server_tools.append(name)
            case UsageReported():
                self.usage.append(part)
            case Stopped():
                self.stopped = part
            case _:
                raise AssertionError(f"not a part of the stream: {part!r}")

    @property
    def text(self) -> str:
        return "".join(self.said)

    @property
    def thinking(self) -> str:
        return "".join(self.thought)

    @property
    def seals(self) -> list[Sealed]:
        found = [ended.sealed for ended in self.ended] + [call.sealed for call in self.calls]
        return [sealed for sealed in found if sealed is not None]


def all_cases() -> dict[str, Case]:
    return load([str(CASES)])


def cases_of(api: str, *, streams_only: bool = False) -> list[Case]:
    """The cases of a wire format, without the model lists."""
    found = [case for case in all_cases().values() if case["api"] == api]
    return [c for c in found if "sse" in c["response"]] if streams_only else found


def plain_request(model: str = "m", *, stream: bool = True) -> ModelRequest:
    words = Message(role="user", blocks=(TextBlock(text="hello"),))
    return ModelRequest(model=model, messages=(words,), stream=stream)


def access_to(
    base_url: str,
    *,
    vendor: str | None = None,
    local: bool = False,
    network: Network | None = None,
) -> Access:
    """Access with a key that no real provider has, over a network without proxies."""
    return Access(
        base_url=base_url,
        secret=Secret("sk-fake-wire-0123456789"),
        network=network or Network({}),
        vendor=vendor,
        local=local,
    )


async def collect(provider: Provider, request: ModelRequest, access: Access) -> Outcome:
    """Everything that one request yields; the error, if it ends in one of ours."""
    outcome = Outcome()
    stream = provider.stream(request, access)
    try:
        async for part in stream:
            outcome.add(part)
    except RequestError as error:
        outcome.error = error
    finally:
        await stream.aclose()
    return outcome


def case_url(server: Server, case: Case, fault: str = "none") -> str:
    """The base URL as the maker's SDK takes it: OpenAI's has /v1, the others' do not."""
    tail = "/v1" if case["api"].startswith("openai") else ""
    return f"http://127.0.0.1:{server.port}/fault/{fault}/case/{case['id']}{tail}"


async def run_case(
    provider: Provider,
    case: Case,
    server: Server,
    fault: str = "none",
    *,
    stream: bool | None = None,
    network: Network | None = None,
) -> Outcome:
    ask_stream = "sse" in case["response"] if stream is None else stream
    access = access_to(case_url(server, case, fault), vendor=case.get("vendor"), network=network)
    model = case["expect"].get("model") or "m"
    return await collect(provider, plain_request(model, stream=ask_stream), access)


async def run_cases(
    provider: Provider,
    cases: list[Case],
    server: Server,
    fault: str = "none",
    *,
    stream: bool | None = None,
    at_once: int = 8,
) -> dict[str, list[str]]:
    """Ids of the cases that were read otherwise than recorded, each with what differs."""
    differing: dict[str, list[str]] = {}
    gate = asyncio.Semaphore(at_once)
    network = Network({})  # one for all: its certificates take 20 ms to load

    async def one(case: Case) -> None:
        async with gate:
            try:
                outcome = await run_case(
                    provider, case, server, fault, stream=stream, network=network
                )
            except Exception as error:  # anything that is not ours is a finding, not a crash
                differing[case["id"]] = [f"raised {type(error).__name__}: {error}"]
                return
        if found := differences(case, outcome, fault):
            differing[case["id"]] = found

    async with asyncio.TaskGroup() as group:
        for case in cases:
            group.create_task(one(case))
    return differing


def differences(case: Case, outcome: Outcome, fault: str = "none") -> list[str]:
    """What differs from the recording, as sentences."""
    found = _order(outcome)
    streamed = "sse" in case["response"]
    if fault in WHOLE or not streamed:
        return found + _whole(case, outcome)
    if fault == "dup":
        return found + _doubled(case, outcome)
    if fault == "garbage":
        skipped = _whole(case, outcome)
        return found + (skipped if not _kept_and_failed(case, outcome) else [])
    return found + _cut_short(case, outcome, fault)


def _order(outcome: Outcome) -> list[str]:
    """What base.py promises of the order of parts."""
    found: list[str] = []
    order = outcome.order
    if order and (order[0] != "Opened" or order.count("Opened") != 1):
        found.append(f"Opened is not the one first part: {order[:3]}")
    if "Stopped" in order and (order[-1] != "Stopped" or order.count("Stopped") != 1):
        found.append("Stopped is not the one last part")
    if outcome.stopped is not None and outcome.error is not None:
        found.append("stopped and failed at once")
    if outcome.stopped is None and outcome.error is None:
        found.append("ended without a word")
    if len(outcome.usage) > 1:
        found.append("usage reported more than once")
    return found


def _whole(case: Case, outcome: Outcome) -> list[str]:
    expect = case["expect"]
    found: list[str] = []
    refusal = expect.get("refusal") or ""
    if outcome.text not in {expect["text"], expect["text"] + refusal}:
        found.append(f"text {outcome.text[:80]!r} for {expect['text'][:80]!r}")
    found += _thinking(case, outcome) + _calls(expect, outcome)
    if outcome.server_tools != expect["server_tools"]:
        found.append(f"server tools {outcome.server_tools} for {expect['server_tools']}")
    found += _billing(case, outcome) + _ending(expect, outcome)
    return found


def _restarts(case: Case) -> bool:
    """Whether a second message begins inside the stream: what the first one showed stays shown."""
    begun = [e["message"]["id"] for e in events_in(case["response"].get("sse") or [])
             if isinstance(e, dict) and e.get("type") == "message_start"]  # fmt: skip
    return len(set(begun)) > 1


def _thinking(case: Case, outcome: Outcome) -> list[str]:
    expect = case["expect"]
    wanted = expect["thinking"] or {"len": 0, "text": ""}
    found: list[str] = []
    thinking = outcome.thinking[-wanted["len"] :] if _restarts(case) else outcome.thinking
    if len(thinking) != wanted["len"] or not thinking.startswith(wanted["text"]):
        found.append(f"thinking {len(outcome.thinking)} {outcome.thinking[:60]!r} for {wanted}")
    sealed = sum(wanted.get(name) or 0 for name in ("signatures", "encrypted", "details"))
    if (sealed or wanted.get("redacted")) and not outcome.seals and expect["error"] is None:
        found.append(f"nothing sealed for {wanted}")
    return found


def _calls(expect: dict[str, Any], outcome: Outcome) -> list[str]:
    got = [(call.name, *_args_got(call)) for call in outcome.calls]
    wanted = [(call["name"], *_args_wanted(call["args"])) for call in expect["tool_calls"]]
    found = [] if got == wanted else [f"tool calls {got} for {wanted}"]
    ids = [call.id for call in outcome.calls]
    named = [call["id"] for call in expect["tool_calls"]]
    if got == wanted and any(want and have != want for have, want in zip(ids, named, strict=True)):
        found.append(f"call ids {ids} for {named}")
    if len(set(ids)) != len(ids) or not all(ids):
        found.append(f"call ids are not one each: {ids}")
    return found


def _args_got(call: ToolCallBlock) -> tuple[Any, str | None]:
    return call.args, (call.raw if call.args is None else None)


def _args_wanted(args: dict[str, Any] | None) -> tuple[Any, str | None]:
    for name in ("_partial", "_raw"):
        if args and name in args:
            return None, args[name]
    return args or {}, None


def _ending(expect: dict[str, Any], outcome: Outcome) -> list[str]:
    error, stop = outcome.error, outcome.stopped.stop if outcome.stopped else None
    if expect["error"] is not None:
        return _failure(expect["error"], outcome)
    if expect.get("truncated"):
        early = isinstance(error, EndedEarly)
        return [] if early else [f"cut off, but ended as {stop or error!r}"]
    if expect["stop_norm"] in {"other", "error", None}:
        return []
    accepted = {expect["stop_norm"]} | ({"refusal"} if expect.get("refusal") else set())
    found = [] if stop in accepted else [f"stop {stop!r}, error {error!r} for {accepted}"]
    named = outcome.stopped.model if outcome.stopped else None
    if named is not None and expect["model"] and named != expect["model"]:
        found.append(f"model {named!r} for {expect['model']!r}")
    return found


def _failure(wanted: dict[str, Any], outcome: Outcome) -> list[str]:
    error = outcome.error
    if error is None:
        return [f"no error for {wanted['kind']}"]
    found: list[str] = []
    if error.kind not in wanted["kinds_accepted"]:
        found.append(f"kind {error.kind} ({error.message[:80]!r}) for {wanted['kinds_accepted']}")
    if error.retry_after != wanted["retry_after"]:
        found.append(f"retry_after {error.retry_after} for {wanted['retry_after']}")
    words = wanted["message_contains"]
    # A page is reduced to its title (the corpus' own note: never render it raw).
    if words not in error.message and not words.lstrip().startswith("<"):
        found.append(f"message {error.message[:80]!r} lacks {words!r}")
    if wanted.get("mid_stream") and not outcome.opened:
        found.append("failed in the stream, but never opened")
    return found


def billed_tokens(api: str, usage: dict[str, Any] | None) -> tuple[int | None, int | None]:
    """(input, output) as the maker bills them, from its own usage object (wire README)."""
    if not usage:
        return None, None

    def number(*names: str) -> int | None:
        return next((usage[name] for name in names if usage.get(name) is not None), None)

    if api == "anthropic":
        parts = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        return sum(number(part) or 0 for part in parts), number("output_tokens")
    if api == "google":
        prompt = number("promptTokenCount", "prompt_token_count")
        tools = number("toolUsePromptTokenCount", "tool_use_prompt_token_count") or 0
        said = number("candidatesTokenCount", "candidates_token_count") or 0
        thought = number("thoughtsTokenCount", "thoughts_token_count") or 0
        return (None if prompt is None else prompt + tools), said + thought
    prompt = number("prompt_tokens", "input_tokens")
    said, total = number("completion_tokens", "output_tokens"), number("total_tokens")
    if api == "openai-chat" and None not in (prompt, said, total):
        said = max(said or 0, (total or 0) - (prompt or 0))
    return prompt, said


def _billing(case: Case, outcome: Outcome) -> list[str]:
    wanted = case["expect"].get("billing")
    raw = outcome.usage[0].raw if outcome.usage else None
    if wanted is None:
        return []
    got_in, got_out = billed_tokens(case["api"], raw)
    accepted = {wanted["output_total"], *(wanted.get("output_accepted") or ())}
    usage = normalise_usage(raw or {}, wire=case["api"], vendor=case.get("vendor"))
    right = got_in == usage.input == wanted["input_total"]
    if right and (got_out or 0) in accepted and (usage.output or 0) in accepted:
        return []
    return [f"billed {got_in}/{got_out}, {usage} for {wanted}, from {raw}"]


def _doubled(case: Case, outcome: Outcome) -> list[str]:
    """First and last event twice: usage is never added twice, text only where it may be."""
    expect = case["expect"]
    if expect["error"] is not None or expect.get("truncated"):
        return []
    found = _billing(case, outcome)
    if case["api"] in {"anthropic", "openai-responses"}:
        found += _whole(case, outcome)
    elif not _within(expect["text"], outcome.text):
        found.append(f"text {outcome.text[:80]!r} for {expect['text'][:80]!r}")
    return found


def _within(less: str, more: str) -> bool:
    """Whether `more` holds every letter of `less` in its order."""
    letters = iter(more)
    return all(letter in letters for letter in less)


def _kept_and_failed(case: Case, outcome: Outcome) -> bool:
    """The turn failed at the broken piece, with the text that came before kept."""
    middle = max(1, len(case["response"]["sse"]) // 2)
    before = text_of(case["api"], case["response"]["sse"][:middle])
    return outcome.error is not None and outcome.text.startswith(before)


def _cut_short(case: Case, outcome: Outcome, fault: str) -> list[str]:
    expect, api = case["expect"], case["api"]
    pieces = [p for p, _ in plan(events_of(case["response"])[0], fault) if p]
    arrived = b"".join(pieces).decode("utf-8", "ignore")
    whole, _, _ = (
        arrived.rpartition("\n\n") if "\n\n" in arrived else arrived.rpartition("\r\n\r\n")
    )
    before = text_of(api, [whole + "\n\n"])
    found: list[str] = []
    if not outcome.text.startswith(before):
        found.append(f"text of whole events lost: {outcome.text[-60:]!r} for {before[-60:]!r}")
    if not (expect["text"] + (expect.get("refusal") or "")).startswith(outcome.text):
        found.append(f"text that never came: {outcome.text[-60:]!r}")
    if outcome.error is None and not proves_end(api, whole):
        found.append("cut off, but not failed")
    if outcome.error is not None and outcome.error.kind not in {"protocol", "network"}:
        kinds = (expect["error"] or {}).get("kinds_accepted", [])
        if outcome.error.kind not in kinds:
            found.append(f"cut off, but {outcome.error.kind}")
    return found


def events_in(sse: list[str]) -> list[Any]:
    """The JSON of every whole event in raw event-stream text."""
    found: list[Any] = []
    for block in "".join(sse).replace("\r\n", "\n").split("\n\n"):
        lines = [line[5:].strip() for line in block.split("\n") if line.startswith("data:")]
        try:
            found.append(json.loads("\n".join(lines)))
        except ValueError:
            continue
    return found


def text_of(api: str, sse: list[str]) -> str:
    """The visible text of raw events, read as simply as can be."""
    return "".join(_text_in(api, event) for event in events_in(sse) if isinstance(event, dict))


def _text_in(api: str, event: dict[str, Any]) -> str:
    match api:
        case "anthropic":
            delta = event.get("delta") or {}
            return delta.get("text") or "" if delta.get("type") == "text_delta" else ""
        case "openai-responses":
            return event["delta"] if event.get("type") == "response.output_text.delta" else ""
        case "openai-chat":
            content = ((event.get("choices") or [{}])[0].get("delta") or {}).get("content")
            if isinstance(content, list):
                return "".join(p.get("text") or "" for p in content if p.get("type") == "text")
            return content or ""
        case _:
            content = (event.get("candidates") or [{}])[0].get("content") or {}
            parts = content.get("parts") or []
            return "".join(p.get("text") or "" for p in parts if not p.get("thought"))


def proves_end(api: str, arrived: str) -> bool:
    """Whether raw text holds the wire's proof of completion."""
    for event in events_in([arrived]):
        if not isinstance(event, dict):
            continue
        kind = event.get("type")
        if kind in {"message_stop", "response.completed", "response.incomplete", "response.failed"}:
            return True
        for choice in [*(event.get("choices") or ()), *(event.get("candidates") or ())]:
            if choice.get("finish_reason") or choice.get("finishReason"):
                return True
    return False
