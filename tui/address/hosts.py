"""Hosts in every spelling: names, IPv4 in any notation, IPv6 with an IPv4 address inside."""

from __future__ import annotations

import functools
import ipaddress
import re
import unicodedata
from collections.abc import Iterator

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA_NAMES = (
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
    "instance-data.ec2.internal",
    "instance-data",
    "metadata",
)
_METADATA_NETS = (
    "169.254.0.0/16",
    "fe80::/10",
    "100.100.100.200/32",  # Alibaba Cloud
    "168.63.129.16/32",  # Azure
    "192.0.0.192/32",  # Oracle Cloud
    "fd00:ec2::/32",  # AWS: ::254 is metadata, ::23 the credentials of containers
    "fd20:ce::254/128",  # Google Cloud
)
# Compatible, mapped, translated, NAT64: IPv6 networks whose last 32 bits are an IPv4 address.
_V4_AT_THE_END = ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
# Letters, marks, numbers and emoji: no sign that could be taken for a dot, slash or colon.
_IN_LABELS = ("Ll", "Lm", "Lo", "Mc", "Mn", "Nd", "Nl", "No", "So")


class UnfitAddress(ValueError):
    """An address that cannot be used; the message says why and repeats nothing of it."""

    def __init__(self, why: str, *, host_shown: str = "") -> None:
        super().__init__(why)
        self.host_shown = host_shown


def is_loopback(host: str) -> bool:
    """Whether a host (no port; any spelling) is this machine: localhost, 127.0.0.0/8, ::1."""
    try:
        name = canonical_host(host)
    except UnfitAddress:
        return False
    ip = as_ip(name)
    if ip is None:
        return name == "localhost" or name.endswith(".localhost")
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def forbidden_ip(ip: str) -> bool:
    """Whether an IP address is a cloud's metadata service or link-local, however it is written.

    For what a name resolved to. True also for what is no IP address: unknown is not allowed.
    """
    try:
        address = ipaddress.ip_address(ip.strip("[]").partition("%")[0])
    except ValueError:
        return True
    return any(
        spelled in net for spelled in _spellings(address) for net in _networks(_METADATA_NETS)
    )


def is_public(ip: str) -> bool:
    """Whether an IP address is one of the open internet, however it is written.

    False for loopback, private, shared and reserved addresses, and for what is no address.
    """
    try:
        address = ipaddress.ip_address(ip.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return all(spelled.is_global and not spelled.is_multicast for spelled in _spellings(address))


def is_metadata(host: str) -> bool:
    """Whether a canonical host is a metadata service, by name or by address."""
    if as_ip(host) is not None:
        return forbidden_ip(host)
    return any(host == name or host.endswith(f".{name}") for name in _METADATA_NAMES)


def as_ip(host: str) -> IpAddress | None:
    """The IP address that a canonical host is, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def canonical_host(host: str) -> str:
    """A host as it is looked up: lower case, punycode, IPv4 as four decimals, IPv6 compressed.

    No brackets in the result. Raises UnfitAddress where it is no host.
    """
    if host.startswith("[") or ":" in host:
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        return _canonical_ipv6(bare)
    if "%" in host:
        raise UnfitAddress("The host is percent-encoded: write it as it is called.")
    name = unicodedata.normalize("NFKC", host.lower()).lower().replace("\u3002", ".")
    labels = [_canonical_label(label) for label in name.removesuffix(".").split(".")]
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        return _canonical_ipv4(labels)
    canonical = ".".join(labels)
    if len(canonical) > 253:
        raise UnfitAddress("The host is longer than 253 characters.")
    return canonical


def _canonical_label(label: str) -> str:
    if not label.isascii():
        if not all(c == "-" or unicodedata.category(c)[:2] in _IN_LABELS for c in label):
            raise UnfitAddress("The host has a character that no host can have.")
        label = f"xn--{label.encode('punycode').decode()}"
    if len(label) > 63:
        raise UnfitAddress("A part of the host is longer than 63 characters.")
    if not _LABEL.fullmatch(label):
        raise UnfitAddress("That is no valid host.")
    return label


def _canonical_ipv4(parts: list[str]) -> str:
    """Decimal, octal or hex, in one to four parts of which the last fills the rest."""
    try:
        numbers = [_ipv4_part(part) for part in parts]
    except ValueError:
        numbers = []
    *firsts, last = numbers or [-1]
    fits = len(parts) <= 4 and all(0 <= first <= 255 for first in firsts)
    if not fits or not 0 <= last < 256 ** (5 - len(parts)):
        raise UnfitAddress("That is no valid IPv4 address.")
    value = last + sum(first << (8 * (3 - place)) for place, first in enumerate(firsts))
    return str(ipaddress.IPv4Address(value))


def _ipv4_part(part: str) -> int:
    if len(part) > 20:
        raise ValueError(part)
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") else 10)


def _canonical_ipv6(host: str) -> str:
    if "%" in host:
        raise UnfitAddress("An IPv6 address of one interface (%) is never an endpoint.")
    try:
        return str(ipaddress.IPv6Address(host))
    except ValueError:
        raise UnfitAddress("That is no valid IPv6 address.") from None


def _spellings(ip: IpAddress) -> Iterator[IpAddress]:
    """The address itself and every IPv4 address that travels inside it."""
    yield ip
    if isinstance(ip, ipaddress.IPv4Address):
        return
    value = int(ip)
    in_interface = (value >> 32) & 0xFDFFFFFF == 0x5EFE  # ISATAP
    if in_interface or any(ip in net for net in _networks(_V4_AT_THE_END)):
        yield ipaddress.IPv4Address(value & 0xFFFFFFFF)
    if ip.sixtofour:
        yield ip.sixtofour
    yield from ip.teredo or ()


@functools.cache
def _networks(
    nets: tuple[str, ...],
) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(net) for net in nets)
