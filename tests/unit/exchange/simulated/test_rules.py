from decimal import Decimal

import pytest
from tests.builders import an_instrument, an_order

from aitrader.exchange.simulated.rules import check
from aitrader.model.errors import Refused
from aitrader.model.order import Order, OrderKind


def refusal(order: Order, **changes: object) -> str:
    instrument = an_instrument(**changes)
    try:
        check(order, order.quantity, instrument=instrument, last_price=Decimal(100))
    except Refused as found:
        return str(found)
    return ""


@pytest.mark.parametrize(
    ("order", "answer"),
    [
        (an_order(), ""),
        (an_order(quantity=Decimal("0.0015")), "Filter failure: LOT_SIZE (-1013)"),
        (an_order(quantity=Decimal(0)), "Filter failure: LOT_SIZE (-1013)"),
        (an_order(quantity=Decimal("0.01")), "Filter failure: NOTIONAL (-1013)"),
        (
            an_order(kind=OrderKind.LIMIT, price=Decimal("100.005")),
            "Filter failure: PRICE_FILTER (-1013)",
        ),
        (
            an_order(kind=OrderKind.STOP_LOSS, stop_price=Decimal(4)),
            "Filter failure: NOTIONAL (-1013)",
        ),
        (an_order(kind=OrderKind.LIMIT, price=Decimal(5)), ""),
    ],
)
def test_an_order_that_breaks_a_filter_is_refused_in_the_exchanges_words(
    order: Order, answer: str
) -> None:
    assert refusal(order) == answer


def test_bounds_and_halts_of_the_symbol_are_kept() -> None:
    assert refusal(an_order(), is_trading=False) == "Market is closed. (-2010)"
    assert "LOT_SIZE" in refusal(an_order(), max_quantity=Decimal("0.5"))
    assert "LOT_SIZE" in refusal(an_order(), min_quantity=Decimal(2))


def test_a_market_order_before_any_price_is_not_valued() -> None:
    check(an_order(), Decimal("0.001"), instrument=an_instrument(), last_price=None)
