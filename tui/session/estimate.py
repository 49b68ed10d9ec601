"""From what is known of a prompt's length to the likeliest figure (pure)."""

from __future__ import annotations

from tui.billing.counting import family_of, ratio
from tui.session.projection import LEAST_RATIO, SessionState
from tui.session.running import Counts


def known_tokens(state: SessionState, model: str) -> int | None:
    """What a provider has counted of the conversation, as this model's would; None: none has."""
    if state.context_tokens is None:
        return None
    by = state.counted_by
    if by is None or by == model:
        return state.context_tokens
    return round(state.context_tokens * ratio(family_of(by), family_of(model)))


def likely_tokens(state: SessionState, model: str, counts: Counts, standing: float) -> int:
    """About how many tokens the next prompt has.

    Args:
        state: The session's.
        model: As routes name it: what its provider told of earlier prompts sets ours right.
        counts: Of the conversation, by our own count.
        standing: Of the system prompt and the tools.
    """
    right, ours = state.ratios.get(model, 1.0), counts.whole + standing
    known = known_tokens(state, model)
    if known is None:
        return round(ours * right)
    likely = known + counts.since * right
    # A place that tells next to nothing has not counted what was sent to it.
    return round(ours if likely < ours * LEAST_RATIO else likely)
