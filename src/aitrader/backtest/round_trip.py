"""One trade of a direct run: how it stands, and what is next for it.

A trip knows nothing of the account or of other trades. Its run asks it where candles next touch
an order or the trailing stop of it, and books what fills.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from aitrader.backtest.answers import Found
from aitrader.backtest.bands import path
from aitrader.backtest.history import Series
from aitrader.backtest.market import CANDLE, CLOSE, INFINITE, TIMER, Wake, find_touch
from aitrader.backtest.record import Trade
from aitrader.backtest.resting import (
    Met,
    Pair,
    candle_at,
    edges_of,
    met_by,
    pairs_of,
    price_at_open,
    price_within,
)
from aitrader.execution.risk import Held
from aitrader.model.events import ExitWanted, PriceLeft
from aitrader.model.ids import BandId, PositionId
from aitrader.model.instrument import Instrument
from aitrader.model.ledger import NOTHING, Flow, average_of
from aitrader.model.money import ZERO
from aitrader.model.order import ExitReason, Fill
from aitrader.model.position import Position
from aitrader.model.signal import Signal
from aitrader.model.trader import PositionSide, Trader
from aitrader.positions.book import awaited, opened_as
from aitrader.positions.pnl import Legs, Tally, counted
from aitrader.positions.watch import trail_left

LONG = PositionSide.LONG
NO_EDGES = (-INFINITE, INFINITE)
NAMELESS, INSIDE = PositionId(""), BandId("")
"""Nobody asks a direct run for ids."""


class RoundTrip(msgspec.Struct, gc=False):
    """A trade from its order to its end.

    `entry` names its order. Base units: `quantity` ordered, `left` still to be closed. `stops`: how
    many stop orders it has, or will have. `place`: the candle that is next for it. `position` is as
    it stands, None before the entry has filled in `entry_place`; `pairs` rest for it. `met`: what
    the next touch will fill. `forced`: when it is left at market if nothing touches it before, and
    why. `leaving`: why it is being sold.
    """

    entry: str
    signal: Signal
    trader: Trader
    rules: Instrument
    series: Series
    quantity: Decimal
    stops: int = 0
    place: int = -1
    position: Position | None = None
    opened: Flow = NOTHING
    closed: Flow = NOTHING
    left: Decimal = ZERO
    exits: tuple[Fill, ...] = ()
    pairs: tuple[Pair, ...] = ()
    entry_place: int = -1
    met: Sequence[Met] = ()
    forced: tuple[Wake, ExitReason, str] | None = None
    leaving: tuple[ExitReason, str] | None = None

    # -- its numbers ----------------------------------------------------------------------------

    @property
    def held(self) -> Held:
        """What it holds by now, and the price of its entry."""
        position, is_long = self.position, self.trader.plan.side is LONG
        price = ZERO if position is None else position.entry_price
        return Held(self.signal.symbol, self.left if is_long else -self.left, price)

    def enter(self, fill: Fill, flow: Flow) -> None:
        """Take in what its entry did, and let the orders of the position rest.

        Raises:
            NeedsStages: A part of it cannot rest.
        """
        self.opened, self.left, self.entry_place = flow, abs(flow.base), self.place
        side, signal = self.trader.plan.side, self.signal
        before = awaited(signal, NAMELESS, side=side, planned_ms=signal.raised_ms)
        now = self._tally(fill.price)
        position = opened_as(before, now, rules=self.rules, at_ms=fill.at_ms)
        self.position, self.pairs = position, pairs_of(position, self.rules)

    def exit(self, fill: Fill, flow: Flow) -> None:
        """Take in what an order that closes a part of it did."""
        self.exits = (*self.exits, fill)
        self.closed = flow if self.closed is NOTHING else self.closed + flow
        self.left -= fill.quantity

    def find_end(self, reason: ExitReason, condition: str, *, at_ms: int) -> Trade | None:
        """Return what it came to, None while so much is left that it can be sold."""
        position = self.position
        if position is None or self.left >= self.rules.step_size:
            return None
        now = self._tally(position.entry_price)
        return Trade(
            trader=position.trader_id,
            symbol=position.symbol,
            side=position.side,
            entry_ms=position.opened_ms,
            entry_price=now.entry_price,
            exit_ms=at_ms,
            exit_price=now.exit_price,
            quantity=now.received,
            fees=now.fees,
            pnl=now.realized_pnl,
            exit_reason=reason.value,
            exit_condition=condition,
        )

    def _tally(self, entry_price: Decimal) -> Tally:
        done = Legs(self.opened, entry_price, self.closed, average_of(self.exits))
        side = self.trader.plan.side
        return counted(side, done, least_quantity=self.rules.step_size)

    # -- what is next ---------------------------------------------------------------------------

    def find_open(self, at_ms: int) -> int | None:
        """Return when the next candle that is there opens, now or later; it is `place` then."""
        series = self.series
        place, is_inside = series.find_now(at_ms)
        found = series.find_open(place + is_inside)
        if found is None:
            return None
        self.place = found
        return series.first_ms + found * series.step_ms

    def foresee(self, found: Found | None) -> None:
        """Find when it is left at market whatever its orders do, and why.

        Args:
            found: What its trader's filter says of the symbol.
        """
        position = self.position
        assert position is not None, "it has opened"
        exit_ms = None if found is None else found.next_exit(position.opened_ms)
        if found is not None and exit_ms is not None:
            name = found.exit_at(exit_ms) or ""
            self.forced = ((exit_ms, CLOSE), ExitReason.EXIT_CONDITIONS, name)
        if position.exits.max_age_ms is not None:
            wake = (position.opened_ms + position.exits.max_age_ms, TIMER)
            if self.forced is None or wake < self.forced[0]:
                self.forced = (wake, ExitReason.MAX_AGE, "")

    def find_touch(self, place: int, *, is_inside: bool, slippage_bps: Decimal) -> Wake | None:
        """Return when candles touch something next, None if never, and keep what that will fill.

        Args:
            place: The first candle to look at.
            is_inside: Whether its open is over: of this one only the rest is left.
            slippage_bps: What taking from the market costs.
        """
        series, position, tick_size = self.series, self.position, self.rules.tick_size
        assert position is not None, "it has opened"
        edges = edges_of(self.pairs, position, tick_size=tick_size)
        touch = None
        if edges != NO_EDGES:
            touch = find_touch(series, place, is_inside=is_inside, edges=edges)
        if touch is None:
            return None
        self.place, wake = touch
        if wake[1] is CANDLE:
            find_price = price_within(
                candle_at(series, self.place),
                is_new=self.place == self.entry_place,
                slippage_bps=slippage_bps,
                tick_size=tick_size,
            )
        else:
            find_price = price_at_open(
                series, self.place, slippage_bps=slippage_bps, tick_size=tick_size
            )
        self.met = met_by(self.pairs, find_price)
        return wake

    def follow(self, at_ms: int) -> bool:
        """Return whether the candle that ends now leaves the trailing stop; raise it on the way."""
        position = self.position
        if position is None or position.trail_price is None:
            return False
        for price in path(candle_at(self.series, self.place)):
            left = PriceLeft(at_ms=at_ms, band_id=INSIDE, price=price)
            after, answer = trail_left(position, left, tick_size=self.rules.tick_size)
            if after is position and isinstance(answer[0], ExitWanted):
                return True
            position = self.position = after
        return False
