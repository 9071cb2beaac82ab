"""Limits that hold new entries back: loss, drawdown, exposure, cooldown, streaks and haste.

Theory of operation. The same limits (`model.trader.Brakes`) exist for each trader, in its file, and
for the account, in the settings. Before an entry is sized, the `Standing` of its trader and of the
account is counted from what the desk knows, so nothing has to be kept in step: positions and orders
are rebuilt at each start, and `Closings` (what closed in the last seven days), `Highs` and the
account's best worth are part of what was saved. Exits are never held back.

Drawdown of the account counts from its best worth at a close. That of a trader counts from the best
that its closed positions made in all; what is open counts in what it has now. Both count anew when
entries are resumed, a trader's also when it is saved.

The trading day begins at 00:00 UTC. What was lost today is what the positions that closed today and
those still open have made in all, at last prices and net of fees. Percentages are of equity; of the
day's loss, of what equity was before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from aitrader.model.candle import DAY_MS, MINUTE_MS
from aitrader.model.errors import Refused
from aitrader.model.events import ClosedBefore
from aitrader.model.ids import TraderId
from aitrader.model.money import HUNDRED, ZERO, percent_of, trimmed
from aitrader.model.trader import Brakes

KEPT_MS = 7 * DAY_MS
"""How long a closed position counts: the longest cooldown."""

TENTH = Decimal("0.1")
NONE = Brakes()


class Closings:
    """What closed in one account in the last seven days, oldest first."""

    def __init__(self, rows: Iterable[ClosedBefore] = ()) -> None:
        """Begin with what was saved."""
        self._rows = deque(rows)

    def add(self, row: ClosedBefore) -> None:
        """Take one more, and forget what is too old."""
        self._rows.append(row)
        while self._rows[0].closed_ms < row.closed_ms - KEPT_MS:
            self._rows.popleft()

    def of_day(self, at_ms: int, trader_id: TraderId | None) -> tuple[ClosedBefore, ...]:
        """Return what closed on the UTC day of `at_ms`, of one trader or of all."""
        midnight_ms = at_ms // DAY_MS * DAY_MS
        return tuple(
            row
            for row in self._rows
            if row.closed_ms >= midnight_ms and trader_id in (None, row.trader_id)
        )

    def last_of(self, symbol: str, trader_id: TraderId | None) -> int | None:
        """Return when a position in this symbol closed last, None if none did."""
        found = (
            row.closed_ms
            for row in reversed(self._rows)
            if row.symbol == symbol and trader_id in (None, row.trader_id)
        )
        return next(found, None)


class Highs:
    """What the closed positions of each trader made in all since it counts, and the best of it."""

    def __init__(self, rows: Iterable[tuple[TraderId, Decimal, Decimal]] = ()) -> None:
        """Begin with what was saved."""
        self._rows = {trader_id: (made, best) for trader_id, made, best in rows}

    def add(self, trader_id: TraderId, pnl: Decimal) -> None:
        """Take the result of one more closed position."""
        made, best = self._rows.get(trader_id, (ZERO, ZERO))
        self._rows[trader_id] = (made + pnl, max(best, made + pnl))

    def restart(self, trader_id: TraderId) -> None:
        """Count a trader anew."""
        self._rows.pop(trader_id, None)

    def fallen(self, trader_id: TraderId, open_pnl: Decimal) -> Decimal:
        """Return how far a trader is below its best, with what its open positions made so far."""
        made, best = self._rows.get(trader_id, (ZERO, ZERO))
        return max(best - made - open_pnl, ZERO)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a trader, or the account, stands before an entry; money in quote.

    `exposure`: what open positions and entries on their way are worth. `made_today` is below zero
    for a loss. `streak`: losses in a row today. `best`: the account's greatest worth, or what it
    would be if the trader were at its best; 0 counts anew. `since_close_ms`: since a position in
    the symbol closed, None if none has. `entries`: sent within the last minute.
    """

    equity: Decimal
    exposure: Decimal
    made_today: Decimal
    streak: int
    entries: int
    best: Decimal = ZERO
    since_close_ms: int | None = None


def streak_of(closed: Iterable[ClosedBefore]) -> int:
    """Return how many of these, from the last one back, lost."""
    streak = 0
    for row in closed:
        streak = streak + 1 if row.pnl < ZERO else 0
    return streak


def check(brakes: Brakes, now: Standing, *, whose: str, symbol: str) -> None:
    """Return if nothing holds an entry back, its size apart.

    Args:
        brakes: The limits of the trader or of the account.
        now: How it stands.
        whose: "the trader" or "the account", for the sentence.
        symbol: What would be entered.

    Raises:
        Refused: The first limit that is reached, in a sentence for the person.
    """
    lost_pct = _pct(-now.made_today, now.equity - now.made_today)
    fallen_pct = _pct(now.best - now.equity, now.best)
    waited_ms = brakes.cooldown_ms if now.since_close_ms is None else now.since_close_ms
    rules = (
        (
            ZERO < brakes.max_daily_loss_pct <= lost_pct,
            f"{whose} has lost {_shown(lost_pct)}% of its equity today, "
            f"the limit is {trimmed(brakes.max_daily_loss_pct)}%",
        ),
        (
            ZERO < brakes.max_drawdown_pct <= fallen_pct,
            f"{whose} is {_shown(fallen_pct)}% below its best, the limit is "
            f"{trimmed(brakes.max_drawdown_pct)}%; resuming entries counts anew",
        ),
        (
            waited_ms < brakes.cooldown_ms,
            f"{whose} left {symbol} {_minutes(waited_ms)} ago and waits "
            f"{_minutes(brakes.cooldown_ms)}",
        ),
        (
            0 < brakes.loss_streak <= now.streak,
            f"{whose} has lost {now.streak} times in a row today; it goes on tomorrow (UTC)",
        ),
        (
            0 < brakes.max_entries_per_min <= now.entries,
            f"{whose} has sent {now.entries} entries within a minute, the limit is "
            f"{brakes.max_entries_per_min}",
        ),
    )
    for is_reached, reason in rules:
        if is_reached:
            raise Refused(0, reason)


def check_size(brakes: Brakes, now: Standing, *, notional: Decimal, whose: str) -> None:
    """Return if an entry of this size (quote units) may be added to what is held.

    Raises:
        Refused: It would be more than the limit, in a sentence for the person.
    """
    most_pct = brakes.max_exposure_pct
    would_be = now.exposure + notional
    if most_pct > ZERO and would_be > percent_of(now.equity, most_pct):
        raise Refused(
            0,
            f"{whose} would have {_shown(_pct(would_be, now.equity))}% of the equity in positions, "
            f"the limit is {trimmed(most_pct)}%",
        )


def entries_within_a_minute(planned_ms: Iterable[int], at_ms: int) -> int:
    """Return how many of these instants lie in the minute before `at_ms`."""
    return sum(1 for when in planned_ms if when > at_ms - MINUTE_MS)


def _pct(part: Decimal, whole: Decimal) -> Decimal:
    return part * HUNDRED / whole if whole > ZERO else ZERO


def _shown(pct: Decimal) -> str:
    return trimmed(pct.quantize(TENTH))


def _minutes(ms: int) -> str:
    return f"{ms // MINUTE_MS} min"
