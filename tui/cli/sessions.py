"""`ownkey sessions`: list, show, export, fork, delete, check."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from typing import TYPE_CHECKING, Any

from tui.cli.values import takes
from tui.errors import UsageError

if TYPE_CHECKING:
    from tui.events.base import SessionId
    from tui.store.log import Store
    from tui.store.summary import Summary


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="every session, the latest first")
    listing.add_argument("--json", action="store_true")
    show = actions.add_parser("show", help="one session as text")
    takes(show.add_argument("id", metavar="ID|last"), "sessions")
    show.add_argument("--json", action="store_true")
    export = actions.add_parser("export", help="one session to a file's form")
    takes(export.add_argument("id", metavar="ID|last"), "sessions")
    export.add_argument("--format", choices=("markdown", "json", "html"), default="markdown")
    fork = actions.add_parser("fork", help="a new session that begins with a copy of another")
    takes(fork.add_argument("id", metavar="ID|last"), "sessions")
    fork.add_argument("--at", type=int, metavar="SEQ", help="up to this event; else all of it")
    fork.add_argument("--json", action="store_true")
    delete = actions.add_parser("delete", help="delete a session; undo brings it back")
    takes(delete.add_argument("id", metavar="ID"), "sessions")
    delete.add_argument("--undo", action="store_true", help="bring a deleted session back")
    delete.add_argument("--json", action="store_true")
    check = actions.add_parser("check", help="verify the whole store")
    check.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Exit status 1 when `check` finds something."""
    from tui.paths import find_paths

    paths = find_paths(os.environ)
    if args.action == "check":
        return _check(args)
    from tui.store.log import Store

    store = Store(paths.store_file)
    try:
        match args.action:
            case "list":
                return _list(store, as_json=args.json)
            case "show":
                form = "json" if args.json else "markdown"
                return _export(store, args.id, form, for_a_person=not args.json)
            case "export":
                on_a_screen = args.format != "json" and sys.stdout.isatty()
                return _export(store, args.id, args.format, for_a_person=on_a_screen)
            case "fork":
                return _fork(store, args)
            case _:
                return _delete(store, args)
    finally:
        store.close()


def _list(store: Store, *, as_json: bool) -> int:
    from tui.cli.output import print_json, print_row
    from tui.money import show_usd

    summaries = store.summaries()
    if as_json:
        print_json([_summary_object(s) for s in summaries])
        return 0
    for s in summaries:
        cost = show_usd(None if s.unknown and not s.nano else s.nano)
        title = (s.title or "untitled").replace("\n", " ")
        print_row(f"{s.id}  {s.updated:%Y-%m-%d %H:%M}  {s.state:<11} {cost:>10}  {title}")
    return 0


def _summary_object(s: Summary) -> dict[str, Any]:
    from tui.money import usd_string
    from tui.store.usage_export import rfc3339

    return {
        "id": s.id, "title": s.title, "cwd": s.cwd, "branch": s.branch, "model": s.model,
        "payer": s.payer, "state": s.state, "messages": s.messages, "usd": usd_string(s.nano),
        "unknown": s.unknown, "created": rfc3339(s.created), "updated": rfc3339(s.updated),
    }  # fmt: skip


def _find(store: Store, id: str, *, deleted: bool = False) -> SessionId:
    from tui.events.base import SessionId

    known = store.summaries(deleted=deleted)
    if id == "last" and known:
        here = [s for s in known if s.cwd == os.getcwd()] or known
        return SessionId(here[0].id)
    found = [s for s in known if s.id == id] or [s for s in known if s.id.startswith(id)]
    if len(found) != 1:
        which = "no session" if not found else "more than one session"
        raise UsageError(f"{which} has the id {id!r}", hint="`ownkey sessions list` shows all.")
    return SessionId(found[0].id)


def _export(store: Store, id: str, form: str, *, for_a_person: bool) -> int:
    """A file gets the texts as they came, a person's screen gets them neutralised."""
    from tui.cli.output import print_text
    from tui.store.export import export_session

    session = _find(store, id)
    text = export_session(store.read(session), form)
    if for_a_person:
        print_text(text)
        return 0
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.flush()
    return 0


def _fork(store: Store, args: argparse.Namespace) -> int:
    from tui.cli.output import print_json, print_text
    from tui.store.forking import fork_session, new_session_id

    source = _find(store, args.id)
    now = dt.datetime.now(dt.UTC)
    target = new_session_id(now)
    fork_session(store, source, target, args.at, now)
    if args.json:
        print_json({"id": target, "source": source})
    else:
        print_text(f"{target} goes on from there. `ownkey --session {target}` opens it.")
    return 0


def _delete(store: Store, args: argparse.Namespace) -> int:
    from tui.cli.output import print_json, print_text

    session = _find(store, args.id, deleted=args.undo)
    now = dt.datetime.now(dt.UTC)
    store.mark_deleted(session, None if args.undo else now)
    if args.json:
        print_json({"id": session, "deleted": not args.undo})
    elif args.undo:
        print_text(f"{session} is back.")
    else:
        print_text(
            f"{session} is deleted. `ownkey sessions delete {session} --undo` brings it back."
        )
    return 0


def _check(args: argparse.Namespace) -> int:
    from tui.cli.output import print_json, print_text
    from tui.paths import find_paths
    from tui.store.check import check_store

    report = check_store(find_paths(os.environ).store_file)
    if args.json:
        print_json({
            "ok": not report.problems, "sessions": report.sessions, "events": report.events,
            "problems": list(report.problems),
        })  # fmt: skip
    else:
        print_text(f"{report.sessions} sessions, {report.events} events")
        for problem in report.problems:
            print_text(f"  {problem}")
        print_text("All is well." if not report.problems else "Something is wrong; see above.")
    return 1 if report.problems else 0
