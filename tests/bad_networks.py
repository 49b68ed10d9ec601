"""Networks that do one thing wrong, each with what a turn over it has to end in."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.canary import made_up_key
from tests.cut_off import a_hole, knowing, nameless
from tests.fake_faults import closed_port
from tests.fake_provider import FakeProvider
from tests.measured import CONNECT_S, SHORT, SILENCE_S
from tests.proxies import ANSWERS, a_proxy
from tests.tls import certificate, server_context

WORDS = "eins zwei drei vier fünf sechs sieben acht — 漢字 👩‍👩‍👧 neun zehn elf zwölf ende"
KEY = made_up_key()
TRIES = 3


@dataclass(frozen=True)
class Bad:
    """A network that does one thing wrong.

    `kinds` are the error's possible kinds (None: the reply is whole), `limit_s` how long a turn
    may take beyond a healthy one's.
    """

    kinds: tuple[str | None, ...]
    limit_s: float = 3.0
    environ: Mapping[str, str] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    keeps: bool = False  # some of the text came, and stays
    before: str = SHORT


SILENT = TRIES * SILENCE_S + 3
UNREACHED = TRIES * CONNECT_S + 3
BROKEN = ("protocol",)
BY_FAULT: dict[str, Bad] = {
    "refuse": Bad(("network",)),
    "reset": Bad(("network",), TRIES * 0.5 + 3),
    "cut-at:0": Bad(("network",)),
    "cut-at:60": Bad(("network", "protocol")),
    "cut-at:400": Bad(BROKEN),
    "cut": Bad(BROKEN, keeps=True),
    "cut-clean": Bad(BROKEN, keeps=True),
    "reset-mid": Bad(BROKEN, keeps=True),
    "short-length": Bad(BROKEN, keeps=True),
    "stall": Bad(("timeout",), SILENT),
    "stall-mid": Bad(("timeout",), SILENT, keeps=True),
    "trickle:2000": Bad((None,), 5),
    "long-line:10": Bad((None,), 5, before=""),
    "huge:100": Bad(BROKEN, 30, keeps=True, before=""),
    "big-error:100": Bad(("server",), 3 + 3, before=""),
    "cut-error": Bad(("overloaded",)),
    "bomb": Bad(BROKEN, 5 + 3, before=""),
    "wrong-length": Bad((None,)),
    "two-bodies": Bad((None,)),
    "http10": Bad((None,)),
    "endless-1xx": Bad(("timeout",), SILENT),
    "redirect": Bad(("not_found",)),
    "redirect-loop": Bad(("not_found",)),
    "portal": Bad(BROKEN),
}
ELSEWHERE = (
    "a closed port", "a port that swallows", "no name server", "an IPv6 black hole",
    "TLS cut in the handshake", "TLS cut in the answer", "no TLS at all", "a foreign certificate",
    "a proxy that wants a sign-in", "a proxy that forbids", "a proxy that is not there",
)  # fmt: skip


def elsewhere(stack: ExitStack, fake: FakeProvider, folder: Path) -> dict[str, Bad]:
    """Networks that are bad before a byte of HTTP."""
    certificate(folder)
    tls = stack.enter_context(FakeProvider(tls=server_context(folder)))
    tls.script([{"text": WORDS, "times": 99}])
    trusted = {"SSL_CERT_FILE": str(folder / "cert.pem")}
    hangs_up = stack.enter_context(hanging_up())
    swallowed = closed_port()
    stack.enter_context(a_hole("127.0.0.1", swallowed))
    stack.enter_context(a_hole("::1", fake.port))
    both = tuple(knowing(folder, "::1 localhost\n127.0.0.1 localhost\n"))
    proxies = {how: stack.enter_context(a_proxy(said))[0] for how, said in ANSWERS.items()}

    def at(url: str, **more: str) -> dict[str, str]:
        return {"ANTHROPIC_BASE_URL": url, **more}

    def through(proxy: str) -> dict[str, str]:
        return at("https://api.anthropic.com", HTTPS_PROXY=proxy)

    named = fake.url("anthropic").replace("127.0.0.1", "localhost")
    nowhere = f"127.0.0.1:{closed_port()}"
    return {
        "a closed port": Bad(("network",), 3, at(f"http://{nowhere}")),
        "a port that swallows": Bad(("timeout",), UNREACHED, at(f"http://127.0.0.1:{swallowed}")),
        "no name server": Bad(
            ("timeout",), UNREACHED, at("https://api.anthropic.com"), tuple(nameless(folder))
        ),
        "an IPv6 black hole": Bad((None,), CONNECT_S + 3, at(named), both),
        "TLS cut in the handshake": Bad(("network",), 3, at(f"https://localhost:{hangs_up}")),
        "TLS cut in the answer": Bad(
            BROKEN, 3, at(tls.url("anthropic", fault="cut"), **trusted), keeps=True
        ),
        "no TLS at all": Bad(("network",), 3, at(f"https://{proxies['forbids']}")),
        "a foreign certificate": Bad(("network",), 3, at(tls.url("anthropic"))),
        "a proxy that wants a sign-in": Bad(("network",), 3, through(proxies["wants a sign-in"])),
        "a proxy that forbids": Bad(("network",), 3, through(proxies["forbids"])),
        "a proxy that is not there": Bad(("network",), 3, through(nowhere)),
    }


@contextmanager
def hanging_up() -> Iterator[int]:
    """A port that takes what a client says first, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client:
                        client.recv(300)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def environ_of(home: Path, url: str) -> dict[str, str]:
    return {
        "OWNKEY_HOME": str(home),
        "OWNKEY_KEYRING": "env",
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": url,
    }
