"""A size obeys the symbol, the cash and the risk, or it is refused."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.builders import an_instrument

from aitrader.execution.sizing import Means, Wish, size_entry, stop_distance
from aitrader.model.errors import Refused
from aitrader.model.trader import Exits, Level, LevelKind, Limits, PositionSide, SizeKind

EXPONENTS = st.integers(-6, 2)
PRICES = st.decimals("0.00001", "200000", places=5)
PERCENTS = st.decimals("0.1", "50", places=1)


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    rules = an_instrument(
        step_size=Decimal(10) ** draw(EXPONENTS),
        min_notional=draw(st.decimals("0", "20", places=1)),
        max_quantity=draw(st.sampled_from([Decimal(0), Decimal(100)])),
    )
    return Wish(
        instrument=rules,
        side=draw(st.sampled_from(PositionSide)),
        price=draw(PRICES),
        limits=Limits(kind=draw(st.sampled_from(SizeKind)), value=draw(PERCENTS)),
        exits=Exits(stop_loss=Level(LevelKind.PERCENT, draw(PERCENTS))),
    )


@given(wishes(), st.decimals("0", "100000", places=2), st.decimals("0", "100000", places=2))
def test_a_size_obeys_every_rule_or_is_refused(wish: Wish, equity: Decimal, free: Decimal) -> None:
    means = Means(
        equity=equity,
        free=free,
        fee_bps=Decimal(10),
        reserve_bps=Decimal(20),
        max_position_pct=Decimal(20),
    )
    try:
        sized = size_entry(wish, means)
    except Refused:
        return

    rules = wish.instrument
    notional = sized.quantity * wish.price
    assert sized.quantity > 0
    assert sized.quantity % rules.step_size == 0
    assert notional >= rules.min_notional
    assert not rules.max_quantity or sized.quantity <= rules.max_quantity
    assert notional < sized.needed <= free
    if wish.limits.kind is SizeKind.RISK:
        distance = stop_distance(wish.exits, side=wish.side, price=wish.price)
        assert sized.quantity * distance <= equity * wish.limits.value / 100
        assert notional <= equity * means.max_position_pct / 100
