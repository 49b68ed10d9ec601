"""The composition root: settings and environment become objects; imported lazily below."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Self, cast

from tui import hosts
from tui.events.base import utc_now
from tui.events.session import Mode
from tui.net import Network
from tui.paths import find_paths
from tui.permissions.book import ApprovalBook
from tui.providers.base import Access, Api, ModelRequest, StreamPart
from tui.providers.registry import provider
from tui.runtime.budgets import keep_limit, limits_of
from tui.runtime.consent import consent_of, keep_fallback
from tui.runtime.guides import read_guides
from tui.runtime.house import HouseLedger
from tui.runtime.judging import Judge
from tui.runtime.pricer import ListPricer
from tui.runtime.scrub import LiveScrub
from tui.runtime.toolbox import FolderToolbox
from tui.session.manager import SessionManager
from tui.session.ports import Ports
from tui.session.replies import AnyNotice, Remark, SpentToday
from tui.settings.store import SettingsStore
from tui.store.log import Store
from tui.tools.mcp.pool import ServerPool
from tui.tools.sandbox import Sandbox

UNDO_DELETE_FOR = dt.timedelta(days=30)
"""A deleted session can be brought back for so long."""


class Runtime:
    """Everything behind a session manager, for one process.

    Args:
        environ: The whole environment that bears on it.
        notify: Told of notices.

    Raises:
        OwnkeyError: the environment names what cannot be.
    """

    def __init__(self, environ: Mapping[str, str], notify: Callable[[AnyNotice], None]) -> None:
        from tui.catalog.own_prices import OwnPrices
        from tui.catalog.prices import PriceBook
        from tui.localmodel.models import LocalModels
        from tui.localmodel.process import LocalServer
        from tui.runtime.desk import LiveDesk
        from tui.runtime.keyring import Keyring
        from tui.runtime.router import LiveRouter

        self._environ = environ
        self._notify = notify
        self.paths = find_paths(environ)
        self.settings = SettingsStore(self.paths.settings_file)
        self.scrub = LiveScrub()
        hosts.keep_at(lambda: self.paths.hosts_file)
        self.keyring = Keyring(self.paths, environ, self.scrub)
        self._local = LocalModels(self.paths)
        self._server = LocalServer(environ)
        self.router = LiveRouter(
            self.keyring,
            self._local,
            self._server,
            Network(environ),
            self.settings,
            ledger=HouseLedger(self.paths.store_file),
        )
        prices = self.paths.prices_file
        own = OwnPrices.read(prices) if os.path.lexists(prices) else OwnPrices()
        self._book, self._unread_prices = PriceBook(own), own.problem
        self._judge = Judge(ApprovalBook(self.paths.config / "approvals.json"), environ)
        self._servers: dict[Path, ServerPool] = {}
        self._sandbox: asyncio.Future[Sandbox] | None = None
        self.desk = LiveDesk(
            paths=self.paths, keyring=self.keyring, router=self.router, local=self._local,
            book=self._book, notify=notify, servers=self.servers_of,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def manager(self) -> SessionManager:
        """The session manager over all this; what is to be said of the price file is told."""
        if self._unread_prices is not None:
            words = f"your price file does not count: {self._unread_prices}"
            hint = "Correct it and start ownkey again; until then the shipped list alone counts."
            self._notify(Remark(message=words, hint=hint))
        ports = Ports(
            router=self.router,
            pricer=ListPricer(self._book),
            scrub=self.scrub,
            ready=self.keyring.learn_all,
            plan=lambda: self.router.standing().plan,
            limits=lambda: limits_of(self.settings, home_of(self._environ)),
            toolbox=self._toolbox,
            mode=self._mode,
            guides=lambda cwd: read_guides(cwd, home_of(self._environ)),
            rules=self._judge,
            stream=self.stream,
            clock=utc_now,
            branch=git_branch,
            consent=lambda: consent_of(self.settings),
            keep_fallback=lambda kind, nano: keep_fallback(self.settings, kind, nano),
            look_at_credits=lambda service: self.desk.credits.refresh([service]),
            keep_limit=lambda scope, name, nano: keep_limit(
                self.settings, home_of(self._environ), scope, name, nano
            ),
        )
        store = Store(self.paths.store_file, self.scrub.data)
        store.purge_deleted(utc_now() - UNDO_DELETE_FOR)
        return SessionManager(
            store,
            ports=ports,
            desk=self.desk,
            locks=self.paths.state / "locks",
            notify=self._tell,
        )

    def _tell(self, notice: AnyNotice) -> None:
        """Tell it; when something was spent, ask the services that it was taken from."""
        self._notify(notice)
        if isinstance(notice, SpentToday) and self.router.taken:
            taken, self.router.taken = frozenset(self.router.taken), set()
            self.desk.spent_at(taken)

    def stream(self, api: Api, request: ModelRequest, access: Access) -> AsyncGenerator[StreamPart]:
        """See `tui.session.ports.Ports`: one request through its adapter."""
        return provider(api).stream(request, access)

    async def close(self) -> None:
        """End the local model, the MCP servers and what runs beside."""
        pools = [pool.close() for pool in self._servers.values()]
        await asyncio.gather(*pools, self.desk.close())
        if self._sandbox is not None:
            self._sandbox.cancel()
            await asyncio.gather(self._sandbox, return_exceptions=True)
        await asyncio.shield(self._server.stop())
        await asyncio.to_thread(hosts.flush)

    def _toolbox(self, cwd: Path) -> FolderToolbox:
        servers = self.servers_of(cwd)
        return FolderToolbox(cwd, self._environ, self._judge, self._find_sandbox, servers)

    def servers_of(self, cwd: Path) -> ServerPool:
        """The MCP servers of a folder, the same for all its sessions; none is started by this."""
        folder = cwd.resolve()
        if folder not in self._servers:
            self._servers[folder] = ServerPool(folder, self._environ, mask=self.scrub.learn)
        return self._servers[folder]

    async def _find_sandbox(self, folder: Path) -> Sandbox:
        """What holds commands in, tried once when the first is judged."""
        from tui.tools.measuring import find_sandbox

        if self._sandbox is None:
            self._sandbox = asyncio.ensure_future(find_sandbox(self._environ, folder))
        return await asyncio.shield(self._sandbox)

    def _mode(self) -> Mode:
        return cast("Mode", self.settings.text("approvals.mode") or "ask")


def home_of(environ: Mapping[str, str]) -> Path:
    """The person's home folder."""
    return Path(environ.get("HOME") or Path.home())


def git_branch(folder: Path) -> str | None:
    """The branch by reading `.git/HEAD` ourselves: git itself would run the folder's programs."""
    for at in (folder, *folder.parents):
        head = at / ".git" / "HEAD"
        try:
            if not head.is_file() or head.is_symlink() or head.stat().st_size > 4096:
                continue
            text = head.read_text("utf-8", "replace").strip()
        except OSError:
            return None
        return text.removeprefix("ref: refs/heads/") if text.startswith("ref:") else text[:8]
    return None
