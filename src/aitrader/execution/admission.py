"""May a signal be entered, at what limit, and how much of it? Every rule there is, in one order.

Pure: what is known comes as values, so whoever keeps the account asks the same question. What is
dear to know is asked for only when it is its turn.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

import msgspec

from aitrader.execution import brakes
from aitrader.execution.exit_rules import check_exits
from aitrader.execution.limit_entries import limit_price
from aitrader.execution.risk import ExecutionSettings, Standing, check
from aitrader.execution.sizing import Means, Sized, Wish, size_entry
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO
from aitrader.model.signal import Signal
from aitrader.model.trader import Brakes, Exits, PositionSide, SizeKind, Trader

ONE = Decimal(1)

CLOSE_SLACK_MS = 5_000
"""So long after the candle that follows it a signal may still be entered: closes come late."""

FindMeans: TypeAlias = Callable[[SizeKind, bool], Means]
"""What an entry may count with, by how it is counted; True: it rests at a limit."""

FindBrakes: TypeAlias = Callable[[], tuple[tuple[Brakes, brakes.Standing, str], ...]]
"""The limits in force, how their owner stands, and who that is, for the sentence."""


class Entry(msgspec.Struct, frozen=True):
    """An entry that is asked for; `rules` are None where the exchange does not tell them."""

    signal: Signal
    trader: Trader
    rules: Instrument | None
    settings: ExecutionSettings


def no_brakes() -> tuple[tuple[Brakes, brakes.Standing, str], ...]:
    """Return that no limit is in force."""
    return ()


def admitted(
    entry: Entry, now: Standing, find_means: FindMeans, find_brakes: FindBrakes = no_brakes
) -> tuple[Decimal | None, Sized]:
    """Return the limit (None: at market) and the size of an entry.

    Raises:
        Refused: The first rule that forbids it, in a sentence for the person.
    """
    signal, plan, rules, settings = entry.signal, entry.trader.plan, entry.rules, entry.settings
    check(now, symbol=signal.symbol)
    if rules is None:
        raise Refused(0, f"the exchange's rules for {signal.symbol} are not known")
    if plan.side is PositionSide.SHORT and not settings.has_shorts:
        raise Refused(0, "the exchange's spot market cannot sell what is not held")
    if rules.quote != settings.quote:
        raise Refused(
            0, f"{signal.symbol} is paid in {rules.quote} and the account is in {settings.quote}"
        )
    limit = limit_price(signal, plan, rules)
    wish = Wish(
        instrument=rules,
        side=plan.side,
        price=signal.price if limit is None else limit,
        limits=plan.limits,
        exits=signal.exits,
    )
    in_force = find_brakes()
    for limits, standing, whose in in_force:
        brakes.check(limits, standing, whose=whose, symbol=signal.symbol)
    sized = size_entry(wish, find_means(plan.limits.kind, limit is not None))
    check_exits(wish, sized.quantity)
    for limits, standing, whose in in_force:
        brakes.check_size(limits, standing, notional=sized.quantity * wish.price, whose=whose)
    return limit, sized


def means_of(
    settings: ExecutionSettings, *, equity: Decimal, free: Decimal, is_limit: bool
) -> Means:
    """Return what an entry may count with; `equity` and `free` in quote."""
    return Means(
        equity=equity,
        free=free,
        fee_bps=settings.fee_bps,
        reserve_bps=ZERO if is_limit else settings.reserve_bps,  # a limit cannot run away
        max_position_pct=settings.max_position_pct,
    )


def is_current(signal: Signal, *, at_ms: int) -> bool:
    """Return whether the candle of a signal is the last that closed, or nearly so."""
    return at_ms <= signal.candle_open_ms + 2 * INTERVAL_MS[signal.interval] + CLOSE_SLACK_MS


def stops_needed(exits: Exits) -> int:
    """Return the stop orders that will rest: one per target, and one for what has no target."""
    if exits.stop_loss is None:
        return 0
    left = ONE
    for target in exits.take_profit:
        left -= target.share
    return len(exits.take_profit) + (1 if left > ZERO else 0)


def stops_allowed(rules: Instrument | None, settings: ExecutionSettings) -> int:
    """Return how many stop orders a symbol takes at once."""
    return (rules and rules.max_stops) or settings.max_stops_per_symbol
