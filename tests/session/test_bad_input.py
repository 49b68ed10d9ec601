"""What goes wrong before a model can answer: said in one sentence with the next step."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.canary import leaks, made_up_key
from tests.command import Said
from tests.fake_faults import closed_port
from tests.fake_provider import FakeProvider
from tests.many_commands import Asked, run_many
from tests.proxies import ANSWERS, a_proxy

pytestmark = pytest.mark.soak

KEY = made_up_key()
OPUS, GEMINI = "anthropic/claude-opus-4-7", "google/gemini-3.1-pro-preview"
CLOUD = "api.anthropic.com"
EXPIRED = "API key expired. Please renew the API key."


@dataclass(frozen=True)
class Bad:
    """What is wrong in the environment, and what has to be said of it."""

    environ: dict[str, str]
    says: str
    next_step: str = "Check the network, the proxy and the address"
    model: str = OPUS
    status: int = 1


class Servers:
    """What answers on loopback while the situations are met."""

    def __init__(self, stack: ExitStack) -> None:
        self.strict = stack.enter_context(FakeProvider(keys={"another key"}))
        self.expired = stack.enter_context(FakeProvider())
        self.expired.script([{"error": {"kind": "invalid_key", "message": EXPIRED}, "times": 99}])
        self.proxies = {how: stack.enter_context(a_proxy(said))[0] for how, said in ANSWERS.items()}


def _anthropic(url: str, says: str, *rest: str, **more: object) -> Bad:
    return Bad({"ANTHROPIC_BASE_URL": url}, says, *rest, **more)  # type: ignore[arg-type]


def _proxy(how: str, says: str, next_step: str) -> Callable[[Servers], Bad]:
    return lambda here: Bad({"HTTPS_PROXY": here.proxies[how]}, says, next_step)


SITUATIONS: dict[str, Callable[[Servers], Bad]] = {
    "a wrong key": lambda here: _anthropic(
        here.strict.url("anthropic"), "invalid x-api-key", ""
    ),
    "a closed port": lambda here: _anthropic(
        f"http://127.0.0.1:{closed_port()}", "127.0.0.1 cannot be reached"
    ),
    "a name that is gone": lambda here: _anthropic(
        "https://nothing.invalid", "nothing.invalid cannot be reached"
    ),
    "a sign-in page in between": lambda here: _anthropic(
        here.strict.url("anthropic", fault="portal"), "", "sign-in page"
    ),
    "a server that speaks no TLS": lambda here: _anthropic(
        f"https://{here.proxies['forbids']}", "127.0.0.1 cannot be reached"
    ),
    "a proxy that is not there": lambda here: Bad(
        {"HTTPS_PROXY": f"me:hidden@127.0.0.1:{closed_port()}"},
        f"on the way to {CLOUD} cannot be reached", "HTTPS_PROXY",
    ),
    "a proxy that wants a sign-in": _proxy(
        "wants a sign-in", "wants a sign-in", "user and password"
    ),
    "a proxy that forbids": _proxy("forbids", "does not let us through", "whoever runs the proxy"),
    "a proxy that fails": _proxy("fails", "does not let us through", "whoever runs the proxy"),
    "a proxy that hangs up": _proxy("hangs up", CLOUD, "Check the network, the proxy"),
    "a proxy that speaks no HTTP": _proxy("speaks no HTTP", CLOUD, ""),
    "a proxy that is no address": lambda here: Bad(
        {"HTTPS_PROXY": "http://[::bad"}, "is not an http proxy", "Set HTTPS_PROXY"
    ),
    "a proxy of another kind": lambda here: Bad(
        {"ALL_PROXY": "socks5://127.0.0.1:9"}, "is not an http proxy", "unset ALL_PROXY"
    ),
    "certificates that are not there": lambda here: Bad(
        {"SSL_CERT_FILE": "/nowhere/ca.pem"}, "certificates of SSL_CERT_FILE cannot be read", "PEM"
    ),
    "an expired key": lambda here: Bad(
        {"GOOGLE_GEMINI_BASE_URL": here.expired.url("google"), "GEMINI_API_KEY": KEY},
        EXPIRED, "Replace the key", model=GEMINI,
    ),
    "no key": lambda here: Bad(
        {"ANTHROPIC_API_KEY": ""}, "no Anthropic key is in use", "ownkey keys add anthropic",
        status=5,
    ),
    "a key that no header can carry": lambda here: Bad(
        {"ANTHROPIC_API_KEY": "sk-ant-kéy with blanks"}, "holds characters that no key has",
        "Copy the key again", status=5,
    ),
    "a key that nobody said yes to": lambda here: Bad(
        {"OWNKEY_KEYRING": "sealed"}, "found in the environment, but not used",
        "ownkey keys use ANTHROPIC_API_KEY", status=5,
    ),
    "an address of no use": lambda here: Bad(
        {"ANTHROPIC_BASE_URL": "ftp://files.example"}, "names an address that cannot be used",
        "ownkey endpoints check", status=5,
    ),
    "a model of nobody": lambda here: Bad(
        {}, "no connection is called", "ownkey models", model="nobody/nothing", status=5,
    ),
}  # fmt: skip
NETLESS = Bad({}, f"{CLOUD} cannot be reached")
ALONE = ("an expired key", "no key", "a key that", "an address", "a model")
WITH_A_KEY = [name for name in SITUATIONS if not name.startswith(ALONE)]
PROBED = ["a wrong key", "a name that is gone", "a proxy that is no address",
          "certificates that are not there"]  # fmt: skip

Meet = Callable[[str, str], tuple[Bad, Said]]


@pytest.fixture(scope="module")
def meet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meet]:
    """A situation, and how a command ended in it."""
    with ExitStack() as stack:
        here = Servers(stack)
        met = {name: make(here) for name, make in SITUATIONS.items()}
        places = [
            *(("run", name) for name in SITUATIONS),
            *(("add", name) for name in WITH_A_KEY),
            *(("probe", name) for name in PROBED),
        ]
        homes = [tmp_path_factory.mktemp("home") for _ in places]
        asked = [
            command_in(command, met[name], home)
            for (command, name), home in zip(places, homes, strict=True)
        ]
        said = dict(zip(places, run_many(asked), strict=True))
        yield lambda command, name: (met[name], said[command, name])


def command_in(command: str, bad: Bad, home: Path) -> Asked:
    own = {"OWNKEY_HOME": str(home), "OWNKEY_PASSPHRASE": "correct horse", "ANTHROPIC_API_KEY": KEY}
    match command:
        case "run":
            words = ("run", "--model", bad.model, "hello")
            own["OWNKEY_KEYRING"] = "env"
        case "add":
            words = ("keys", "add", "anthropic")
            own["OWNKEY_KEYRING"] = "sealed"
        case _:
            url = bad.environ.get("ANTHROPIC_BASE_URL", f"https://{CLOUD}")
            words = ("probe", "--api", "anthropic", "--base-url", url, "--model", "m")
            own["OWNKEY_PROBE_KEY"] = KEY
    return Asked(words, stdin=KEY if command == "add" else "", environ=own | bad.environ)


def assert_told(bad: Bad, done: Said, status: int) -> None:
    said = done.stderr
    assert (done.returncode, done.stdout) == (status, ""), said
    assert bad.says in said
    assert said.count(bad.next_step) == 1 or not bad.next_step
    for never in ("Traceback", "ownkey itself failed", "hidden", "kéy"):
        assert never not in said
    assert leaks(said, KEY) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", SITUATIONS)
def test_a_turn_that_cannot_be_says_why_and_once_what_to_do(name: str, meet: Meet):
    bad, done = meet("run", name)
    assert_told(bad, done, bad.status)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", WITH_A_KEY)
def test_a_key_that_cannot_be_checked_is_not_stored_and_it_says_why(name: str, meet: Meet):
    bad, done = meet("add", name)
    assert_told(bad, done, 1)
    assert done.stderr.count("Nothing was stored.") == 1


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", PROBED)
def test_a_probe_that_fails_says_why_and_once_what_to_do(name: str, meet: Meet):
    bad, done = meet("probe", name)
    assert_told(bad, done, 1)


@pytest.fixture(scope="module")
def netless(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """How each command ended on a machine without any network, loopback included."""
    alone = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if sys.platform != "linux" or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("the network cannot be taken away here")
    commands = ["run", "add", "probe"]
    asked = [command_in(one, NETLESS, tmp_path_factory.mktemp("home")) for one in commands]
    return dict(zip(commands, run_many(asked, inside=alone), strict=True))


@pytest.mark.linux
@pytest.mark.timeout(120)
@pytest.mark.parametrize("command", ["run", "add", "probe"])
def test_a_machine_without_any_network_says_so(command: str, netless: dict[str, Said]):
    assert_told(NETLESS, netless[command], 1)
