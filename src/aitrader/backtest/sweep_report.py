"""What a person, or a program, is told about a sweep."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aitrader.backtest.outcome import Outcome
from aitrader.backtest.overfitting import Overfitting, overfitting_of
from aitrader.backtest.parameters import Axis, Value
from aitrader.backtest.statistics import Statistics
from aitrader.backtest.sweep import LEAST, ranked, value_of
from aitrader.backtest.walk import Walk

SHOWN = 12
COLUMNS = ("return_pct", "sharpe", "max_drawdown_pct", "trades", "win_rate_pct", "profit_factor")
DOUBTFUL = 0.95
"""The deflated Sharpe ratio's probability that its authors ask for."""


class SweepReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a sweep; `outcomes` the best first, `walk` None if not asked for."""

    trader: str
    interval: str
    from_time: str
    to_time: str
    symbols: tuple[str, ...]
    objective: str
    axes: tuple[Axis, ...]
    possible: int
    outcomes: tuple[Outcome, ...]
    overfitting: Overfitting
    walk: Walk | None
    warnings: tuple[str, ...]

    @property
    def best(self) -> Outcome | None:
        """The best one, None when not one could be run."""
        first = self.outcomes[0] if self.outcomes else None
        return None if first is None or first.statistics is None else first


def judged(outcomes: Sequence[Outcome], objective: str) -> tuple[tuple[Outcome, ...], Overfitting]:
    """Return the outcomes in their order, and the doubts about the first."""
    order = ranked(outcomes, objective)
    done = [row for row in order if row.statistics is not None]
    return order, overfitting_of([row.returns for row in done], 0)


def warnings_of(
    outcomes: Sequence[Outcome], doubts: Overfitting, objective: str
) -> tuple[str, ...]:
    """Return what speaks against the best one."""
    found = []
    faults = [row for row in outcomes if row.fault]
    if faults:
        found.append(f"{len(faults)} combinations could not be run: {faults[0].fault}")
    if len(faults) == len(outcomes):
        return tuple(found)
    if value_of(outcomes[0], objective) == LEAST:
        found.append(f"Nothing has a number for {objective}: the order is that of the return.")
    if doubts.deflated is None:
        found.append("There are too few days or combinations to say how much of it is luck.")
    elif doubts.deflated < DOUBTFUL:
        found.append(
            f"The best of {doubts.trials} worthless combinations would reach a Sharpe ratio of "
            f"{doubts.luck_sharpe:.2f} by luck; that this one is truly above it has a probability "
            f"of {doubts.deflated:.0%}, and {DOUBTFUL:.0%} is asked for."
        )
    if doubts.pbo is not None and doubts.pbo > 0.5:
        found.append(
            f"With a probability of {doubts.pbo:.0%} the best on one half of the days is worse "
            "than most on the other half."
        )
    found.append("All combinations have seen all of these days: keep a stretch that none has seen.")
    return tuple(found)


def sweep_summary(report: SweepReport) -> str:
    """Return a sweep as a person reads it in a terminal."""
    names = [axis.name for axis in report.axes]
    lines = [
        f"{report.trader}: {len(report.outcomes):,} of {report.possible:,} combinations, "
        f"{len(report.symbols)} symbols, {report.interval} candles, {report.from_time} to "
        f"{report.to_time}",
        "",
        "  " + "".join(f"{name:>14}" for name in (*names, *map(_short, COLUMNS))),
    ]
    done = [row for row in report.outcomes if row.statistics is not None]
    for row in done[:SHOWN]:
        assert row.statistics is not None
        lines.append("  " + "".join(f"{cell:>14}" for cell in _cells(row, row.statistics)))
    if len(done) > SHOWN:
        lines.append(f"  ... {len(done) - SHOWN:,} more, ordered by {report.objective}")
    doubts = report.overfitting
    lines += [
        "",
        f"  {'deflated Sharpe ratio':<34}{_share(doubts.deflated)}",
        f"  {'probability of overfitting':<34}{_share(doubts.pbo)}",
    ]
    if report.walk is not None:
        lines += ["", *report.walk.lines()]
    lines += ["", *(f"! {text}" for text in report.warnings)]
    return "\n".join(lines)


def table_of(report: SweepReport) -> tuple[tuple[str, ...], list[tuple[Value | None, ...]]]:
    """Return the names and rows of a table of all combinations: values, then every statistic."""
    names = tuple(axis.name for axis in report.axes)
    numbers = Statistics.__struct_fields__
    rows: list[tuple[Value | None, ...]] = []
    for outcome in report.outcomes:
        values = dict(outcome.values)
        found = outcome.statistics
        cells = tuple(None if found is None else getattr(found, name) for name in numbers)
        rows.append((*(values[name] for name in names), *cells, outcome.fault))
    return (*names, *numbers, "fault"), rows


def _cells(row: Outcome, numbers: Statistics) -> tuple[str, ...]:
    values = (str(value) for _name, value in row.values)
    return (*values, *(_number(getattr(numbers, name)) for name in COLUMNS))


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.0f} %"


def _short(name: str) -> str:
    return name.removesuffix("_pct").replace("_", " ").replace("max drawdown", "drawdown")
