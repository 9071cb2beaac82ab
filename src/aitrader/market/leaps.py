"""Prices that leap: a wrong number, or a market that really moved? A bounded rule, pure.

A price is *plain* while it is within a quarter up or a fifth down of the one believed before, or
when that one is older than a minute. Any other price is a *leap*. It is believed at once where the
best bid and ask that came with it stand around it, or where a fifth of the board (three symbols at
least) leapt within ten seconds: then it is the market. Else it is held back until three in a row
agree within a twentieth; ten leaps in a row are believed whatever they say. So a single wrong
price never moves anything, and a real crash is seen at most nine prices late.
"""

from __future__ import annotations

HIGHEST_RATIO = 1.25
LOWEST_RATIO = 0.8
"""Between these, new over old, a price is plain."""

FRESH_MS = 60_000
"""An older price says nothing about a new one."""

AGREE_RATIO = 1.05
"""Held prices that differ by less than this speak of the same level."""

AGREEING = 3
MOST_HELD = 10
BOARD_SHARE = 5
BOARD_LEAST = 3
BOARD_MS = 10_000
BOOK_SLACK = 1.01
"""How far outside its own book a traded price may be."""


class Held:
    """Leaps in a row of one symbol: how many in all, and how many agree with the last."""

    __slots__ = ("agreeing", "at_ms", "count", "price")

    def __init__(self) -> None:
        self.price = 0.0
        self.at_ms = 0
        self.count = 0
        self.agreeing = 0


def is_plain(price: float, last: float, age_ms: int) -> bool:
    """Tell whether `price` may follow `last`, which is `age_ms` older; 0.0 is no price."""
    return last <= 0.0 or age_ms > FRESH_MS or LOWEST_RATIO < price / last < HIGHEST_RATIO


def is_in_book(price: float, bid: float, ask: float) -> bool:
    """Tell whether a price lies in its own book; without a book (0.0) it does not."""
    return 0.0 < bid <= ask and bid / BOOK_SLACK <= price <= ask * BOOK_SLACK


class LeapTable:
    """What leapt lately, and which leap is believed. Time is told, never read."""

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        """The symbols whose last price was a leap; looked at for every price, so no property."""

    def settle(self, symbol: str) -> None:
        """Note a plain price: what was held back was wrong."""
        self.held.pop(symbol, None)

    def is_believed(self, symbol: str, price: float, *, at_ms: int, board: int) -> bool:
        """Tell whether this leap counts; the caller counts and drops it if not.

        `board`: how many symbols are watched.
        """
        held = self.held.setdefault(symbol, Held())
        agrees = held.count > 0 and 1 / AGREE_RATIO < price / held.price < AGREE_RATIO
        held.agreeing = held.agreeing + 1 if agrees else 1
        held.count += 1
        held.price, held.at_ms = price, at_ms
        leaping = sum(1 for one in self.held.values() if at_ms - one.at_ms <= BOARD_MS)
        if (
            held.agreeing >= AGREEING
            or held.count >= MOST_HELD
            or leaping >= max(BOARD_LEAST, board / BOARD_SHARE)
        ):
            held.count = held.agreeing = 0
            return True
        return False
