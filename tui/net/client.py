"""The one maker of HTTP clients (reliability.md §3, rule 3), which notes every host asked.

Proxy and certificate variables are read here and handed over explicitly: with `trust_env` the
library would send loopback through a proxy, without it proxies and `SSL_CERT_FILE` are lost.
No redirect is followed, no compressed or endless body is taken on trust, and an address that
resolves to a metadata service is refused before a byte is sent.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import httpcore2
import httpx2

from tui import hosts
from tui.address import forbidden_ip, is_loopback, is_public
from tui.errors import BadRequest, NetworkFailed

if TYPE_CHECKING:
    import ssl

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Most of one response, decompressed, that is read; beyond it the answer counts as broken."""

CONNECT_TIMEOUT_S = 10.0
CLOUD_SILENCE_S = 300.0
"""A cloud connection ends after this long without a byte; a local one never by itself."""

_PROXY_NAMES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
ENVIRONMENT = (*_PROXY_NAMES, "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""The variables that bear on connections; the engine is given these and no others."""


async def _addresses_of(host: str, port: int) -> list[str]:
    """What the system's resolver knows; raises OSError.

    In a thread that nobody waits for: one that hangs in there must not hold the process.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(found: list[str] | OSError) -> None:
        if answer.done():
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def look() -> None:
        found: list[str] | OSError
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = [str(entry[4][0]) for entry in entries]
        except (OSError, UnicodeError) as error:
            found = error if isinstance(error, OSError) else OSError(str(error))
        with suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=look, name="resolver", daemon=True).start()
    return await answer


class _Guard(httpcore2.AsyncNetworkBackend):
    """Resolves first and connects to what it checked, so that a name cannot change in between."""

    def __init__(self, public_only: bool = False) -> None:
        self._public_only = public_only
        # cast: the type checker sees the class that stands in where anyio is missing
        self._inner = cast(httpcore2.AsyncNetworkBackend, httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await _addresses_of(host, port)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"no address for {host} in time") from error
        except OSError as error:
            raise httpcore2.ConnectError(f"no address found for {host}") from error
        if any(forbidden_ip(address) for address in addresses):
            raise httpcore2.ConnectError(f"{host} leads to a metadata service: refused")
        if self._public_only and not all(is_public(address) for address in addresses):
            raise httpcore2.ConnectError(f"{host} leads to this machine or a private network")
        if len(set(addresses)) > 1:  # let the library race the families: every one was checked
            failure: Exception | None = None
            for address in dict.fromkeys(addresses):
                try:
                    return await self._inner.connect_tcp(
                        address, port, min(timeout or 5.0, 5.0), local_address, socket_options
                    )
                except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                    failure = error
            raise failure or httpcore2.ConnectError(f"no address of {host} answers")
        return await self._inner.connect_tcp(
            addresses[0], port, timeout, local_address, socket_options
        )

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Bounded(httpx2.AsyncByteStream):
    """A body that is inflated and counted as it comes, and broken off at `MAX_BODY_BYTES`."""

    def __init__(self, stream: httpx2.AsyncByteStream, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding

    async def __aiter__(self) -> AsyncIterator[bytes]:
        inflate = (
            zlib.decompressobj(47) if self._encoding in {"gzip", "x-gzip", "deflate"} else None
        )
        count = 0
        async for piece in self._stream:
            data = piece
            if inflate is not None:
                try:
                    data = inflate.decompress(piece, MAX_BODY_BYTES - count + 1)
                except zlib.error as error:
                    raise httpx2.RemoteProtocolError("the body is not what it says") from error
            count += len(data)
            if count > MAX_BODY_BYTES:
                raise httpx2.RemoteProtocolError(
                    f"the answer is longer than {MAX_BODY_BYTES // 2**20} MB: broken off"
                )
            if data:
                yield data

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx2.AsyncHTTPTransport):
    """The library's transport over our guarded connections and bounded bodies."""

    def __init__(
        self,
        context: ssl.SSLContext,
        proxy: str | None,
        keepalive: int,
        purpose: hosts.Purpose,
        public_only: bool = False,
    ) -> None:
        super().__init__(
            verify=context,
            trust_env=False,
            proxy=proxy,
            limits=httpx2.Limits(max_connections=20, max_keepalive_connections=keepalive),
        )
        self._purpose: hosts.Purpose = purpose
        self._proxy_url = None if proxy is None else httpx2.URL(proxy)
        self._proxy = None if proxy is None else httpx2.URL(proxy).netloc.decode("ascii")
        if proxy is None:
            self._pool = httpcore2.AsyncConnectionPool(
                ssl_context=context,
                max_connections=20,
                max_keepalive_connections=keepalive,
                keepalive_expiry=60.0,
                network_backend=_Guard(public_only),
            )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        _noted(request.url, self._purpose)
        if self._proxy_url is not None:
            _noted(self._proxy_url, "proxy")
        try:
            response = await super().handle_async_request(request)
        except (httpx2.ProxyError, httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            if self._proxy is None or _is_tls(error):
                raise
            raise _proxy_failure(self._proxy, request.url.host, error) from error
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
            await response.aclose()
            raise httpx2.RemoteProtocolError(f"unasked content encoding {encoding[:20]!r}")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        headers = [(k, v) for k, v in response.headers.raw if k.lower() != b"content-encoding"]
        if encoding not in {"identity", ""}:
            headers = [(k, v) for k, v in headers if k.lower() != b"content-length"]
        return httpx2.Response(
            response.status_code,
            headers=headers,
            stream=_Bounded(response.stream, encoding),
            extensions=response.extensions,
        )


def _noted(url: httpx2.URL, purpose: hosts.Purpose) -> None:
    """Scheme, host and port alone: a `netloc` here has no user and no password."""
    hosts.note(f"{url.scheme}://{url.netloc.decode('ascii')}", purpose)


def _is_tls(error: BaseException | None) -> bool:
    """Whether the encryption failed: then the way through the proxy was open."""
    import ssl

    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _proxy_failure(proxy: str, host: str, error: Exception) -> NetworkFailed:
    if not isinstance(error, httpx2.ProxyError):
        return NetworkFailed(
            f"the proxy {proxy} on the way to {host} cannot be reached",
            hint="Check HTTPS_PROXY, or unset it to go without.",
        )
    if "407" in str(error):
        return NetworkFailed(
            f"the proxy {proxy} on the way to {host} wants a sign-in",
            hint="Put user and password into HTTPS_PROXY, or use another network.",
        )
    return NetworkFailed(
        f"the proxy {proxy} does not let us through to {host}: {str(error)[:100]}",
        hint="Ask whoever runs the proxy, or use another network.",
    )


class Network:
    """Makes clients for one process.

    Args:
        environ: Where `ENVIRONMENT` is read from.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {name: environ[name] for name in ENVIRONMENT if environ.get(name)}
        self._context: ssl.SSLContext | None = None

    def proxy_for(self, url: str) -> str | None:
        """The proxy that `url` goes through; loopback and `NO_PROXY` go direct."""
        target = httpx2.URL(url)
        if is_loopback(target.host) or self._exempt(target.host):
            return None
        names = _PROXY_NAMES if target.scheme == "https" else _PROXY_NAMES[2:]
        proxy = next((self._environ[name] for name in names if name in self._environ), None)
        if proxy is not None and "://" not in proxy:
            proxy = f"http://{proxy}"
        if proxy is not None and not _is_web_proxy(proxy):
            raise BadRequest(
                f"the proxy {proxy.split('@')[-1]!r} is not an http proxy",
                hint="Set HTTPS_PROXY to an http:// proxy, or unset ALL_PROXY.",
            )
        return proxy

    def _exempt(self, host: str) -> bool:
        rules = self._environ.get("NO_PROXY") or self._environ.get("no_proxy") or ""
        for rule in (part.strip().lower().lstrip(".") for part in rules.split(",")):
            if rule == "*" or (rule and (host == rule or host.endswith("." + rule))):
                return True
        return False

    def client(
        self,
        url: str,
        *,
        local: bool = False,
        public_only: bool = False,
        purpose: hosts.Purpose = "other",
    ) -> httpx2.AsyncClient:
        """A client for requests to `url`'s host, to be closed by the caller.

        Args:
            url: Any address at the host.
            local: A server on this machine: no read timeout, and no connection is reused
                (llama.cpp breaks 7-30% of reused ones, sdk-facts.md §10).
            public_only: Refuse a host that resolves to this machine or a private network.
            purpose: What the host is noted for.
        """
        context = self._ssl_context()
        silence = None if local else CLOUD_SILENCE_S
        return httpx2.AsyncClient(
            transport=_Transport(
                context, self.proxy_for(url), 0 if local else 5, purpose, public_only
            ),
            timeout=httpx2.Timeout(silence, connect=CONNECT_TIMEOUT_S, pool=CONNECT_TIMEOUT_S),
            follow_redirects=False,
            trust_env=False,
            headers={"accept-encoding": "identity"},
            event_hooks={"request": [_plain_body]},
        )

    def _ssl_context(self) -> ssl.SSLContext:
        if self._context is None:
            import ssl

            # One context a process: loading the roots takes 20 ms.
            file, folder = self._environ.get("SSL_CERT_FILE"), self._environ.get("SSL_CERT_DIR")
            if file or folder:
                try:
                    self._context = ssl.create_default_context(cafile=file, capath=folder)
                except OSError as error:  # missing, not to be read, or no certificates
                    raise BadRequest(
                        f"the certificates of SSL_CERT_FILE cannot be read: {file or folder}",
                        hint="Name a file of certificates in PEM form, or unset it.",
                    ) from error
            else:
                self._context = httpx2.create_ssl_context(trust_env=False)
        return self._context


def _is_web_proxy(proxy: str) -> bool:
    try:
        address = httpx2.URL(proxy)
    except httpx2.InvalidURL:
        return False
    return address.scheme in {"http", "https"} and bool(address.host)


async def _plain_body(request: httpx2.Request) -> None:
    # SDKs set their own accept-encoding; a body that needs no inflating cannot be a bomb.
    request.headers["accept-encoding"] = "identity"
