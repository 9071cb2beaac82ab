from decimal import Decimal

from tests.builders import AT_MS, POSITION, a_fill, an_order
from tests.unit.exchange.papers import Desk, a_candle, a_stop, a_target, kinds

from aitrader.exchange.paper_rests import CandleRests
from aitrader.exchange.simulated.fills import PriceRange
from aitrader.model.events import OrderAccepted, OrderCanceled, OrderFilled
from aitrader.model.ids import ClientOrderId, PositionId
from aitrader.model.order import Leg, Order, OrderKind

CANDLE = PriceRange(Decimal(101), Decimal(105), Decimal(97), Decimal(99))
FILL = a_fill(at_ms=AT_MS)


def noted(order: Order) -> CandleRests:
    rests = CandleRests()
    rests.note(order, FILL, CANDLE)
    return rests


def a_limit(**changes: object) -> Order:
    return an_order(kind=OrderKind.LIMIT, price=Decimal(100), **changes)


def test_what_comes_after_an_entry_is_there_until_the_instant_has_passed() -> None:
    rests = noted(a_limit())
    rest = PriceRange(Decimal(100), Decimal(100), Decimal(97), Decimal(99))
    assert rests.find(POSITION, AT_MS) == rest
    assert rests.find(POSITION, AT_MS + 1) is None
    assert rests.find(PositionId("p-other"), AT_MS) is None


def test_only_an_entry_at_a_limit_is_made_within_a_candle() -> None:
    assert noted(an_order()).find(POSITION, AT_MS) is None
    assert noted(a_limit(leg=Leg.EXIT)).find(POSITION, AT_MS) is None


def test_the_next_instant_forgets_the_one_before_and_one_instant_knows_all() -> None:
    rests = noted(a_limit())
    other = PositionId("p-other")
    rests.note(a_limit(position_id=other), FILL, CANDLE)
    assert rests.find(POSITION, AT_MS) == rests.find(other, AT_MS)
    rests.note(a_limit(position_id=other), a_fill(at_ms=AT_MS + 9), CANDLE)
    assert rests.find(POSITION, AT_MS + 9) is None
    assert rests.find(other, AT_MS + 9) is not None


def a_resting_entry(position_id: PositionId = POSITION) -> Order:
    name = ClientOrderId(f"entry-{position_id}")
    return an_order(
        kind=OrderKind.LIMIT, price=Decimal(100), position_id=position_id, client_order_id=name
    )


def test_what_protects_an_entry_at_a_limit_meets_the_rest_of_its_candle_alone() -> None:
    desk = Desk()
    other = a_resting_entry(PositionId("p-other"))
    desk.submit(a_resting_entry())
    desk.submit(other)
    desk.venue.on_candle("BTCUSDT", a_candle("98.5", "103", opens="101", closes="101.5"), AT_MS)
    assert desk.venue.rest_of(POSITION) == a_candle("98.5", "101.5", opens="100", closes="101.5")

    bystander = a_stop(position_id=other.position_id, client_order_id=ClientOrderId("bystander"))
    desk.time_ms = AT_MS + 1
    assert kinds(desk.submit(bystander)) == [OrderAccepted], "its candle is over"
    desk.time_ms = AT_MS
    target, stop = a_target("101", list_id="l"), a_stop(list_id="l")
    accepted = kinds(desk.submit(stop, target))
    assert accepted == [OrderAccepted, OrderAccepted, OrderFilled, OrderCanceled]
    filled = desk.events[-2]
    assert isinstance(filled, OrderFilled)
    assert filled.client_order_id == stop.client_order_id
    assert desk.venue.awaited() == {"BTCUSDT"}


def test_who_leaves_within_the_candle_of_its_entry_waits_for_the_next_open() -> None:
    desk = Desk()
    desk.submit(a_resting_entry())
    desk.venue.on_candle("BTCUSDT", a_candle("98.5", "103", opens="101"), AT_MS)
    assert kinds(desk.submit(an_order(Leg.EXIT))) == [OrderAccepted]
    assert kinds(desk.price(99.0)) == [OrderFilled]
