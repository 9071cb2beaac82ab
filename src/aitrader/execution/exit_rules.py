"""Can what an entry buys be left again by the symbol's rules? Asked before the entry is sent.

The stop and the targets of a position rest at the venue, whose rules they must keep: within the
band around the market's price that the exchange allows (Binance's PERCENT_PRICE), and worth at
least its least notional where the stop stands. `is_sellable` is the same question about what is
left of a position: what it denies is dust.
"""

from __future__ import annotations

from decimal import Decimal

from aitrader.execution.sizing import Wish, level_price, stop_distance
from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO, trimmed
from aitrader.model.order import Side
from aitrader.model.trader import Exits, PositionSide

CENT = Decimal("0.01")


def is_sellable(quantity: Decimal, price: Decimal, rules: Instrument) -> bool:
    """Return whether so much can be ordered at that price, by step, quantity and notional.

    Short positions are bought back by the same rules.
    """
    is_enough = quantity >= rules.min_quantity and quantity >= rules.step_size
    return is_enough and quantity * price >= rules.min_notional


def exit_prices(
    exits: Exits, *, side: PositionSide, price: Decimal
) -> tuple[tuple[str, Decimal], ...]:
    """Return the stop loss and the targets, by name, of an entry that fills at `price`."""
    found = []
    if exits.stop_loss is not None:
        found.append(("stop loss", level_price(exits.stop_loss, side=side, price=price, sign=-1)))
    for target in exits.take_profit:
        found.append(("take profit", level_price(target.level, side=side, price=price, sign=1)))
    return tuple(found)


def check_exits(wish: Wish, quantity: Decimal) -> None:
    """Return if the exits of an entry of this quantity keep the symbol's rules.

    Raises:
        Refused: The first that does not, in a sentence for the person.
    """
    rules, exits = wish.instrument, wish.exits
    side = Side.SELL if wish.side is PositionSide.LONG else Side.BUY
    if exits.stop_loss is not None:
        stop_distance(exits, side=wish.side, price=wish.price)
    for name, price in exit_prices(exits, side=wish.side, price=wish.price):
        if price > ZERO and not is_sellable(quantity, price, rules):
            raise Refused(
                0,
                f"too small to be left: at its {name} {_shown(price)} it would be worth "
                f"{_shown(quantity * price)} {rules.quote}, {rules.symbol} takes "
                f"{trimmed(rules.min_notional)} at least",
            )
        check_band(rules, name, price, side=side, market_price=wish.price)


def check_band(
    rules: Instrument, name: str, price: Decimal, *, side: Side, market_price: Decimal
) -> None:
    """Return if the exchange takes an order of this side at that price.

    Raises:
        Refused: It is too far from the market's price, in a sentence that calls it `name`.
    """
    limits = rules.price_limits
    if side is Side.SELL:
        low_ratio, high_ratio = limits.sell_low_ratio, limits.sell_high_ratio
    else:
        low_ratio, high_ratio = limits.buy_low_ratio, limits.buy_high_ratio
    low, high = market_price * low_ratio, market_price * high_ratio
    low = max(low, rules.min_price)
    if rules.max_price and (not high or rules.max_price < high):
        high = rules.max_price
    if price < low or ZERO < high < price:
        raise Refused(
            0,
            f"the {name} at {_shown(price)} is too far from the price {_shown(market_price)}: "
            f"{rules.symbol} takes orders from {_shown(low)} to "
            f"{_shown(high) if high else 'any price'}",
        )


def _shown(amount: Decimal) -> str:
    return trimmed(amount.quantize(CENT) if amount >= 1 else amount)
