"""A request that failed, or that another would pay for: the ways on, and the one that was taken."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from tui.events.base import CallId, Event, RequestId
from tui.events.money import LimitSeen
from tui.events.route import Payer

WayKind = Literal["wait", "again", "new_key", "key", "model", "credits", "compact", "edit"]
"""What a way does: waits and goes on here; tries again here; the same with the key replaced first;
another connection serves the same model; another model; credits, for this request; a summary in the
place of the conversation; nothing, and the prompt is given back."""


class WayOut(msgspec.Struct, frozen=True, kw_only=True):
    """One way on. Empty where it bears on no route; `nano` is a forecast, None: not known.

    `cold`: the prompt is in no cache there, and is in one where the request failed.
    """

    what: WayKind
    model: str = ""
    connection: str = ""
    payer: Payer | None = None
    label: str = ""
    nano: int | None = None
    cold: bool = False


class WayOutAsked(Event, tag="way_out_asked", frozen=True, kw_only=True):
    """A request failed or could not be sent, and the person says how it goes on.

    Args:
        call: Names the question.
        request: The one that failed; empty: none was sent.
        kind: The error's.
        model, connection, payer, label: Its route, or the one that it would have had.
        ways: The ways on. With `until` the first one is taken then by itself.
        until: None: it waits for the person.
        limit: The rate limit that is in the way, where the other side tells.
        resets: When that begins anew, or the wait that the other side asks for is over.
        address: Where the account that pays is paid into, or the command that does.
        always_nano: A rule that takes credits at once would be for so much a turn; None: none
            can be made.
        most_nano, allowed_nano: Where credits would be taken without a question if it were not
            for the limit: the most that the request can cost (None: not known), and the limit.
    """

    call: CallId
    request: RequestId
    kind: str
    model: str
    connection: str
    payer: Payer
    label: str
    ways: tuple[WayOut, ...]
    until: dt.datetime | None = None
    limit: LimitSeen | None = None
    resets: dt.datetime | None = None
    address: str = ""
    always_nano: int | None = None
    most_nano: int | None = None
    allowed_nano: int | None = None


class WayOutTaken(Event, tag="way_out_taken", frozen=True, kw_only=True):
    """How it goes on; `way` is None where the turn stops instead.

    Args:
        by: The person, or the time that was waited for.
        always_nano: From now on so much a turn is taken from credits without a question.
    """

    call: CallId
    way: WayOut | None
    by: Literal["person", "time"] = "person"
    always_nano: int | None = None


class PayerAsked(Event, tag="payer_asked", frozen=True, kw_only=True):
    """Another would pay for the next request than for the one before; nothing was sent yet.

    Args:
        call: Names the question.
        before, before_label, before_model: Who paid, and for what.
        payer, label, model, connection: Who would pay now, and for what.
        why: Why that one, in the route's words.
        nano: A forecast; None: not known.
    """

    call: CallId
    before: Payer
    before_label: str
    before_model: str
    payer: Payer
    label: str
    model: str
    connection: str
    why: str
    nano: int | None = None


PayerChoice = Literal["once", "session", "model", "stop"]
"""Yes to this change; to every one in this session; another model was picked meanwhile; no."""


class PayerAnswered(Event, tag="payer_answered", frozen=True, kw_only=True):
    """What the person said to it."""

    call: CallId
    choice: PayerChoice
    payer: Payer | None = None  # who pays from now on
    label: str = ""
