"""`aitrader sweep`: a trader file with many values of its constants, and what of it is luck."""

from __future__ import annotations

import gc
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from aitrader import __version__
from aitrader.backtest.batch import CandlesAt, Study, outcomes_of, trader_of
from aitrader.backtest.crew import Crew, Pool, workers_here
from aitrader.backtest.history import History
from aitrader.backtest.job import Job, finest
from aitrader.backtest.outcome import Combination, Outcome
from aitrader.backtest.parameters import Axis, Values, axes_in, axis_of, base_values, with_values
from aitrader.backtest.report import iso
from aitrader.backtest.results import Results
from aitrader.backtest.search import drawn, every, size_of
from aitrader.backtest.sources import Loaded
from aitrader.backtest.statistics import Statistics
from aitrader.backtest.sweep import Progress, Sweep, study_of, value_of
from aitrader.backtest.sweep_page import sweep_page
from aitrader.backtest.sweep_report import (
    SweepReport,
    judged,
    sweep_summary,
    table_of,
    warnings_of,
)
from aitrader.backtest.walk import Walk, walk_forward
from aitrader.config import Settings
from aitrader.engine.clock import cpu_s
from aitrader.model.errors import ConfigError, FilterFault
from aitrader.model.trader import Trader, Universe
from aitrader.modes.backtest_asked import BacktestOptions, job_with, symbols_in, text_of
from aitrader.modes.data import meter, say, say_json
from aitrader.storage.candles_files import replace_bytes
from aitrader.storage.table_files import write_rows

FOLDER = "sweeps"
GENERATION = 16
"""Guided search asks for so many at once, whoever works: the same seed asks for the same ones."""


class SweepOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to try; `asked` says on which candles and terms, its one file is the trader."""

    asked: BacktestOptions
    sets: tuple[str, ...] = ()
    search: str = "grid"
    tries: int = 100
    seed: int = 1
    objective: str = "sharpe"
    workers: int | None = None
    walk_forward: int | None = None
    results: Path | None = None
    parquet: Path | None = None
    best: Path | None = None


class Guide(Protocol):
    """Somebody who learns from outcomes where to look next."""

    def ask(self, count: int) -> list[Values]:
        """Return choices to try."""
        ...

    def tell(self, values: Sequence[float]) -> None:
        """Hear how good each of those was that were asked last, higher is better."""
        ...


GuideOf = Callable[[Sequence[Axis], int], Guide]
CrewOf = Callable[[Loaded, int | None], Crew]


def run_sweep(
    settings: Settings,
    options: SweepOptions,
    *,
    crew_of: CrewOf | None = None,
    guide_of: GuideOf | None = None,
) -> None:
    """Try the combinations and say which was best, and what speaks against it.

    Args:
        settings: Of the paper account, where an option does not say otherwise.
        options: What to try.
        crew_of: Makes the workers; processes of this machine when not given.
        guide_of: Makes the guide of a guided search.

    Raises:
        ConfigError: A file, the candles or an option cannot be used, in one sentence.
    """
    gc.disable()
    try:
        report, page = _swept(settings, options, crew_of, guide_of)
    finally:
        gc.enable()
    _write_files(options, report, page)
    if options.asked.as_json:
        say_json({**msgspec.structs.asdict(report), "cpu_s": round(cpu_s(), 3)})
        return
    say(sweep_summary(report))


def _swept(
    settings: Settings,
    options: SweepOptions,
    crew_of: CrewOf | None,
    guide_of: GuideOf | None,
) -> tuple[SweepReport, str]:
    (path,) = options.asked.files
    source, axes = _text_and_axes(path, options.sets)
    symbols = symbols_in(options.asked)
    universe = Universe(symbols=symbols) if symbols else None
    job, loaded = job_with(settings, options.asked, _probes(source, axes, path, universe))
    study, digest = study_of(job, universe), _digest(job, universe, loaded.history)
    name = re.sub(r"\W+", "-", path.stem)
    results = Results(
        options.results or settings.data_folder / FOLDER / f"{name}-{digest[:8]}.jsonl"
    )
    where = CandlesAt(
        str((options.asked.candles or settings.data_folder).resolve()),
        loaded.history.symbols,
        loaded.history.intervals,
        finest(job.traders),
    )
    crew = (
        Pool(where, options.workers or workers_here())
        if crew_of is None
        else crew_of(loaded, options.workers)
    )
    try:
        sweep = Sweep(study, digest, crew=crew, results=results)
        outcomes = _tried(sweep, source, axes, options=options, guide_of=guide_of)
    finally:
        crew.close()
    walk = _walk(study, source, outcomes, loaded=loaded, folds=options.walk_forward)
    order, doubts = judged(outcomes, options.objective)
    report = SweepReport(
        trader=job.traders[0].plan.name,
        interval=job.detail,
        from_time=iso(job.from_ms),
        to_time=iso(job.to_ms),
        symbols=loaded.history.symbols,
        objective=options.objective,
        axes=tuple(axes),
        possible=size_of(axes),
        outcomes=order,
        overfitting=doubts,
        walk=walk,
        warnings=(*job.notes[:1], *warnings_of(order, doubts, options.objective)),
    )
    return report, sweep_page(report) if options.asked.html is not None else ""


def _text_and_axes(path: Path, sets: Iterable[str]) -> tuple[str, tuple[Axis, ...]]:
    """Return the file, and what to vary: what was asked for, else what the file names."""
    source = text_of(path)
    try:
        axes = {axis.name: axis for axis in axes_in(source)}
        asked = [axis_of(text) for text in sets]
        if asked:
            axes = {axis.name: axis for axis in asked}
        if not axes:
            raise ConfigError(
                'expected values to try: --set FAST=5..20, or in the file SWEEP = {"FAST": "5..20"}'
            )
        base_values(source, tuple(axes))
    except FilterFault as fault:
        raise ConfigError(f"{path}: {fault}") from fault
    return source, tuple(axes.values())


def _probes(
    source: str, axes: Sequence[Axis], path: Path, universe: Universe | None
) -> list[Trader]:
    """Return the file's trader, and one for each value of each axis: what they read is loaded."""
    choices: list[Values] = [{}, *({axis.name: row} for axis in axes for row in axis.values)]
    found, first = [], ""
    for values in choices:
        try:
            found.append(trader_of(with_values(source, values), universe))
        except FilterFault as fault:
            first = first or str(fault)
    if not found:
        raise ConfigError(f"{path}: {first}")
    return found


def _tried(
    sweep: Sweep,
    source: str,
    axes: Sequence[Axis],
    *,
    options: SweepOptions,
    guide_of: GuideOf | None,
) -> tuple[Outcome, ...]:
    count = size_of(axes)
    if options.search != "grid":
        count = min(options.tries, count) if guide_of is None else options.tries
    with meter(count, f"{count:,} combinations") as progress:
        if guide_of is not None:
            guide = guide_of(axes, options.seed)
            return _guided(sweep, source, guide, options=options, progress=progress)
        choices = (
            every(axes)
            if options.search == "grid"
            else drawn(axes, options.tries, seed=options.seed)
        )
        return sweep.run(sweep.combinations(source, choices), progress)


def _guided(
    sweep: Sweep, source: str, guide: Guide, *, options: SweepOptions, progress: Progress
) -> tuple[Outcome, ...]:
    """Return the outcomes of a search that learns, generation by generation."""
    found: list[Outcome] = []
    while len(found) < options.tries:
        choices = guide.ask(min(GENERATION, options.tries - len(found)))
        outcomes = sweep.run(sweep.combinations(source, choices), progress)
        guide.tell([value_of(row, options.objective) for row in outcomes])
        found.extend(outcomes)
    return tuple(found)


def _walk(
    study: Study, source: str, outcomes: Sequence[Outcome], *, loaded: Loaded, folds: int | None
) -> Walk | None:
    """Return the walk-forward of the combinations that could be run, if it was asked for."""
    done = [row for row in outcomes if row.statistics is not None]
    if folds is None or not done:
        return None

    def again(outcome: Outcome, from_ms: int, to_ms: int) -> Statistics:
        job = msgspec.structs.replace(study.job, from_ms=from_ms, to_ms=to_ms)
        text = with_values(source, dict(outcome.values))
        one = Combination(outcome.key, outcome.values, text)
        (found,) = outcomes_of(msgspec.structs.replace(study, job=job), [one], loaded)
        assert found.statistics is not None
        return found.statistics

    job = study.job
    return walk_forward(done, from_ms=job.from_ms, to_ms=job.to_ms, folds=folds, run=again)


def _digest(job: Job, universe: Universe | None, history: History) -> str:
    """Return a name of everything but the file that decides a result."""
    digest = hashlib.blake2b(digest_size=16)
    what = (__version__, job.detail, job.from_ms, job.to_ms, job.terms, job.instruments, universe)
    digest.update(msgspec.json.encode(what))
    for symbol in history.symbols:
        for interval in history.intervals:
            series = history.find(symbol, interval)
            if series is not None:
                digest.update(f"{symbol} {interval} {series.first_ms}".encode())
                for row in series.values.values():
                    digest.update(np.ascontiguousarray(row).data)
    return digest.hexdigest()


def _write_files(options: SweepOptions, report: SweepReport, page: str) -> None:
    if options.asked.html is not None:
        replace_bytes(options.asked.html, page.encode())
    if options.parquet is not None:
        names, rows = table_of(report)
        write_rows(options.parquet, names, rows)
    if options.best is not None and report.best is not None:
        source = text_of(options.asked.files[0])
        replace_bytes(options.best, with_values(source, dict(report.best.values)).encode())
