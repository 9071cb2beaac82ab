"""What a trader's filter sees: why it did not fire, and the lines it looks at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.drawing import draw
from aitrader.filters.explain import Explanation, explain
from aitrader.filters.panel import Panel, PanelSource
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import INTERVAL_MS, open_of
from aitrader.model.control import ConditionRow, ExplanationRow, LineRow
from aitrader.model.trader import Trader

MOST_SYMBOLS = 100


class FilterExplainer:
    """Evaluates one trader in a thread, beside screening and by the same filters."""

    def __init__(self, source: PanelSource) -> None:
        self._source = source

    async def explain(
        self, trader: Trader, symbols: Sequence[str], now_ms: int
    ) -> tuple[ExplanationRow, ...]:
        """Return a row per symbol that is watched, the nearest to a signal first.

        Raises:
            FilterFault: The trader's file is no longer understood.
        """
        return await asyncio.to_thread(self._explain, trader, symbols, now_ms)

    async def lines(
        self, trader: Trader, symbol: str, *, bars: int, now_ms: int
    ) -> tuple[LineRow, ...] | None:
        """Return what the filter compares over the newest closed candles, to draw it.

        None where the symbol is not watched.

        Raises:
            FilterFault: The trader's file is no longer understood.
        """
        return await asyncio.to_thread(self._lines, trader, symbol, bars, now_ms)

    def _explain(
        self, trader: Trader, symbols: Sequence[str], now_ms: int
    ) -> tuple[ExplanationRow, ...]:
        compiled = compile_trader(trader.source)
        panels = self._panels(compiled, open_of(now_ms, trader.plan.interval))
        if panels is None:
            return ()
        watched = set(panels[trader.plan.interval].symbols)
        shown = [symbol for symbol in symbols if symbol in watched][:MOST_SYMBOLS]
        rows = [_row(explain(compiled, panels, symbol)) for symbol in shown]
        return tuple(sorted(rows, key=_distance))

    def _lines(
        self, trader: Trader, symbol: str, bars: int, now_ms: int
    ) -> tuple[LineRow, ...] | None:
        compiled = compile_trader(trader.source)
        interval = trader.plan.interval
        panels = self._panels(compiled, open_of(now_ms, interval), more=bars)
        if panels is None or symbol not in panels[interval].symbols:
            return None
        first_ms = int(panels[interval].open_ms[-bars])
        return tuple(
            LineRow(line.name, line.pane, interval, first_ms, line.values, line.levels)
            for line in draw(compiled, panels, symbol, bars=bars)
        )

    def _panels(
        self, compiled: CompiledTrader, closed_ms: int, *, more: int = 1
    ) -> dict[str, Panel] | None:
        """Return what the trader reads on its `more` newest candles; None when not watched."""
        base = INTERVAL_MS[compiled.graph.interval]
        try:
            return {
                interval: self._source.panel(
                    interval,
                    closed_ms=closed_ms,
                    bars=bars + -(-more * base // INTERVAL_MS[interval]),
                )
                for interval, bars in compiled.lookback.items()
            }
        except KeyError:
            return None


def _row(found: Explanation) -> ExplanationRow:
    return ExplanationRow(
        symbol=found.symbol,
        candle_open_ms=found.candle_open_ms,
        is_ready=found.is_ready,
        is_signal=found.is_signal,
        held_before=found.held_before,
        conditions=tuple(
            ConditionRow(state.name, state.truth.value, state.values) for state in found.conditions
        ),
    )


def _distance(row: ExplanationRow) -> tuple[int, int]:
    """A signal first, then by how many conditions are missing; what is unknown last."""
    return (0 if row.is_ready else 1, _missing(row.conditions))


def _missing(conditions: Iterable[ConditionRow]) -> int:
    return sum(condition.truth != "true" for condition in conditions)
