from decimal import Decimal

from tests.builders import AT_MS, POSITION, a_fill, an_order

from aitrader.exchange.paper_rests import CandleRests
from aitrader.exchange.simulated.fills import PriceRange
from aitrader.model.ids import PositionId
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
