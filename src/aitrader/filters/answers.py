"""A trader's answers on the newest rows of every symbol of a panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from aitrader.filters.compiled import CompiledTrader, LevelPlan
from aitrader.filters.panel import Bools, Floats
from aitrader.model.money import decimal_from_float
from aitrader.model.signal import Finding
from aitrader.model.trader import Exits, Level, LevelKind, Target


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """Raw rows and the questions about the newest of them; `symbol_index` is the panel's row.

    `condition_rows`, `exit_rows`: one (S, last) array per condition, True where certainly true.
    `level_rows`: (S, last) per name. `finding_rows`: (S, 1) values by node. `ready`: (S, last),
    where the whole lookback is there; no other row is an answer.
    """

    trader: CompiledTrader
    symbols: tuple[str, ...]
    condition_rows: tuple[Bools, ...]
    exit_rows: tuple[Bools, ...]
    level_rows: Mapping[str, Floats]
    finding_rows: Mapping[int, Floats]
    ready: Bools

    @property
    def holding(self) -> Bools:
        """(S, last): where all conditions hold, ready or not."""
        return np.logical_and.reduce(self.condition_rows)  # type: ignore[no-any-return]

    @property
    def entries(self) -> Bools:
        """(S, last): where a signal is raised; the first row knows no row before and says False."""
        holding = self.holding
        raised = np.zeros_like(holding)
        raised[:, 1:] = holding[:, 1:] & ~holding[:, :-1] & self.ready[:, 1:]
        return raised & self.has_levels

    @property
    def has_levels(self) -> Bools:
        """(S, last): where every level of the exits that depends on the candle is a price."""
        known = np.ones_like(self.ready)
        for values in self.level_rows.values():
            known &= np.isfinite(values) & (values > 0)
        return known

    def matched(self, symbol_index: int) -> bool:
        """Return whether the conditions became true together on the newest row."""
        return bool(self.ready.shape[1]) and bool(self.entries[symbol_index, -1])

    def exit_condition(self, symbol_index: int) -> str | None:
        """Return the first exit condition that holds on the newest row, None if none does."""
        if not self.ready.shape[1] or not self.ready[symbol_index, -1]:
            return None
        named = zip(self.trader.exit_conditions, self.exit_rows, strict=True)
        return next((name for name, rows in named if rows[symbol_index, -1]), None)

    def values_behind(self, symbol_index: int, condition: str) -> tuple[tuple[str, float], ...]:
        """Return the named values behind a condition on the newest row, unknown ones left out."""
        texts = self.trader.findings.get(condition, ())
        values = ((text, float(self.finding_rows[i][symbol_index, -1])) for text, i in texts)
        return tuple((text, value) for text, value in values if np.isfinite(value))

    def findings(self, symbol_index: int) -> tuple[Finding, ...]:
        """Return each condition with its values on the newest row."""
        return tuple(
            Finding(name, self.values_behind(symbol_index, name)) for name in self.trader.conditions
        )

    def exits(self, symbol_index: int) -> Exits:
        """Return the trader's exits with every candle-dependent level worked out."""
        plan = self.trader.exits
        stop = None if plan.stop_loss is None else self._level(plan.stop_loss, symbol_index)
        targets = tuple(
            Target(self._level(level, symbol_index), share) for level, share in plan.targets
        )
        return Exits(stop, targets, plan.trailing_pct, plan.max_age_ms, plan.break_even_pct)

    def _level(self, plan: LevelPlan, symbol_index: int) -> Level:
        if not plan.root:
            return Level(plan.kind, plan.value)
        value = float(self.level_rows[plan.root][symbol_index, -1])
        if not np.isfinite(value):
            raise ValueError(
                f"expected a price for {plan.root}, found {value}: ask matched() first"
            )
        factor = plan.value if plan.kind is LevelKind.DISTANCE else Decimal(1)
        return Level(plan.kind, decimal_from_float(value) * factor)
