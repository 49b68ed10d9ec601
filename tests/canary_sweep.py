"""The sweep of reliability.md §6: whether a key stands anywhere that it must not.

    sweep = Sweep(KEY, folders={"home": home, "work": work})
    with sweep.watching():                     # every child's arguments and environment
        sweep.note("output of run", done.stdout)
        ...
    sweep.received("another maker", fake)      # all that a server got
    assert sweep.found() == []

What is found is told as `PLACE: FORM`. Cores count as files: they fall into the working folder.
"""

from __future__ import annotations

import base64
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.canary import leaks
from tests.fake_http import Seen
from tests.fake_provider import FakeProvider

SAMPLE_S = 0.005
_CLIPBOARD = re.compile(rb"\x1b\]52;[^;]*;([A-Za-z0-9+/=]*)")
_ESCAPE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")


class Sweep:
    """Where a key may have leaked to.

    Args:
        key: What is looked for.
        folders: Every file under these, by name and content.
        planted: Files that hold it because the test put it there.
    """

    def __init__(
        self, key: str, folders: Mapping[str, Path], planted: frozenset[Path] = frozenset()
    ) -> None:
        self._key = key
        self._folders = folders
        self._planted = planted
        self._noted: list[tuple[str, bytes]] = []
        self._processes: set[tuple[str, bytes]] = set()
        self.in_environment = False
        """The test itself gives the key to its children, in their environment."""
        self._given: set[tuple[str, ...]] = set()
        self._whose: dict[bytes, str] = {}  # whose environment it was, for the report

    def note(self, place: str, data: bytes | str) -> None:
        """Something that came out: standard output, standard error, a terminal's bytes."""
        raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else bytes(data)
        self._noted.append((place, raw))
        if b"\x1b" in raw:  # what is painted in pieces, and what was copied
            self._noted.append((f"{place}, as text", _ESCAPE.sub(b"", raw)))
            for found in _CLIPBOARD.finditer(raw):
                with suppress(ValueError):
                    self._noted.append((f"{place}, clipboard", base64.b64decode(found[1])))

    def received(self, place: str, fake: FakeProvider, *, own: bool = False) -> None:
        """All that a server got; of the key's own, all but the headers that carry it."""
        for seen in [*fake.seen, *fake.sink.seen]:
            self._noted.append((f"request to {place}", _bytes_of(seen, own=own)))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note the arguments and the environment of every process below this one."""
        ended = threading.Event()
        family = _Family()
        self._given.add(_image_of(os.getpid()))

        def watch() -> None:
            while not ended.is_set():
                for pid, parent in family.now().items():
                    self._look_at(pid, parent)
                time.sleep(SAMPLE_S)

        thread = threading.Thread(target=watch, name="process-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(10)

    def _look_at(self, pid: int, parent: int) -> None:
        with suppress(OSError):
            image = _image_of(pid)
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            if _image_of(pid) != image:
                return  # it began another program meanwhile: what was read may be of either
            self._processes.add(("arguments", arguments))
            if parent == os.getpid():
                self._given.add(image)
            # Between fork and exec a child still shows its parent's.
            if not (self.in_environment and image in self._given):
                self._processes.add(("environment", environment))
                self._whose[environment] = f" ({arguments[:120]!r} below {parent})"

    @property
    def watched(self) -> int:
        """How many different arguments and environments were seen."""
        return len(self._processes)

    def found(self) -> list[str]:
        """`PLACE: FORM` for each leak."""
        places = [*self._noted, *((f"a child's {what}", data) for what, data in self._processes)]
        for name, folder in self._folders.items():
            for path in set(folder.rglob("*")) - self._planted:
                places.append((f"{name}, a file's name", str(path.relative_to(folder)).encode()))
                if path.is_file() and not path.is_symlink():
                    places.append((f"{name}, {path.name}", path.read_bytes()))
        return sorted(
            {
                f"{place}{self._whose.get(data, '')}: {form}"
                for place, data in places
                for view in _views(data)
                for form in leaks(view, self._key)
            }
        )


def _image_of(pid: int) -> tuple[str, ...]:
    """Where the kernel put a program's arguments and environment: by chance for each exec (proc(5),
    `arg_start` to `env_end`), so that two processes share it only from a fork until the next exec.
    """
    stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    return tuple(stat.rpartition(")")[2].split()[45:49])


def _views(data: bytes) -> Iterator[bytes]:
    """The data, and what it says where it is JSON: an escape in it is escaped once more."""
    yield data
    if b"\\" in data and not data.startswith(b"\x7fELF"):  # a core is no JSON
        yield re.sub(rb"\\{2,}", rb"\\", data).replace(b"\\u0000", b"\0")


def _bytes_of(seen: Seen, *, own: bool) -> bytes:
    kept = {
        name: value
        for name, value in seen.headers.items()
        if not (own and name in {"authorization", "x-api-key", "x-goog-api-key"})
    }
    texts = [seen.method, seen.path, *_texts(kept), *_texts(seen.body)]
    return "\n".join(texts).encode("utf-8", "surrogatepass")


def _texts(value: object) -> Iterator[str]:
    """Every text and name in a JSON value."""
    match value:
        case dict():
            for name, one in value.items():
                yield str(name)
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
        case _:
            yield str(value)


class _Family:
    """The processes below this one, by process id, with the one that started each."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}
        self._strangers: set[int] = set()

    def now(self) -> dict[int, int]:
        """All that live."""
        alive = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        self._known = {pid: parent for pid, parent in self._known.items() if pid in alive}
        self._strangers &= alive
        for pid in sorted(alive - self._known.keys() - self._strangers):
            parent = _parent(pid)
            if parent == os.getpid() or parent in self._known:
                self._known[pid] = parent
            else:
                self._strangers.add(pid)
        return self._known


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()[1])
    except OSError:
        return 0
