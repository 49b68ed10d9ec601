"""Another model in the middle of a conversation: what of a warm cache that throws away (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from tui.console.panels.answers import Choice
from tui.console.panels.choices import Question
from tui.console.sidebar.detail import Talk, about_usd, minutes, next_turn, worth
from tui.console.status.meter import tokens
from tui.console.transcript.lines import styled
from tui.events.base import SessionId
from tui.session.replies import ModelRow
from tui.session.warmth import WarmCache
from tui.text import neutralise


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """A model that was picked, and is not chosen yet because of the cache of the one before.

    Args:
        session: In which it was picked.
        source: The model that has the cache.
        target: The one that was picked.
        worth: Nano-dollars that the cache saves.
    """

    session: SessionId | None
    source: ModelRow
    target: ModelRow
    effort: str | None
    cache: WarmCache
    worth: int


class Answers(NamedTuple):
    """What the person can say to it."""

    switch: Callable[[], None]
    fork: Callable[[], None]
    stay: Callable[[], None]


def lost(
    source: ModelRow | None, target: ModelRow, talk: Talk, now: dt.datetime, most: int | None
) -> int | None:
    """Nano-dollars of a warm cache that a switch throws away, where they are more than `most`.

    None: nothing is lost that is worth a word. What has no known price is none: nobody could say
    whether it is more.
    """
    if source is None or source.id == target.id or most is None:
        return None
    saves = worth(source, talk, now)
    return saves if saves is not None and saves > most else None


def switch_question(asked: Switch, talk: Talk, now: dt.datetime, answers: Answers) -> Question:
    """Switch, fork instead, or stay."""
    source, target = (neutralise(row.name, strict=True) for row in (asked.source, asked.target))
    here, there = next_turn(asked.source, talk).warm, next_turn(asked.target, talk).cold
    left = asked.cache.left(now)
    warm = f"warm for {minutes(left)}" if left else "gone cold by now"
    if left and not asked.cache.sure:
        warm = "maybe warm still"
    held = f"{source} has {tokens(asked.cache.tokens)} tokens of this conversation in its cache; "
    return Question(
        subject=f"switch {asked.source.id} {asked.target.id}",
        title=f"Leave a warm cache worth {about_usd(asked.worth)}?",
        aside=warm,
        body=styled(f"{held}{target} begins with none.", "mute"),
        choices=(
            Choice(f"switch to {target}", _turn("cold", there), answers.switch),
            Choice("fork instead", f"{target} in a copy; this stays on {source}", answers.fork),
            Choice(f"stay on {source}", _turn("warm", here), answers.stay),
        ),
        keys=(("Esc", "stays"),),
    )


def _turn(how: str, nano: int | None) -> str:
    return f"next turn {about_usd(nano)} {how}" if nano is not None else f"{how}, next turn ?"
