"""`aitrader replay-check`: a recorded paper or live day beside a backtest of the same day."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from aitrader.backtest.replay import Row, Sides, compared
from aitrader.backtest.report import iso
from aitrader.backtest.run import answers_of, run_in_stages
from aitrader.backtest.sources import has_all, intervals_of, open_candles
from aitrader.config import Settings
from aitrader.filters.traderfile import compile_trader
from aitrader.model.account import PAPER
from aitrader.model.errors import ConfigError
from aitrader.model.position import Position
from aitrader.model.trader import Mode, Trader, Universe, account_of
from aitrader.modes.backtest_asked import BacktestOptions, job_with
from aitrader.modes.build import owner_of
from aitrader.modes.data import instant_ms, say, say_json
from aitrader.storage.recorded import Recorded, read_recorded


class ReplayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which span of which account, and on which candles it is run again."""

    from_text: str
    to_text: str
    account: str = PAPER
    candles: Path | None = None
    detail: str = ""
    as_json: bool = False


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a comparison; pnl in quote, of trades that are closed on both sides' own."""

    account: str
    from_time: str
    to_time: str
    recorded: int
    tested: int
    same: int
    unexplained: int
    recorded_pnl: Decimal
    tested_pnl: Decimal
    rows: tuple[Row, ...]
    left_out: tuple[str, ...] = ()


def run_replay_check(settings: Settings, options: ReplayOptions) -> bool:
    """Run a recorded span again and say where it differs; False: not everything is explained.

    Raises:
        ConfigError: Nothing was recorded, or the candles are missing, in one sentence.
    """
    from_ms, to_ms = instant_ms(options.from_text), instant_ms(options.to_text)
    if from_ms >= to_ms:
        raise ConfigError("expected --from before --to")
    recorded = read_recorded(
        settings.sqlite_path,
        owner_of(settings),
        account=options.account,
        from_ms=from_ms,
        to_ms=to_ms,
    )
    traders = _traders(recorded, options.account, from_ms)
    if not traders:
        raise ConfigError(
            f"no trader of the {options.account} account was recorded before {options.to_text}"
        )
    there, left_out = _with_candles(traders, options.candles or settings.data_folder)
    report = _report(settings, options, recorded, there)
    report = msgspec.structs.replace(report, left_out=left_out)
    if options.as_json:
        say_json(report)
    else:
        say(_summary(report))
    return not report.unexplained


def _report(
    settings: Settings, options: ReplayOptions, recorded: Recorded, traders: Sequence[Trader]
) -> ReplayReport:
    asked = BacktestOptions(
        files=(),
        candles=options.candles,
        from_text=options.from_text,
        to_text=options.to_text,
        detail=options.detail,
        cash="" if recorded.equity is None else str(recorded.equity),
    )
    job, loaded = job_with(settings, asked, traders)
    answers = answers_of(job, loaded.history)
    rows = compared(
        Sides(
            recorded=recorded,
            tested=run_in_stages(job, loaded.history, answers),
            traders=job.traders,
            answers=answers,
            history=loaded.history,
            detail=job.detail,
            from_ms=job.from_ms,
            to_ms=job.to_ms,
        )
    )
    return ReplayReport(
        account=options.account,
        from_time=iso(job.from_ms),
        to_time=iso(job.to_ms),
        recorded=sum(row.recorded is not None for row in rows),
        tested=sum(row.tested is not None for row in rows),
        same=sum(row.is_same for row in rows),
        unexplained=sum(not row.is_explained for row in rows),
        recorded_pnl=sum((row.recorded.realized_pnl for row in rows if row.recorded), Decimal(0)),
        tested_pnl=sum((row.tested.realized_pnl for row in rows if row.tested), Decimal(0)),
        rows=rows,
    )


def _traders(recorded: Recorded, account: str, from_ms: int) -> list[Trader]:
    """Return each trader of an account as it was last before the end, on its recorded symbols."""
    gone = {row.trader_id: row.at_ms for row in recorded.removed}
    last = {row.trader.trader_id: row.at_ms for row in recorded.saved}
    newest = {row.trader_id: row for row in recorded.traders} if not recorded.saved else {}
    newest |= {row.trader.trader_id: row.trader for row in recorded.saved}
    found = []
    for trader in newest.values():
        left_ms = gone.get(trader.trader_id, from_ms + 1)
        is_gone = last.get(trader.trader_id, 0) <= left_ms <= from_ms
        if account_of(trader.mode) != account or is_gone:
            continue
        symbols: dict[str, None] = {}
        for _at_ms, universe, meant in recorded.universes:
            if universe == trader.plan.universe:
                symbols |= dict.fromkeys(meant)
        plan = trader.plan
        if symbols:
            plan = msgspec.structs.replace(plan, universe=Universe(symbols=tuple(symbols)))
        plan = msgspec.structs.replace(plan, analyst=None)
        found.append(msgspec.structs.replace(trader, plan=plan, is_enabled=True, mode=Mode.PAPER))
    return sorted(found, key=lambda row: (row.rank, row.trader_id))


def _with_candles(
    traders: Sequence[Trader], path: Path
) -> tuple[tuple[Trader, ...], tuple[str, ...]]:
    """Return the traders on those of their symbols that have candles, and what is left out.

    Raises:
        ConfigError: There are no candles for any of them.
    """
    candles = open_candles(path)
    found, lacking = [], []
    for trader in traders:
        compiled = [compile_trader(trader.source)]
        intervals = intervals_of(compiled, detail=trader.plan.interval)
        wanted = trader.plan.universe.symbols or candles.symbols()
        there = tuple(name for name in wanted if has_all(candles, name, intervals))
        lacking += [
            f"{trader.trader_id} on {name}: no candles of {', '.join(intervals)}"
            for name in trader.plan.universe.symbols
            if name not in there
        ]
        if there:
            plan = msgspec.structs.replace(trader.plan, universe=Universe(symbols=there))
            found.append(msgspec.structs.replace(trader, plan=plan))
    if not found:
        raise ConfigError(
            f"{path} has no candles for any recorded trader: fetch those of the day with "
            "aitrader data download"
        )
    return tuple(found), tuple(lacking)


def _summary(report: ReplayReport) -> str:
    lines = [
        f"{report.account}, {report.from_time} to {report.to_time}: {report.recorded} recorded "
        f"trades, {report.tested} in the backtest, {report.same} with the same entry and exit",
        f"pnl: recorded {report.recorded_pnl:,.2f}, backtest {report.tested_pnl:,.2f}",
    ]
    for row in report.rows:
        if not row.why:
            continue
        either = row.tested or row.recorded
        assert either is not None
        sides = (
            "both" if row.recorded and row.tested else "recorded" if row.recorded else "backtest"
        )
        lines.append(f"\n{iso(either.opened_ms)}  {row.trader}  {row.symbol}  ({sides})")
        lines += [f"  {_side(name, row)}" for name in ("recorded", "tested") if getattr(row, name)]
        lines += [f"  - {text}" for text in row.why]
    if report.left_out:
        lines += ["", *(f"! left out: {text}" for text in report.left_out)]
    if report.unexplained:
        lines.append(f"\n{report.unexplained} differences could not be explained.")
    return "\n".join(lines)


def _side(name: str, row: Row) -> str:
    position: Position = getattr(row, name)
    reason = "open" if position.exit_reason is None else position.exit_reason.value
    return (
        f"{name:<10}{position.side.value:<6}{position.entry_quantity} at {position.entry_price}, "
        f"{reason} at {position.exit_price}, pnl {position.realized_pnl:,.2f}"
    )
