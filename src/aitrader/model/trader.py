"""A trader: what a person's file says, as values. `filters.traderfile` makes them from the text."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from aitrader.model.account import LIVE, PAPER
from aitrader.model.candle import MINUTE_MS
from aitrader.model.ids import TraderId


class PositionSide(Enum):
    """Which way a position earns."""

    LONG = "LONG"
    SHORT = "SHORT"


class Mode(Enum):
    """Where a trader's orders go."""

    PAPER = "PAPER"
    LIVE = "LIVE"


def account_of(mode: Mode) -> str:
    """Return the account that entries of a trader in this mode belong to."""
    return LIVE if mode is Mode.LIVE else PAPER


class LevelKind(Enum):
    """How an exit level counts: from the fill price in percent or quote, or as a price itself."""

    PERCENT = "PERCENT"
    DISTANCE = "DISTANCE"
    PRICE = "PRICE"


class Level(msgspec.Struct, frozen=True):
    """Where an exit stands.

    PERCENT: 0..100, counted from the fill price. DISTANCE: quote units from the fill price
    (`"1.5 atr"` at the signal candle). PRICE: the price itself (`stop_loss(m)`).
    """

    kind: LevelKind
    value: Decimal


class Target(msgspec.Struct, frozen=True):
    """One take profit: at `level`, close `share` (0..1] of the position's entry quantity."""

    level: Level
    share: Decimal


class Exits(msgspec.Struct, frozen=True):
    """How a position is left; each may be None or empty, not all of them.

    `break_even_pct`: once the price is so far in favor, the stop loss moves to where nothing is
    lost, fees counted; it leaves no position by itself.
    """

    stop_loss: Level | None = None
    take_profit: tuple[Target, ...] = ()
    trailing_pct: Decimal | None = None
    max_age_ms: int | None = None
    break_even_pct: Decimal | None = None


class SizeKind(Enum):
    """What an entry's size is counted in."""

    RISK = "RISK"
    SIZE = "SIZE"
    AMOUNT = "AMOUNT"


class Brakes(msgspec.Struct, frozen=True, kw_only=True):
    """What holds new entries back, of one trader or of an account; 0: no such limit.

    Percentages are of the account's equity. The day is UTC. `cooldown_ms`: after a position in the
    symbol closed. `loss_streak`: losses in a row within the day, then no entry until the next.
    """

    max_exposure_pct: Decimal = Decimal(0)
    max_daily_loss_pct: Decimal = Decimal(0)
    max_drawdown_pct: Decimal = Decimal(0)
    cooldown_ms: int = 0
    loss_streak: int = 0
    max_entries_per_min: int = 0


class Limits(msgspec.Struct, frozen=True):
    """How large an entry is and how many positions a trader may hold at once.

    RISK: percent of equity lost if the stop is hit. SIZE: percent of equity bought.
    AMOUNT: quote units bought.
    """

    kind: SizeKind
    value: Decimal
    max_open: int = 1
    brakes: Brakes = Brakes()


class EntryPlan(msgspec.Struct, frozen=True):
    """How an entry is ordered: at market, or at a limit that rests.

    `limit_pct`: how far on the better side of the signal candle's close the limit is (LONG below,
    SHORT above); None: at market. `good_for_ms`: how long after that close it rests at most, 0 for
    one candle; what has not filled by then is canceled.
    """

    limit_pct: Decimal | None = None
    good_for_ms: int = 0


class Universe(msgspec.Struct, frozen=True):
    """Which symbols: a list, or the `top` symbols of a `quote` by volume (0: all of that quote)."""

    symbols: tuple[str, ...] = ()
    quote: str = ""
    top: int = 0
    excluded: tuple[str, ...] = ()


NOTICES = ("signals", "analyses")
"""What of a trader's own a person may be told."""


class TraderPlan(msgspec.Struct, frozen=True):
    """What a trader file's constants say; the conditions are in its graph.

    `exits` holds what the constants fix; where a level depends on the candle (`"1.5 atr"`,
    `stop_loss(m)`), the match that raises the signal carries the resolved `Exits`. `notify`: which
    NOTICES of its own a person gets, None where the settings say.
    """

    name: str
    universe: Universe
    interval: str
    side: PositionSide
    limits: Limits
    analyst: str | None
    description: str
    entry: EntryPlan = EntryPlan()
    notify: tuple[str, ...] | None = None


def limit_words(plan: TraderPlan) -> str:
    """Return where and how long a trader's entries rest, as a person says it; "" at market."""
    entry = plan.entry
    if entry.limit_pct is None:
        return ""
    side = "below" if plan.side is PositionSide.LONG else "above"
    minutes = entry.good_for_ms // MINUTE_MS
    span = f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
    return f"{entry.limit_pct}% {side} the close, for {span if minutes else 'one candle'} at most"


class Trader(msgspec.Struct, frozen=True):
    """One trader as it is stored and run; `source` is the whole file and the only truth about it.

    `rank` orders traders when signals compete (lower first). `version` counts changes.
    """

    trader_id: TraderId
    source: str
    plan: TraderPlan
    mode: Mode
    is_enabled: bool
    rank: int
    version: int
    created_ms: int
