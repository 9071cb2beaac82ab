"""What a backtest is of: trader files, candles and terms, from what a person asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from aitrader.backtest.batch import trader_of
from aitrader.backtest.detail import Detailed
from aitrader.backtest.job import Job, Terms, finest
from aitrader.backtest.sources import (
    Candles,
    Loaded,
    has_all,
    intervals_of,
    load,
    open_candles,
    symbols_of,
)
from aitrader.config import Settings
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import DAY_MS, INTERVAL_MS, open_of
from aitrader.model.errors import ConfigError, FilterFault
from aitrader.model.ids import TraderId
from aitrader.model.trader import Trader, Universe
from aitrader.modes.brakes import brakes_of
from aitrader.modes.data import instant_ms
from aitrader.storage.candles import divides

MOST_SLIPPAGE_BPS = Decimal(1_000)
SHOWN_NAMES = 5


class BacktestOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to run; None and "" take the setting, or all there is."""

    files: tuple[Path, ...]
    candles: Path | None = None
    symbols: tuple[str, ...] = ()
    from_text: str = ""
    to_text: str = ""
    detail: str = ""
    cash: str = ""
    fee: str = ""
    slippage: str = ""
    max_open: int | None = None
    as_json: bool = False
    html: Path | None = None


def traders_of(files: Iterable[Path], symbols: tuple[str, ...]) -> tuple[Trader, ...]:
    """Return the traders of these files, in their order; `symbols` replace their own.

    None has an analyst: what the conditions say is entered.

    Raises:
        ConfigError: A file cannot be read, or its line so-and-so is wrong.
    """
    universe = Universe(symbols=symbols) if symbols else None
    traders: list[Trader] = []
    for path in files:
        taken: frozenset[TraderId] = frozenset(row.trader_id for row in traders)
        try:
            traders.append(trader_of(text_of(path), universe, taken))
        except FilterFault as fault:
            raise ConfigError(f"{path}: {fault}") from fault
    return tuple(traders)


def job_of(settings: Settings, options: BacktestOptions) -> tuple[Job, Loaded]:
    """Return what the options ask for, and its candles.

    Raises:
        ConfigError: They cannot be, in one sentence.
    """
    return job_with(settings, options, traders_of(options.files, symbols_in(options)))


def symbols_in(options: BacktestOptions) -> tuple[str, ...]:
    """Return the symbols that replace those of the files, none when they stay."""
    return tuple(dict.fromkeys(name.upper() for name in options.symbols))


def job_with(
    settings: Settings, options: BacktestOptions, traders: Sequence[Trader]
) -> tuple[Job, Loaded]:
    """Return a job for these traders, and the candles that they all read.

    Raises:
        ConfigError: An option or the candles cannot be used, in one sentence.
    """
    compiled = [compile_trader(row.source) for row in traders]
    coarse = finest(traders)
    detail = _detail(options.detail or coarse, coarse)
    candles = Detailed(open_candles(options.candles or settings.data_folder), detail, coarse)
    intervals = intervals_of(compiled, detail=detail)
    wanted, left_out = _symbols(traders, candles, intervals)
    candles.check(wanted)
    loaded = load(candles, symbols_of(wanted, compiled), intervals)
    from_ms, to_ms = _span(options, loaded, detail)
    job = Job(
        traders=tuple(traders),
        instruments=loaded.instruments,
        detail=detail,
        from_ms=from_ms,
        to_ms=to_ms,
        terms=_terms(settings, options, loaded.instruments[0].quote),
        notes=(
            *_unasked(compiled),
            *_notes(compiled, from_ms - loaded.first_ms),
            *_left_out(left_out, intervals),
            *_filled(candles.filled, detail, coarse),
        ),
    )
    return job, loaded


def _detail(detail: str, coarse: str) -> str:
    """Return the interval of the candles that fill orders, if it may be that."""
    if detail not in INTERVAL_MS or not (detail == coarse or divides(detail, coarse)):
        raise ConfigError(
            f"--detail takes {coarse}, or a faster interval that divides it; found {detail!r}"
        )
    return detail


def _span(options: BacktestOptions, loaded: Loaded, detail: str) -> tuple[int, int]:
    step = INTERVAL_MS[detail]
    from_ms, to_ms = loaded.first_ms, loaded.end_ms
    if options.from_text:
        from_ms = max(-(-instant_ms(options.from_text) // step) * step, from_ms)
    if options.to_text:
        to_ms = min(open_of(instant_ms(options.to_text), detail), to_ms)
    if from_ms >= to_ms:
        raise ConfigError("there are no candles between --from and --to")
    return from_ms, to_ms


def _symbols(
    traders: Iterable[Trader], candles: Candles, intervals: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the symbols the traders may trade, and those left out for want of candles.

    Raises:
        ConfigError: No symbol fits.
    """
    found: dict[str, None] = {}
    lacking: dict[str, None] = {}
    for trader in traders:
        universe = trader.plan.universe
        if universe.symbols:
            found |= dict.fromkeys(row for row in universe.symbols if row not in universe.excluded)
            continue
        fitting = [
            name
            for name in candles.symbols()
            if name not in universe.excluded and name.endswith(universe.quote)
        ]
        if not fitting:
            raise ConfigError(
                f"{trader.plan.name} trades {universe.quote} symbols and there are only "
                f"{', '.join(candles.symbols()[:5])}"
            )
        usable = [name for name in fitting if has_all(candles, name, intervals)]
        # with none at all, loading says what is missing and what to do
        found |= dict.fromkeys(usable or fitting)
        lacking |= dict.fromkeys(name for name in fitting if usable and name not in usable)
    return tuple(found), tuple(lacking)


def _left_out(symbols: tuple[str, ...], intervals: tuple[str, ...]) -> tuple[str, ...]:
    if not symbols:
        return ()
    return (f"{_listed(symbols)} had too few candles of {', '.join(intervals)} and took no part.",)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN_NAMES]) + (", ..." if len(names) > SHOWN_NAMES else "")


def _filled(counts: Mapping[str, int], detail: str, coarse: str) -> tuple[str, ...]:
    """Return where fills are not as detailed as was asked for."""
    names = [name for name, count in counts.items() if count]
    if not names:
        return ()
    return (
        f"{sum(counts.values()):,} {coarse} candles of {_listed(names)} have no {detail} detail: "
        "of a stop and a target within one of them the stop comes first.",
    )


def _unasked(compiled: Iterable[CompiledTrader]) -> tuple[str, ...]:
    """Return that analysts had no say, where a trader has one."""
    names = [trader.plan.name for trader in compiled if trader.plan.analyst is not None]
    if not names:
        return ()
    return (
        f"The analyst of {', '.join(names)} was not asked: every signal is entered here, and live "
        "only those that it says yes to.",
    )


def _notes(compiled: Iterable[CompiledTrader], before_ms: int) -> tuple[str, ...]:
    """Return which traders have seen too little to begin with, and for how long."""
    notes = []
    for trader in compiled:
        bars_by_interval = {trader.plan.interval: 1, **trader.lookback}
        needed_ms = max((n + 1) * INTERVAL_MS[name] for name, n in bars_by_interval.items())
        missing_ms = needed_ms - before_ms
        if missing_ms >= DAY_MS:
            notes.append(
                f"{trader.plan.name} warms up for the first {missing_ms / DAY_MS:.0f} days."
            )
    return tuple(notes)


def _terms(settings: Settings, options: BacktestOptions, quote: str) -> Terms:
    """Return what trading costs and allows; the account is in the first symbol's quote asset."""
    cash = _number(options.cash, "--cash") if options.cash else settings.start_cash
    if cash <= 0:
        raise ConfigError(f"--cash takes an amount above 0, found {options.cash!r}")
    return Terms(
        start_cash=cash,
        fee_bps=_bps(options.fee, "--fee", settings.fee_bps),
        slippage_bps=_bps(options.slippage, "--slippage", settings.slippage_bps),
        max_open_positions=options.max_open or settings.max_open_positions,
        quote=quote,
        brakes=brakes_of(settings),
    )


def _bps(text: str, name: str, default: Decimal) -> Decimal:
    """Return a percentage such as 0.1% in 1/10000."""
    if not text:
        return default
    value = _number(text.removesuffix("%"), name) * 100
    if not text.endswith("%") or not 0 <= value <= MOST_SLIPPAGE_BPS:
        raise ConfigError(f"{name} takes a percentage from 0% to 10%, such as 0.1%; found {text!r}")
    return value


def _number(text: str, name: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ConfigError(f"{name} takes a number, found {text!r}")
    return value


def text_of(path: Path) -> str:
    """Return a file's text.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} cannot be read: {exc}") from exc
