from decimal import Decimal

import pytest
from tests.builders import AT_MS, an_instrument, an_order
from tests.unit.backtest.worlds import MINUTES_5, Candle, a_series, flat

from aitrader.backtest.bands import CandleBands
from aitrader.backtest.history import History
from aitrader.backtest.market import CandleMarket, Phase, Wake
from aitrader.backtest.timers import VirtualClock
from aitrader.exchange.paper import PaperSettings, PaperVenue
from aitrader.model.commands import ArmBand, CancelOrders, DisarmBand, QueryOrder, SubmitOrder
from aitrader.model.events import Event, OrderAccepted, OrderCanceled, OrderFilled
from aitrader.model.ids import BandId
from aitrader.model.order import Leg, Order, OrderKind, Side


class Room:
    """The edges of a run and a list for an inbox."""

    def __init__(self, *candles: Candle | None) -> None:
        self.events: list[Event] = []
        self.clock = VirtualClock(AT_MS)
        rules = {"BTCUSDT": an_instrument()}
        settings = PaperSettings(slippage_bps=Decimal(0))
        venue = PaperVenue(self, self.clock, find_instrument=rules.get, settings=settings)
        history = History([a_series(candles)])
        self.market = CandleMarket(
            history, "5m", clock=self.clock, venue=venue, bands=CandleBands(self)
        )

    def post(self, event: Event) -> None:
        self.events.append(event)

    def at(self, candle: int, phase: Phase) -> None:
        self.clock.at_ms, self.market.phase = AT_MS + candle * MINUTES_5, phase

    def submit(self, *orders: Order) -> None:
        self.market.submit(SubmitOrder(orders=orders))

    def bought(self) -> None:
        self.at(0, Phase.CLOSE)
        self.submit(an_order())
        self.at(0, Phase.OPEN)
        self.market.open_at("BTCUSDT", AT_MS)


def a_stop(price: str) -> Order:
    return an_order(Leg.EXIT, 1, kind=OrderKind.STOP_LOSS, stop_price=Decimal(price))


def a_wake(candle: int, phase: Phase) -> Wake:
    return AT_MS + candle * MINUTES_5, phase


def test_without_orders_and_bands_nothing_is_ever_due() -> None:
    assert Room(flat()).market.next_wake("BTCUSDT") is None


def test_a_market_order_wakes_at_the_next_open_that_is_there() -> None:
    room = Room(flat(), None, flat())
    room.at(1, Phase.CLOSE)
    room.submit(an_order())
    assert list(room.market.take_changed()) == ["BTCUSDT"]
    assert list(room.market.take_changed()) == []
    assert room.market.next_wake("BTCUSDT") == a_wake(2, Phase.OPEN)


def test_only_a_candle_that_touches_something_is_shown() -> None:
    room = Room(flat(), flat(), (100.0, 101.0, 98.0, 99.0), flat(98.0))
    room.bought()
    room.submit(a_stop("99"))
    assert room.market.next_wake("BTCUSDT") == a_wake(3, Phase.CANDLE)


def test_an_open_beyond_an_edge_is_shown_first() -> None:
    room = Room(flat(), flat(), flat(98.0))
    room.bought()
    room.submit(a_stop("99"))
    assert room.market.next_wake("BTCUSDT") == a_wake(2, Phase.OPEN)


@pytest.mark.parametrize(("arrives", "price"), [(1, "103"), (0, "102")])
def test_a_target_takes_a_better_open_only_in_the_candle_it_came_in(
    arrives: int, price: str
) -> None:
    room = Room(flat(), (103.0, 103.0, 101.0, 101.0))
    room.bought()
    room.at(arrives, Phase.OPEN)
    target = an_order(Leg.EXIT, 1, kind=OrderKind.LIMIT, price=Decimal(102))
    room.submit(target)
    room.at(2, Phase.CANDLE)
    room.market.close_at("BTCUSDT", room.clock.at_ms)
    filled = room.events[-1]
    assert isinstance(filled, OrderFilled)
    assert filled.fill.price == Decimal(price)


def test_a_touched_candle_opens_and_then_ends() -> None:
    room = Room(flat(), (100.0, 100.0, 98.0, 99.5))
    room.bought()
    room.submit(a_stop("99"))
    room.at(1, Phase.CANDLE)
    room.market.close_at("BTCUSDT", room.clock.at_ms)
    room.at(1, Phase.OPEN)
    room.market.open_at("BTCUSDT", room.clock.at_ms)
    assert room.market.next_wake("BTCUSDT") == a_wake(2, Phase.CANDLE)
    room.at(2, Phase.CANDLE)
    room.market.close_at("BTCUSDT", room.clock.at_ms)
    filled = room.events[-1]
    assert isinstance(filled, OrderFilled)
    assert (filled.at_ms, filled.fill.price) == (room.clock.at_ms, Decimal(99))


def test_orders_of_a_short_are_touched_on_the_other_side() -> None:
    room = Room(flat(), flat(), flat(103.0))
    room.at(0, Phase.CLOSE)
    room.submit(an_order(side=Side.SELL))
    room.at(0, Phase.OPEN)
    room.market.open_at("BTCUSDT", AT_MS)
    stop = an_order(Leg.EXIT, 1, side=Side.BUY, kind=OrderKind.STOP_LOSS, stop_price=Decimal("102"))
    room.submit(stop)
    room.at(1, Phase.CANDLE)
    room.market.close_at("BTCUSDT", room.clock.at_ms)
    assert room.market.next_wake("BTCUSDT") == a_wake(2, Phase.OPEN)


def test_a_band_wakes_as_an_order_does_until_it_is_disarmed() -> None:
    room = Room(flat(), flat(103.0))
    room.market.arm(ArmBand(band_id=BandId("b"), symbol="BTCUSDT", above=102.0))
    assert room.market.next_wake("BTCUSDT") == a_wake(1, Phase.OPEN)
    room.market.disarm(DisarmBand(band_id=BandId("b")))
    assert room.market.next_wake("BTCUSDT") is None


def test_what_is_asked_of_the_venue_is_answered_on_the_spot() -> None:
    room = Room(flat(), flat())
    room.bought()
    stop = a_stop("99")
    room.submit(stop)
    room.market.query(QueryOrder(order=stop))
    assert isinstance(room.events[-1], OrderAccepted)
    room.market.cancel(CancelOrders(orders=(stop,)))
    assert isinstance(room.events[-1], OrderCanceled)


def test_the_last_price_is_the_open_of_an_open_candle_else_the_close_before() -> None:
    room = Room((10.0, 13.0, 9.0, 12.0), None, (20.0, 23.0, 19.0, 22.0))
    room.at(0, Phase.CLOSE)
    assert room.market.last_price("BTCUSDT") is None
    room.at(0, Phase.OPEN)
    assert room.market.last_price("BTCUSDT") == 10.0
    for candle, price in ((1, 12.0), (2, 12.0), (3, 22.0), (9, 22.0)):
        room.at(candle, Phase.CLOSE)
        assert room.market.last_price("BTCUSDT") == price
    room.at(1, Phase.OPEN)
    assert room.market.last_price("BTCUSDT") == 12.0
    room.clock.at_ms = AT_MS - 1
    assert room.market.last_price("BTCUSDT") is None
    assert room.market.last_price("ETHUSDT") is None
