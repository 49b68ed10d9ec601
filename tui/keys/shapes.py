"""What keys look like: whose a key is by its shape, and what only pretends to be one.

A shape proves nothing (the live check does); it sorts pastes and recognises a key in a prompt.
Sources: the makers' own consoles and documentation, and secret scanners' public rules. Formats
change, so an unknown shape is never refused for being unknown.
"""

from __future__ import annotations

import re

import msgspec

KEY_CHARACTERS = "A-Za-z0-9_.~+/=-"
"""What a key may be made of, as a regular expression's class (hostile/README.md)."""

MIN_KEY = 16
MAX_KEY = 4096


class Shape(msgspec.Struct, frozen=True):
    """A family of keys.

    Args:
        prefix: What every key of it starts with, and what is no secret of it.
        body: Regular expression of at least what follows the prefix.
        provider: The maker whose models it opens, or None: it serves no model at a maker of ours.
        owner: Whose it is, in words.
        advice: Where it belongs, for one that does not belong here.
    """

    prefix: str
    body: str
    provider: str | None
    owner: str
    advice: str = ""


_ENDPOINT = "Add it under Endpoints (`ownkey endpoints add`)."
_CLOUD = "Cloud credentials belong under Cloud LLM in the settings."
_ADMIN = (
    "It manages an organisation and serves no model: make an ordinary API key in the console. "
    "`ownkey keys add {} --admin` keeps it for cost reports."
)
_TOKEN = "It is a sign-in token, not an API key: make an API key in the console."
_OTHER = "It opens no model here."
_B = "[A-Za-z0-9_-]"

SHAPES: tuple[Shape, ...] = (
    Shape("sk-ant-admin", _B + "{8}", None, "an Anthropic admin key", _ADMIN.format("anthropic")),
    Shape("sk-ant-oat", _B + "{8}", None, "an Anthropic sign-in token", _TOKEN),
    Shape("sk-ant-ort", _B + "{8}", None, "an Anthropic sign-in token", _TOKEN),
    Shape("sk-ant-sid", _B + "{8}", None, "an Anthropic session token", _TOKEN),
    Shape("sk-ant-", _B + "{8}", "anthropic", "an Anthropic key"),
    Shape("sk-admin-", _B + "{8}", None, "an OpenAI admin key", _ADMIN.format("openai")),
    Shape("sess-", "[A-Za-z0-9]{32}", None, "an OpenAI session token", _TOKEN),
    Shape("sk-or-", _B + "{8}", None, "an OpenRouter key", _ENDPOINT),
    Shape("sk-proj-", _B + "{8}", "openai", "an OpenAI key"),
    Shape("sk-svcacct-", _B + "{8}", "openai", "an OpenAI key"),
    Shape("sk-None-", _B + "{8}", "openai", "an OpenAI key"),
    Shape("sk-", "[A-Za-z0-9]{40}", "openai", "an OpenAI key"),
    Shape("AIza", _B + "{30}", "google", "a Google key"),
    Shape("AQ.", _B + "{20}", "google", "a Google key"),
    Shape("ya29.", _B + "{16}", None, "a Google sign-in token", _TOKEN),
    Shape("GOCSPX-", _B + "{16}", None, "a Google client secret", _TOKEN),
    Shape("AKIA", "[A-Z0-9]{16}(?![A-Za-z0-9])", None, "an AWS access key id", _CLOUD),
    Shape("ASIA", "[A-Z0-9]{16}(?![A-Za-z0-9])", None, "an AWS access key id", _CLOUD),
    Shape("ABSK", "[A-Za-z0-9+/=]{40}", None, "an Amazon Bedrock key", _CLOUD),
    Shape("bedrock-api-key-", "[A-Za-z0-9+/=]{16}", None, "an Amazon Bedrock key", _CLOUD),
    Shape("gsk_", "[A-Za-z0-9]{32}", None, "a Groq key", _ENDPOINT),
    Shape("xai-", "[A-Za-z0-9]{32}", None, "an xAI key", _ENDPOINT),
    Shape("pplx-", "[A-Za-z0-9]{32}", None, "a Perplexity key", _ENDPOINT),
    Shape("nvapi-", _B + "{32}", None, "an NVIDIA key", _ENDPOINT),
    Shape("csk-", "[a-z0-9]{32}", None, "a Cerebras key", _ENDPOINT),
    Shape("tgp_v1_", _B + "{32}", None, "a Together key", _ENDPOINT),
    Shape("fw_", "[A-Za-z0-9]{20}", None, "a Fireworks key", _ENDPOINT),
    Shape("vck_", "[A-Za-z0-9]{32}", None, "a Vercel AI Gateway key", _ENDPOINT),
    Shape("hf_", "[A-Za-z0-9]{30}", None, "a Hugging Face token", _ENDPOINT),
    Shape("r8_", "[A-Za-z0-9]{32}", None, "a Replicate token", _OTHER),
    Shape("github_pat_", "[A-Za-z0-9_]{30}", None, "a GitHub token", _OTHER),
    Shape("ghp_", "[A-Za-z0-9]{30}", None, "a GitHub token", _OTHER),
    Shape("gho_", "[A-Za-z0-9]{30}", None, "a GitHub token", _OTHER),
    Shape("ghu_", "[A-Za-z0-9]{30}", None, "a GitHub token", _OTHER),
    Shape("ghs_", "[A-Za-z0-9]{30}", None, "a GitHub token", _OTHER),
    Shape("glpat-", _B + "{20}", None, "a GitLab token", _OTHER),
    Shape("sk_live_", "[A-Za-z0-9]{20}", None, "a Stripe key", _OTHER),
    Shape("rk_live_", "[A-Za-z0-9]{20}", None, "a Stripe key", _OTHER),
    Shape("xoxb-", "[A-Za-z0-9-]{20}", None, "a Slack token", _OTHER),
    Shape("xoxp-", "[A-Za-z0-9-]{20}", None, "a Slack token", _OTHER),
)
"""Every known family, the narrower before the wider."""

_UNMISTAKABLE = ("sk-ant-", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-or-v1-", "AIzaSy")
"""Prefixes too long to come up by chance inside another key."""

_LEAST_IN_TEXT = 20
"""Shorter than this, a run in ordinary text is a word about keys, not a key."""

_PREFIX_END = re.compile(r"(?:sk-ant-[a-z]+\d*-|sk-or-v\d+-|AIzaSy)")

_PLACEHOLDER = re.compile(
    r"""
      \.{3} | [xX]{6} | -{4} | _{4} | ~{4}                      # masks
    | (?:your|insert|paste|enter|replace)[-_.]?               # your-api-key-here
      (?:[a-z]{1,20}[-_.]){0,3}(?:api[-_.]?)?(?:key|token|secret)
    | (?:key|token|secret)[-_.]?(?:goes[-_.]?)?here
    | place[-_.]?holder | change[-_.]?me
    """,
    re.VERBOSE | re.IGNORECASE,
)
_VARIABLE = re.compile(r"(?:[A-Za-z]\w*\.)*[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:KEY|TOKEN|SECRET)")
_ADDRESS = re.compile(
    r"(?://)?(?:[a-z0-9-]{1,63}\.){1,8}(?:com|org|net|io|ai|dev|app|cloud|co|cn|de|eu)(?:/|\Z)"
)


def shape_of(text: str) -> Shape | None:
    """The family that `text` as a whole belongs to, or None for an unknown shape."""
    for shape in SHAPES:
        if text.startswith(shape.prefix) and re.match(shape.body, text[len(shape.prefix) :]):
            return shape
    return None


def starts_key(text: str) -> bool:
    """Whether a key of its own begins here, whole or not."""
    return text.startswith("sk-") or any(text.startswith(shape.prefix) for shape in SHAPES)


def holds_second_key(text: str) -> bool:
    """Whether another key begins inside this one: two pasted without a break."""
    return any(text.find(prefix, 1) > 0 for prefix in _UNMISTAKABLE)


def pretends(text: str) -> str | None:
    """What `text`, though made of a key's characters, really is: a mask, a variable; or None."""
    if _PLACEHOLDER.search(text):
        return "a placeholder or a masked key, not the key itself"
    if _VARIABLE.fullmatch(text):
        return "the name of a variable, not what it holds"
    if _ADDRESS.match(text):
        return "an address"
    return None


def public_prefix(value: str) -> str:
    """The part of a key that every key of its family has: no secret, and never masked alone."""
    found = _PREFIX_END.match(value)
    if found:
        return found[0]
    shape = shape_of(value)
    return shape.prefix if shape else ""


def contains_key(text: str) -> bool:
    """Whether a key of a known shape, and no placeholder, stands anywhere in `text`.

    Linear in its length: prefixes are looked for by `str.find`, bodies only where one begins.
    """
    return any(_holds(text, shape) for shape in SHAPES)


def _holds(text: str, shape: Shape) -> bool:
    rest = re.compile(f"(?<![A-Za-z0-9_-]){re.escape(shape.prefix)}{shape.body}[A-Za-z0-9_-]*+")
    at = text.find(shape.prefix)
    while at >= 0:
        found = rest.match(text, at)
        whole = found is not None and len(found[0]) >= _LEAST_IN_TEXT
        if found and whole and not _PLACEHOLDER.search(found[0][:MAX_KEY]):
            return True
        at = text.find(shape.prefix, found.end() if found else at + 1)
    return False
