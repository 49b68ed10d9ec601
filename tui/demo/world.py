"""The demo's place: a temporary folder with a home and a small project, removed at the end.

    root/lock            held as long as the demo runs
    root/home            settings, keys' list, store: what `OWNKEY_HOME` names
    root/src/shop        the folder that the console is opened in

Nothing of the person's own home is read or written, and no variable that names a key, an address
or a proxy goes along. A demo that was killed leaves its folder to the next one, which removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

PREFIX = "ownkey-demo-"
VARIABLE = "OWNKEY_DEMO"
"""Names the root to the engine; set by `ownkey --demo` alone."""

LEFT = "That was the demo: nothing was sent, nothing was billed, and nothing was kept."

_GOES_ALONG = (
    "PATH", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM",
    "COLORTERM", "NO_COLOR", "TERM_PROGRAM", "TMUX", "STY", "SSH_TTY", "SSH_CONNECTION",
    "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "EDITOR", "VISUAL",
    "PAGER", "VIRTUAL_ENV",
)  # fmt: skip
"""What of the person's environment the demo sees: the terminal, and where programs lie."""
_YOUNG_S = 60.0
"""A folder that is younger may belong to a demo that is just beginning."""


class DemoWorld:
    """One demo's folder; made when the context is entered, removed when it is left.

    Args:
        environ: The person's environment.

    Attributes:
        root, folder: The whole of it, and the project in it; both real paths.
        environ: What the console and its engine are told in place of the person's own.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        self.folder = self.root / "src" / "shop"
        self.environ = {name: environ[name] for name in _GOES_ALONG if name in environ} | {
            "HOME": str(self.root),
            "OWNKEY_HOME": str(self.root / "home"),
            "OWNKEY_KEYRING": "sealed",  # the demo's own, in memory: no keyring is ever asked
            VARIABLE: str(self.root),
        }
        self._lock = -1

    def __enter__(self) -> Self:
        self._lock = _lock(self.root)
        self.folder.mkdir(parents=True)  # the engine fills it, while the console paints
        return self

    @contextmanager
    def environment(self) -> Generator[None]:
        """Within it the process itself has the demo's environment, and nothing of the person's."""
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.environ)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def __exit__(self, *_: object) -> None:
        # First the lock's folder: what another demo sees without a lock it removes, too.
        shutil.rmtree(self.root, ignore_errors=True)
        os.close(self._lock)
        _sweep()


def is_demo_home(environ: Mapping[str, str]) -> bool:
    """Whether the home that is named is a demo's own, and not one that a person works in."""
    root = Path(environ.get(VARIABLE, ""))
    own = environ.get("OWNKEY_HOME") == str(root / "home")
    return own and root.name.startswith(PREFIX) and (root / "lock").is_file()


def _lock(root: Path) -> int:
    descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _sweep() -> None:
    """Remove the folders of demos that were killed."""
    for found in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            facts = found.lstat()
            old = time.time() - facts.st_mtime > _YOUNG_S
            if found.is_symlink() or facts.st_uid != os.getuid() or not old:
                continue
            descriptor = os.open(found / "lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            shutil.rmtree(found, ignore_errors=True)
        finally:
            os.close(descriptor)
