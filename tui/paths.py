"""Where files lie: one folder by `OWNKEY_HOME`, else the platform's own folders.

Folders are made 0700 and files 0600 at creation (reliability.md §4, other local users).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping


class Paths(msgspec.Struct, frozen=True):
    """The folders of one person's ownkey."""

    config: Path
    data: Path
    state: Path
    cache: Path
    logs: Path

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.json"

    @property
    def keys_file(self) -> Path:
        """References of keys (id, label, fingerprint); never a key."""
        return self.config / "keys.json"

    @property
    def prices_file(self) -> Path:
        """The person's own prices, on top of the shipped list."""
        return self.config / "prices.json"

    @property
    def credits_file(self) -> Path:
        """Credit services: names, models, what they last told; never a key."""
        return self.config / "credits.json"

    @property
    def endpoints_file(self) -> Path:
        """Endpoints with their models, and where their keys lie; never a key."""
        return self.config / "endpoints.json"

    @property
    def favourites_file(self) -> Path:
        """Ids of the models that the person marked."""
        return self.config / "favourites.json"

    @property
    def recent_file(self) -> Path:
        """Ids of the models used last, over all sessions."""
        return self.state / "recent-models.json"

    @property
    def vault_file(self) -> Path:
        return self.data / "vault.sealed"

    @property
    def store_file(self) -> Path:
        return self.data / "sessions.db"

    @property
    def models_file(self) -> Path:
        """Model lists that the makers told, cached for offline use."""
        return self.cache / "models.json"

    @property
    def local_models(self) -> Path:
        return self.data / "models"

    @property
    def hosts_file(self) -> Path:
        """Which hosts were contacted, when and what for (`tui.hosts`)."""
        return self.state / "hosts.json"

    @property
    def history_file(self) -> Path:
        return self.state / "prompts.jsonl"


def find_paths(environ: Mapping[str, str]) -> Paths:
    """The folders to use, by the environment; nothing is created yet."""
    home = environ.get("OWNKEY_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(root / "config", root / "data", root / "state", root / "cache", root / "logs")
    import platformdirs  # 10 ms, and not needed with OWNKEY_HOME

    dirs = platformdirs.PlatformDirs("ownkey", appauthor=False)
    return Paths(
        Path(dirs.user_config_dir),
        Path(dirs.user_data_dir),
        Path(dirs.user_state_dir),
        Path(dirs.user_cache_dir),
        Path(dirs.user_log_dir),
    )


def private_folder(path: Path) -> Path:
    """Make `path` and its missing parents for this user alone, and return it."""
    missing: list[Path] = []
    at = path
    while not at.exists():
        missing.append(at)
        at = at.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)  # umask may have taken bits from, never added to, what we asked for
    return path


def write_private(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step, for this user alone; a crash leaves old or new."""
    private_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Generator[bool]:
    """Hold the lock that guards `path` against other processes and threads of ours.

    The lock is a file beside it, left where it is: one that is removed guards nobody. Without
    `wait` it yields False at once where someone else holds it. It ends with its process.
    """
    import fcntl

    private_folder(path.parent)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path.with_name(f".{path.name}.lock"), flags, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            held = True
        except BlockingIOError:
            held = False
        yield held
    finally:
        os.close(descriptor)
