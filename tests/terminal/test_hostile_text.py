"""Hostile text through the real console: the terminal stays ours, and what it says can be read."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.canary import leaks, made_up_key
from tests.fake_provider import FakeProvider
from tests.hostile_cases import HostileCase, load
from tests.key_world import World
from tests.live_console import NOT_NEUTRALISED, LiveConsole, environ_for
from tests.many_commands import Asked, run_many
from tests.neutral_checks import assert_no_raw_controls
from tests.past_sessions import past_session
from tests.terminal_watch import Watch, harmless_controls
from tui.keys.kept_models import keep_models
from tui.keys.model_list import ModelFound

KEY = made_up_key()
MOST_BYTES = 200_000
"""Larger cases are about time: the console's own tests have them."""

CASES = [case for case in load("text") if len(case.data) <= MOST_BYTES]
FILE = "file.txt"


def of_channel(*channels: str) -> list[HostileCase]:
    return [case for case in CASES if case.channel in channels]


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """A loopback server's `host:port`, and who came to it."""
    came: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, who = server.accept()
                    came.append(str(who))
                    client.close()

        threading.Thread(target=serve, daemon=True).start()
        yield "{}:{}".format(*server.getsockname()), came
        server.shutdown(socket.SHUT_RDWR)


def steps_for(case: HostileCase, work: Path, place: str) -> list[dict[str, Any]]:
    """What the provider says so that the case comes by its channel."""
    text = case.filled(key=KEY, canary=place)
    match case.channel:
        case "model_text":
            return [{"text": text}]
        case "model_thinking":
            return [{"thinking": text, "text": "thought."}]
        case "provider_error":
            kind = case.expect.get("error_kind", "bad_request")
            kind = "bad_request" if kind == "server" else kind  # which would be tried again
            return [{"error": {"kind": kind, "message": text}}]
        case _:
            data = text.encode("utf-8", "surrogateescape")
            (work / FILE).write_bytes(data)
            return [{"tool_calls": [{"name": "read", "args": {"path": FILE}}]}, {"text": "done."}]


def unread(case: HostileCase, shown: str) -> list[str]:
    """What of the case should be readable and is not, or the other way round."""
    flat = "".join(shown.split())
    found = [f"{text!r} cannot be read" for text in kept(case) if "".join(text.split()) not in flat]
    for code in case.expect.get("invisible", ()):
        if chr(int(code, 16)) in shown:
            found.append(f"U+{code} is shown as it is")
    return found


def kept(case: HostileCase) -> list[str]:
    """The strings that must be readable, as they stand once they are neutral."""
    texts = list(case.expect.get("keeps_text", ()))
    if target := case.expect.get("link_shows_target"):
        texts.append(target)
    return texts


class Screening:
    """Cases one after the other in one console."""

    def __init__(self, seen: LiveConsole, fake: FakeProvider, place: str, came: list[str]) -> None:
        self._seen, self._fake = seen, fake
        self._place, self._came = place, came
        self._allowed = harmless_controls(seen, fake)

    def problems(self, case: HostileCase) -> list[str]:
        """What went wrong with a case."""
        seen, watch, mark = self._seen, Watch(self._seen), len(self._seen.raw)
        self._fake.script(steps_for(case, seen.work, self._place))
        if case.channel == "provider_error":
            self._ask_and_refuse()
        else:
            seen.ask()
        if case.channel not in {"model_text", "provider_error"}:
            seen.open_last("▸")
        found = watch.broken(self._allowed) + unread(case, seen.transcript)
        written = bytes(seen.raw[mark:]).decode("utf-8", "replace")
        if leaks(written + seen.text, KEY):
            found.append("the key is shown")
        if self._came:
            found.append(f"the canary was contacted by {self._came.pop()}")
        return found

    def _ask_and_refuse(self) -> None:
        """What failed is asked about, a refused key with its dialog: the turn is stopped there."""
        seen = self._seen
        before = seen.turns
        seen.type("go\r")
        seen.wait_until(lambda: "needs you" in seen.text or seen.turns > before, "the question")
        seen.rest_until_quiet()
        if seen.turns > before:
            return
        if "Paste the key" in seen.text:
            seen.close()
        seen.type("\x1b")
        seen.wait_until(lambda: seen.turns > before, "the turn's end")
        seen.rest_until_quiet()


def problems_of(
    cases: list[HostileCase], folder: Path, *, mutant: str = ""
) -> dict[str, list[str]]:
    """What went wrong with each case, one console for all."""
    with (
        FakeProvider() as fake,
        canary() as (place, came),
        LiveConsole(fake, folder, key=KEY, mutant=mutant) as seen,
    ):
        screening = Screening(seen, fake, place, came)
        wrong = {case.id: found for case in cases if (found := screening.problems(case))}
        assert wrong or seen.leave() == 0
    return wrong


@pytest.mark.soak
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "channels",
    [("model_text",), ("model_thinking",), ("tool_output", "file_content"), ("provider_error",)],
    ids=" and ".join,
)
def test_hostile_text_leaves_the_terminal_as_it_was_and_can_be_read(
    channels: tuple[str, ...], tmp_path: Path
):
    assert problems_of(of_channel(*channels), tmp_path) == {}


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_a_console_that_shows_text_as_it_comes_is_caught(tmp_path: Path):
    kinds = {"terminal/osc9_notify", "terminal/da1_query", "terminal/clear_screen"}
    cases = [case for case in of_channel("model_text") if case.kind in kinds]
    found = problems_of(cases, tmp_path, mutant=NOT_NEUTRALISED)
    assert found.keys() == {case.id for case in cases}


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_a_reply_in_a_pipe_holds_no_raw_byte(tmp_path: Path):
    with FakeProvider() as fake, canary() as (place, came):
        work = tmp_path / "work"
        work.mkdir()
        fake.script([step for case in CASES for step in steps_for(case, work, place)])
        asked = [
            Asked(("run", "--model", "anthropic/claude-opus-4-7", "go"),
                  environ=environ_for(fake, tmp_path / "home", KEY))
            for _ in CASES
        ]  # fmt: skip
        said = run_many(asked, seconds=150)
    for case, one in zip(CASES, said, strict=True):
        assert_no_raw_controls(one.stdout)
        assert_no_raw_controls(one.stderr)
        assert "Traceback" not in one.stderr, case.id
        assert leaks(one.stdout + one.stderr, KEY) == []
    assert came == []


@pytest.mark.timeout(120)
def test_names_keep_the_frame(tmp_path: Path):
    name = "a\x1b]0;owned\x07\x1b[2J\u202eb\x9b6n"
    home = tmp_path / "home"
    with FakeProvider() as fake:
        world = World(home)
        world.add(base_url=fake.url("anthropic"))
        world.rewrite(label=name)
        found = (ModelFound(id=f"m{name}", name=name),)
        keep_models(world.paths, "anthropic", found)
        work = tmp_path / f"w{name}"
        (work / ".git").mkdir(parents=True)
        (work / ".git" / "HEAD").write_text(f"ref: refs/heads/{name}\n")
        session = past_session(home, cwd=str(work), prompt=name, branch=name)
        sealed = {"OWNKEY_KEYRING": "sealed", "OWNKEY_PASSPHRASE": "correct horse"}
        with LiveConsole(fake, tmp_path, work=work, words=("--session", session),
                         environ=sealed) as seen:  # fmt: skip
            assert raw_marks(seen) == []
            assert (seen.title, seen.size, len(seen.answers)) == (";default", (132, 42), 2)
            neutral = "a␛]0;owned␇␛[2J⟨U+202E⟩b⟨U+009B⟩6n"
            assert f"w{neutral}" in seen.lines[0]
            assert seen.text.count("a␛]0;owned") >= 5  # folder, branch, title, label, model
            assert seen.leave() == 0


def raw_marks(seen: LiveConsole) -> list[str]:
    """What of the name stands on the terminal as it came."""
    written = bytes(seen.raw).decode("utf-8", "replace")
    return [ascii(one) for one in ("\x1b]0;", "\x1b[2J", "\u202e", "\x9b") if one in written]
