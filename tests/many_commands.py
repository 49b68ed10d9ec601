"""Many commands in one child process of their own, one after the other: the SDKs load once.

    done = run_many([Asked(("run", "hello"), environ={…}), …])

The child waits `RETRY_S` before a failed request's next try, so that tests need not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from tests.command import Said, run_command

RETRY_S = 0.05


@dataclass(frozen=True)
class Asked:
    """A command, what it reads, and what is laid over the environment."""

    words: tuple[str, ...]
    stdin: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)


def run_many(
    asked: Sequence[Asked], *, inside: Sequence[str] = (), seconds: float = 120
) -> list[Said]:
    """How each ended, in order; `inside` is a command that runs another one, like `unshare`."""
    done = subprocess.run(
        [*inside, sys.executable, "-m", "tests.many_commands"],
        input=json.dumps([asdict(one) for one in asked]),
        env=os.environ | {"PYTHONPATH": os.getcwd()},
        capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [Said(**json.loads(line)) for line in done.stdout.splitlines()]


def main() -> None:
    from tui.session import retry

    retry.FIRST_WAIT_S = RETRY_S
    for asked in json.load(sys.stdin):
        try:
            said = run_command(*asked["words"], stdin=asked["stdin"], environ=asked["environ"])
        except Exception:  # what would end a process of its own
            said = Said(1, "", traceback.format_exc())
        print(json.dumps(asdict(said)), flush=True)


if __name__ == "__main__":
    main()
