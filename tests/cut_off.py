"""Networks that swallow what is sent: a name server that never answers, a port that never accepts.

measure(environ, inside=nameless(tmp_path))     # every name is asked of such a server
with a_hole("::1", port): ...                   # connections to it hang, as far hosts' do
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

_HOSTS = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
_ALONE = [*_HOSTS, "--net"]
_ROOT = Path(__file__).parents[1]


def nameless(folder: Path) -> list[str]:
    """What stands in front of a command so that no name is answered; skips where it cannot be."""
    if sys.platform != "linux" or subprocess.run([*_ALONE, "true"], check=False).returncode:
        pytest.skip("a machine of its own cannot be had here")
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="ascii")
    (folder / "hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
    (folder / "nsswitch.conf").write_text("hosts: files dns\n", encoding="ascii")
    return [*_ALONE, sys.executable, str(_ROOT / "tests" / "cut_off.py"), str(folder)]


def knowing(folder: Path, hosts: str) -> list[str]:
    """What stands in front of a command so that these are the hosts that are known by name."""
    if sys.platform != "linux" or subprocess.run([*_HOSTS, "true"], check=False).returncode:
        pytest.skip("a list of hosts of its own cannot be had here")
    (folder / "hosts").write_text(hosts, encoding="ascii")
    mount = 'mount --bind "$0/hosts" /etc/hosts && exec "$@"'
    return [*_HOSTS, "sh", "-c", mount, str(folder)]


@contextmanager
def a_hole(host: str, port: int) -> Iterator[None]:
    """A port of this address where connections neither succeed nor fail."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as stack:
        hole = stack.enter_context(socket.socket(family))
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind((host, port))
        hole.listen(0)
        for _ in range(4):  # nobody accepts: once the queue is full, the rest waits for ever
            waiting = stack.enter_context(socket.socket(family))
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect((host, port))
        yield


def main() -> None:
    """In namespaces of its own: `cut_off.py FOLDER COMMAND…`."""
    folder, *command = sys.argv[1:]
    for name in ("resolv.conf", "hosts", "nsswitch.conf"):
        subprocess.run(["mount", "--bind", f"{folder}/{name}", f"/etc/{name}"], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = struct.pack("16sh", b"lo", 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, up)  # SIOCSIFFLAGS
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 53))
    silent.set_inheritable(True)  # it stays open in what is started next
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
