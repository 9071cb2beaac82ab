from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import an_instrument, some_exits

from aitrader.execution.sizing import Means, Wish, level_price, size_entry, stop_distance
from aitrader.model.errors import Refused
from aitrader.model.trader import Exits, Level, LevelKind, Limits, PositionSide, SizeKind

MEANS = Means(
    equity=Decimal(10_000),
    free=Decimal(10_000),
    fee_bps=Decimal(10),
    reserve_bps=Decimal(20),
    max_position_pct=Decimal(20),
)


def a_wish(kind: SizeKind = SizeKind.AMOUNT, value: str = "100", **changes: object) -> Wish:
    wish = Wish(
        instrument=an_instrument(),
        side=PositionSide.LONG,
        price=Decimal(100),
        limits=Limits(kind=kind, value=Decimal(value)),
        exits=some_exits(),
    )
    return msgspec.structs.replace(wish, **changes)


def level(kind: LevelKind, value: str) -> Exits:
    return Exits(stop_loss=Level(kind, Decimal(value)))


def test_an_amount_buys_for_so_much_down_to_the_step() -> None:
    sized = size_entry(a_wish(value="100", price=Decimal(333)), MEANS)
    assert sized.quantity == Decimal("0.300")
    assert sized.needed == Decimal("0.300") * 333 * Decimal("1.003")


def test_a_size_is_a_share_of_equity() -> None:
    assert size_entry(a_wish(SizeKind.SIZE, "5"), MEANS).quantity == Decimal(5)


def test_a_risk_loses_so_much_after_the_fees_of_both_legs() -> None:
    wish = a_wish(SizeKind.RISK, "0.1", exits=level(LevelKind.PERCENT, "5"))

    quantity = size_entry(wish, MEANS).quantity

    lost = quantity * (Decimal(5) + Decimal(100) / 1000 + Decimal(95) / 1000)
    assert Decimal("9.99") < lost <= Decimal(10)


def test_a_tight_stop_never_buys_more_than_the_cap() -> None:
    wish = a_wish(SizeKind.RISK, "1", exits=level(LevelKind.PERCENT, "0.1"))
    assert size_entry(wish, MEANS).quantity == Decimal(20)


@pytest.mark.parametrize(
    ("exits", "side", "distance"),
    [
        (level(LevelKind.PERCENT, "2"), PositionSide.LONG, "2"),
        (level(LevelKind.DISTANCE, "1.5"), PositionSide.SHORT, "1.5"),
        (level(LevelKind.PRICE, "97"), PositionSide.LONG, "3"),
        (level(LevelKind.PRICE, "104"), PositionSide.SHORT, "4"),
        (Exits(trailing_pct=Decimal(3)), PositionSide.LONG, "3"),
    ],
)
def test_the_stop_distance_counts_from_the_price(
    exits: Exits, side: PositionSide, distance: str
) -> None:
    assert stop_distance(exits, side=side, price=Decimal(100)) == Decimal(distance)


def test_without_a_stop_there_is_no_risk_to_count() -> None:
    with pytest.raises(Refused, match="no stop loss"):
        size_entry(a_wish(SizeKind.RISK, "1", exits=Exits(max_age_ms=1)), MEANS)


@pytest.mark.parametrize(("side", "stop"), [(PositionSide.LONG, "101"), (PositionSide.SHORT, "99")])
def test_a_stop_on_the_wrong_side_is_refused(side: PositionSide, stop: str) -> None:
    wish = a_wish(SizeKind.RISK, "1", side=side, exits=level(LevelKind.PRICE, stop))
    with pytest.raises(Refused, match=f"wrong side: {stop} with the price at 100"):
        size_entry(wish, MEANS)


def test_below_the_least_notional_the_refusal_carries_the_numbers() -> None:
    with pytest.raises(Refused) as refusal:
        size_entry(a_wish(value="4"), MEANS)
    assert refusal.value.reason == (
        "too small: amount 4 buys 0.04 BTC = 4 USDT; BTCUSDT takes 5 USDT and 0.001 BTC at least"
    )


def test_below_the_least_notional_a_share_names_the_equity_too() -> None:
    with pytest.raises(Refused, match=r"size 0\.01% buys 0\.01 BTC = 1 USDT of 10000 equity"):
        size_entry(a_wish(SizeKind.SIZE, "0.01"), MEANS)


def test_a_price_above_what_a_step_may_cost_is_refused() -> None:
    with pytest.raises(Refused, match="buys 0 BTC"):
        size_entry(a_wish(value="100", price=Decimal(1_000_000)), MEANS)


def test_below_the_least_quantity_is_refused() -> None:
    rules = an_instrument(min_quantity=Decimal(2))
    with pytest.raises(Refused, match="2 BTC at least"):
        size_entry(a_wish(instrument=rules), MEANS)


def test_more_than_the_symbol_takes_is_cut() -> None:
    rules = an_instrument(max_quantity=Decimal("0.5"))
    assert size_entry(a_wish(instrument=rules), MEANS).quantity == Decimal("0.5")


def test_cash_that_does_not_suffice_is_a_refusal_never_a_smaller_order() -> None:
    means = msgspec.structs.replace(MEANS, free=Decimal(100))
    with pytest.raises(Refused) as refusal:
        size_entry(a_wish(value="100"), means)
    assert refusal.value.reason == (
        "not enough cash: 100 free, 100.3 USDT needed (amount 100, with fees)"
    )


def test_an_entry_is_never_worth_more_than_the_symbol_takes() -> None:
    rules = an_instrument(max_notional=Decimal("50.05"))
    assert size_entry(a_wish(instrument=rules), MEANS).quantity == Decimal("0.500")


@pytest.mark.parametrize(
    ("least", "is_enough"),
    [
        ({"min_quantity": "1"}, True),
        ({"min_quantity": "1.001"}, False),
        ({"min_notional": "100"}, True),
        ({"min_notional": "100.01"}, False),
    ],
)
def test_exactly_the_least_can_be_ordered(least: dict[str, str], *, is_enough: bool) -> None:
    rules = an_instrument(**{name: Decimal(value) for name, value in least.items()})
    if is_enough:
        assert size_entry(a_wish(instrument=rules), MEANS).quantity == 1
    else:
        with pytest.raises(Refused):
            size_entry(a_wish(instrument=rules), MEANS)


def test_nothing_is_too_little_where_there_is_no_least() -> None:
    free = an_instrument(min_quantity=Decimal(0), min_notional=Decimal(0))
    with pytest.raises(Refused):
        size_entry(a_wish(value="0.01", instrument=free), MEANS)


def test_all_that_is_free_may_be_spent() -> None:
    exact = msgspec.structs.replace(MEANS, free=Decimal("100.3"))
    assert size_entry(a_wish(), exact).needed == exact.free


def test_a_stop_at_the_price_risks_nothing_to_count_with() -> None:
    exits = level(LevelKind.PRICE, "100")
    with pytest.raises(Refused, match="wrong side: 100 with the price at 100"):
        stop_distance(exits, side=PositionSide.LONG, price=Decimal(100))


def test_a_stop_on_the_wrong_side_is_named() -> None:
    exits = level(LevelKind.PRICE, "104")
    with pytest.raises(Refused, match="wrong side: 104 with the price at 100"):
        stop_distance(exits, side=PositionSide.LONG, price=Decimal(100))


@pytest.mark.parametrize(
    ("kind", "value", "in_favor", "against"),
    [
        (LevelKind.PERCENT, "10", "220", "180"),
        (LevelKind.DISTANCE, "10", "210", "190"),
        (LevelKind.PRICE, "10", "10", "10"),
    ],
)
def test_a_level_stands_where_its_kind_says(
    kind: LevelKind, value: str, in_favor: str, against: str
) -> None:
    row, price = Level(kind, Decimal(value)), Decimal(200)
    found = {
        (side, sign): level_price(row, side=side, price=price, sign=sign)
        for side in PositionSide
        for sign in (1, -1)
    }
    assert found[PositionSide.LONG, 1] == found[PositionSide.SHORT, -1] == Decimal(in_favor)
    assert found[PositionSide.LONG, -1] == found[PositionSide.SHORT, 1] == Decimal(against)
