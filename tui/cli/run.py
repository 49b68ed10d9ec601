"""`ownkey run`: one turn without a screen, on the same engine."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.output import say
from tui.cli.values import takes
from tui.errors import UsageError

if TYPE_CHECKING:
    from tui.events.codec import Recorded
    from tui.events.turn import ErrorRaised
    from tui.session.manager import SessionManager
    from tui.session.replies import AnyNotice, AnyReply, SessionOpened, Trouble


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", nargs="?", metavar="PROMPT|-", help="- reads standard input")
    takes(parser.add_argument("--model", metavar="ID", help="the model to ask"), "models")
    session = parser.add_argument("--session", metavar="ID|last", help="go on with this session")
    takes(session, "sessions")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--tools", choices=("read", "all", "none"), default="read")
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="RULE",
        help="let what this rule covers run: `shell: pytest -q`, `edit: src/**`",
    )
    effort = parser.add_argument(
        "--effort", metavar="E", help="reasoning effort, as the model names it"
    )
    takes(effort, "efforts")
    parser.add_argument("--max-steps", type=int, default=50, metavar="N")
    parser.add_argument(
        "--fallback",
        choices=("on", "off"),
        help="whether a failed request of your own may take credits, whatever the setting says",
    )
    parser.add_argument(
        "--max-usd", metavar="D", help="stop before the turn costs more than so many dollars"
    )


def run(args: argparse.Namespace) -> int:
    """The reply on standard output, all else on standard error; contract.md's exit status."""
    if args.max_steps < 1:
        raise UsageError("--max-steps is at least 1")
    _most(args)
    prompt = args.prompt
    if prompt is None or prompt == "-":
        if sys.stdin.isatty() and prompt is None:
            raise UsageError("no prompt", hint='Say it: `ownkey run "…"`, or pipe it in with `-`.')
        prompt = sys.stdin.buffer.read().decode("utf-8", "replace")
    if not prompt.strip():
        raise UsageError("the prompt is empty")
    if args.allow:
        from tui.permissions.rule_text import parse_rule

        for rule in args.allow:
            parse_rule(rule)  # a rule that is none is said before anything is sent
    return asyncio.run(_run(args, prompt))


def _most(args: argparse.Namespace) -> int | None:
    """Nano-dollars that the turn may cost, or None. Raises UsageError."""
    from tui.money import parse_usd

    if args.max_usd is None:
        return None
    try:
        most = parse_usd(args.max_usd)
    except ValueError as error:
        raise UsageError(f"--max-usd takes dollars, such as 0.50: {error}") from error
    if most < 0:
        raise UsageError("--max-usd takes dollars of 0 or more, such as 0.50")
    return most


async def _run(args: argparse.Namespace, prompt: str) -> int:
    from tui.runtime import Runtime
    from tui.session.commands import ChooseModel, Interrupt, OpenSession, StartTurn
    from tui.session.replies import Remark, SessionOpened, Trouble

    stopped: asyncio.Future[Trouble] = asyncio.get_running_loop().create_future()

    def notify(notice: AnyNotice) -> None:
        if isinstance(notice, Trouble) and not stopped.done():
            stopped.set_result(notice)
        if isinstance(notice, Remark):
            say(f"ownkey: {notice.message.rstrip('.')}. {notice.hint}")

    runtime = Runtime(dict(os.environ), notify=notify)
    async with runtime, runtime.manager() as manager:
        opened = await manager.call(
            OpenSession(session=args.session, cwd=str(Path.cwd()), model=args.model)
        )
        assert isinstance(opened, SessionOpened)
        session = opened.session
        if args.effort is not None and opened.model is not None:
            choose = ChooseModel(session=session, model=opened.model, effort=args.effort)
            await manager.call(choose)

        kept: set[asyncio.Future[AnyReply]] = set()

        def interrupt() -> None:
            task = asyncio.ensure_future(manager.call(Interrupt(session=session)))
            kept.add(task)

        for one in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(one, interrupt)
        start = StartTurn(
            session=session,
            prompt=prompt,
            max_steps=args.max_steps,
            tools=args.tools,
            allow=tuple(args.allow),
            max_nano=_most(args),
            asks=False,
            fallback=None if args.fallback is None else args.fallback == "on",
        )
        await manager.call(start)
        printer = _Printer(opened, str(Path.cwd()), as_json=args.json)
        showing = asyncio.ensure_future(_show(manager, opened, printer))
        try:
            await asyncio.wait([showing, stopped], return_when=asyncio.FIRST_COMPLETED)
            return await showing if showing.done() else printer.fail(stopped.result())
        finally:
            showing.cancel()


async def _show(manager: SessionManager, opened: SessionOpened, printer: _Printer) -> int:
    async for batch in manager.follow(opened.session, opened.seq):
        for record in batch:
            printer.show(record)
        if printer.status is not None:
            return printer.status
    return 1


class _Printer:
    """Shows records as they come and remembers what the exit status depends on."""

    def __init__(self, opened: SessionOpened, cwd: str, *, as_json: bool) -> None:
        self.status: int | None = None
        self._opened = opened
        self._cwd = cwd
        self._begun = False
        self._turn = 1
        self._json = as_json
        self._refused = False
        self._error: str | None = None
        self._failed: ErrorRaised | None = None
        self._open_line = False

    def fail(self, trouble: Trouble) -> int:
        """End what can no longer be written, with the events that the log will not have."""
        import datetime as dt

        from tui.events.codec import Recorded
        from tui.events.turn import ErrorRaised, TurnFinished

        error = ErrorRaised(kind="server", message=trouble.message, hint=trouble.hint)
        for event in (error, TurnFinished(stop="error")):
            now = dt.datetime.now(dt.UTC)
            session = self._opened.session
            self.show(Recorded(session=session, seq=0, at=now, turn=self._turn, event=event))
        return 1

    def show(self, record: Recorded) -> None:
        from tui.events.route import FallbackTaken
        from tui.events.tool import ApprovalDecided
        from tui.events.turn import ErrorRaised, RetryScheduled, TurnFinished
        from tui.session.exit_status import exit_status

        event, self._turn = record.event, record.turn
        match event:
            case ApprovalDecided(decision="deny"):
                self._refused = True
            case ErrorRaised():
                self._error = event.kind
            case RetryScheduled() | FallbackTaken():
                self._error = None
            case TurnFinished():
                self.status = exit_status(event.stop, self._error, refused=self._refused)
            case _:
                pass
        if self._json:
            self._show_json(record)
        else:
            self._show_text(record)

    def _show_json(self, record: Recorded) -> None:
        from tui.cli.jsonl import contract_object, stamped
        from tui.cli.output import print_json

        if record.turn == 0:
            return
        head = {
            "type": "session", "id": record.session, "cwd": self._cwd,
            "model": self._opened.model, "plan": self._opened.plan,
        }  # fmt: skip
        objects = [contract_object(record.event)]
        if not self._begun:
            objects.insert(0, head)
        self._begun = True
        for fields in objects:
            if fields is not None:
                print_json(stamped(fields, at=record.at, session=record.session, turn=record.turn))

    def _show_text(self, record: Recorded) -> None:
        from tui.cli.output import say, write_text
        from tui.errors import headline
        from tui.events.route import FallbackTaken
        from tui.events.stream import BlockClosed, TextStreamed
        from tui.events.tool import ServerTold, ToolCalled
        from tui.events.turn import ErrorRaised, RetryScheduled, TurnFinished
        from tui.session.way_words import fallback_words
        from tui.session.words import PlainNames

        event = record.event
        match event:
            case TextStreamed():
                self._open_line = True
                write_text(event.delta)
            case BlockClosed(kind="text"):
                self._end_line()
            case ToolCalled():
                say(f"· {event.name} {event.args if event.args is not None else event.raw}")
            case ServerTold():
                say(f"ownkey: MCP server {event.server} {event.text}")
            case ErrorRaised():
                self._end_line()
                self._failed = event  # said with what follows from it: one sentence each
            case RetryScheduled():
                why = event.why if self._failed is None else headline(self._failed.message)
                say(f"ownkey: {why}: trying again in {max(event.after, 1):.0f} s")
                self._failed = None
            case FallbackTaken():
                say(f"ownkey: {fallback_words(event, PlainNames())}")
                self._failed = None
            case TurnFinished():
                self._end_line()
                if (failed := self._failed) is not None:
                    step = f"\n  {failed.hint}" if failed.hint else ""
                    say(f"ownkey: {headline(failed.message)}{step}")
                say(_summary(event))
            case _:
                pass

    def _end_line(self) -> None:
        if self._open_line:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._open_line = False


def _summary(done: object) -> str:
    from tui.events.turn import TurnFinished
    from tui.money import show_usd

    assert isinstance(done, TurnFinished)
    cost = show_usd(None if done.unknown and not done.nano else done.nano)
    if done.unknown and done.nano:
        cost += f" and {done.unknown} requests of unknown cost"
    ended = "" if done.stop == "end" else f", ended: {done.stop}"
    count = "1 request" if done.requests == 1 else f"{done.requests} requests"
    return f"({count}, {cost}{ended})"
