"""Pictures of the real console, for the README: `python -m tests.pictures [FOLDER]`.

The engine is real and in a child of its own; behind it a fake provider on loopback says what is
scripted here. Home, folder and keys are made up for it, so that nothing of this machine shows.
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

from tests.console_world import (
    ANTHROPIC_KEY,
    GOOGLE_KEY,
    OPENAI_KEY,
    Seen,
    engine_environ,
    on_engine,
)
from tests.fake_provider import FakeProvider
from tests.screenshot import svg_of
from tui.console import theme
from tui.secret import Secret
from tui.session.commands import AddKey

MARGIN = 16
KNOWN = {"anthropic": "claude-opus-4-7", "google": "gemini-3.1-pro-preview"}
OPUS = "anthropic/claude-opus-4-7"
SHOP = {
    ".git/HEAD": "ref: refs/heads/fix-login\n",
    "tests/test_login.py": """\
from app import session


def test_empty_cookie_is_signed_in(client):
    client.cookies.set("sid", "")
    assert client.get("/me").status_code == 200
""",
    "app/session.py": """\
class NotSignedIn(Exception):
    pass


def refresh(session):
    cookie = session.cookies.get("sid")
    if not cookie:
        raise NotSignedIn()
    return cookie
""",
    "app/admin.py": """\
def guard(session):
    if not session.cookies.get("sid"):
        raise PermissionError
""",
}
WHY = """\
The test sets an **empty** cookie, and `refresh()` then treats it as a missing one. An empty \
string is falsy, so the guard fires a line too early:

```diff
     cookie = session.cookies.get("sid")
-    if not cookie:
+    if cookie is None:
         raise NotSignedIn()
```

The same guard stands in `app/admin.py:2`; shall I look at it, too?
"""
ADMIN = """\
It has the same words, but an admin without a session should **stay out**:

| where | empty cookie | missing cookie |
|---|---|---|
| `app/session.py` | signed in | `NotSignedIn` |
| `app/admin.py` | refused | refused |

So I would leave that guard alone and pin it with a test of its own, beside yours.
"""
STEPS = [
    {
        "thinking": "The test is about an empty cookie. Which guard does it meet? Let me read "
        "the test itself, and look for every place that asks the jar for a cookie.",
        "tool_calls": [
            {"name": "read", "args": {"path": "tests/test_login.py"}},
            {"name": "grep", "args": {"pattern": "cookies.get", "path": "app"}},
        ],
        "usage": {"input": 5_240, "output": 212, "cache_write": 5_100},
        "rate": 5,
    },
    {
        "text": WHY,
        "usage": {"input": 6_012, "output": 410, "cache_read": 5_100, "cache_write": 800},
    },
    {
        "tool_calls": [{"name": "read", "args": {"path": "app/admin.py"}}],
        "usage": {"input": 6_530, "output": 64, "cache_read": 5_900, "cache_write": 500},
    },
    {"text": ADMIN, "rate": 38},
]


@asynccontextmanager
async def shop(
    fake: FakeProvider, root: Path, size: tuple[int, int], found: str | None
) -> AsyncIterator[Seen]:
    """A console in the shop's folder, below a home of its own; a key may lie about."""
    folder = root / "src" / "shop"
    for name, text in SHOP.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    environ = engine_environ(
        root / ".ownkey", fake, OWNKEY_KEYRING="sealed", OWNKEY_PASSPHRASE="correct horse"
    )
    if found is not None:
        environ["ANTHROPIC_API_KEY"] = found
    async with on_engine(environ, folder, size=size) as seen:
        seen.app.composer.editor.cursor_blink = False
        yield seen


async def add_keys(seen: Seen, fake: FakeProvider) -> None:
    """Keys of two makers, so that the picker has something to show."""
    for provider, key, label in (
        ("google", GOOGLE_KEY, "personal"), ("anthropic", ANTHROPIC_KEY, "work"),
    ):  # fmt: skip
        fake.models = [KNOWN[provider]]  # its own names have no place in a picture
        command = AddKey(provider=provider, pasted=Secret(key), label=label)
        await seen.bridge.send(command)
    fake.models = None
    await seen.until(lambda: sum(row.payer == "own_key" for row in seen.app.models) > 10)


async def choose(seen: Seen, words: str) -> None:
    await seen.press("f2")
    await seen.paste(words)
    await seen.press("enter")


async def ask(seen: Seen, prompt: str) -> None:
    await seen.paste(prompt)
    await seen.press("enter")


async def at_rest(seen: Seen) -> None:
    await seen.until(lambda: seen.app.state.turn > 0 and not seen.app.state.working, 60)
    await seen.settle()
    await asyncio.sleep(0.5)


async def conversation(seen: Seen, fake: FakeProvider) -> None:
    """The first turn, with reading and code."""
    fake.script(STEPS)
    await add_keys(seen, fake)
    await choose(seen, "opus 4.7")
    await seen.until(lambda: seen.app.state.model == OPUS)
    await ask(seen, "Why does the login test fail, and can you fix it?")
    await at_rest(seen)


async def console(seen: Seen, fake: FakeProvider) -> str:
    """The README's picture: a turn, and the next one in the middle of its answer."""
    seen.app.settings.set("budget.day_usd", "1")
    await conversation(seen, fake)
    await ask(seen, "yes, please")
    await seen.until_said("pin it with a", 60)
    return svg_of(seen.app, MARGIN)


async def light(seen: Seen, fake: FakeProvider) -> str:
    """The same at rest, in daylight."""
    seen.app.theme = theme.LIGHT
    await conversation(seen, fake)
    return svg_of(seen.app, MARGIN)


async def picker(seen: Seen, fake: FakeProvider) -> str:
    """Another model, one keystroke away, with what it would cost to go on there."""
    await conversation(seen, fake)
    await seen.press("f2")
    await seen.paste("pro")
    await asyncio.sleep(0.3)
    return svg_of(seen.app, MARGIN)


async def key_dialog(seen: Seen, fake: FakeProvider) -> str:
    """A second key of a maker, pasted."""
    await add_keys(seen, fake)
    await choose(seen, "opus 4.7")
    await ask(seen, "/key")
    await seen.until_said("kept in")
    await seen.paste(ANTHROPIC_KEY)
    await seen.press("tab", "ctrl+u")
    await seen.type("team")
    await asyncio.sleep(0.3)
    return svg_of(seen.app, MARGIN)


async def first_run(seen: Seen, fake: FakeProvider) -> str:
    """No key, no model: no wall."""
    await seen.until_said("use ANTHROPIC_API_KEY")
    await seen.until_said("in / out")
    await asyncio.sleep(0.3)
    return svg_of(seen.app, MARGIN)


PICTURES = {
    "console": (console, (132, 42)),
    "light": (light, (132, 42)),
    "picker": (picker, (132, 42)),
    "key-dialog": (key_dialog, (100, 30)),
    "first-run": (first_run, (100, 30)),
}
STRANGERS = re.compile(r"https?://(?!www\.w3\.org/)|@import|url\(|/(home|root|tmp|work|Users)/")
"""What may not stand in a picture: another host, a path of this machine."""


async def take(name: str) -> str:
    """One picture, from nothing."""
    make, size = PICTURES[name]
    keys = {ANTHROPIC_KEY, OPENAI_KEY, GOOGLE_KEY}
    with FakeProvider(keys=keys) as fake, tempfile.TemporaryDirectory() as root:
        os.environ["HOME"] = root
        found = ANTHROPIC_KEY if name == "first-run" else None
        async with shop(fake, Path(root), size, found) as seen:
            made = await make(seen, fake)
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
