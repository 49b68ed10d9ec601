"""Conversations in which the agent works and asks, for tests, snapshots and pictures."""

from __future__ import annotations

import difflib
import itertools

from tests import scenes
from tests.transcript_world import Script
from tui.events.base import CallId
from tui.events.tool import ApprovalAsked, ApprovalDecided, FileChanged, PersonAsked

COMMAND = "pytest -q && git commit -am 'session: use the cookie jar'"
RULE = "git commit *"
SANDBOX = "sandboxed: no network, writes here only"
BEFORE = '''\
"""Sessions, kept in cookies."""

from __future__ import annotations

from app.cookies import read_cookie, write_cookie


def refresh(session):
    cookie = read_cookie(session.request, "sid")
    if not cookie:
        raise NotSignedIn()
    session.touch()
    return cookie


def end(session):
    write_cookie(session.response, "sid", "", age=0)
    session.clear()
'''
AFTER = (
    BEFORE.replace(
        "from app.cookies import read_cookie, write_cookie", "from app.cookies import jar_of"
    )
    .replace(
        """    cookie = read_cookie(session.request, "sid")
    if not cookie:
""",
        """    cookie = jar_of(session).get("sid")
    if cookie is None:
""",
    )
    .replace(
        '    write_cookie(session.response, "sid", "", age=0)\n',
        '    jar_of(session).drop("sid")\n',
    )
)


def unified(before: str, after: str, path: str) -> str:
    """A change as the engine tells it."""
    old, new = before.splitlines(), after.splitlines()
    lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
    return "\n".join(lines) + "\n"


def worked() -> Script:
    """The agent has looked and is about to change something."""
    script = scenes.answered()
    script.prompt("rewrite the session store to use the new cookie jar, keep the API")
    script.route(label="work").opened().wait(2)
    script.tool("read", {"path": "app/session.py"}, BEFORE, id="d1")
    script.tool("read", {"path": "app/cookies.py"}, "x\n" * 88, id="d2")
    script.say("The store reads the jar in two places. I'll move them behind one method.").close()
    return script


def asking_command(what: str = COMMAND, **fields: object) -> Script:
    """A command that waits for the person."""
    script = worked()
    script.call("shell", {"command": what}, "c9").finished().usage().charge(2_000_000)
    at = what.find("git commit -am")
    facts: dict[str, object] = {
        "why": "git commit writes to the repository",
        "marks": ((at, at + 14),) if at >= 0 else (),
        "sandbox": SANDBOX,
        "rule": RULE,
    } | fields
    return script.add(ApprovalAsked(call=CallId("c9"), name="shell", what=what, **facts))  # type: ignore[arg-type]


def asking_change() -> Script:
    """A change to a file that waits for the person."""
    script = worked()
    args = {"path": "app/session.py", "old": BEFORE, "new": AFTER}
    script.call("edit", args, "c9").finished().usage().charge(2_000_000)
    return script.add(
        ApprovalAsked(
            call=CallId("c9"), name="edit", what="app/session.py",
            why="it changes a file of this folder",
            diff=unified(BEFORE, AFTER, "app/session.py"), rule="edit app/**",
        )
    )  # fmt: skip


def asking_person() -> Script:
    """The model wants to know something."""
    script = worked()
    question = "Sessions of admins live for 30 days now. Which of these shall the jar keep?"
    choices = ("30 days for admins, one for others", "one day for all", "until the browser closes")
    script.call("ask", {"question": question, "choices": list(choices)}, "c9")
    script.finished().usage().charge(2_000_000)
    return script.add(PersonAsked(call=CallId("c9"), question=question, choices=choices))


TODOS = (
    ("read the session store", "completed"),
    ("move the jar behind one method", "completed"),
    ("run the tests", "in_progress"),
    ("write a note for the changelog", "pending"),
)


def working() -> Script:
    """A list of what is to do, a change, and a command that runs."""
    script = worked()
    todos = [{"content": words, "status": status} for words, status in TODOS]
    script.tool("todo", {"todos": todos}, "ok", id="d3")
    script.call("edit", {"path": "app/session.py", "old": BEFORE, "new": AFTER}, "d4")
    script.add(
        ApprovalDecided(
            call=CallId("d4"), decision="allow", by="person", scope="session", rule="edit app/**"
        ),
        FileChanged(
            call=CallId("d4"), path="/home/sam/src/shop/app/session.py",
            before=BEFORE.encode(), after=AFTER.encode(),
        ),
    )  # fmt: skip
    script.give("edit", "changed", id="d4")
    script.tool(
        "shell", {"command": "ruff check app"}, "app/session.py:5:1: F401 unused\nexit status 1",
        ok=False, seconds=0.2, id="d5",
    )  # fmt: skip
    script.call("shell", {"command": "pytest -q"}, "d6").allow("d6")
    lines = [f"tests/test_{name}.py {'.' * (9 + n)}" for n, name in enumerate("abcdefgh")]
    script.stream("d6", *itertools.chain.from_iterable((f"{line}\n",) for line in lines))
    return script.wait(4)
