"""Pictures of the real console, for the README: `python -m tests.pictures [FOLDER]`.

The console and its engine are real, on the demo's world (`tui.demo`), so that all of it has
something to show; the first run is an empty home. Nothing of this machine shows.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.console_world import ANTHROPIC_KEY, Seen, engine_environ, on_engine
from tests.fake_provider import FakeProvider
from tests.screenshot import svg_of
from tui.console import theme
from tui.demo.world import DemoWorld

MARGIN = 16
WIDE, SMALL = (132, 42), (100, 30)
STRANGERS = re.compile(
    r"https?://(?!www\.w3\.org/|[a-z.]+\.example\b)|@import|url\(|/(home|root|tmp|work|Users)/"
)
"""What may not stand in a picture: a real host, a path of this machine."""


@asynccontextmanager
async def demo(size: tuple[int, int]) -> AsyncIterator[Seen]:
    """The demo's console, at rest."""
    with DemoWorld(os.environ) as world, world.environment():
        async with on_engine(world.environ, world.folder, size=size) as seen:
            seen.app.composer.editor.cursor_blink = False
            await seen.until(lambda: any(row.input_usd for row in seen.app.models))
            yield seen


@asynccontextmanager
async def nobodys(size: tuple[int, int]) -> AsyncIterator[Seen]:
    """A console in an empty home, where a key lies about."""
    with FakeProvider(keys={ANTHROPIC_KEY}) as fake, tempfile.TemporaryDirectory() as root:
        os.environ["HOME"] = root
        folder = Path(root) / "src" / "shop"
        (folder / ".git").mkdir(parents=True)
        (folder / ".git" / "HEAD").write_text("ref: refs/heads/fix-login\n", encoding="utf-8")
        environ = engine_environ(
            Path(root) / ".ownkey", fake, OWNKEY_KEYRING="sealed",
            OWNKEY_PASSPHRASE="correct horse", ANTHROPIC_API_KEY=ANTHROPIC_KEY,
        )  # fmt: skip
        async with on_engine(environ, folder, size=size) as seen:
            seen.app.composer.editor.cursor_blink = False
            yield seen


async def ask(seen: Seen, prompt: str) -> None:
    await seen.paste(prompt)
    await seen.press("enter")


async def say_yes(seen: Seen, question: str) -> None:
    """Answer a panel once it takes answers."""
    await seen.until_said(question, 60)
    await asyncio.sleep(0.6)
    await seen.press("1")


async def conversation(seen: Seen) -> None:
    """The first scene to its end: reading, a change, a command."""
    await ask(seen, "Why does the login test fail, and can you fix it?")
    await say_yes(seen, "Change this file?")
    await say_yes(seen, "Run this command?")
    await seen.until(lambda: seen.app.state.turn > 0 and not seen.app.state.working, 60)
    await seen.settle()
    await asyncio.sleep(0.5)


async def console(seen: Seen) -> None:
    """The README's picture: a turn, and the next one in the middle of its answer."""
    await conversation(seen)
    await ask(seen, "yes, and add a test for it")
    await seen.until_said("again in", 60)
    await asyncio.sleep(0.6)  # the panel takes no answer before
    await seen.press("enter")  # now
    await seen.until_said("nothing went to", 60)


async def limit(seen: Seen) -> None:
    """A rate limit before the first token: the ways on, with who pays and how much."""
    await conversation(seen)
    await ask(seen, "yes, and add a test for it")
    await seen.until_said("Wait, then go on", 60)
    await asyncio.sleep(0.6)


async def light(seen: Seen) -> None:
    """The first turn at rest, in daylight."""
    seen.app.theme = theme.LIGHT
    await conversation(seen)


async def picker(seen: Seen) -> None:
    """Another model, one keystroke away, with what it would cost to go on there."""
    await conversation(seen)
    await seen.press("f2", "down", "down", "down", "down")
    await asyncio.sleep(0.3)


async def settings(seen: Seen) -> None:
    """What is found for these words, acted on right there."""
    await seen.press("f3")
    await seen.until_said("the demo's memory")
    await seen.paste("API keys")
    await asyncio.sleep(0.5)


async def key_dialog(seen: Seen) -> None:
    """A further key of a maker, pasted."""
    await ask(seen, "/key")
    await seen.until_said("kept in")
    await seen.paste(ANTHROPIC_KEY)
    await seen.press("tab", "ctrl+u")
    await seen.type("team")
    await asyncio.sleep(0.3)


async def usage(seen: Seen) -> None:
    """What was spent in a month, by day."""
    await seen.press("f4")
    await seen.until_said("the last 30 days")
    await asyncio.sleep(0.5)


async def receipt(seen: Seen) -> None:
    """A reply's cost, opened to its lines."""
    await conversation(seen)
    await seen.press("f9", "down", "enter")
    await seen.until_said("cache write", 5)
    await asyncio.sleep(0.3)


async def sessions(seen: Seen) -> None:
    """All sessions, with folder, branch, model, payer and cost."""
    await seen.press("f5")
    await seen.until_said("Other folders")
    await seen.press("down", "down")
    await asyncio.sleep(0.3)


async def first_run(seen: Seen) -> None:
    """No key, no model: no wall."""
    await seen.until_said("use ANTHROPIC_API_KEY")
    await seen.until_said("in / out")
    await asyncio.sleep(0.3)


PICTURES = {
    "console": (console, demo, WIDE),
    "limit": (limit, demo, WIDE),
    "light": (light, demo, WIDE),
    "picker": (picker, demo, WIDE),
    "settings": (settings, demo, WIDE),
    "key-dialog": (key_dialog, demo, SMALL),
    "usage": (usage, demo, WIDE),
    "receipt": (receipt, demo, WIDE),
    "sessions": (sessions, demo, WIDE),
    "first-run": (first_run, nobodys, SMALL),
}
"""What is done, in which world, in a window of how many columns and rows."""


async def take(name: str) -> str:
    """One picture, from nothing."""
    make, world, size = PICTURES[name]
    async with world(size) as seen:
        await make(seen)
        made = svg_of(seen.app, MARGIN)
    if found := STRANGERS.search(made):
        raise SystemExit(f"{name}: {found[0]} may not stand in a picture")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="screenshots", type=Path)
    parser.add_argument("--only", choices=sorted(PICTURES), help="this one")
    opts = parser.parse_args()
    os.environ["LANG"] = "C.UTF-8"
    os.environ["TERM"] = "xterm-256color"
    opts.folder.mkdir(exist_ok=True)
    for name in [opts.only] if opts.only else PICTURES:
        (opts.folder / f"{name}.svg").write_text(asyncio.run(take(name)), encoding="utf-8")


if __name__ == "__main__":
    main()
