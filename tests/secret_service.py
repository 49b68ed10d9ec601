"""A real Secret Service for a test: a private bus and gnome-keyring in an empty home.

    from tests.secret_service import _running_secret_service, secret_service  # noqa: F401

The fixture `secret_service` starts it once a session and names its bus in this process's
environment for the one test. It skips where the programs are missing (in CI that fails,
tests/conftest.py).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
_START_S = 20.0
# Without folders of services to start: asked too early, the bus would start a second daemon,
# whose collection nobody unlocks.
_BUS_CONFIG = """<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
  </policy>
</busconfig>
"""


@dataclass
class SecretService:
    """A running service; `environ` is what a child needs to reach it."""

    environ: dict[str, str]
    daemon: subprocess.Popen[bytes]

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """The service takes every call and answers none, as one whose window nobody answers."""
        self.daemon.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.daemon.send_signal(signal.SIGCONT)

    def lock(self) -> None:
        """Lock the collection; nobody is there to unlock it."""
        with closing(_connection(self.environ["DBUS_SESSION_BUS_ADDRESS"])) as bus:
            import secretstorage

            secretstorage.get_default_collection(bus).lock()


@contextmanager
def a_secret_service() -> Iterator[SecretService]:
    """A service of the caller's own, ended on the way out."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    # Not under pytest's folder: a socket's path has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ownkey-bus-"))
    children: list[subprocess.Popen[bytes]] = []
    try:
        yield _start(folder, children)
    finally:
        for child in reversed(children):
            child.kill()
            child.wait(10)
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _running_secret_service() -> Iterator[SecretService]:
    with a_secret_service() as service:
        yield service


@pytest.fixture
def secret_service(
    _running_secret_service: SecretService, monkeypatch: pytest.MonkeyPatch
) -> SecretService:
    """The service, reachable from this process too."""
    for name, value in _running_secret_service.environ.items():
        monkeypatch.setenv(name, value)
    return _running_secret_service


def _start(folder: Path, children: list[subprocess.Popen[bytes]]) -> SecretService:
    home = folder / "home"
    home.mkdir(mode=0o700)
    config = folder / "bus.conf"
    config.write_text(_BUS_CONFIG.format(folder=folder), encoding="utf-8")
    environ = {"HOME": str(home), "XDG_RUNTIME_DIR": str(folder)}
    quiet = {"PATH": os.environ["PATH"], **environ}
    bus = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"],
        env=quiet, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    children.append(bus)
    assert bus.stdout is not None
    environ["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        env={**quiet, **environ},
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    children.append(daemon)
    assert daemon.stdin is not None
    daemon.stdin.write(b"a passphrase of the test")
    daemon.stdin.close()
    _wait_until_open(environ["DBUS_SESSION_BUS_ADDRESS"])
    return SecretService(environ, daemon)


def _wait_until_open(address: str) -> None:
    import secretstorage

    ends = time.monotonic() + _START_S
    while True:
        try:
            with closing(_connection(address)) as bus:
                if not secretstorage.get_collection_by_alias(bus, "default").is_locked():
                    return
        except (secretstorage.SecretStorageException, OSError):
            if time.monotonic() > ends:
                raise
        time.sleep(0.05)


def _connection(address: str):
    from jeepney.io.blocking import open_dbus_connection

    return open_dbus_connection(address)
