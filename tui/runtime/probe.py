"""One request through one adapter, nothing stored, no retry, no tool run (`ownkey probe`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn
from uuid import uuid4

import msgspec

from tui.address import origin
from tui.billing.budget import Limits
from tui.catalog.prices import shipped_book
from tui.errors import EndedEarly, NoRoute, RequestError, ServerFailed
from tui.events.base import RequestId, utc_now
from tui.events.codec import AnyEvent, written
from tui.events.route import RouteDecided
from tui.events.turn import DoneStop, ErrorRaised, TurnFinished
from tui.net import Network
from tui.providers.base import Access, Api, Message, ModelRequest, TextBlock
from tui.providers.registry import provider
from tui.routing.policy import Route, Situation
from tui.runtime.pricer import ListPricer
from tui.runtime.scrub import LiveScrub
from tui.secret import Secret
from tui.session.ports import Decision, Ports
from tui.session.replies import RuleRow
from tui.session.request import RequestRun

_MAKERS: dict[Api, str] = {
    "anthropic": "anthropic", "openai-chat": "openai", "openai-responses": "openai",
    "google": "google",
}  # fmt: skip


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried; `base_url` has passed the address check."""

    api: Api
    base_url: str
    model: str
    vendor: str | None = None
    prompt: str = "Say hello."
    no_stream: bool = False


class _NoRules:
    """A probe runs no tool."""

    def listed(self) -> tuple[RuleRow, ...]:
        return ()

    def remove(self, rule: str, folder: str) -> bool:
        return False


class _OneDoor:
    """A router that knows one connection."""

    def __init__(self, access: Access, decision: Decision) -> None:
        self._access = access
        self._decision = decision

    def decide(self, model: str, folder: str = "", *, via: str = "") -> Decision:
        return self._decision

    def situation(self, model: str, *, folder: str = "") -> Situation:
        return Situation(model=model)

    async def open(self, decision: Decision) -> Access:
        return self._access

    def warm(self, model: str) -> None:
        """Its one request comes at once."""

    def default_model(self, last_used: str | None) -> str | None:
        return None


async def run_probe(
    probe: Probe,
    secret: Secret | None,
    *,
    environ: Mapping[str, str],
    record: Callable[[AnyEvent], None],
) -> int:
    """Send it, recording its events; the exit status: 0 done, 1 failed."""
    payer = "own_key" if probe.vendor is None else "endpoint"
    route = Route(
        connection=None, payer=payer, model=probe.model, why="a probe goes where it is told"
    )
    decision = Decision(
        route=route,
        model=probe.model,
        wire_model=probe.model,
        api=probe.api,
        provider=probe.vendor or _MAKERS[probe.api],
        connection="probe",
        label="probe",
        host=origin(probe.base_url),
        base_url=probe.base_url,
        vendor=probe.vendor,
    )
    access = Access(
        base_url=probe.base_url, secret=secret, network=Network(environ), vendor=probe.vendor
    )
    scrub = LiveScrub()
    if secret is not None:
        scrub.learn([secret])
    id = RequestId(f"r_{uuid4().hex[:16]}")
    decided = RouteDecided(
        request=id, model=probe.model, connection="probe", payer=payer, why=route.why,
        host=decision.host,
    )  # fmt: skip

    def masked(event: AnyEvent) -> None:
        record(written(event, scrub.data)[1])

    masked(decided)
    run = RequestRun(
        id, decision, ports=_ports(_OneDoor(access, decision), scrub), record=masked, room=_nothing
    )
    stop = await _send(run, probe, masked)
    charge = run.charges[-1].nano if run.charges else None
    masked(
        TurnFinished(stop=stop, nano=charge, unknown=int(bool(run.charges) and charge is None),
                     requests=1)
    )  # fmt: skip
    return 1 if stop in {"error", "incomplete"} else 0


def _ports(door: _OneDoor, scrub: LiveScrub) -> Ports:
    return Ports(
        router=door,
        pricer=ListPricer(shipped_book()),
        scrub=scrub,
        ready=_nothing,
        plan=lambda: "personal",
        limits=Limits,
        toolbox=_no_tools,
        mode=lambda: "read",
        guides=lambda folder: (),
        rules=_NoRules(),
        stream=lambda api, request, access: provider(api).stream(request, access),
        clock=utc_now,
        branch=lambda folder: None,
    )


async def _send(run: RequestRun, probe: Probe, record: Callable[[AnyEvent], None]) -> DoneStop:
    message = Message(role="user", blocks=(TextBlock(text=probe.prompt),))
    request = ModelRequest(
        model=probe.model, messages=(message,), max_tokens=1024, stream=not probe.no_stream
    )
    try:
        await run.stream(request)
    except RequestError as error:
        failure = error
    except Exception as error:  # the request's outermost edge: it becomes an event
        failure = ServerFailed(f"ownkey itself failed: {type(error).__name__}: {error}")
    else:
        return run.stopped.stop if run.stopped is not None else "incomplete"
    record(
        ErrorRaised(
            kind=failure.kind,
            message=failure.message,
            hint=failure.hint,
            request=run.id,
            retry_after=failure.retry_after,
            provider_request_id=failure.provider_request_id,
        )
    )
    return "incomplete" if isinstance(failure, EndedEarly) else "error"


async def _nothing() -> None:
    """A probe stores nothing: there is nothing to learn."""


def _no_tools(folder: object) -> NoReturn:
    raise NoRoute("a probe runs no tool")
