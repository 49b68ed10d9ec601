"""Proxies that refuse, each in its way: what a person behind a company's or hotel's meets."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ANSWERS = {
    "wants a sign-in": b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b"Proxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
    "forbids": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    "fails": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    "hangs up": b"",
    "speaks no HTTP": b"SSH-2.0-OpenSSH_9.7\r\n",
}


@contextmanager
def a_proxy(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """The proxy's `host:port`, and what it was sent; it answers all with `answer`."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client:
                        seen.append(client.recv(65_536))
                        client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", seen
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)
