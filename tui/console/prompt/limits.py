"""What a model takes beside words, and how much of it (pure).

Sizes of one file as the makers' pages state them for requests that carry it inline, read in
November 2026: Anthropic 5 MB a picture and 32 MB a request, OpenAI 50 MB a request, Google 20 MB
a request; base64 makes four bytes of three.
"""

from __future__ import annotations

from tui.session.replies import ModelRow

ANSWER_TOKENS = 16_000
"""Kept free for the answer (design.md §5)."""

_MOST = {
    "anthropic": (3_750_000, 24_000_000),
    "google": (15_000_000, 15_000_000),
    "openai": (37_000_000, 37_000_000),
}
_MOST_ELSEWHERE = (15_000_000, 15_000_000)
_NOT_TAKEN = {"google": ("image/gif",)}


def refused(media_type: str, size: int, row: ModelRow | None) -> str | None:
    """Why a model does not take a picture or document; None where it does, or nobody knows."""
    if row is None or media_type.startswith("text/"):
        return None
    pdf = media_type == "application/pdf"
    able = row.pdf if pdf else row.image
    if able is False or (able is None and row.provider == "local"):
        return f"{row.name} takes no {'PDFs' if pdf else 'pictures'}"
    if media_type in _NOT_TAKEN.get(row.provider, ()):
        return f"{row.name} takes no {media_type.partition('/')[2].upper()} pictures"
    most = _MOST.get(row.provider, _MOST_ELSEWHERE)[pdf]
    if size > most:
        return f"{size / 1e6:.1f} MB, and {row.name} takes {most / 1e6:.1f} MB at most"
    return None


def too_much(tokens: int, row: ModelRow | None, context_tokens: int | None) -> str | None:
    """Why a model's context cannot hold about so many tokens more; None where it can."""
    if row is None or row.context is None:
        return None
    room = row.context - (context_tokens or 0) - ANSWER_TOKENS
    if tokens <= max(room, 0):
        return None
    return (
        f"about {_short(tokens)} tokens, and {row.name} has room for {_short(max(room, 0))}: "
        "remove some, or choose another model"
    )


def _short(tokens: int) -> str:
    if tokens < 1_000_000:
        return f"{tokens // 1000}k"
    return f"{tokens / 1e6:.{1 if tokens < 4_000_000 else 0}f}M"  # no finer than it is known
