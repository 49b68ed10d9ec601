"""A session as Markdown, JSON (contract.md, `sessions export`) or HTML."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

from tui.errors import UsageError
from tui.events.codec import Recorded
from tui.events.money import ChargeRecorded, UsageReported
from tui.events.route import RequestFinished, RouteDecided
from tui.events.session import SessionCreated, SessionRewound, SessionTitled
from tui.events.stream import TextStreamed, ThinkingStreamed
from tui.events.tool import ToolReturned
from tui.events.turn import PromptAdded, TurnFinished, TurnStarted
from tui.money import usd_string
from tui.store.summary import first_line
from tui.text import neutralise


def export_session(records: Sequence[Recorded], form: str) -> str:
    """The whole session in one of the forms `markdown`, `json`, `html`.

    JSON and Markdown hold the texts as they came; HTML is for reading and holds them neutralised.

    Raises:
        UsageError: another form, or a session without events.
    """
    if not records:
        raise UsageError("this session is empty")
    told = _gather(counting(records))
    match form:
        case "json":
            return json.dumps(told, ensure_ascii=True, indent=2) + "\n"
        case "markdown":
            return _markdown(told)
        case "html":
            return _html(told)
        case _:
            raise UsageError(f"no form is called {form!r}", hint="markdown, json or html.")


def counting(records: Sequence[Recorded]) -> list[Recorded]:
    """The records without those that the session has gone back behind."""
    kept: list[Recorded] = []
    for record in records:
        if isinstance(record.event, SessionRewound):
            to = record.event.to
            kept = [one for one in kept if one.seq <= to]
        kept.append(record)
    return kept


def _gather(records: Sequence[Recorded]) -> dict[str, Any]:
    head: dict[str, Any] = {
        "id": records[0].session, "title": None, "cwd": None,
        "created": _time(records[0]), "messages": [],
    }  # fmt: skip
    messages: list[dict[str, Any]] = head["messages"]
    reply: dict[str, Any] | None = None
    for record in records:
        event = record.event
        match event:
            case SessionCreated():
                head["cwd"] = event.cwd
            case SessionTitled():
                head["title"] = event.title
            case TurnStarted() | PromptAdded():
                if head["title"] is None and event.prompt.strip():
                    head["title"] = first_line(event.prompt)
                messages.append({"role": "user", "text": event.prompt, "at": _time(record)})
            case RouteDecided():
                _drop_if_silent(messages, reply)
                reply = {
                    "role": "assistant", "text": [], "at": _time(record), "model": event.model,
                    "connection": event.connection, "payer": event.payer, "usd": None,
                    "usage": None, "stop": "interrupted",
                }  # fmt: skip
                messages.append(reply)
            case TextStreamed() if reply is not None:
                reply["text"].append(event.delta)
            case UsageReported() if reply is not None:
                reply["usage"] = {
                    "input": event.input, "output": event.output, "cache_read": event.cache_read,
                    "cache_write": event.cache_write, "reasoning": event.reasoning,
                }  # fmt: skip
            case ChargeRecorded() if reply is not None:
                reply["usd"] = None if event.nano is None else usd_string(event.nano)
                if event.payer == "credits":
                    reply["credits"] = event.credits
            case ThinkingStreamed() if reply is not None:
                reply.setdefault("thinking", []).append(event.delta)
            case RequestFinished() if reply is not None:
                reply["stop"] = event.stop
            case ToolReturned():
                messages.append({"role": "tool", "text": event.output, "at": _time(record)})
            case TurnFinished() if reply is not None:
                if reply["stop"] == "interrupted":
                    reply["stop"] = event.stop
                reply = None
            case _:
                pass
    for message in messages:
        for name in ("text", "thinking"):
            if isinstance(message.get(name), list):
                message[name] = "".join(message[name])
    return head


def _drop_if_silent(messages: list[dict[str, Any]], reply: dict[str, Any] | None) -> None:
    """A try that failed before its first word was tried again: it is no message."""
    silent = reply is not None and not reply["text"] and reply["stop"] == "interrupted"
    if silent and messages[-1] is reply:
        messages.pop()


def _time(record: Recorded) -> str:
    return record.at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _markdown(told: dict[str, Any]) -> str:
    out = [f"# {told['title'] or told['id']}", ""]
    for message in told["messages"]:
        who = {"user": "You", "assistant": message.get("model", ""), "tool": "Tool"}[
            message["role"]
        ]
        text = message["text"]
        if message["role"] == "tool":
            fence = "`" * max(3, _longest_run(text) + 1)
            text = f"{fence}\n{text}\n{fence}"
        out += [f"## {who}", "", text, ""]
        if message["role"] == "assistant" and message["stop"] not in {"end", "tool"}:
            out += [f"*{message['stop']}*", ""]
    return "\n".join(out)


def _longest_run(text: str) -> int:
    longest = run = 0
    for letter in text:
        run = run + 1 if letter == "`" else 0
        longest = max(longest, run)
    return longest


def _html(told: dict[str, Any]) -> str:
    title = _shown(str(told["title"] or told["id"]))
    parts = [
        '<!doctype html><meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">",
        f"<title>{title}</title>",
        "<style>body{max-width:50em;margin:2em auto;font:16px/1.5 sans-serif}"
        "pre{white-space:pre-wrap}</style>",
        f"<h1>{title}</h1>",
    ]
    for message in told["messages"]:
        who = message.get("model") or message["role"]
        parts.append(f"<h2>{_shown(str(who))}</h2><pre>{_shown(message['text'])}</pre>")
    return "\n".join(parts) + "\n"


def _shown(text: str) -> str:
    return html.escape(neutralise(text))
