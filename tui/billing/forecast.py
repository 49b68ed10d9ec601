"""What the next turn of a conversation would cost, out of how its turns have been so far (pure).

A forecast, never a bill: the prompt that stands, the requests and answers that turns of this
conversation take on the average. What is not known makes it unknown, never cheaper.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tui.money import NanoUsd, product, to_nano, total

MILLION = Decimal("1e-6")


class TokenPrices(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars per million tokens of a prompt of one length; None: not known.

    `cache_write` is None too where what is written to the cache costs as input does.
    """

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None

    @property
    def written(self) -> Decimal | None:
        """What a token costs that is in no cache yet, and is in it from then on."""
        return self.input if self.cache_write is None else self.cache_write


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """What turns of a conversation have taken so far: sums over finished turns."""

    turns: int = 0
    requests: int = 0
    output: int = 0  # tokens

    def after(self, requests: int, output: int) -> Habit:
        """With one more turn."""
        return Habit(
            turns=self.turns + 1, requests=self.requests + requests, output=self.output + output
        )


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """Nano-dollars of the next turn where the conversation is in the cache, and where not."""

    warm: NanoUsd | None = None
    cold: NanoUsd | None = None


UNKNOWN = Forecast()


def forecast(
    prices: TokenPrices, context: int | None, habit: Habit, *, cached: int | None = None
) -> Forecast:
    """The next turn at these prices.

    Args:
        prices: Those of a prompt of `context` tokens.
        context: Tokens of the conversation as it stands; None or 0: not known, or there is none.
        habit: Without a finished turn nothing is known.
        cached: How many of them are in the cache when it is warm; None: all.
    """
    if not context or not habit.turns or prices.output is None or prices.input is None:
        return UNKNOWN
    written, read = prices.written, prices.cache_read
    if written is None:
        return UNKNOWN
    answers = _share(product(prices.output, MILLION, habit.output), habit)
    later = habit.requests - habit.turns  # requests that follow a turn's first
    if read is None:
        # Nothing is known of a cache: each request is taken to pay the whole prompt.
        rest = _share(product(prices.input, MILLION, context, later), habit)
        first = product(prices.input, MILLION, context)
        return Forecast(cold=to_nano(total((first, rest, answers))))
    rest = _share(product(read, MILLION, context, later), habit)
    first = product(written, MILLION, context)
    held = min(context, context if cached is None else cached)
    warm = (product(read, MILLION, held), product(written, MILLION, context - held))
    return Forecast(
        warm=to_nano(total((*warm, rest, answers))), cold=to_nano(total((first, rest, answers)))
    )


def cache_worth(prices: TokenPrices, cached: int) -> NanoUsd | None:
    """Nano-dollars that `cached` tokens cost more where they are in no cache; None: unknown."""
    if prices.written is None or prices.cache_read is None:
        return None
    saved = max(prices.written - prices.cache_read, Decimal(0))
    return to_nano(product(saved, MILLION, cached))


def _share(amount: Decimal, habit: Habit) -> Decimal:
    """A turn's part of what all turns took."""
    return amount / habit.turns
