"""Scenes in which a request failed, or another would pay."""

from __future__ import annotations

import datetime as dt

from tests.scenes import answered, opened
from tests.transcript_world import OPUS, Script
from tui.events.base import CallId, RequestId
from tui.events.failing import PayerAsked, WayOut, WayOutAsked
from tui.events.money import LimitSeen
from tui.events.route import Payer
from tui.events.turn import ErrorRaised, RetryScheduled

GEMINI = "google/gemini-3.1-pro-preview"
WAIT = WayOut(
    what="wait", model=OPUS, connection="k_work", payer="own_key", label="work", nano=21_000_000
)
KEY = WayOut(
    what="key", model=OPUS, connection="k_home", payer="own_key", label="personal",
    nano=184_000_000, cold=True,
)  # fmt: skip
MODEL = WayOut(
    what="model", model=GEMINI, connection="k_g", payer="own_key", label="personal",
    nano=67_000_000, cold=True,
)  # fmt: skip
CREDITS = WayOut(
    what="credits", model=OPUS, connection="house", payer="credits", label="house",
    nano=190_000_000, cold=True,
)  # fmt: skip
RAW = '{"type": "error",\n "error": {"message": "\x1b[2JThis request would exceed the limit"}}'


def limited(*, seconds: float | None = 41.0) -> Script:
    """A rate limit with four ways on; without seconds it waits for the person."""
    script = answered()
    script.prompt("rewrite the session store to use the new cookie jar, keep the API")
    script.route(label="work")
    script.add(
        ErrorRaised(
            kind="rate_limit", message="This request would exceed the limit of output tokens.",
            hint="", request=script.request, raw=RAW, provider_request_id="req_7",
        )
    )  # fmt: skip
    now = script.clock()
    first = WAIT
    until = None
    if seconds is None:
        first = WayOut(**{**{f: getattr(WAIT, f) for f in WAIT.__struct_fields__}, "what": "again"})
    else:
        until = now + dt.timedelta(seconds=seconds)
        script.add(
            RetryScheduled(request=script.request, attempt=2, after=seconds, why="rate_limit")
        )
    script.add(
        WayOutAsked(
            call=CallId("w1"), request=script.request, kind="rate_limit", model=OPUS,
            connection="k_work", payer="own_key", label="work",
            ways=(first, KEY, MODEL, CREDITS), until=until,
            limit=LimitSeen(what="output_tokens", limit=80_000, remaining=0, reset_s=41.0),
            resets=now + dt.timedelta(seconds=41), always_nano=500_000_000,
        )
    )  # fmt: skip
    return script


def failed(
    kind: str,
    *ways: WayOut,
    address: str = "",
    message: str = "it said no",
    payer: Payer = "own_key",
    label: str = "work",
    connection: str = "k_work",
) -> Script:
    """A failure of another kind that waits for the person."""
    script = opened()
    script.prompt("hello").route(payer=payer, label=label).wait(1)
    script.add(ErrorRaised(kind=kind, message=message, hint="", request=script.request))
    script.add(
        WayOutAsked(
            call=CallId("w2"), request=script.request, kind=kind, model=OPUS,
            connection=connection, payer=payer, label=label, ways=ways, address=address,
        )
    )  # fmt: skip
    return script


def spent(model: str = OPUS) -> Script:
    """Credits are used up before anything was sent."""
    script = answered()
    script.prompt("and the admin sessions, too")
    script.add(
        ErrorRaised(
            kind="out_of_credits", hint="Top up house.",
            message="house has 0.41 credits left, and this request can cost 19.2: nothing was sent",
        )
    )  # fmt: skip
    again = WayOut(what="again", model=model, connection="house", payer="credits", label="house",
                   nano=190_000_000)  # fmt: skip
    script.add(
        WayOutAsked(
            call=CallId("w3"), request=RequestId(""), kind="out_of_credits", model=model,
            connection="house", payer="credits", label="house", ways=(again, KEY, MODEL),
            address="https://openrouter.ai/settings/credits",
        )
    )  # fmt: skip
    return script


def refused() -> Script:
    """A key that its maker refuses, in the middle of a turn that waits for another."""
    return failed(
        "invalid_key",
        WayOut(what="new_key", model=OPUS, connection="k_work", payer="own_key", label="work",
               nano=21_000_000),
        KEY, message="invalid x-api-key",
    )  # fmt: skip


def other_payer() -> Script:
    """The key is gone, and credits would pay for the next request."""
    script = answered()
    script.prompt("and the next one")
    script.add(
        PayerAsked(
            call=CallId("p1"), before="own_key", before_label="work", before_model=OPUS,
            payer="credits", label="house", model=OPUS, connection="house",
            why="no key of yours serves it", nano=190_000_000,
        )
    )  # fmt: skip
    return script
