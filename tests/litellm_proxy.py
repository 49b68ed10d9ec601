"""A real LiteLLM proxy without a database, in front of the small local model.

    with small_model() as served, Proxy(folder, served) as proxy:
        proxy.say(ada=TeamKey(most=5.0, spent=1.25))   # what its own authentication knows
        proxy.base_url, key_of("ada"), proxy.costs("ada")  # its own word on what replies cost

It lies in a virtual environment of its own: `OWNKEY_TEST_LITELLM_VENV` names one, else
tests/.cache has it; where there is none yet pip makes it (750 MB, some minutes). Releases of
LiteLLM have stolen credentials before, so that the version is fixed, nothing is built on this
machine, and the child is given an environment without any of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from tests.local_model import CACHE, find_weights
from tui.localmodel.process import LocalServer, Served

VERSION = "1.106.12"
# Without prisma this version answers every refusal with a bare 500.
PACKAGES = (f"litellm[proxy]=={VERSION}", "prisma==0.15.0")
START_S = 180.0
MOST_TOKENS = 24
PRICED, UNPRICED = "team-small", "team-unpriced"
PRICES = {"input_cost_per_token": 0.000002, "output_cost_per_token": 0.000008}

TEAM = '''
"""Who may use this proxy, and what each has spent: the team's own code, as LiteLLM lets it be."""

import json
from pathlib import Path

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import UserAPIKeyAuth
from litellm.proxy.utils import hash_token

KEYS = Path(__file__).with_name("keys.json")
COSTS = Path(__file__).with_name("costs.jsonl")


async def user_api_key_auth(request, api_key: str) -> UserAPIKeyAuth:
    known = json.loads(KEYS.read_text()).get(api_key)
    if known is None:
        raise Exception("no such key")
    spent = known["spent"]
    for line in COSTS.read_text().splitlines():
        cost = json.loads(line)
        spent += (cost["usd"] or 0) if cost["key"] == hash_token(api_key) else 0
    most = known["most"]
    if known["refuses"] and most is not None and spent >= most:
        raise litellm.BudgetExceededError(current_cost=spent, max_budget=most)
    return UserAPIKeyAuth(api_key=api_key, max_budget=most, spend=spent)


class Books(CustomLogger):
    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        data["max_tokens"] = MOST_TOKENS
        return data

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        said = kwargs["litellm_params"]["metadata"]
        line = {"key": said["user_api_key_hash"], "usd": kwargs.get("response_cost")}
        with COSTS.open("a") as books:
            books.write(json.dumps(line) + "\\n")


books = Books()
'''


@dataclasses.dataclass
class TeamKey:
    """A key as the proxy's own authentication knows it: dollars; `most` None: no budget.

    `refuses`: it turns the key away once that is spent. LiteLLM itself does not, for a budget that
    stands in no database.
    """

    most: float | None
    spent: float = 0.0
    refuses: bool = False


def environment() -> Path:
    """The virtual environment with the proxy, made where it is not there; skips where pip fails."""
    named = os.environ.get("OWNKEY_TEST_LITELLM_VENV")
    folder = Path(named) if named else CACHE / f"litellm-{VERSION}"
    if (folder / "bin" / "litellm").exists():
        return folder
    print(f"making {folder.name} with {' and '.join(PACKAGES)}")
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, timeout=120)
    made = subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "-q", "--only-binary", ":all:",
         *PACKAGES],
        capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    if made.returncode != 0:
        (folder / "bin" / "litellm").unlink(missing_ok=True)
        pytest.skip(f"no LiteLLM to test with: {made.stderr.strip()[-500:]}")
    return folder


@contextlib.contextmanager
def small_model() -> Iterator[Served]:
    """The small model behind its key, as our own code serves it."""
    weights = find_weights()
    with asyncio.Runner() as runner:
        server = LocalServer(os.environ)
        try:
            yield runner.run(server.start(weights))
        finally:
            runner.run(server.stop())


class Proxy:
    """The proxy as a child on loopback, with its files in `folder`."""

    def __init__(self, folder: Path, upstream: Served) -> None:
        self._folder, self._upstream = folder, upstream
        self.keys: dict[str, TeamKey] = {}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._root = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.base_url = f"{self._root}/v1"

    def __enter__(self) -> Self:
        program = environment() / "bin" / "litellm"
        self._write_files()
        port = self._root.rpartition(":")[2]
        with (self._folder / "proxy.log").open("wb") as log:
            self._child = subprocess.Popen(
                [program, "--config", "config.yaml", "--host", "127.0.0.1", "--port", port],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
                env={"PATH": os.defpath, "HOME": str(self._folder),
                     "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def say(self, **keys: TeamKey) -> None:
        """The keys that it knows from the next request on, by name; `key_of` has them."""
        self.keys |= keys
        known = {key_of(name): dataclasses.asdict(one) for name, one in self.keys.items()}
        fresh = self._folder / "keys.new"
        fresh.write_text(json.dumps(known))
        fresh.replace(self._folder / "keys.json")

    def forget(self, name: str) -> None:
        """This key is none of its any more."""
        del self.keys[name]
        self.say()

    def costs(self, name: str, count: int = 0) -> list[float | None]:
        """Dollars that each reply to this key took, by the proxy's own books; None: no price.

        Waits for so many: it writes them down beside, after a reply has ended.
        """
        hashed = hashlib.sha256(key_of(name).encode()).hexdigest()
        until = time.monotonic() + 20
        while True:
            lines = (self._folder / "costs.jsonl").read_text().splitlines()
            found = [one["usd"] for one in map(json.loads, lines) if one["key"] == hashed]
            if len(found) >= count or time.monotonic() > until:
                return found
            time.sleep(0.1)

    def log(self) -> str:
        """The end of what it printed."""
        return (self._folder / "proxy.log").read_text(errors="replace")[-4000:]

    def _write_files(self) -> None:
        team = TEAM.replace("MOST_TOKENS", str(MOST_TOKENS))
        (self._folder / "team.py").write_text(team)
        (self._folder / "costs.jsonl").write_text("")
        self.say()
        config: dict[str, Any] = {
            "model_list": [
                self._model(PRICED, "openai/smollm2-135m", **PRICES),
                self._model(UNPRICED, "openai/smollm2-without-a-price"),
            ],
            "general_settings": {
                "master_key": f"sk-{secrets.token_hex(16)}",
                "custom_auth": "team.user_api_key_auth",
            },
            "litellm_settings": {"callbacks": ["team.books"], "num_retries": 0},
        }
        path = self._folder / "config.yaml"  # JSON is YAML
        path.touch(mode=0o600)
        path.write_text(json.dumps(config, indent=1))

    def _model(self, name: str, upstream: str, **prices: float) -> dict[str, Any]:
        return {
            "model_name": name,
            "litellm_params": {
                "model": upstream, "api_base": self._upstream.base_url,
                "api_key": self._upstream.secret.reveal(), **prices,
            },
        }  # fmt: skip

    def _wait(self) -> None:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            assert self._child.poll() is None, self.log()
            with contextlib.suppress(OSError):
                direct.open(f"{self._root}/health/liveliness", timeout=5).close()
                return
            time.sleep(0.3)
        raise AssertionError(f"the proxy did not answer in {START_S} s: {self.log()}")

    def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGTERM)
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait(10)


_KEYS: dict[str, str] = {}


def key_of(name: str) -> str:
    """The made-up key of this name."""
    return _KEYS.setdefault(name, f"sk-{secrets.token_hex(20)}")
