"""Conversations for snapshots and pictures, written by hand after look/console.png."""

from __future__ import annotations

from tests.transcript_world import OPUS, Script
from tui.events.base import CallId
from tui.events.session import ModelChosen, SessionCreated, SessionTitled
from tui.events.tool import ApprovalAsked
from tui.events.turn import ErrorRaised, MessageQueued, RetryScheduled

TESTS = """\
def test_login(client):
    client.cookies.clear()
    assert client.get("/me").status_code == 401
"""
WHY = """\
The fixture clears the session cookie, and `refresh()` then treats an **empty** cookie as a \
missing one. An empty string is falsy, so the guard fires a line too early:

```python
def refresh(session):
    cookie = session.cookies.get("sid")
    if not cookie:  # an empty cookie lands here, too
        raise NotSignedIn()
    return cookie
```

Compare with `None` instead, and all 14 tests pass. The same guard stands in `app/admin.py:31`.
"""


def opened(model: str | None = OPUS, effort: str | None = None) -> Script:
    """A session in which nothing was said."""
    script = Script()
    script.add(SessionCreated(cwd="~/src/shop", version="1", branch="fix-login"))
    if model is not None:
        script.add(ModelChosen(model=model, effort=effort))
    return script


def asked() -> Script:
    """A question, thought about and looked into."""
    script = opened()
    script.add(SessionTitled(title="fix the login test"))
    script.prompt("Why does test_login fail, and can you fix it?")
    script.route(label="work").opened().wait(1).think("The test clears the jar.").wait(5)
    script.close("thinking")
    script.tool("read", {"path": "tests/test_login.py"}, TESTS, id="c1")
    found = "app/session.py:14: if not cookie:\napp/admin.py:31: if not cookie:"
    script.tool("grep", {"pattern": "not cookie", "path": "app"}, found, seconds=0.1, id="c2")
    script.finished().usage().charge(4_100_000)
    return script


def answered() -> Script:
    """The whole of a turn, with code."""
    script = asked()
    script.route(label="work").opened().wait(1).say(WHY).close().wait(3)
    script.finished().usage(output=640).charge(9_100_000).done(nano=13_200_000).wait(90)
    return script


def streaming() -> Script:
    """The next turn, in the middle of a sentence."""
    script = answered()
    script.prompt("yes, and add a test for it").route(label="work").opened().wait(2)
    script.say(
        "I'll add `test_empty_cookie_is_signed_in` beside the existing one and reuse its fix"
    )
    return script.wait(1)


def queued() -> Script:
    """The same with two messages that wait."""
    script = streaming()
    script.add(MessageQueued(message="q1", text="also check that admin sessions end"))
    script.add(MessageQueued(message="q2", text="and run ruff"))
    return script


def limited() -> Script:
    """A rate limit, waited for."""
    script = answered()
    script.prompt("rewrite the session store to use the new cookie jar, keep the API")
    script.route(label="work")
    words = "Output tokens per minute: 80,000 of 80,000 used."
    script.add(ErrorRaised(kind="rate_limit", message=words, hint="", request=script.request))
    script.add(RetryScheduled(request=script.request, attempt=2, after=41.0, why="rate_limit"))
    return script.wait(3)


def asking() -> Script:
    """A call that waits for the person."""
    script = answered()
    script.prompt("what does the deploy script on my desktop do?").route(label="work").opened()
    script.wait(1).say("I'll read it.").close()
    script.call("read", {"path": "/home/sam/Desktop/deploy.sh"}, "c9")
    script.finished().usage().charge(2_000_000)
    script.add(
        ApprovalAsked(
            call=CallId("c9"), name="read", what="read /home/sam/Desktop/deploy.sh",
            why="the file lies outside this folder",
        )
    )  # fmt: skip
    return script


def broken_off() -> Script:
    """An answer that stopped in the middle because the engine died."""
    from tui.events.session import EngineRestarted

    script = streaming()
    script.add(EngineRestarted())
    return script.done("interrupted", nano=0)


def refused() -> Script:
    """A key that its maker refuses."""
    script = opened()
    script.prompt("hello").route(label="work").wait(1)
    script.add(
        ErrorRaised(
            kind="invalid_key", message="invalid x-api-key", request=script.request,
            hint="Replace the key: `/key`, or `ownkey keys add anthropic --replace`.",
        )
    )  # fmt: skip
    return script.done("error")
