"""What a trader file becomes: its plan, its graph, and what its graph needs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from aitrader.filters.document import FilterGraph
from aitrader.model.trader import LevelKind, TraderPlan


class LevelPlan(msgspec.Struct, frozen=True):
    """Where an exit stands, before the candle is known.

    PERCENT: `value` is the level. DISTANCE: `value` times the graph's level `root` (an average
    true range). PRICE: the graph's level `root` itself.
    """

    kind: LevelKind
    value: Decimal = Decimal(1)
    root: str = ""


class ExitPlan(msgspec.Struct, frozen=True):
    """A trader's exits as the file states them; `targets` are (level, share of the position)."""

    stop_loss: LevelPlan | None = None
    targets: tuple[tuple[LevelPlan, Decimal], ...] = ()
    trailing_pct: Decimal | None = None
    max_age_ms: int | None = None
    break_even_pct: Decimal | None = None


class CompiledTrader(msgspec.Struct, frozen=True):
    """One trader file, checked.

    `lookback`: closed bars per interval that one answer needs. `reads`: the (interval, symbol)
    pairs in the graph, "" being the symbol that is screened. `symbols_named`: from `m.of(...)`.
    `cost`: microseconds of one core per symbol and check. `findings`: per condition the (text,
    node) of the values behind it. `digest` names the file's meaning: equal for equal plans and
    graphs.
    """

    plan: TraderPlan
    exits: ExitPlan
    graph: FilterGraph
    lookback: Mapping[str, int]
    reads: frozenset[tuple[str, str]]
    symbols_named: tuple[str, ...]
    cost: float
    findings: Mapping[str, tuple[tuple[str, int], ...]]
    warnings: tuple[str, ...]
    digest: str

    @property
    def conditions(self) -> tuple[str, ...]:
        """The names of the entry conditions, in order."""
        return tuple(self.graph.conditions)

    @property
    def exit_conditions(self) -> tuple[str, ...]:
        """The names of the exit conditions, in order."""
        return tuple(self.graph.exits)
