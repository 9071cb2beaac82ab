"""Where a position is left: prices from a trader's exits. Pure and exact.

Percentages and distances count from the average fill price. Rounding to the tick:

- a stop is rounded *towards less risk* (LONG up, SHORT down), so that it is never looser than
  asked, and never below one tick;
- targets take the nearest tick;
- break even counts the entry's fees twice, for both legs, and is rounded like a stop, which moves
  there only if that is tighter;
- a trailing level is rounded like a stop. The ratchet price, from which the trail is raised, is the
  best price so far plus `max(0.1 %, trailing / 10)`, and at least one tick beyond it, so that a
  quiet market does not re-arm the band on every tick.

Both prices of the trailing band lie on the tick grid, hence they are the same number as float and
as Decimal, and a band that fired is certain to be out by the exact comparison too.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.money import (
    HUNDRED,
    ZERO,
    decimal_from_float,
    percent_of,
    price_to_tick_down,
    price_to_tick_nearest,
    price_to_tick_up,
    quantity_to_step,
    trimmed,
)
from aitrader.model.position import Position, TargetPrice
from aitrader.model.trader import Exits, Level, LevelKind, PositionSide

LEAST_RATCHET_PCT = Decimal("0.1")
RATCHET_SHARE = Decimal(10)
LONG, SHORT = PositionSide
PRICE, DISTANCE = LevelKind.PRICE, LevelKind.DISTANCE
MOST_DIGITS = 18
"""Before the point, of a price that a person gives; the rest of arithmetic has room beyond it."""


class Trail(msgspec.Struct, frozen=True):
    """A trailing stop: leave at or beyond `level`; raise it at or beyond `ratchet`."""

    level: Decimal
    ratchet: Decimal


def stop_price(
    exits: Exits, *, side: PositionSide, fill_price: Decimal, tick_size: Decimal
) -> Decimal | None:
    """Return the trigger price of the stop loss, None if the trader has none."""
    if exits.stop_loss is None:
        return None
    price = _level_price(exits.stop_loss, fill_price=fill_price, sign=-_sign(side))
    return _less_risk(price, side=side, tick_size=tick_size)


def even_stop(position: Position, *, tick_size: Decimal) -> Decimal:
    """Return the stop at which a position loses nothing, if leaving costs what entering did."""
    fee = 2 * position.fees / position.entry_quantity
    price = position.entry_price + _sign(position.side) * fee
    return _less_risk(price, side=position.side, tick_size=tick_size)


def even_price(position: Position, break_even_pct: Decimal, *, tick_size: Decimal) -> Decimal:
    """Return the price at which the stop moves to break even, a tick past that stop at least.

    Args:
        position: As its entry made it.
        break_even_pct: How far in favor the price must be.
        tick_size: The symbol's price step.
    """
    side, sign = position.side, _sign(position.side)
    asked = position.entry_price * (HUNDRED + sign * break_even_pct) / HUNDRED
    least = even_stop(position, tick_size=tick_size) + sign * tick_size
    if side is PositionSide.LONG:
        return max(price_to_tick_up(asked, tick_size), least)
    return max(min(price_to_tick_down(asked, tick_size), least), tick_size)


def is_tighter(stop: Decimal, than: Decimal | None, *, side: PositionSide) -> bool:
    """Return whether a stop loses less than another, or than none."""
    return than is None or (stop != than and is_beyond(stop, than, side=side))


def moved_stop(
    price: Decimal, *, side: PositionSide, mark: float | None, tick_size: Decimal
) -> Decimal:
    """Return the stop that a person asks for, on the tick; `mark` is the market's price now.

    Raises:
        Refused: It would close the position at once, it is no price, or there is none to compare.
    """
    if mark is None:
        raise Refused(0, "there is no price yet to compare the stop with")
    if not price.is_finite() or price <= ZERO or price.adjusted() > MOST_DIGITS:
        raise Refused(0, f"a stop is a price above zero, found {price}")
    stop = _less_risk(price, side=side, tick_size=tick_size)
    now = decimal_from_float(mark)
    if is_beyond(stop, now, side=side):
        where = "below" if side is PositionSide.LONG else "above"
        raise Refused(
            0,
            f"the stop of a {side.value} must be {where} the price, {trimmed(now)} now; "
            f"found {trimmed(price)}",
        )
    return stop


def target_prices(
    exits: Exits,
    *,
    side: PositionSide,
    fill_price: Decimal,
    quantity: Decimal,
    rules: Instrument,
) -> tuple[TargetPrice, ...]:
    """Return the take profits, nearest first, with base units on the step grid.

    If the shares add up to the whole, the last target takes what the steps left over. A target too
    small for the symbol's rules is joined with the next one (the last with the one before), and so
    is a rest without target that could not be protected by itself.
    """
    if not exits.take_profit:
        return ()
    whole = quantity_to_step(max(quantity, ZERO), rules.step_size)
    if len(exits.take_profit) == 1 and exits.take_profit[0].share >= 1:  # nothing to share out
        price = _target_price(exits.take_profit[0].level, side, fill_price, rules)
        return (TargetPrice(price=price, quantity=whole),) if whole else ()
    rows = [
        (_target_price(row.level, side, fill_price, rules), row.share) for row in exits.take_profit
    ]
    rows.sort(key=_by_price, reverse=side is SHORT)
    stop = stop_price(exits, side=side, fill_price=fill_price, tick_size=rules.tick_size)
    least = min(fill_price, stop or fill_price)
    wanted, rest = _shares(whole, [row[1] for row in rows], rules)
    targets: list[TargetPrice] = []
    carried = ZERO
    for (price, _share), share in zip(rows, wanted, strict=True):
        carried += share
        if _is_enough(carried, min(price, least), rules):
            targets.append(TargetPrice(price=price, quantity=carried))
            carried = ZERO
    if rest + carried > ZERO and not _is_enough(rest, least, rules):
        carried += rest
    if carried > ZERO:
        last = targets.pop() if targets else TargetPrice(price=rows[0][0], quantity=ZERO)
        targets.append(TargetPrice(price=last.price, quantity=last.quantity + carried))
    return tuple(targets)


def trail(
    trailing_pct: Decimal, *, side: PositionSide, best_price: Decimal, tick_size: Decimal
) -> Trail:
    """Return the trailing stop that counts from the best price since entry."""
    level = best_price - _sign(side) * percent_of(best_price, trailing_pct)
    ratchet_pct = max(LEAST_RATCHET_PCT, trailing_pct / RATCHET_SHARE)
    step = max(percent_of(best_price, ratchet_pct), tick_size)
    if side is PositionSide.LONG:
        ratchet = price_to_tick_up(best_price + step, tick_size)
    else:
        ratchet = price_to_tick_down(best_price - step, tick_size)
    return Trail(level=_less_risk(level, side=side, tick_size=tick_size), ratchet=ratchet)


def is_beyond(price: Decimal, edge: Decimal, *, side: PositionSide) -> bool:
    """Return whether a price is at or past an edge, in the direction the position earns."""
    return price >= edge if side is PositionSide.LONG else price <= edge


def _sign(side: PositionSide) -> int:
    return 1 if side is LONG else -1


def _by_price(row: tuple[Decimal, Decimal]) -> Decimal:
    return row[0]


def _level_price(level: Level, *, fill_price: Decimal, sign: int) -> Decimal:
    """Return a level as a price; `sign` is the direction in which it lies from the fill price."""
    kind = level.kind
    if kind is PRICE:
        return level.value
    if kind is DISTANCE:
        return fill_price + sign * level.value
    return fill_price * (HUNDRED + sign * level.value) / HUNDRED


def _less_risk(price: Decimal, *, side: PositionSide, tick_size: Decimal) -> Decimal:
    if side is LONG:
        return max(price_to_tick_up(price, tick_size), tick_size)
    return max(price_to_tick_down(price, tick_size), tick_size)


def _target_price(
    level: Level, side: PositionSide, fill_price: Decimal, rules: Instrument
) -> Decimal:
    price = _level_price(level, fill_price=fill_price, sign=_sign(side))
    return max(price_to_tick_nearest(price, rules.tick_size), rules.tick_size)


def _is_enough(quantity: Decimal, price: Decimal, rules: Instrument) -> bool:
    return (
        quantity > ZERO
        and quantity >= rules.min_quantity
        and quantity * price >= rules.min_notional
    )


def _shares(
    whole: Decimal, shares: list[Decimal], rules: Instrument
) -> tuple[list[Decimal], Decimal]:
    """Return base units per share, and what no share asks for."""
    wanted, left = [], whole
    for share in shares:
        part = min(quantity_to_step(whole * share, rules.step_size), left)
        wanted.append(part)
        left -= part
    if wanted and sum(shares, ZERO) >= 1:
        wanted[-1] += left
        left = ZERO
    return wanted, left
