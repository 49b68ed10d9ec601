"""Several sessions for the console's tests: scripts of other ids, and lines of the list."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from tests import scenes
from tests.transcript_world import OPUS, START, Script
from tui.events.base import SessionId
from tui.events.codec import Recorded
from tui.store.summary import Summary


def of(session: str, records: list[Recorded]) -> list[Recorded]:
    """The same records, told of another session."""
    return [msgspec.structs.replace(one, session=SessionId(session)) for one in records]


def titled(prompt: str, *, says: str = "Yes.") -> Script:
    """A session in which one prompt was answered."""
    script = scenes.opened()
    script.prompt(prompt).route(label="work").opened().say(says).close()
    return script.finished().usage().charge(2_000_000).done(nano=2_000_000)


def streaming(prompt: str) -> Script:
    """A session that answers now."""
    script = scenes.opened()
    return script.prompt(prompt).route(label="work").opened().say("I am at it")


def line(id: str, title: str | None, *, minutes: float = 0, **fields: Any) -> Summary:
    """A session as the engine lists it, last changed so long before `START`."""
    at = START - dt.timedelta(minutes=minutes)
    facts: dict[str, Any] = {
        "id": id, "title": title, "created": at, "updated": at, "cwd": "~/src/shop",
        "branch": "main", "model": OPUS, "payer": "own_key", "messages": 4, "nano": 410_000_000,
    }  # fmt: skip
    return Summary(**(facts | fields))


def many() -> tuple[Summary, ...]:
    """A person's last weeks: two folders and more, all payers, all states."""
    elsewhere: dict[str, Any] = {"cwd": "~/src/garden/watering", "branch": "feat/valves"}
    return (
        line("q", "may I run the tests?", payer="own_key", branch="fix-login"),
        line("w", "add pagination to the orders endpoint"),
        line("s", "fix the login test", branch="fix-login", nano=13_200_000),
        line("a", "why is the build slow on Mondays?", minutes=42, nano=3_204_100_000),
        line("b", "upgrade the payment client", minutes=170, state="failed",
             model="openai/gpt-5.5", payer="credits", nano=880_000_000, unknown=1),
        line("c", "write the release notes", minutes=26 * 60, state="interrupted",
             model="google/gemini-3.7-flash", nano=21_000_000),
        line("d", "rename Order to Purchase everywhere", minutes=3 * 1440, nano=12_480_000_000),
        line("e", "explain the moisture sensor's calibration curve", minutes=9 * 1440,
             model="my-gateway/glm-5.2", payer="endpoint", nano=0, unknown=2, **elsewhere),
        line("f", "valve 3 stays open after a power cut", minutes=16 * 1440, nano=640_000_000,
             **elsewhere),
        line("g", "a haiku about rain", minutes=30 * 1440, model="local/smollm2-135m",
             payer="nobody", nano=0, cwd="~/notes", branch=None),
        line("h", "draft a letter to the bank", minutes=50 * 1440, payer="cloud_account",
             model="bedrock-prod/claude-opus-4-7", nano=95_000_000, cwd="~/notes", branch=None),
    )  # fmt: skip
