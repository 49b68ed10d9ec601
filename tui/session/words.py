"""What happened in a session, in words: counts, times, errors, decisions, endings (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, assert_never

from tui.events.session import Mode
from tui.events.tool import ApprovalDecided
from tui.events.turn import Attachment, DoneStop

Tone = Literal["mute", "warn", "bad"]


class SentFile(NamedTuple):
    """A file that went with a prompt; `about`: its kind and size, in words of ours."""

    name: str
    about: str


MODES: dict[Mode, str] = {"read": "read only", "ask": "ask", "edit": "edit freely"}
"""How freely the agent works."""

_PROVIDERS = {
    "anthropic": "Anthropic",
    "openai": "OpenAI",
    "google": "Google",
    "bedrock": "Bedrock",
    "vertex": "Vertex",
    "azure": "Azure",
    "openrouter": "OpenRouter",
}

ERRORS = {
    "invalid_key": "the key was refused",
    "permission": "not allowed",
    "not_found": "not known there",
    "rate_limit": "rate limit",
    "quota": "no money left on the account",
    "context_length": "the conversation is too long",
    "content_filter": "blocked by a filter",
    "bad_request": "the request was not taken",
    "overloaded": "overloaded",
    "server": "it failed",
    "timeout": "no answer in time",
    "network": "the network failed",
    "protocol": "the answer broke off",
    "cancelled": "stopped",
    "no_route": "nothing can serve this model",
    "budget": "the budget is used up",
    "out_of_credits": "no credits left",
}
"""Error kinds of contract.md in a few words."""

_OURS = frozenset(
    ("timeout", "network", "protocol", "cancelled", "no_route", "budget", "out_of_credits")
)


class Names(Protocol):
    """Names for people; the catalogue knows them."""

    def model(self, model: str) -> str:
        """The name of a model by its full id."""
        ...

    def provider(self, model: str, connection: str) -> str:
        """The name of who answers for a model there."""
        ...


class PlainNames:
    """Ids as names, for where no catalogue is at hand."""

    def model(self, model: str) -> str:
        """The id without who serves it."""
        return model.partition("/")[2] or model

    def provider(self, model: str, connection: str) -> str:
        """The first part of the id, as its maker writes it."""
        first = model.partition("/")[0] if "/" in model else connection
        return _PROVIDERS.get(first, first)


def counted(number: int) -> str:
    """A number of tokens or lines: `812`, `1.2k`, `41.2k`, `412k`, `1.2M`."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        # 999,950 already reads 1.0M.
        if number >= size * 0.99995:
            short = number / size
            return f"{short:.0f}{unit}" if short >= 99.95 else f"{short:.1f}{unit}"
    return str(number)


_KINDS = {"application/pdf": "PDF", "text/plain": "text"}


def about_file(media_type: str, size: int) -> str:
    """A file's kind and size: `PNG picture, 12 kB`, `PDF, 1.2 MB`, `text, 800 bytes`."""
    major, _, minor = media_type.partition("/")
    kind = _KINDS.get(media_type) or ("text" if major == "text" else "file")
    if major == "image":
        kind = f"{minor.partition('+')[0].upper()[:8]} picture"
    for unit, of in (("MB", 1e6), ("kB", 1e3)):
        if size >= of * 0.9995:
            short = size / of
            return f"{kind}, {short:.1f} {unit}" if short < 9.95 else f"{kind}, {short:,.0f} {unit}"
    return f"{kind}, {size} byte{'s' * (size != 1)}"


def sent_files(files: Sequence[Attachment]) -> tuple[SentFile, ...]:
    """The files that go with a prompt."""
    return tuple(SentFile(one.name, about_file(one.media_type, len(one.data))) for one in files)


def lasted(seconds: float) -> str:
    """A time that is over: `0.0 s`, `14 s`, `2:05`."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    return ticking(seconds)


def ticking(seconds: float) -> str:
    """A time that runs, in whole seconds: `14 s`, `2:05`, `1:02:05`."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def countdown(seconds: float) -> str:
    """What is left of a wait, as a clock: `0:41`."""
    minutes, rest = divmod(max(int(seconds + 0.999), 0), 60)
    return f"{minutes}:{rest:02}"


def clock(at: dt.datetime, tz: dt.tzinfo | None) -> str:
    """Hours and minutes where the person is; `tz` None is the machine's own zone."""
    return at.astimezone(tz).strftime("%H:%M")


_ABOUT_A_KEY = {
    "invalid_key": "refused your key",
    "permission": "does not allow this with your key",
    "rate_limit": "says: rate limit on your key",
    "quota": "says: no money left behind your key",
}


def about_a_key(kind: str, who: str) -> str | None:
    """What failed, where the key's label ends the sentence; None where it is not about a key."""
    return f"{who} {_ABOUT_A_KEY[kind]}" if kind in _ABOUT_A_KEY else None


def error_words(kind: str, who: str | None) -> str:
    """What failed, and who says so where it is the provider."""
    words = ERRORS.get(kind, kind.replace("_", " "))
    if who and kind in ERRORS and kind not in _OURS:
        return f"{who} says: {words}"
    return words[:1].upper() + words[1:]


def decided(decision: Literal["allow", "deny"], by: str, rule: str | None) -> str:
    """A yes or no that a person would want to know of; a rule's silent yes says nothing."""
    match decision, by:
        case "allow", "person":
            return "allowed by you"
        case "deny", "person":
            return "refused by you"
        case "deny", "rule":
            return f"refused: {rule}" if rule else "refused by a rule"
        case "deny", _:
            return "refused: nobody was there to say yes"
        case _:
            return ""


def granted(event: ApprovalDecided) -> str:
    """For how long a person's yes holds, and what was changed before it; empty for a plain one."""
    if event.decision != "allow" or event.by != "person":
        return ""
    edited = "changed by you before it ran" if event.args is not None else ""
    match event.scope:
        case "once":
            return edited
        case "session":
            held = "allowed by you for the rest of this session"
        case "always":
            held = "always allowed here from now on"
    rule = f": {event.rule}" if event.rule else ""
    return f"{edited}; {held}{rule}" if edited else f"{held}{rule}"


def ending(stop: DoneStop, *, engine_died: bool, failed: bool) -> tuple[str, Tone] | None:
    """How a turn ended, where that wants a word; None where its answer or error says it all."""
    match stop:
        case "end" | "stop_sequence" | "error":
            return None
        case "interrupted" if engine_died:
            return "the answer broke off when ownkey stopped; say `go on`", "warn"
        case "interrupted":
            return "stopped by you", "mute"
        case "incomplete":
            return None if failed else ("the answer broke off; say `go on`", "warn")
        case "length":
            return "the answer reached its length limit; say `go on`", "warn"
        case "filter":
            return None if failed else ("the provider's filter ended the answer", "warn")
        case "refusal":
            return "the model refused to answer", "warn"
        case "pause":
            return "the provider paused the answer; say `go on`", "warn"
        case "tool":
            return "stopped before the tool ran; say `go on`", "warn"
        case "budget":
            return None if failed else ("stopped at the budget; raise it in Settings (F3)", "warn")
        case "max_steps":
            return "stopped after as many steps as a turn may take; say `go on`", "warn"
        case _:
            assert_never(stop)
