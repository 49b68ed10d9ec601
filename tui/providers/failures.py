"""From what a provider answers, or an exception says, to one of our error kinds.

Pure: the rules stand in `failure_rules`, the words in `failure_words`, the shapes in `error_body`.
An error inside a stream that began with 200 goes the same way, with the status that its own body
names.
"""

from __future__ import annotations

import datetime as dt
import http
import ssl
from collections.abc import Mapping

from tui.errors import (
    KINDS,
    BadRequest,
    EndedEarly,
    InvalidKey,
    NetworkFailed,
    NotFound,
    ProtocolBroken,
    RequestError,
    TimedOut,
    UsedUp,
)
from tui.events.base import utc_now
from tui.providers.error_body import ErrorBody, read_error
from tui.providers.failure_rules import kind_of
from tui.providers.limits import limits_of
from tui.providers.retry_after import asked_wait_s

_ID_HEADERS = (
    "request-id", "x-request-id", "x-amzn-requestid", "apim-request-id", "x-ms-request-id",
    "x-generation-id", "x-goog-request-id", "x-correlation-id", "cf-ray",
)  # fmt: skip


def request_id(headers: Mapping[str, str], body: ErrorBody | None = None) -> str | None:
    """The provider's id of a request, from the response's headers (any case) or its error."""
    lower = {name.lower(): value for name, value in headers.items()}
    found = next((lower[name] for name in _ID_HEADERS if lower.get(name)), None)
    return found or (body.request_id if body else None)


def from_response(
    status: int,
    headers: Mapping[str, str],
    body: object,
    *,
    vendor: str | None = None,
    now: dt.datetime | None = None,
) -> RequestError:
    """The error that a response is.

    Args:
        status: Of HTTP. 200 with an error body, or of a stream that failed later, is fine.
        headers: Names in any case.
        body: Bytes, text, or parsed JSON; the first 64 KB are looked at.
        vendor: As in `Access`: whose numeric codes these are.
        now: For a retry-after date where the response has no date.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    said = read_error(body, lower.get("content-type", ""))
    told = request_id(lower, said)
    if 300 <= status < 400:
        place = lower.get("location", "")[:200]
        return NotFound(
            f"the address answers with a redirect to {place or 'nowhere'}, which is not followed",
            hint="Set the endpoint's address to where it really is.",
            status=status,
            provider_request_id=told,
        )
    if status < 300 and said.page:
        return ProtocolBroken(
            f"a web page came instead of an answer: {said.message or 'without a title'}",
            hint="Is there a sign-in page between here and the provider, or a wrong address?",
            status=status,
            provider_request_id=told,
        )
    wait = asked_wait_s(lower, said.parsed, now or utc_now())
    kind = kind_of(status, said, lower, vendor, wait)
    return KINDS[kind](
        said.message or _status_words(status),
        retry_after=wait,
        provider_request_id=told,
        status=status,
        used_up=_used_up(lower, now or utc_now()) if kind in ("rate_limit", "quota") else None,
        raw=said.text if said.text.strip() != said.message.strip() else "",
    )


def _used_up(headers: Mapping[str, str], now: dt.datetime) -> UsedUp | None:
    """Of the limits that are told, the one with the least left."""
    told = [one for one in limits_of(headers, now) if one.limit and one.remaining is not None]
    if not told:
        return None
    one = min(told, key=lambda one: (one.remaining or 0) / (one.limit or 1))
    return UsedUp(one.what, one.limit, one.remaining, one.reset_s)


def from_error(
    error: object,
    *,
    headers: Mapping[str, str] | None = None,
    vendor: str | None = None,
    status: int = 200,
) -> RequestError:
    """The error that stands inside a stream: the event's or chunk's parsed JSON.

    `headers` are those of the stream's response: their wait belongs to its head, not to this.
    """
    kept = {n: v for n, v in (headers or {}).items() if not n.lower().startswith("retry-after")}
    return from_response(status, kept, error, vendor=vendor)


def _status_words(status: int) -> str:
    try:
        return f"HTTP {status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def from_exception(
    error: BaseException, *, host: str, began: bool = False, vendor: str | None = None
) -> RequestError:
    """The error that an exception of an SDK, of HTTP or of the system means.

    Args:
        error: Anything but a cancelling, which is not an error.
        host: For the sentence.
        began: The answer's head had come: a broken connection then is an answer cut short.
        vendor: As in `from_response`.
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        if isinstance(link, RequestError):
            return link
        found = _from_sdk(link, vendor) or _from_transport(link, host, began)
        if found is not None:
            return found
        link = link.__cause__ or link.__context__
    return ProtocolBroken(f"{host}: the answer could not be read ({type(error).__name__})")


def _from_sdk(error: BaseException, vendor: str | None) -> RequestError | None:
    """The SDKs' own classes, known by their attributes: importing them costs a second."""
    made_by = type(error).__module__.split(".")[0]
    if made_by not in {"openai", "anthropic", "google"}:
        return None
    response = getattr(error, "response", None)
    headers = _headers(response)
    status = getattr(error, "status_code", None)
    if not isinstance(status, int) and made_by == "google":
        status = getattr(error, "code", None)
    body: object = getattr(error, "body", None)
    if body is None:
        body = getattr(error, "details", None)
    if isinstance(status, int):
        # The SDKs unwrap or rename parts of the body; the raw bytes are the whole.
        raw = _content(response)
        return from_response(status, headers, raw or body or str(error), vendor=vendor)
    if type(error).__name__ == "APIError" and body is not None:
        return from_error({"error": body}, headers=headers, vendor=vendor)
    return None


def _headers(response: object) -> Mapping[str, str]:
    headers = getattr(response, "headers", None)
    return {str(n): str(v) for n, v in headers.items()} if headers is not None else {}


def _content(response: object) -> bytes:
    try:
        content = getattr(response, "content", b"")
    except Exception:  # a body that was not read raises a class of the HTTP library's own
        return b""
    return content if isinstance(content, bytes) else b""


def _from_transport(error: BaseException, host: str, began: bool) -> RequestError | None:
    name = type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(error):
        return NetworkFailed(
            f"{host} cannot be trusted: its certificate does not verify",
            hint="Behind a company proxy, set SSL_CERT_FILE to its certificate.",
        )
    if name == "ConnectTimeout" and "no address" in str(error):
        return TimedOut(
            f"the address of {host} was not found in time",
            hint="No name server answers: check the network, then try again.",
        )
    if isinstance(error, TimeoutError) or name in _TIMEOUTS:
        return TimedOut(f"{host} did not answer in time")
    if name in {"LocalProtocolError", "UnicodeEncodeError"}:
        # Its text would show the header, which is the key.
        return InvalidKey("the key holds characters that no HTTP header may have")
    if name in _BROKEN:
        return _broken(str(error), host, began)
    if name in {"InvalidURL", "UnsupportedProtocol"}:
        return BadRequest(f"{host} is not an address that can be asked")
    if name in _UNREAD or isinstance(error, (UnicodeDecodeError, RecursionError)):
        return ProtocolBroken(f"{host} sent what is not its wire format")
    if isinstance(error, OSError) or name in _UNREACHED or name.startswith("Client"):
        return _unreached(str(error), host)
    return None


_TIMEOUTS = {"ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "APITimeoutError"}
_BROKEN = {"RemoteProtocolError", "ReadError", "ClientPayloadError", "ServerDisconnectedError",
           "StreamError", "StreamClosed", "IncompleteRead"}  # fmt: skip
_UNREAD = {"DecodingError", "JSONDecodeError", "DecodeError", "ValidationError",
           "APIResponseValidationError", "UnknownApiResponseError"}  # fmt: skip
_UNREACHED = {"ConnectError", "WriteError", "CloseError", "ProxyError", "NetworkError"}


def _broken(text: str, host: str, began: bool) -> RequestError:
    if "broken off" in text or "content encoding" in text or "not what it says" in text:
        return ProtocolBroken(f"{host}: {text[:200]}")
    if began:
        return EndedEarly(f"{host} broke the connection before the answer was whole")
    return NetworkFailed(f"{host} closed the connection without an answer")


def _unreached(text: str, host: str) -> RequestError:
    why = text[:200].strip() or "no connection"
    return NetworkFailed(f"{host} cannot be reached: {why}")
