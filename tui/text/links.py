"""Links from outside: where they really go, and whether they may be opened."""

from __future__ import annotations

import re
import unicodedata

from tui.text.characters import CONTROLS, JOINERS, one_of
from tui.text.neutral import neutralise
from tui.text.width import truncate

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?P<slashes>//)?(?P<rest>.*)", re.DOTALL)
_WEB_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s%\[\]@:/\\?#]+)(?P<port>:\d{1,5})?")


def safe_href(href: str) -> str | None:
    """The address a link may open, or None: http, https and mailto only, after a person's look.

    None also for a user part, a backslash, blanks, controls or invisible characters, a host that
    is missing or percent-encoded: there browsers and people read different hosts. Letters beyond
    ASCII come back as punycode or percent-encoded, so that what is shown is what opens.
    """
    from urllib.parse import quote

    found = _URL.fullmatch(href)
    if not found or len(href) > 2048 or _shown_differently(href):
        return None
    scheme, rest = found["scheme"].lower(), found["rest"]
    if scheme == "mailto" and "@" in rest and "attach" not in rest.lower():
        return "mailto:" + quote(rest, safe="%!$&'()*+,;=:@/?-._~")
    if scheme not in ("http", "https") or not found["slashes"]:
        return None
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    host = _WEB_HOST.fullmatch(authority)
    name = _host_in_ascii(host["host"]) if host else None
    if host is None or name is None:
        return None
    tail = quote(rest[len(authority) :], safe="%!$&'()*+,;=:@/?#[]-._~")
    return f"{scheme}://{name}{host['port'] or ''}{tail}"


def link_label(text: str, href: str) -> str:
    """What to show for a link so that its real target can be read: `text (host)`.

    The text alone where it is that very address or host. A host with letters beyond ASCII shows
    as punycode. What `safe_href` refuses shows its whole target and `not clickable`.
    """
    label = neutralise(text).replace("\n", " ").strip()
    target = safe_href(href)
    if target is None:
        return f"{label} ({_refused_target(href)}, not clickable)".lstrip()
    if target.startswith("mailto:"):
        shown = neutralise(target.removeprefix("mailto:").partition("?")[0], strict=True)
    else:
        shown = re.split(r"[/?#]", target.partition("://")[2], maxsplit=1)[0]
    if label in (shown, target, target.rstrip("/"), href) and label.isascii():
        return label
    return f"{label} ({shown})".lstrip()


def _shown_differently(href: str) -> bool:
    """Whether a person, a browser and a terminal could take this address for different ones."""
    return (
        "\\" in href
        or " " in href
        or not href.isprintable()
        or bool(one_of(CONTROLS, JOINERS).search(href))
    )


def _refused_target(href: str) -> str:
    """The whole address, its host decoded where that is percent-encoded; cut where it is long."""
    from urllib.parse import unquote

    found = _URL.fullmatch(href)
    if found and found["slashes"]:
        authority = re.split(r"[/?#]", found["rest"], maxsplit=1)[0]
        href = f"{found['scheme']}://{unquote(authority)}{found['rest'][len(authority) :]}"
    return truncate(neutralise(href, strict=True), 400)


def _host_in_ascii(host: str) -> str | None:
    """The host as it is looked up, in punycode; None where it is no name."""
    if host.startswith("["):
        return host.lower()
    name = unicodedata.normalize("NFKC", host.lower()).lower().replace("\u3002", ".")
    labels = name.split(".")
    if not all(re.fullmatch(r"(?:[\w-]|[^\x00-\x7f])*", label) for label in labels):
        return None
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels
    )
