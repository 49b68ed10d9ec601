"""The one check of an endpoint's address (rules: hostile/README.md, "Addresses of endpoints").

Pure: nothing is looked up. What a name resolves to is checked again with `forbidden_ip`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import msgspec

from tui.address.hosts import UnfitAddress, as_ip, canonical_host, is_loopback, is_metadata
from tui.address.pasted import holds_key, names_secret, unwrapped

_MAX_CHARS = 2048
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REQUEST_PATH = re.compile(r"/(?:(?:chat/)?completions|responses|messages|embeddings|models)\Z")
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*)://", re.IGNORECASE | re.ASCII)
# Letters, marks and blanks that show nothing; other invisible characters are not printable.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0000-\U000e0fff]"
)
_MAKERS = ("openai.com", "anthropic.com", "googleapis.com", "openrouter.ai", "amazonaws.com")


class AddressVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the check says of an address.

    `confirm` takes a person's yes and is refused where none can be asked. `normalised` is what
    is used afterwards, None when rejected. `why` is a sentence for a person and repeats nothing
    that may be secret. `host_shown` is the host (punycode) and port, "" where none can be shown.
    """

    verdict: Literal["accept", "confirm", "reject"]
    normalised: str | None
    why: str
    host_shown: str


@dataclass(frozen=True)
class _Address:
    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    typed_host: str
    typed_path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def check_address(text: str) -> AddressVerdict:
    """Check what a person typed or pasted as an endpoint's address; never connects."""
    try:
        address = _parse(text)
        if is_metadata(address.host):
            why = "That is a cloud's metadata service or a link-local address, never an endpoint."
            raise UnfitAddress(why, host_shown=address.authority)
    except UnfitAddress as unfit:
        return AddressVerdict(
            verdict="reject", normalised=None, why=str(unfit), host_shown=unfit.host_shown
        )
    doubts = _doubts(address)
    query = f"?{address.query}" if address.query else ""
    return AddressVerdict(
        verdict="confirm" if doubts else "accept",
        normalised=f"{address.scheme}://{address.authority}{address.path}{query}",
        why=" ".join(doubts) or _reassurance(address),
        host_shown=address.authority,
    )


def origin(url: str) -> str:
    """`scheme://host:port`, what a key is bound to; the port is always named.

    Raises ValueError where `check_address` would find no usable address in it.
    """
    address = _parse(url)
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{address.scheme}://{host}:{address.port or _DEFAULT_PORTS[address.scheme]}"


def _parse(pasted: str) -> _Address:
    text = unwrapped(pasted)
    _refuse_unreadable(text)
    scheme, rest = _split_scheme(text)
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    path, _, query = rest[len(authority) :].partition("?")
    typed_host, port = _split_port(authority)
    if not typed_host:
        raise UnfitAddress("There is no host in it.")
    host = canonical_host(typed_host)
    if names_secret(path, query):
        raise UnfitAddress("A secret is named in it: add the key as a key, not in the address.")
    scheme = scheme or ("http" if is_loopback(host) else "https")
    return _Address(
        scheme=scheme,
        host=host,
        port=None if port == _DEFAULT_PORTS[scheme] else port,
        path=_base_path(path),
        query=query,
        typed_host=typed_host,
        typed_path=path,
    )


def _refuse_unreadable(text: str) -> None:
    """Raise for what is empty, a key, too long, or holds a character that addresses never do."""
    if not text:
        raise UnfitAddress("There is no address.")
    if len(text) > _MAX_CHARS:
        raise UnfitAddress(f"It is longer than {_MAX_CHARS:,} characters.")
    if holds_key(text):
        raise UnfitAddress("There is an API key in it: add it as a key, not as an address.")
    for place, char in enumerate(text, start=1):
        if not char.isprintable() or char.isspace() or _INVISIBLE.match(char):
            raise UnfitAddress(
                f"Character {place} is U+{ord(char):04X}: "
                "blanks, controls and invisible characters have no place in an address."
            )
    if "\\" in text:
        raise UnfitAddress("It has a backslash: programs differ in where the host ends.")
    if "#" in text:
        raise UnfitAddress("It has a fragment (#), which is never sent.")


def _split_scheme(text: str) -> tuple[str, str]:
    """The scheme ("" where none is written) and what follows."""
    named = _SCHEME.match(text)
    if named:
        scheme = named[1].lower()
        if scheme not in _DEFAULT_PORTS:
            raise UnfitAddress("Only http and https can be used.")
        return scheme, text[named.end() :]
    rest = text.removeprefix("//")
    first, colon, after = re.split(r"[/?]", rest, maxsplit=1)[0].partition(":")
    word = re.fullmatch(r"[A-Za-z][A-Za-z0-9+-]*", first) and first.lower() != "localhost"
    if colon and word and not after[:1].isdigit() and "@" not in after:
        raise UnfitAddress("Only http:// and https:// can be used, with a host behind them.")
    return "", rest


def _split_port(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise UnfitAddress("It has a user part: what stands before the @ is not the host.")
    bracketed = re.fullmatch(r"(\[[^\[\]]*\])(:?)(.*)", authority)
    if bracketed:
        host, colon, digits = bracketed.groups()
        if digits and not colon:
            raise UnfitAddress("That is no valid IPv6 address.")
    elif authority.count(":") > 1:
        host, colon, digits = authority, "", ""
    else:
        host, colon, digits = authority.partition(":")
    if not colon:
        return host, None
    if not re.fullmatch(r"[0-9]{1,8}", digits) or not 1 <= int(digits) <= 65_535:
        raise UnfitAddress("The port is no number from 1 to 65,535.")
    return host, int(digits)


def _base_path(path: str) -> str:
    """The path with dot segments resolved, without a request's own path and slashes at the end."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        dots = re.sub("%2e", ".", segment, flags=re.IGNORECASE)
        if dots == "..":
            del kept[-1:]
        elif dots != ".":
            kept.append(segment)
    base = "".join(f"/{segment}" for segment in kept).rstrip("/")
    return _REQUEST_PATH.sub("", base).rstrip("/")


def _doubts(address: _Address) -> list[str]:
    """Why a person should look twice, in sentences; empty where they need not."""
    doubts: list[str] = []
    ip = as_ip(address.host)
    if address.scheme == "http" and not is_loopback(address.host):
        doubts.append("Not encrypted: the key can be read on the way.")
    if not address.typed_host.isascii():
        doubts.append(f"The host has letters beyond ASCII: it is {address.host}.")
    elif "xn--" in address.host:
        doubts.append(f"The host is written in punycode: {address.host}.")
    if ip is not None and ip.is_unspecified:
        doubts.append("This is what servers print at start: localhost is what to connect to.")
    if "/." in address.typed_path or "%2e" in address.typed_path.lower():
        doubts.append(f"Dots in the path are resolved: it is {address.path or '/'}.")
    if any(f"{maker}." in address.host for maker in _MAKERS):
        doubts.append(f"The host only looks like a maker's: it is {address.host}.")
    return doubts


def _reassurance(address: _Address) -> str:
    if is_loopback(address.host):
        return "On this machine."
    ip = as_ip(address.host)
    where = "to a private address" if ip is not None and ip.is_private else f"to {address.host}"
    return f"Encrypted, {where}."
