"""Getting a page from the web."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from tui.address import check_address, is_public, origin
from tui.address.hosts import as_ip, is_loopback
from tui.errors import OwnkeyError
from tui.events.tool import ToolSpec
from tui.tools.base import (
    NOT_APPROVED,
    CallFailed,
    Deadline,
    ToolContext,
    ToolOutput,
    failed,
    in_thread,
    make_spec,
    parse_args,
)
from tui.tools.effects import AddressPlace, Effect, Fetching
from tui.tools.files import LOOK, binary_kind
from tui.tools.output import amount, shown_name

if TYPE_CHECKING:
    from pathlib import Path

    from tui.net import Answer

_SECONDS = 30.0
_MOST_REDIRECTS = 5
_MOST_CHARS = 40_000
_MOST_HTML = 1_000_000
_READ_SECONDS = 5.0
_INSIDE_NAMES = (".local", ".internal", ".lan", ".intranet", ".corp", ".home", ".home.arpa")
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/javascript",
               "application/x-yaml", "application/toml", "image/svg+xml")  # fmt: skip
_HEADERS = {
    "accept": "text/html, text/markdown, text/plain, application/json;q=0.9, */*;q=0.5",
    "user-agent": "ownkey",
}


class FetchArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, msgspec.Meta(description="Address, with http:// or https://.")]


class FetchTool:
    """Gets one address and gives its text."""

    def __init__(self) -> None:
        self.spec: ToolSpec = make_spec(
            "fetch",
            "Gets a web address (GET, nothing signed in) and gives its text; HTML as readable "
            f"text with its links. At most {_MOST_CHARS:,} characters. A redirect to another "
            "host is named, not followed.",
            FetchArgs,
        )

    def reads(self, args: dict[str, Any], context: ToolContext) -> tuple[Path, ...]:
        return ()

    def effect(self, args: dict[str, Any], context: ToolContext) -> Effect:
        return _foreseen(parse_args(args, FetchArgs, '{"url": "https://example.org/"}').url)

    async def run(self, args: dict[str, Any], context: ToolContext) -> ToolOutput:
        try:
            effect = self.effect(args, context)
            if context.approved is None:
                raise CallFailed(NOT_APPROVED)
            if context.approved != effect:
                raise CallFailed("The address is no longer what was approved: call again.")
            assert isinstance(effect, Fetching)
            return await _fetch(effect, context)
        except OwnkeyError as error:
            return failed(CallFailed(error.message), args)


def _foreseen(url: str) -> Fetching:
    """The address as it goes out, and what to know of it.

    Raises:
        CallFailed: it is refused: no web address, a metadata service, a secret in it.
    """
    bare = url.strip().partition("#")[0]
    if not bare.lower().startswith(("http://", "https://")):
        raise CallFailed("Only addresses with http:// or https:// are fetched.")
    verdict = check_address(bare)
    if verdict.verdict == "reject":
        raise CallFailed(f"The address was refused. {verdict.why}")
    parts = urlsplit(bare)
    scheme = parts.scheme.lower()
    base = f"{scheme}://{verdict.host_shown}"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~[]")
    query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=-._~?[]')}" if parts.query else ""
    place = _place(urlsplit(base).hostname or "")
    facts = {
        "loopback": "On this machine: a program here answers, not the web. ",
        "private": "In a private network: what answers may trust whoever asks from inside. ",
        "public": "",
    }[place]
    if scheme == "http" and place == "public":
        facts += "Not encrypted: what comes may have been changed on the way. "
    if not (parts.hostname or "").isascii() or "xn--" in base:
        facts += f"The host is {verdict.host_shown}. "
    return Fetching(address=urljoin(base + "/", path) + query, place=place, facts=facts.strip())


def _place(host: str) -> AddressPlace:
    ip = as_ip(host)
    if is_loopback(host) or (ip is not None and ip.is_unspecified):
        return "loopback"
    if ip is not None:
        return "public" if is_public(str(ip)) else "private"
    return "private" if "." not in host or host.endswith(_INSIDE_NAMES) else "public"


async def _fetch(effect: Fetching, context: ToolContext) -> ToolOutput:
    from tui.net import get_page

    deadline, address = Deadline(_SECONDS), effect.address
    for _ in range(_MOST_REDIRECTS):
        answer = await get_page(
            address,
            headers=_HEADERS,
            timeout_s=max(deadline.left_s, 0.1),
            environ=context.environ,
            public_only=effect.place == "public",
            purpose="fetch tool",
        )
        target = answer.headers.get("location", "")
        if answer.status not in (301, 302, 303, 307, 308) or not target:
            told = functools.partial(_told, answer, address)
            return await in_thread(told, Deadline(_READ_SECONDS))
        where = urljoin(address, target)
        if not _same_origin(where, address):
            return ToolOutput(
                False,
                f"[status {answer.status}: it leads to another host, {shown_name(where[:2_000])}: "
                "fetch that address if it is what you want]",
            )
        address = _foreseen(where).address
    raise CallFailed(f"It redirects more than {_MOST_REDIRECTS} times.")


def _same_origin(one: str, other: str) -> bool:
    try:
        return origin(one.partition("#")[0]) == origin(other)
    except ValueError:
        return False


def _told(answer: Answer, address: str) -> ToolOutput:
    from email.message import Message

    kind = Message()
    kind["content-type"] = answer.headers.get("content-type") or "text/plain"
    size = amount(len(answer.body), "bytes")
    head = f"[status {answer.status}, {kind.get_content_type()}, {size}, {address}]"
    done = answer.status < 400
    known = kind.get_content_type()
    is_text = known.startswith(_TEXT_TYPES) or known.endswith(("+json", "+xml"))
    if not is_text or binary_kind(answer.body[:LOOK]):
        return ToolOutput(done, f"{head}\n[it is no text, and not shown]")
    text = _decoded(answer.body, str(kind.get_param("charset") or "utf-8"))
    if known in ("text/html", "application/xhtml+xml"):
        from tui.tools.html_text import html_text

        text = html_text(text[:_MOST_HTML], Deadline(_READ_SECONDS))
    cut = len(text) > _MOST_CHARS
    note = f"\n[cut: {_MOST_CHARS:,} of {amount(len(text), 'characters')}]" if cut else ""
    return ToolOutput(done, f"{head}\n{text[:_MOST_CHARS]}{note}", truncated=cut)


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", "replace")
