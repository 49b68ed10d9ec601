"""What comes along when an address is pasted: quotes, `NAME=`, secrets that do not belong."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

_MAX_PASTE = 16_384
_PASTE_MARKS = ("\x1b[200~", "\x1b[201~")
_AT_BOTH_ENDS = "\"'`“”‘’«»\u200b\u2060\ufeff"
_ASSIGNMENT = re.compile(
    r"(?:export\s+|set\s+|\$env:|--)?(?!https?:)[a-z_][\w-]*[\"'`]?\s*(?:=|:\s)",
    re.IGNORECASE | re.ASCII,
)
# Keys of makers that mark theirs; behind a prefix of letters the body has digits or capitals.
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:(?:sk|csk|xai|pplx|nvapi|glpat)-|(?:sk|gsk|hf|r8|fw|tgp|vck|gh[opsu]|pat)_)"
    r"(?=[\w-]*[0-9A-Z])[\w-]{12,}+"
    r"|AIza[\w-]{20,}+|A[KS]IA[A-Z0-9]{12,}+|ABSK[\w+/=-]{20,}+|AQ\.[\w-]{16,}+"
    r"|eyJ[\w-]{8,}+\.[\w.-]{8,}+|[0-9a-f]{32}\.[A-Za-z0-9]{16}"
    r")(?![\w-]|\.[A-Za-z0-9])",
    re.ASCII,
)
_SECRET_WORDS = re.compile(
    "key|apikey|auth|authorization|bearer|code|credentials?|jwt|pass|passphrase|passwd|password"
    "|pat|pwd?|sas|secrets?|session|sessionid|sid|sig|signature|token"
)
_SECRET_ENDINGS = ("key", "token", "secret", "password", "passwd", "credential", "signature")


def unwrapped(pasted: str) -> str:
    """The paste without blanks, quotes, paste marks and `NAME=` round the address.

    One too long to be an address comes back as it is.
    """
    text = pasted if len(pasted) <= _MAX_PASTE else pasted.strip()
    before = None
    while before != text and len(text) <= _MAX_PASTE:
        before = text
        for mark in _PASTE_MARKS:
            text = text.removeprefix(mark).removesuffix(mark)
        text = text.strip().strip(_AT_BOTH_ENDS).rstrip(",;")
        found = _ASSIGNMENT.match(text)
        text = text[found.end() :] if found else text
    return text


def holds_key(text: str) -> bool:
    """Whether there is an API key in it: one of a known shape, or nothing but one of any shape."""
    if any(_KEY.search(form) for form in (text, unquote(text))):
        return True
    runs: list[str] = re.findall(r"[A-Za-z0-9]{20,}", text)
    opaque = any(re.search("[0-9]", run) and re.search("[A-Za-z]", run) for run in runs)
    return opaque and re.fullmatch(r"[\w~+=-]+", text, re.ASCII) is not None


def names_secret(path: str, query: str) -> bool:
    """Whether a field of the query, or `name=value` in the path, is named like a secret.

    By the words of the name: `api_key`, `sig`, `accessToken`; not `api-version`.
    """
    fields = [field.partition("=") for field in re.split("[&;]", query)]
    fields += [field.partition("=") for field in re.split("[;/]", path) if "=" in field]
    return any(is_secret_name(name) for name, _, _ in fields)


def is_secret_name(name: str) -> bool:
    """Whether a name says that what it names is a secret: `api_key`, `sig`, `X-Auth-Token`."""
    for _ in range(3):
        name = unquote_plus(name)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = re.findall(r"[a-z0-9]+", spaced.lower())
    joined = "".join(words)
    return any(map(_SECRET_WORDS.fullmatch, words)) or joined.endswith(_SECRET_ENDINGS)
