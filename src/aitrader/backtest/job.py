"""What a run is asked: who trades what, when and on which terms."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from aitrader.execution.risk import ExecutionSettings
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.events import Event, InstrumentsLoaded, Saved, Started, TraderSaved
from aitrader.model.instrument import Instrument
from aitrader.model.trader import Brakes, Trader

MOST_SYMBOLS = 10_000
"""Of a ranked universe: all that there are candles of."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What trading costs and allows; the same settings a paper account has."""

    start_cash: Decimal = Decimal(10_000)
    fee_bps: Decimal = Decimal(10)
    slippage_bps: Decimal = Decimal(2)
    max_open_positions: int = 20
    quote: str = "USDT"
    brakes: Brakes = Brakes()


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Who trades what, when and on which terms; entries in [from_ms, to_ms).

    `detail` is the interval of the candles that fill orders. `notes` are printed with the warnings.
    """

    traders: tuple[Trader, ...]
    instruments: tuple[Instrument, ...]
    detail: str
    from_ms: int
    to_ms: int
    terms: Terms = Terms()
    notes: tuple[str, ...] = ()


def settings_of(terms: Terms) -> ExecutionSettings:
    """Return how the account of a run trades."""
    return ExecutionSettings(
        start_cash=terms.start_cash,
        quote=terms.quote,
        fee_bps=terms.fee_bps,
        max_open_positions=terms.max_open_positions,
        brakes=terms.brakes,
        is_marked=terms.brakes.max_drawdown_pct > 0,
    )


def first_facts(job: Job) -> tuple[Event, ...]:
    """Return what every stage of a run is told before anything happens."""
    at_ms = job.from_ms
    return (
        InstrumentsLoaded(at_ms=at_ms, instruments=job.instruments),
        Started(at_ms=at_ms, saved=Saved()),
        *(TraderSaved(at_ms=at_ms, trader=trader) for trader in job.traders),
    )


def finest(traders: Sequence[Trader]) -> str:
    """Return the fastest base interval of these traders: what orders are filled on."""
    return min((row.plan.interval for row in traders), key=INTERVAL_MS.__getitem__)
