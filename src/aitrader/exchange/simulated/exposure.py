"""How long the account held something without a stop, to the millisecond of the exchange's time.

The exchange is the only one who knows both exactly: what the account has, and which stops rest. A
span begins when more of an asset than can be ordered at least has no stop that sells it, and ends
when it has one again, or is gone. Orders whose answers were lost on purpose are noted beside, with
the instant after which they cannot arrive any more: until then nobody may order again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, Decimal

import msgspec

from aitrader.exchange.simulated.orders import VenueFill, VenueList, VenueOrder
from aitrader.exchange.simulated.parameters import Params
from aitrader.exchange.simulated.venue import Venue
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO
from aitrader.model.order import OrderKind, Side

MOST_SPANS = 20_000


class Step(msgspec.Struct, frozen=True):
    """From when so much had no stop, and how much of it an order needed, in whole steps."""

    at_ms: int
    quantity: Decimal
    least: Decimal


class Span(msgspec.Struct, kw_only=True):
    """A time in which something had no stop, step by step; it lasts still where `until_ms` is 0."""

    symbol: str
    from_ms: int
    until_ms: int = 0
    steps: list[Step]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which nobody knew whether an order of this symbol had been accepted."""

    symbol: str
    from_ms: int
    until_ms: int


class Exposure:
    """Watches one account; a `VenueListener`."""

    def __init__(self, venue: Venue, *, now_ms: Callable[[], int]) -> None:
        self._venue = venue
        self._now_ms = now_ms
        self._rules: dict[str, Instrument] = {}
        for instrument in venue.instruments():
            self._rules.setdefault(instrument.base, instrument)
        self._open: dict[str, Span] = {}
        self._ended: deque[Span] = deque(maxlen=MOST_SPANS)
        self._windows: deque[Window] = deque(maxlen=MOST_SPANS)
        venue.matching.news.listeners.append(self)

    def spans(self) -> list[Span]:
        """Return every span, those that last still at the end."""
        return [*self._ended, *self._open.values()]

    def windows(self) -> list[Window]:
        """Return when orders were unknown, oldest first."""
        return list(self._windows)

    def note_unclear(self, params: Params, told_ms: int) -> None:
        """An order has come of whose fate the client will not hear; requests meet `told_ms`."""
        symbol, now_ms = params.get("symbol", ""), self._now_ms()
        try:
            over_ms = int(params["timestamp"]) + int(params.get("recvWindow", "5000"))
        except (KeyError, ValueError):
            return
        until_ms = now_ms + over_ms - told_ms
        if until_ms > now_ms:
            self._windows.append(Window(symbol=symbol, from_ms=now_ms, until_ms=until_ms))

    # -- what the venue says --------------------------------------------------------------------

    def on_order(
        self, order: VenueOrder, execution: str, *, fill: VenueFill | None, cancel_id: str
    ) -> None:
        """Look at the asset of an order that has changed."""
        self._look(self._venue.instrument(order.asked.symbol).base)

    def on_list(self, order_list: VenueList) -> None:
        """A list says nothing that its orders have not said."""

    def on_balances(self, assets: tuple[str, ...]) -> None:
        """Look at what has become more or less."""
        for asset in assets:
            self._look(asset)

    def _look(self, asset: str) -> None:
        rules = self._rules.get(asset)
        if rules is None:
            return
        bare = self._venue.account.total(asset) - sum(self._stopped(asset), ZERO)
        least = _least(rules, self._venue.last(rules.symbol))
        span, now_ms = self._open.get(asset), self._now_ms()
        if bare < least:
            if span is not None:
                span.until_ms = now_ms
                self._ended.append(self._open.pop(asset))
            return
        if span is None:
            span = self._open[asset] = Span(symbol=rules.symbol, from_ms=now_ms, steps=[])
        if not span.steps or span.steps[-1].quantity != bare:
            span.steps.append(Step(now_ms, bare, least))

    def _stopped(self, asset: str) -> Iterator[Decimal]:
        """Yield what each resting stop would sell."""
        for order in self._venue.records.live_orders():
            is_stop = order.is_waiting_stop and order.live.kind is OrderKind.STOP_LOSS
            if not is_stop or not order.is_open or order.asked.side is not Side.SELL:
                continue
            if self._venue.instrument(order.asked.symbol).base == asset:
                yield order.remaining


def _least(rules: Instrument, price: Decimal) -> Decimal:
    """Return the least base units that can be ordered: what is no whole step is left over."""
    least = max(rules.min_quantity, rules.min_notional / price)
    return (least / rules.step_size).to_integral_value(ROUND_CEILING) * rules.step_size
