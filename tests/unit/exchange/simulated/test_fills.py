from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import an_order

from aitrader.exchange.simulated.fills import (
    PriceRange,
    fee_in_base,
    fee_in_quote,
    fill_price_on_arrival,
    fill_price_on_candle,
    fill_price_on_tick,
    is_triggered,
    rest_of_candle,
    urgency,
    worsened,
)
from aitrader.model.order import Order, OrderKind, Side

TICK = Decimal("0.01")
NONE = Decimal(0)


def a_stop(side: Side = Side.SELL, at: str = "99") -> Order:
    return an_order(side=side, kind=OrderKind.STOP_LOSS, stop_price=Decimal(at))


def a_take_profit(side: Side = Side.SELL, at: str = "102") -> Order:
    return an_order(side=side, kind=OrderKind.TAKE_PROFIT, stop_price=Decimal(at))


def a_limit(side: Side = Side.SELL, at: str = "102") -> Order:
    return an_order(side=side, kind=OrderKind.LIMIT, price=Decimal(at))


def on_tick(order: Order, price: str, slippage_bps: str = "0") -> Decimal | None:
    return fill_price_on_tick(
        order, Decimal(price), slippage_bps=Decimal(slippage_bps), tick_size=TICK
    )


def on_candle(order: Order, *prices: str) -> Decimal | None:
    candle = PriceRange(*map(Decimal, prices))
    return fill_price_on_candle(order, candle, slippage_bps=NONE, tick_size=TICK)


@pytest.mark.parametrize(
    ("order", "price", "filled_at"),
    [
        (an_order(), "100", "100"),
        (a_stop(), "99.01", None),
        (a_stop(), "99", "99"),
        (a_stop(), "98.5", "98.5"),
        (a_stop(Side.BUY, "101"), "100.99", None),
        (a_stop(Side.BUY, "101"), "101.5", "101.5"),
        (a_take_profit(), "101.99", None),
        (a_take_profit(), "103", "102"),
        (a_take_profit(Side.BUY, "98"), "98.01", None),
        (a_take_profit(Side.BUY, "98"), "97", "98"),
        (a_limit(), "101.99", None),
        (a_limit(), "103", "102"),
        (a_limit(Side.BUY, "98"), "98.01", None),
        (a_limit(Side.BUY, "98"), "97", "98"),
    ],
)
def test_a_price_does_to_a_resting_order_what_the_rules_say(
    order: Order, price: str, filled_at: str | None
) -> None:
    assert on_tick(order, price) == (None if filled_at is None else Decimal(filled_at))


@pytest.mark.parametrize(
    ("order", "candle", "filled_at"),
    [
        (an_order(), ("100", "103", "98", "101"), "100"),
        (a_stop(), ("100", "103", "99.5", "101"), None),
        (a_stop(), ("100", "103", "98", "101"), "99"),
        (a_stop(), ("97", "103", "96", "101"), "97"),
        (a_stop(Side.BUY, "101"), ("103", "104", "100", "101"), "103"),
        (a_take_profit(), ("103", "104", "100", "101"), "102"),
        (a_take_profit(), ("100", "101.9", "100", "101"), None),
        (a_limit(), ("103", "104", "100", "101"), "102"),
        (a_limit(Side.BUY, "98"), ("97", "99", "96", "98"), "98"),
        (a_limit(Side.BUY, "98"), ("99", "99", "98.01", "99"), None),
    ],
)
def test_a_candle_fills_at_the_worse_of_trigger_and_open(
    order: Order, candle: tuple[str, ...], filled_at: str | None
) -> None:
    assert on_candle(order, *candle) == (None if filled_at is None else Decimal(filled_at))


@pytest.mark.parametrize(
    ("order", "price", "filled_at"),
    [
        (a_limit(Side.SELL, "100"), "105", "105"),
        (a_limit(Side.SELL, "100"), "100", "100"),
        (a_limit(Side.SELL, "100"), "99", None),
        (a_limit(Side.BUY, "100"), "95", "95"),
        (a_limit(Side.BUY, "100"), "101", None),
        (an_order(), "105", "105"),
    ],
)
def test_a_limit_that_arrives_beyond_the_market_takes_the_better_price(
    order: Order, price: str, filled_at: str | None
) -> None:
    found = fill_price_on_arrival(order, Decimal(price), slippage_bps=NONE, tick_size=TICK)
    assert found == (None if filled_at is None else Decimal(filled_at))


def test_slippage_never_takes_an_arriving_limit_beyond_its_own_price() -> None:
    buy = a_limit(Side.BUY, "100")
    found = fill_price_on_arrival(buy, Decimal("99.99"), slippage_bps=Decimal(50), tick_size=TICK)
    assert found == Decimal(100)


def test_slippage_worsens_the_price_and_rounds_it_against_us() -> None:
    assert on_tick(an_order(side=Side.BUY), "100.001", "1") == Decimal("100.02")
    assert on_tick(an_order(side=Side.SELL), "100.001", "1") == Decimal("99.99")


def test_a_sold_price_never_falls_below_one_tick() -> None:
    assert worsened(TICK, Side.SELL, slippage_bps=Decimal(5000), tick_size=TICK) == TICK


def test_stops_are_tested_before_targets() -> None:
    assert sorted([a_limit(), a_stop(), a_take_profit()], key=urgency)[0].kind is (
        OrderKind.STOP_LOSS
    )


def test_triggers_look_to_the_side_of_their_kind() -> None:
    assert is_triggered(a_stop(), Decimal(99))
    assert not is_triggered(a_take_profit(), Decimal(99))
    assert is_triggered(a_take_profit(Side.BUY, "98"), Decimal(97))


def test_an_order_without_the_price_its_kind_needs_is_an_error() -> None:
    with pytest.raises(ValueError, match="STOP_LOSS order: expected a price above zero"):
        on_tick(an_order(kind=OrderKind.STOP_LOSS), "100")


def test_fees_are_of_what_is_exchanged_to_8_decimals() -> None:
    bps = Decimal(10)
    assert fee_in_quote(Decimal(2), Decimal("50.5"), fee_bps=bps) == Decimal("0.10100000")
    assert fee_in_base(Decimal("0.00001"), fee_bps=bps) == Decimal("0.00000001")


@given(
    side=st.sampled_from(Side),
    trigger=st.decimals("1", "200", places=2),
    opened=st.decimals("1", "200", places=2),
    swing=st.decimals("0", "50", places=2),
    bps=st.decimals("0", "100", places=1),
)
def test_a_stop_never_fills_better_than_its_trigger(
    *, side: Side, trigger: Decimal, opened: Decimal, swing: Decimal, bps: Decimal
) -> None:
    stop = an_order(side=side, kind=OrderKind.STOP_LOSS, stop_price=trigger)
    candle = PriceRange(opened, opened + swing, max(opened - swing, TICK), opened)
    found = fill_price_on_candle(stop, candle, slippage_bps=bps, tick_size=TICK)
    if found is not None:
        assert found % TICK == 0
        assert found <= trigger if side is Side.SELL else found >= trigger


def a_range(opened: str, high: str, low: str, close: str) -> PriceRange:
    return PriceRange(Decimal(opened), Decimal(high), Decimal(low), Decimal(close))


@pytest.mark.parametrize(
    ("side", "candle", "rest"),
    [
        (Side.BUY, ("101", "105", "97", "99"), ("100", "100", "97", "99")),
        (Side.BUY, ("101", "105", "97", "103"), ("100", "103", "97", "103")),
        (Side.SELL, ("99", "105", "97", "101"), ("100", "105", "100", "101")),
        (Side.SELL, ("99", "105", "97", "98"), ("100", "105", "98", "98")),
    ],
)
def test_after_a_limit_only_the_extreme_it_leads_to_and_the_close_are_certain(
    side: Side, candle: tuple[str, str, str, str], rest: tuple[str, str, str, str]
) -> None:
    found = rest_of_candle(a_limit(side, "100"), a_range(*candle), Decimal(100))
    assert found == a_range(*rest)
