from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import an_instrument, some_exits

from aitrader.execution.exit_rules import check_exits, is_sellable
from aitrader.execution.sizing import Wish
from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument, PriceLimits
from aitrader.model.trader import Exits, Level, LevelKind, Limits, PositionSide, SizeKind, Target

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
NARROW = PriceLimits(
    buy_low_ratio=Decimal("0.9"),
    buy_high_ratio=Decimal("1.02"),
    sell_low_ratio=Decimal("0.95"),
    sell_high_ratio=Decimal("1.1"),
)


def refusal(
    exits: Exits,
    *,
    quantity: str = "1",
    side: PositionSide = LONG,
    rules: Instrument | None = None,
) -> str:
    wish = Wish(
        instrument=rules or an_instrument(),
        side=side,
        price=Decimal(100),
        limits=Limits(SizeKind.AMOUNT, Decimal(100)),
        exits=exits,
    )
    try:
        check_exits(wish, Decimal(quantity))
    except Refused as no:
        return no.reason
    return ""


def pct(value: str) -> Level:
    return Level(LevelKind.PERCENT, Decimal(value))


def test_exits_within_the_rules_pass() -> None:
    assert refusal(some_exits()) == ""
    assert refusal(some_exits(), rules=an_instrument(price_limits=NARROW)) == ""
    assert refusal(Exits(trailing_pct=Decimal(1)), quantity="0.001") == ""


def test_what_is_worth_too_little_at_its_stop_is_refused() -> None:
    half = Exits(stop_loss=pct("50"))
    assert refusal(half, quantity="0.1") == ""
    assert refusal(half, quantity="0.099") == (
        "too small to be left: at its stop loss 50 it would be worth 4.95 USDT, "
        "BTCUSDT takes 5 at least"
    )
    assert refusal(Exits(stop_loss=pct("100")), quantity="0.099") == ""
    far = Exits(take_profit=(Target(pct("50"), Decimal(1)),))
    assert refusal(far, quantity="0.099") == ""
    assert "at its take profit 50" in refusal(far, quantity="0.099", side=SHORT)


@pytest.mark.parametrize(
    ("exits", "side", "sentence"),
    [
        (Exits(stop_loss=pct("5")), LONG, ""),
        (
            Exits(stop_loss=pct("5.5")),
            LONG,
            "the stop loss at 94.5 is too far from the price 100: BTCUSDT takes orders from 95 "
            "to 110",
        ),
        (Exits(take_profit=(Target(pct("10"), Decimal(1)),)), LONG, ""),
        (
            Exits(take_profit=(Target(pct("10.1"), Decimal(1)),)),
            LONG,
            "the take profit at 110.1 is too far from the price 100: BTCUSDT takes orders from "
            "95 to 110",
        ),
        (Exits(stop_loss=pct("2")), SHORT, ""),
        (
            Exits(stop_loss=pct("2.1")),
            SHORT,
            "the stop loss at 102.1 is too far from the price 100: BTCUSDT takes orders from 90 "
            "to 102",
        ),
        (
            Exits(take_profit=(Target(Level(LevelKind.PRICE, Decimal("89.9")), Decimal(1)),)),
            SHORT,
            "the take profit at 89.9 is too far from the price 100: BTCUSDT takes orders from 90 "
            "to 102",
        ),
        (
            Exits(take_profit=(Target(Level(LevelKind.DISTANCE, Decimal(11)), Decimal(1)),)),
            LONG,
            "the take profit at 111 is too far from the price 100: BTCUSDT takes orders from 95 "
            "to 110",
        ),
    ],
)
def test_exits_must_lie_in_the_band_of_their_side(
    exits: Exits, side: PositionSide, sentence: str
) -> None:
    assert refusal(exits, side=side, rules=an_instrument(price_limits=NARROW)) == sentence


def test_a_band_without_an_upper_end_says_so() -> None:
    rules = an_instrument(price_limits=PriceLimits(sell_low_ratio=Decimal("0.99")))
    assert refusal(Exits(stop_loss=pct("2")), rules=rules).endswith("from 99 to any price")


def test_small_prices_are_shown_in_full() -> None:
    rules = an_instrument(price_limits=PriceLimits(sell_low_ratio=Decimal("0.99")))
    deep = Exits(stop_loss=Level(LevelKind.PRICE, Decimal("0.0625")))
    assert "stop loss at 0.0625 is" in refusal(deep, quantity="100", rules=rules)


def test_what_can_be_sold_keeps_steps_and_least_values() -> None:
    rules = an_instrument(min_quantity=Decimal("0.01"))
    assert is_sellable(Decimal("0.05"), Decimal(100), rules)
    assert not is_sellable(Decimal("0.049"), Decimal(100), rules)
    assert is_sellable(Decimal("0.01"), Decimal(1000), rules)
    assert not is_sellable(Decimal("0.009"), Decimal(1000), rules)
    assert not is_sellable(
        Decimal("0.0009"), Decimal(100_000), an_instrument(min_quantity=Decimal(0))
    )


def test_no_exit_lies_below_the_least_price() -> None:
    rules = an_instrument(min_price=Decimal("99.5"))
    assert refusal(some_exits(), rules=rules).endswith("takes orders from 99.5 to any price")


def test_no_exit_lies_beyond_the_greatest_price() -> None:
    rules = an_instrument(max_price=Decimal(101))
    assert refusal(some_exits(), rules=rules) == (
        "the take profit at 102 is too far from the price 100: BTCUSDT takes orders from 0 to 101"
    )


def test_the_lower_one_of_two_upper_ends_counts() -> None:
    far = Exits(take_profit=(Target(pct("8"), Decimal(1)),))
    ratio = PriceLimits(sell_high_ratio=Decimal("1.05"))
    assert refusal(far, rules=an_instrument(price_limits=ratio, max_price=Decimal(107))).endswith(
        "from 0 to 105"
    )
    wide = PriceLimits(sell_high_ratio=Decimal("1.2"))
    assert refusal(far, rules=an_instrument(price_limits=wide, max_price=Decimal(107))).endswith(
        "from 0 to 107"
    )
