"""A paper venue for tests, what is sent to it and the candles that it is shown."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from tests.builders import AT_MS, an_instrument, an_order

from aitrader.exchange.paper import PaperSettings, PaperVenue
from aitrader.exchange.simulated.fills import PriceRange
from aitrader.market.offers import FindOffer, unknown
from aitrader.model.commands import CancelOrders, QueryOrder, SubmitOrder
from aitrader.model.events import Event, Saved
from aitrader.model.instrument import Instrument
from aitrader.model.order import Leg, Order, OrderKind


class Desk:
    """The venue with a list for an inbox and a clock that stands still."""

    def __init__(self, *, find_offer: FindOffer = unknown, **settings: Decimal) -> None:
        self.events: list[Event] = []
        self.time_ms = AT_MS
        costs: dict[str, Decimal] = {"slippage_bps": Decimal(0), **settings}
        self.venue = PaperVenue(
            self,
            self,
            find_instrument=self.find,
            settings=PaperSettings(**costs),
            find_offer=find_offer,
        )

    def post(self, event: Event) -> None:
        self.events.append(event)

    def now_ms(self) -> int:
        return self.time_ms

    def find(self, symbol: str) -> Instrument | None:
        return an_instrument() if symbol == "BTCUSDT" else None

    def submit(self, *orders: Order) -> list[Event]:
        return self.do(self.venue.submit(SubmitOrder(orders=orders)))

    def cancel(self, *orders: Order) -> list[Event]:
        return self.do(self.venue.cancel(CancelOrders(orders=orders)))

    def query(self, order: Order) -> list[Event]:
        return self.do(self.venue.query(QueryOrder(order=order)))

    def recover(self, saved: Saved) -> list[Event]:
        return self.do(self.venue.recover(saved))

    def price(self, price: float, symbol: str = "BTCUSDT") -> list[Event]:
        before = len(self.events)
        self.venue.on_price(symbol, price, self.time_ms)
        return self.events[before:]

    def do(self, work: object) -> list[Event]:
        before = len(self.events)
        asyncio.run(work)  # type: ignore[arg-type]
        return self.events[before:]

    def bought(self, quantity: str = "1", price: float = 100.0) -> Order:
        order = an_order(quantity=Decimal(quantity))
        self.submit(order)
        self.price(price)
        return order


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def a_stop(at: str = "99", attempt: int = 1, **changes: object) -> Order:
    return an_order(Leg.EXIT, attempt, kind=OrderKind.STOP_LOSS, stop_price=Decimal(at), **changes)


def a_target(at: str = "102", attempt: int = 2, **changes: object) -> Order:
    return an_order(Leg.EXIT, attempt, kind=OrderKind.LIMIT, price=Decimal(at), **changes)


def a_candle(low: str, high: str, *, opens: str = "100", closes: str = "100") -> PriceRange:
    return PriceRange(Decimal(opens), Decimal(high), Decimal(low), Decimal(closes))
