"""What is watched for an open position because the venue does not do it: trail, break even, age.

A trailing stop is a band with two edges: one leaves the position, the other raises the trail. At a
price in favor another band moves the stop to break even, once. The greatest age is a timer. All
bear the position's id, so that starting again replaces them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

import msgspec

from aitrader.model.commands import ArmBand, Command, DisarmBand, StartTimer, StopTimer
from aitrader.model.events import Event, ExitWanted, PositionUpdated, PriceLeft
from aitrader.model.ids import BandId, PositionId, TimerId
from aitrader.model.order import ExitReason
from aitrader.model.position import Position, PositionStatus
from aitrader.model.trader import PositionSide
from aitrader.positions.exits import Trail, even_stop, is_beyond, is_tighter, trail

Messages: TypeAlias = list[Event | Command]

TRAIL_BAND = "trail:"
"""Band of a position's trailing stop."""

EVEN_BAND = "even:"
"""Band at which a position's stop moves to break even."""

AGE_TIMER = "max-age:"
"""Timer of a position's greatest age."""


def find_trail(position: Position, *, tick_size: Decimal) -> Trail | None:
    """Return the trailing stop as it stands, None if the position has none."""
    if position.trail_price is None or position.exits.trailing_pct is None:
        return None
    return trail(
        position.exits.trailing_pct,
        side=position.side,
        best_price=position.trail_price,
        tick_size=tick_size,
    )


def trail_left(
    position: Position, event: PriceLeft, *, tick_size: Decimal
) -> tuple[Position, Messages]:
    """Return the position, its trail raised if it was, and what follows from the price."""
    now = find_trail(position, tick_size=tick_size)
    if now is None:
        return position, []
    if is_beyond(now.level, event.price, side=position.side):
        return position, left(position, ExitReason.TRAILING, event.at_ms)
    if not is_beyond(event.price, now.ratchet, side=position.side):
        return position, [band(position, now)]
    after = msgspec.structs.replace(position, trail_price=event.price)
    raised = find_trail(after, tick_size=tick_size) or now
    return after, [PositionUpdated(at_ms=event.at_ms, position=after), band(after, raised)]


def even_left(
    position: Position, event: PriceLeft, *, tick_size: Decimal
) -> tuple[Position, Messages]:
    """Return the position, its stop at break even if the price is that far, and what follows.

    A stop that is tighter already stays; in either case this is over.
    """
    if position.even_price is None:
        return position, []
    if not is_beyond(event.price, position.even_price, side=position.side):
        return position, [_even_band(position, position.even_price)]
    stop = even_stop(position, tick_size=tick_size)
    if not is_tighter(stop, position.stop_price, side=position.side):
        stop = position.stop_price or stop
    after = msgspec.structs.replace(position, stop_price=stop, even_price=None)
    return after, [PositionUpdated(at_ms=event.at_ms, position=after)]


def left(position: Position, reason: ExitReason, at_ms: int) -> Messages:
    """Return the wish to leave a position."""
    return [ExitWanted(at_ms=at_ms, position_id=position.position_id, reason=reason)]


def watched(position: Position, *, tick_size: Decimal) -> Messages:
    """Return the band and the timer of a position; nothing if it is not open."""
    if position.status is not PositionStatus.OPEN:
        return []
    answer: Messages = []
    now = find_trail(position, tick_size=tick_size)
    if now is not None:
        answer.append(band(position, now))
    if position.even_price is not None:
        answer.append(_even_band(position, position.even_price))
    if position.exits.max_age_ms is not None:
        due_ms = position.opened_ms + position.exits.max_age_ms
        answer.append(StartTimer(timer_id=_age_timer(position.position_id), due_ms=due_ms))
    return answer


def unwatched(position: Position) -> Messages:
    """Return the end of a position's band and timer."""
    answer: Messages = []
    if position.trail_price is not None:
        answer.append(DisarmBand(band_id=_trail_band(position.position_id)))
    answer.extend(even_over(position))
    if position.exits.max_age_ms is not None:
        answer.append(StopTimer(timer_id=_age_timer(position.position_id)))
    return answer


def even_over(position: Position | None) -> Messages:
    """Return the end of the band at which a stop moves to break even, if it is watched."""
    if position is None or position.even_price is None:
        return []
    return [DisarmBand(band_id=_even_band_id(position.position_id))]


def band(position: Position, now: Trail) -> ArmBand:
    """Return the band of a trailing stop."""
    is_long = position.side is PositionSide.LONG
    below, above = (now.level, now.ratchet) if is_long else (now.ratchet, now.level)
    return ArmBand(
        band_id=_trail_band(position.position_id),
        symbol=position.symbol,
        below=float(below),
        above=float(above),
    )


def _even_band(position: Position, price: Decimal) -> ArmBand:
    is_long = position.side is PositionSide.LONG
    return ArmBand(
        band_id=_even_band_id(position.position_id),
        symbol=position.symbol,
        below=None if is_long else float(price),
        above=float(price) if is_long else None,
    )


def _even_band_id(position_id: PositionId) -> BandId:
    return BandId(EVEN_BAND + position_id)


def _trail_band(position_id: PositionId) -> BandId:
    return BandId(TRAIL_BAND + position_id)


def _age_timer(position_id: PositionId) -> TimerId:
    return TimerId(AGE_TIMER + position_id)
