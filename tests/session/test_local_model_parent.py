from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.local_model import find_weights, is_gone

pytestmark = [pytest.mark.local_model, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def weights():
    return find_weights()


PARENT = """
import asyncio, os, sys
from pathlib import Path
from tui.localmodel.process import LocalServer

async def main():
    server = LocalServer(os.environ)
    starting = asyncio.create_task(server.start(Path(sys.argv[1])))
    if sys.argv[2] == "serving":
        await starting
    while server.pid is None:
        await asyncio.sleep(0.01)
    print(server.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("state", ["loading", "serving"])
def test_the_model_ends_within_5_s_of_a_kill_of_its_parent(weights, state):
    argv = [sys.executable, "-c", PARENT, str(weights), state]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    assert is_gone(pid, 5)


def test_without_the_extra_the_child_says_that_it_is_missing(tmp_path):
    order = {"path": "m.gguf", "alias": "m", "key": "k", "context": 512}
    code = (
        "import sys; sys.modules['xllamacpp'] = None; "
        "from tui.localmodel.serve import main; sys.exit(main())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(json.dumps(order).encode() + b"\n")
        child.stdin.flush()
        assert json.loads(child.stdout.readline()) == {"failed": "missing"}
