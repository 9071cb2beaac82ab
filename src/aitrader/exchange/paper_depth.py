"""How much of a live book a market order on paper takes, and at what prices.

Known is the best level alone: its price and how much is there, once a second. A market order takes
that much at the worse of it and the price seen, after the slippage; what it wants beyond goes down
a book as the simulated exchange has it: each level one more slippage away, and a tick, and twice as
deep as the one before. What ten levels do not hold waits for the next word of the book, and nobody
takes the same units twice. Where the book is not known, or what is known is old, there is no such
limit.
"""

from __future__ import annotations

from decimal import Decimal

from aitrader.exchange.simulated import book
from aitrader.market.offers import FindOffer, Offer
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO, decimal_from_float
from aitrader.model.order import Order, Side

FRESH_MS = 5_000
"""An older word of the book says nothing about what is there now."""

Part = tuple[Decimal, Decimal]
"""Base units and their price."""


class PaperDepth:
    """What books offer, less what was taken from them since they were last told of."""

    def __init__(self, find_offer: FindOffer, *, slippage_bps: Decimal) -> None:
        """Take from what `find_offer` knows, each level worse by the slippage."""
        self._find_offer = find_offer
        self._slippage_bps = slippage_bps
        self._taken: dict[tuple[str, Side], tuple[Offer, Decimal]] = {}

    def parts(
        self, order: Order, seen: float, *, instrument: Instrument, at_ms: int
    ) -> list[Part] | None:
        """Return what is left of a market order, part by part; None where no book is known.

        Args:
            order: Takes from the market at once.
            seen: The market's newest price.
            instrument: The symbol's rules.
            at_ms: The instant of that price.
        """
        offer = self._find_offer(order.symbol, order.side)
        if offer is None or at_ms - offer.at_ms > FRESH_MS:
            return None
        key = (order.symbol, order.side)
        known, before = self._taken.get(key, (offer, ZERO))
        skipped = before if known == offer else ZERO
        wanted, found = order.remaining, list[Part]()
        for price, there in self._levels(order.side, offer, seen=seen, instrument=instrument):
            passed = min(skipped, there)
            quantity = min(there - passed, wanted)
            skipped -= passed
            wanted -= quantity
            if quantity:
                found.append((quantity, price))
        taken = order.remaining - wanted
        self._taken[key] = (offer, taken + (before if known == offer else ZERO))
        return found

    def _levels(
        self, side: Side, offer: Offer, *, seen: float, instrument: Instrument
    ) -> list[book.Level]:
        worse = max if side is Side.BUY else min
        price = decimal_from_float(worse(seen, offer.price))
        quote = decimal_from_float(offer.quantity) * price
        depth = book.Depth(slippage_bps=self._slippage_bps, quote=quote)
        return book.levels(price, side, instrument=instrument, depth=depth)
