"""Whatever is sized, and wherever it is left, keeps the rules of every symbol there was.

The rules are read from a recorded answer of the exchange, filter by filter and on their own, not
through the instrument that the product makes of them.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from aitrader.exchange.binance.rules import instrument
from aitrader.exchange.binance.wire import SymbolRow
from aitrader.execution.exit_rules import check_exits
from aitrader.execution.sizing import Means, Wish, size_entry
from aitrader.model.errors import Refused
from aitrader.model.money import price_to_tick_nearest
from aitrader.model.trader import Exits, Level, LevelKind, Limits, PositionSide, SizeKind, Target
from aitrader.positions.exits import stop_price, target_prices

RECORDED = (
    Path(__file__).parents[2].parent
    / "shared"
    / "data"
    / "binance"
    / "exchangeInfo_full_2021-10.json"
)
MEANS = Means(
    equity=Decimal(100_000),
    free=Decimal(100_000),
    fee_bps=Decimal(10),
    reserve_bps=Decimal(20),
    max_position_pct=Decimal(20),
)
WISHES_PER_SYMBOL = 4


def decimals(filters: dict[str, dict[str, Any]], kind: str, name: str) -> Decimal:
    """Return a filter's number, 0 where there is none: no rule."""
    return Decimal(str(filters.get(kind, {}).get(name, "0")))


def check_lots(filters: dict[str, dict[str, Any]], quantity: Decimal) -> None:
    """Find the market order within both lot filters."""
    for kind in ("LOT_SIZE", "MARKET_LOT_SIZE"):
        step = decimals(filters, kind, "stepSize")
        most = decimals(filters, kind, "maxQty")
        assert quantity >= decimals(filters, kind, "minQty")
        assert not most or quantity <= most
        assert not step or quantity % step == 0


def check_order(filters: dict[str, dict[str, Any]], quantity: Decimal, price: Decimal) -> None:
    """Find a limit order of this size within every filter of its symbol."""
    check_lots(filters, quantity)
    assert price >= decimals(filters, "PRICE_FILTER", "minPrice")
    most, tick = (decimals(filters, "PRICE_FILTER", name) for name in ("maxPrice", "tickSize"))
    assert not most or price <= most
    assert not tick or price % tick == 0
    assert quantity * price >= decimals(filters, "MIN_NOTIONAL", "minNotional")


def an_exit(rng: Random) -> Exits:
    """A stop and one or two targets at random distances."""
    stop = Level(LevelKind.PERCENT, Decimal(rng.randint(1, 300)) / 10)
    first = Level(LevelKind.PERCENT, Decimal(rng.randint(1, 100)) / 10)
    second = Level(LevelKind.PERCENT, Decimal(rng.randint(101, 300)) / 10)
    share = Decimal(rng.randint(1, 9)) / 10
    return Exits(stop, (Target(first, share), Target(second, 1 - share)))


@pytest.mark.skipif(not RECORDED.exists(), reason="recorded rules are not ours to ship")
def test_sizes_and_exits_keep_the_rules_of_every_symbol() -> None:
    rows = msgspec.json.decode(RECORDED.read_bytes())["symbols"]
    rng, entered = Random(7), 0
    for raw in rows:
        rules = instrument(msgspec.convert(raw, SymbolRow, strict=False))
        filters = {row["filterType"]: row for row in raw["filters"]}
        for _ in range(WISHES_PER_SYMBOL):
            price = price_to_tick_nearest(
                Decimal(10) ** rng.randint(-6, 4) * rng.randint(100, 999), rules.tick_size
            )
            if not max(rules.min_price, rules.tick_size) <= price <= (rules.max_price or price):
                continue
            limits = Limits(SizeKind.AMOUNT, Decimal(rng.randint(1, 20_000)))
            exits, side = an_exit(rng), rng.choice(list(PositionSide))
            wish = Wish(rules, side, price, limits, exits)
            try:
                quantity = size_entry(wish, MEANS).quantity
                check_exits(wish, quantity)
            except Refused:
                continue
            entered += 1
            check_lots(filters, quantity)
            stop = stop_price(exits, side=side, fill_price=price, tick_size=rules.tick_size)
            targets = target_prices(
                exits, side=side, fill_price=price, quantity=quantity, rules=rules
            )
            assert stop is not None
            assert sum(row.quantity for row in targets) == quantity
            for target in targets:
                check_order(filters, target.quantity, target.price)
                assert target.quantity * stop >= rules.min_notional or len(targets) == 1
    assert len(rows) == 1695
    assert entered > len(rows)
