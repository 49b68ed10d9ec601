"""The demo behind a session manager: the real composition with the demo's own ends.

Before anything of it can be asked, the process is kept off the network: what would connect, send,
listen or ask for a name fails, whoever tries. Tools' commands are children; they run in the sandbox
as ever, and the scenes' own reach nowhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any

from tui.demo.credits import write_service
from tui.demo.desk import DemoDesk
from tui.demo.keyring import FOUND, DemoKeyring, write_connections
from tui.demo.model import DemoModel
from tui.demo.past import fill
from tui.demo.router import DemoLocalModels, DemoRouter
from tui.demo.shop import write_shop
from tui.demo.world import VARIABLE, is_demo_home
from tui.errors import UsageError
from tui.events.base import utc_now
from tui.net import Network
from tui.paths import Paths, write_private
from tui.providers.base import Access, Api, ModelRequest, StreamPart
from tui.runtime.root import Runtime
from tui.session.replies import AnyNotice

SETTINGS = {"model.default": "anthropic/claude-opus-4-7", "budget.day_usd": "10"}
_AF_UNIX = 1
_OUTWARD = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_NAMES = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


class DemoRuntime(Runtime):
    """The demo's; `pace` as of `DemoModel`.

    Raises:
        UsageError: the home is not a demo's own.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        notify: Callable[[AnyNotice], None],
        *,
        pace: float = 1.0,
    ) -> None:
        if not is_demo_home(environ):
            raise UsageError(
                f"{VARIABLE} is set, and this home is not a demo's", hint=f"Unset {VARIABLE}."
            )
        super().__init__(environ, notify)
        root = Path(environ[VARIABLE])
        _furnish(self.paths, root / "src")
        self.keyring = DemoKeyring(self.paths, {**environ, **FOUND}, self.scrub)
        self._local = DemoLocalModels(self.paths)
        self.router = DemoRouter(
            self.keyring, self._local, self._server, Network({}), self.settings
        )
        self.desk = DemoDesk(
            paths=self.paths, keyring=self.keyring, router=self.router, local=self._local,
            book=self._book, notify=notify, servers=self.servers_of,
        )  # fmt: skip
        self._model = DemoModel(lambda: write_shop(root / "src" / "shop"), pace)

    def stream(self, api: Api, request: ModelRequest, access: Access) -> AsyncGenerator[StreamPart]:
        """A scene in the place of a provider."""
        return self._model.stream(api, request, access)


def stay_off_the_network() -> None:
    """From now on, no internet socket of this process reaches anybody; for its whole life."""

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if event in _OUTWARD or event == "socket.bind":
            refused = getattr(args[0], "family", 0) != _AF_UNIX
            # The sandbox is measured against a listener on loopback, which nobody may reach.
            refused = refused and (event != "socket.bind" or args[1][0] != "127.0.0.1")
        else:
            refused = event in _NAMES
        if refused:
            raise PermissionError("the demo uses no network")

    sys.addaudithook(refuse)


def _furnish(paths: Paths, source: Path) -> None:
    """The project, settings, keys, endpoint and the past, where they are not there yet."""
    if not (source / "shop" / ".git").exists():
        write_shop(source / "shop")
    if not paths.settings_file.exists():
        write_private(paths.settings_file, json.dumps(SETTINGS).encode())
    write_connections(paths, utc_now())
    write_service(paths, utc_now())
    fill(paths.store_file, source, utc_now())
