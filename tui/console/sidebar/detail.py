"""What the picker says of the highlighted model: window, prices, the next turn, effort (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from tui.billing.counting import family_of, ratio
from tui.billing.forecast import Forecast, Habit, TokenPrices, cache_worth, forecast
from tui.console.sidebar.marker import colour, signs
from tui.console.sidebar.rows import FOUND, price, short_usd
from tui.money import show_usd
from tui.session.projection import SessionState
from tui.session.replies import ModelRow
from tui.session.warmth import WarmCache
from tui.text import truncate

SMALLEST = 100_000
"""Nano-dollars; a forecast below says no more than that it is below."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the composer: about how many tokens, by the tokenizer of which model."""

    tokens: int = 0
    model: str = ""


NO_DRAFT = Draft()


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """Of the session that is shown, what bears on the cost of its next turn.

    Args:
        context: Tokens of the conversation; None: not known.
        by: The model whose provider has counted them; None: nobody knows.
        habit: How its turns have been.
        cache: What of it lies in a cache.
        ratios: By model, what its provider has counted of prompts for one of ours.
        draft: What would be sent next.
    """

    context: int | None = None
    by: str | None = None
    habit: Habit = Habit()
    cache: WarmCache | None = None
    ratios: Mapping[str, float] = {}
    draft: Draft = NO_DRAFT

    def prompt(self, model: str) -> int | None:
        """About how many tokens the next prompt has for this model; None: not known."""
        if self.context is None:
            return None
        family = family_of(model)
        known = self.context
        if self.by is not None and self.by != model:
            known = round(known * ratio(family_of(self.by), family))
        if not self.draft.tokens:
            return known
        more = self.draft.tokens * ratio(family_of(self.draft.model), family)
        return known + round(more * self.ratios.get(model, 1.0))


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One line: a word at the left, a value at the right.

    Args:
        rank: The greater, the sooner it is left out where there are too few lines.
        style, value_style: Names of theme variables.
        slim: `words` where it is narrow.
        effort: Whether the value is the effort, with its arrows.
    """

    words: str
    value: str = ""
    rank: int = 0
    style: str = "mute"
    value_style: str = "soft"
    slim: str = ""
    effort: bool = False


def talk_of(state: SessionState, draft: Draft = NO_DRAFT) -> Talk:
    """What a session's state says of it, with what stands in the composer."""
    return Talk(
        context=state.context_tokens, by=state.counted_by, habit=state.habit, cache=state.cache,
        ratios=dict(state.ratios), draft=draft,
    )  # fmt: skip


def prices_at(row: ModelRow, prompt: int) -> TokenPrices:
    """A model's prices for a prompt of so many tokens."""
    at = row
    for step in row.steps:
        if prompt > step.above:
            at = step
    return TokenPrices(
        input=_decimal(at.input_usd),
        output=_decimal(at.output_usd),
        cache_read=_decimal(at.cache_read_usd),
        cache_write=_decimal(at.cache_write_usd),
    )


def next_turn(row: ModelRow, talk: Talk) -> Forecast:
    """What the conversation's next turn would cost on this model, in nano-dollars."""
    own = talk.cache if holds(row, talk.cache) else None
    prompt = talk.prompt(row.id) if talk.context else talk.context
    return forecast(
        prices_at(row, prompt or 0), prompt, talk.habit,
        cached=None if own is None else own.tokens,
    )  # fmt: skip


def due_words(row: ModelRow, talk: Talk, now: dt.datetime, *, letters: bool) -> str:
    """What the next turn would cost at this moment, warm or cold; "" where nobody pays or knows."""
    if row.payer in (None, "nobody") or row.auto:
        return ""
    seen = next_turn(row, talk)
    warm = holds(row, talk.cache) and talk.cache is not None and bool(talk.cache.left(now))
    due = seen.warm if warm and seen.warm is not None else seen.cold
    return "" if due is None else signs(about_usd(due), letters=letters)


def holds(row: ModelRow, cache: WarmCache | None) -> bool:
    """Whether a cache is this model's, on the account that serves it."""
    return cache is not None and (cache.model, cache.connection) == (row.id, row.connection)


def worth(row: ModelRow, talk: Talk, now: dt.datetime) -> int | None:
    """Nano-dollars that the model's warm cache saves; 0 where it is cold, None: unknown."""
    cache = talk.cache
    if cache is None or not holds(row, cache) or not cache.left(now):
        return 0
    return cache_worth(prices_at(row, talk.context or 0), cache.tokens)


def about_usd(nano: int | None) -> str:
    """A forecast; one under a hundredth of a cent says no more than that."""
    if nano is None:
        return "?"
    return f"≈ {show_usd(nano)}" if nano >= SMALLEST or nano == 0 else "< $0.0001"


def minutes(left: dt.timedelta) -> str:
    """`4 min`; the last one is `1 min`."""
    return f"{-(-left // dt.timedelta(minutes=1))} min"


def facts(row: ModelRow, effort: str | None, talk: Talk, now: dt.datetime) -> Iterator[Fact]:
    """Everything that is known of the row, the first lines first."""
    if row.payer is None:
        yield from _refused(row)
    elif row.payer == "nobody":
        yield Fact(words="runs here, nobody pays")
    elif row.payer == "credits":
        yield Fact(words=truncate(row.label, 14), value=row.left, rank=3)
    if row.means:
        yield Fact(words="means", value=row.means, rank=2)
    if row.payer != "nobody" and (row.payer is not None or row.input_usd is not None):
        if not row.auto:  # each answer costs what its own model does
            yield from _prices(row)
        yield from _turns(row, talk, now)
    if row.efforts:
        chosen = f"◂ {effort or 'default'} ▸"
        yield Fact(words="effort", value=chosen, rank=3, effort=True)


def _refused(row: ModelRow) -> Iterator[Fact]:
    if row.refused is not None:
        yield Fact(words=row.refused, rank=2, slim=row.refused)
    does = "fetches it" if row.provider == "local" else "adds a key"
    if row.connection is not None:
        does = "opens its settings"
    elif row.provider in FOUND:
        does = "adds the server"
    yield Fact(words=f"Enter {does}", style="focus")


def _prices(row: ModelRow) -> Iterator[Fact]:
    both = (row.input_usd, row.output_usd)
    if both[0] is None or both[1] is None:
        words = price(row)[0] if row.payer is not None else "?"
    else:
        words = f"{short_usd(both[0])} / {short_usd(both[1])}"
    yield Fact(words="in / out, per 1M", slim="in / out", value=words, rank=4)
    if row.cache_read_usd is not None:
        yield Fact(words="cached", value=short_usd(row.cache_read_usd), rank=5)


def _turns(row: ModelRow, talk: Talk, now: dt.datetime) -> Iterator[Fact]:
    """Warm and cold; the one that is due in the payer's colour, as money is its payer's."""
    seen = next_turn(row, talk)
    if seen == Forecast():
        yield Fact(words="next turn", value="?", rank=1, value_style="mute")
        return
    cache = talk.cache if holds(row, talk.cache) else None
    left = dt.timedelta(0) if cache is None else cache.left(now)
    due = colour(row.payer).removeprefix("$") if row.payer is not None else "soft"
    warm = seen.warm is not None and bool(left)
    yield Fact(words="next turn, warm", slim="next, warm", value=about_usd(seen.warm),
               rank=1 if warm else 2, value_style=due if warm else "mute")  # fmt: skip
    yield Fact(words="next turn, cold", slim="next, cold", value=about_usd(seen.cold),
               rank=2 if warm else 1, value_style="mute" if warm else due)  # fmt: skip
    if cache is not None and left:
        words = "cache warm for" if cache.sure else "cache maybe warm"
        value = f"{minutes(left)}" if cache.sure else ""
        yield Fact(words=words, value=value, rank=4)


def _decimal(usd: str | None) -> Decimal | None:
    return None if usd is None else Decimal(usd)
