"""A home, a key in a store of it, two makers on loopback: everything that may lose the key."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.canary import FORMS, encoded, made_up_key
from tests.canary_sweep import Sweep
from tests.fake_provider import FakeProvider

OPUS, GPT = "anthropic/claude-opus-4-7", "openai/gpt-5.5"
SECRETS_FILE = "environment.txt"


def all_forms(key: str) -> str:
    """The key in 16 forms, one a line."""
    more = [encoded(key, "base64", offset=offset) for offset in (1, 2)]
    return "\n".join([*(encoded(key, form) for form in FORMS), *more])


class KeyPlaces:
    """One person's machine in a folder of its own, with a key in one of the stores.

    Args:
        folder: Gets `home`, `temp`, `work`, and `planted`, which is not searched.
        mode: `sealed`, `system` or `env`.
        environ: What the store needs (a bus).
        fake: Anthropic, whose key it is.
        other: OpenAI, with a key of its own: it must never get the first.
        mutant: Python that changes the program before it starts.
    """

    def __init__(
        self,
        folder: Path,
        mode: str,
        environ: Mapping[str, str],
        *,
        fake: FakeProvider,
        other: FakeProvider,
        mutant: str = "",
    ) -> None:
        self.key, self.other_key = made_up_key(), made_up_key("sk-proj-")
        self.mode, self.fake, self.other, self.mutant = mode, fake, other, mutant
        fake.keys, other.keys = {self.key}, {self.other_key}
        self.home, self.work = folder / "home", folder / "work"
        self.planted = folder / "planted"
        for name in ("home", "temp", "work", "planted"):
            (folder / name).mkdir(mode=0o700)
        secrets = self.work / SECRETS_FILE
        secrets.write_text(f"PATH=/bin\n{all_forms(self.key)}\n", encoding="utf-8")
        self.key_file = self.planted / "key"
        self.key_file.write_text(self.key, encoding="ascii")
        self.environ = {
            "HOME": str(folder / "home"),
            "OWNKEY_HOME": str(folder / "home" / "own"),
            "TMPDIR": str(folder / "temp"),
            "OWNKEY_KEYRING": mode,
            "PYTHONFAULTHANDLER": "1",
            "PYTHONPATH": os.getcwd(),
            **environ,
        }
        if mode == "sealed":
            self.environ["OWNKEY_PASSPHRASE"] = "correct horse battery"
        if mode == "env":
            self.environ |= {
                "ANTHROPIC_API_KEY": self.key,
                "ANTHROPIC_BASE_URL": fake.url("anthropic"),
                "OPENAI_API_KEY": self.other_key,
                "OPENAI_BASE_URL": other.url("openai-responses"),
            }
        searched = {name: folder / name for name in ("home", "temp", "work")}
        self.sweep = Sweep(self.key, searched, frozenset({secrets}))
        self.sweep.in_environment = mode == "env"

    def add_keys(self) -> None:
        """Store both keys; with `env` they are in the environment."""
        if self.mode == "env":
            return
        for maker, key, url in (
            ("anthropic", self.key, self.fake.url("anthropic")),
            ("openai", self.other_key, self.other.url("openai-responses")),
        ):
            done = self.ownkey("keys", "add", maker, "--base-url", url, stdin=key)
            assert done.returncode == 0, done.stderr

    def ownkey(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in the working folder, cores allowed; all it prints is noted."""
        done = subprocess.run(
            self.command(*words), input=stdin, cwd=self.work, env=os.environ | self.environ,
            capture_output=True, text=True, timeout=60, check=False, preexec_fn=allow_cores,
        )  # fmt: skip
        self.sweep.note(f"output of {' '.join(words[:2])}", done.stdout)
        self.sweep.note(f"errors of {' '.join(words[:2])}", done.stderr)
        return done

    def command(self, *words: str, also: str = "") -> list[str]:
        """The command line of `ownkey WORDS…`, changed by the mutant and `also`."""
        code = (
            f"import sys\n{self.mutant}\n{also}\nfrom tui.cli.main import main\nsys.exit(main())\n"
        )
        return [sys.executable, "-c", code, *words]

    def aborted(self, *words: str, stdin: str = "", reached: Callable[[], bool]) -> bytes:
        """kill -ABRT of a command once `reached()`, cores allowed; gives and notes what it said."""
        child = subprocess.Popen(
            self.command(*words), cwd=self.work, env=os.environ | self.environ,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=allow_cores,
        )  # fmt: skip
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(stdin.encode())
        child.stdin.close()
        ends = time.monotonic() + 30
        while not reached() and child.poll() is None and time.monotonic() < ends:
            time.sleep(0.02)
        child.send_signal(signal.SIGABRT)
        with child.stdout as out:
            said = out.read()
        self.sweep.note(f"an aborted {words[0]}", said)
        assert child.wait(30) == -signal.SIGABRT, said
        return said

    def found(self) -> list[str]:
        """Every leak by now."""
        self.sweep.received("its own maker", self.fake, own=True)
        self.sweep.received("another maker", self.other)
        return self.sweep.found()


def allow_cores() -> None:
    """In a child: a crash may write its memory down, as far as this machine lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    wanted = resource.RLIM_INFINITY if os.geteuid() == 0 else most
    resource.setrlimit(resource.RLIMIT_CORE, (wanted, wanted))


@contextmanager
def two_makers() -> Iterator[tuple[FakeProvider, FakeProvider]]:
    """Anthropic and OpenAI on loopback."""
    with FakeProvider() as fake, FakeProvider() as other:
        yield fake, other
