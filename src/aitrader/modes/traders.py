"""`aitrader traders` and `aitrader screen`: check trader files and try them on candle files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec
import numpy as np

from aitrader.engine.clock import SystemClock
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.evaluate import Program
from aitrader.filters.explain import ConditionState, Explanation, Truth, explain
from aitrader.filters.interpret import MAX_SOURCE_BYTES
from aitrader.filters.panel import Panel
from aitrader.filters.traderfile import compile_trader
from aitrader.filters.words import printable
from aitrader.model.candle import DAY_MS, INTERVAL_MS, open_of
from aitrader.model.errors import ConfigError, FilterFault
from aitrader.model.ids import TraderId
from aitrader.model.trader import Universe, limit_words
from aitrader.modes.candle_panels import CandleFiles, read_candles
from aitrader.modes.data import instant, instant_ms, known_symbol, say, say_json

MARKS = {Truth.TRUE: "yes", Truth.FALSE: "no", Truth.UNKNOWN: "?"}


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a file; `line` is None where it is the whole."""

    reason: str
    line: int | None
    hint: str


class Checked(msgspec.Struct, frozen=True):
    """One file; `cost_us`: the most microseconds per symbol and candle. All empty with `fault`.

    `limit`: where entries rest, "" when they are at market.
    """

    file: str
    is_ok: bool
    fault: Fault | None = None
    name: str = ""
    interval: str = ""
    side: str = ""
    symbols: str = ""
    conditions: tuple[str, ...] = ()
    exit_conditions: tuple[str, ...] = ()
    symbols_named: tuple[str, ...] = ()
    lookback: Mapping[str, int] = {}
    cost_us: float = 0.0
    warnings: tuple[str, ...] = ()
    limit: str = ""


class Hit(msgspec.Struct, frozen=True):
    """A trader whose conditions became true together on a symbol's newest candle."""

    file: str
    name: str
    symbol: str
    interval: str
    candle_open_ms: int
    close: float
    findings: Mapping[str, Mapping[str, float]]


class Screened(msgspec.Struct, frozen=True):
    """One screening; `warming` counts traders x symbols whose history is too short."""

    at_ms: int
    traders: int
    symbols: int
    checks: int
    warming: int
    matches: tuple[Hit, ...]


# -- check ----------------------------------------------------------------------------------------


def run_check(files: Sequence[Path], *, as_json: bool) -> bool:
    """Say of each file what it would do, or what is wrong with it; True when all are right.

    Raises:
        ConfigError: A file cannot be read.
    """
    results = [_checked(file) for file in files]
    if as_json:
        say_json(results)
        return all(result.is_ok for result in results)
    for result in results:
        _say_checked(result)
    return all(result.is_ok for result in results)


def _checked(file: Path) -> Checked:
    try:
        trader = compile_trader(source_of(file))
    except FilterFault as fault:
        return Checked(str(file), False, Fault(fault.reason, fault.line, fault.hint))
    return Checked(
        file=str(file),
        is_ok=True,
        name=trader.plan.name,
        interval=trader.plan.interval,
        side=trader.plan.side.value,
        symbols=universe_words(trader.plan.universe),
        conditions=trader.conditions,
        exit_conditions=trader.exit_conditions,
        symbols_named=trader.symbols_named,
        lookback=trader.lookback,
        cost_us=trader.cost,
        warnings=trader.warnings,
        limit=limit_words(trader.plan),
    )


def _say_checked(result: Checked) -> None:
    file = printable(result.file)
    if result.fault is not None:
        fault = FilterFault(result.fault.reason, line=result.fault.line, hint=result.fault.hint)
        click.echo(f"{file}: {fault}", err=True)
        return
    say(f"{file}: {result.name} ({result.side}, {result.interval}, {result.symbols})")
    say(f"  enters {result.limit + ', ' if result.limit else ''}when all hold:")
    for name in result.conditions:
        say(f"    {name}")
    if result.exit_conditions:
        say("  leaves when one holds:")
        for name in result.exit_conditions:
            say(f"    {name}")
    if result.symbols_named:
        say(f"  looks at: {', '.join(result.symbols_named)}")
    needs = ", ".join(f"{bars:,} of {interval}" for interval, bars in result.lookback.items())
    say(f"  closed candles needed: {needs}")
    say(f"  cost: at most {result.cost_us:,.0f} microseconds per symbol and candle")
    for warning in result.warnings:
        say(f"  warning: {warning}")


def universe_words(universe: Universe) -> str:
    """Return a universe as the file would say it."""
    if universe.symbols:
        shown = ", ".join(universe.symbols[:5])
        more = len(universe.symbols) - 5
        return shown + (f" and {more} more" if more > 0 else "")
    words = f"top {universe.top} {universe.quote}" if universe.top else f"all {universe.quote}"
    return words + (f" except {', '.join(universe.excluded)}" if universe.excluded else "")


def source_of(file: Path) -> str:
    """Return the text of a trader file.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(2 * MAX_SOURCE_BYTES).decode("utf-8")
    except OSError as exc:
        raise ConfigError(f"{file} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{file} is not a text in UTF-8") from exc


def compiled_file(file: Path) -> CompiledTrader:
    """Return the trader of a file.

    Raises:
        ConfigError: It cannot be read, or what it says is wrong, with its line.
    """
    try:
        return compile_trader(source_of(file))
    except FilterFault as fault:
        raise ConfigError(f"{file}: {fault}") from fault


# -- explain --------------------------------------------------------------------------------------


def run_explain(
    file: Path, symbol: str, *, candles: Path, at_text: str = "", as_json: bool = False
) -> None:
    """Say each condition at one candle: true, false or unknown, and the values behind it.

    Raises:
        ConfigError: The file, the symbol, the time or the candles cannot be used.
    """
    trader, symbol = compiled_file(file), known_symbol(symbol)
    symbols = tuple(dict.fromkeys((symbol, *trader.symbols_named)))
    read = _read(candles, symbols)
    if symbol not in read.symbols:
        raise ConfigError(f"found no candles of {symbol} in {candles}")
    panels = _panels(read, trader, symbols, at_ms=_instant(read, at_text))
    base = panels[trader.plan.interval]
    if not np.isfinite(base.values["close"][0, -1]):
        when = instant(int(base.open_ms[-1]) + INTERVAL_MS[base.interval])
        raise ConfigError(
            f"found no {base.interval} candle of {symbol} that closed {when} UTC in {candles}"
        )
    found = explain(trader, panels, symbol)
    if as_json:
        say_json(found)
        return
    _say_explained(trader, found)


def _say_explained(trader: CompiledTrader, found: Explanation) -> None:
    close_ms = found.candle_open_ms + INTERVAL_MS[found.interval]
    say(
        f"{trader.plan.name} on {found.symbol}, {found.interval} candle that closed "
        f"{instant(close_ms)} UTC: {_verdict(found)}"
    )
    for state in found.conditions:
        _say_state(state)
    if found.exit_conditions:
        say("leaves when one holds:")
    for state in found.exit_conditions:
        _say_state(state)
    for name, level in found.levels:
        say(f"  {name}: {_number(level)}")


def _verdict(found: Explanation) -> str:
    if not found.is_ready:
        return "warming up, its history is too short or has a gap"
    if found.is_signal:
        return "a signal"
    if found.held_before and all(c.truth is Truth.TRUE for c in found.conditions):
        return "no signal, all conditions held on the candle before already"
    return "no signal"


def _say_state(state: ConditionState) -> None:
    values = ", ".join(f"{text} = {_number(value)}" for text, value in state.values)
    say(f"  {MARKS[state.truth]:<4} {state.name}" + (f"  ({values})" if values else ""))


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.6g}"


# -- screen ---------------------------------------------------------------------------------------


def run_screen(
    files: Sequence[Path], *, candles: Path, at_text: str = "", as_json: bool = False
) -> None:
    """Say which symbols of the candle files each trader would signal now, or at a time.

    Raises:
        ConfigError: A file, the time or the candles cannot be used.
    """
    traders = {TraderId(str(file)): compiled_file(file) for file in files}
    read = _read(candles, None)
    result = screened(traders, read, at_ms=_instant(read, at_text))
    if as_json:
        say_json(result)
        return
    say(f"at {instant(result.at_ms)} UTC:")
    for hit in result.matches:
        held = ", ".join(hit.findings)
        say(f"  {hit.symbol:<14} {hit.close:>14.8g}  {hit.name} ({held})")
    warming = f", {result.warming:,} without enough history" if result.warming else ""
    say(
        f"{len(result.matches):,} matches: {result.traders:,} traders, "
        f"{result.symbols:,} symbols, {result.checks:,} checks{warming}"
    )


def screened(
    traders: Mapping[TraderId, CompiledTrader], read: CandleFiles, *, at_ms: int
) -> Screened:
    """Return what the traders see on the newest candles that had closed by an instant."""
    matches: list[Hit] = []
    checks = warming = 0
    for key, trader in traders.items():
        chosen = members(trader.plan.universe, read, at_ms=at_ms)
        symbols = tuple(dict.fromkeys((*chosen, *trader.symbols_named)))
        panels = _panels(read, trader, symbols, at_ms=at_ms)
        answers = Program({key: trader}).run(panels)[key]
        base = panels[trader.plan.interval]
        for row, symbol in enumerate(chosen):
            close = float(base.values["close"][row, -1])
            is_ready = bool(answers.ready[row, -1]) and math.isfinite(close)
            checks += is_ready
            warming += not is_ready
            if not is_ready or not answers.matched(row):
                continue
            findings = {f.condition: dict(f.values) for f in answers.findings(row)}
            matches.append(
                Hit(
                    file=key,
                    name=trader.plan.name,
                    symbol=symbol,
                    interval=base.interval,
                    candle_open_ms=int(base.open_ms[-1]),
                    close=close,
                    findings=findings,
                )
            )
    return Screened(at_ms, len(traders), len(read.symbols), checks, warming, tuple(matches))


def members(universe: Universe, read: CandleFiles, *, at_ms: int) -> tuple[str, ...]:
    """Return which symbols of the files a universe means, ranked by the UTC day before."""
    if universe.symbols:
        return tuple(symbol for symbol in universe.symbols if symbol in read.symbols)
    chosen = tuple(
        symbol
        for symbol in read.symbols
        if symbol.endswith(universe.quote) and symbol not in universe.excluded
    )
    if not universe.top or len(chosen) <= universe.top:
        return chosen
    day = read.panel("1h", symbols=chosen, closed_ms=at_ms // DAY_MS * DAY_MS, bars=24)
    paid = day.values["quote_volume"]
    traded = np.where(np.isnan(paid), day.values["close"] * day.values["volume"], paid)
    ranked = np.argsort(-np.nansum(traded, axis=1), kind="stable")[: universe.top]
    return tuple(chosen[place] for place in ranked)


# -- candles --------------------------------------------------------------------------------------


def _read(path: Path, symbols: Sequence[str] | None) -> CandleFiles:
    return read_candles(path, symbols=symbols, now_ms=SystemClock().now_ms())


def _instant(read: CandleFiles, text: str) -> int:
    return instant_ms(text) if text else read.newest_close_ms()


def _panels(
    read: CandleFiles, trader: CompiledTrader, symbols: tuple[str, ...], *, at_ms: int
) -> dict[str, Panel]:
    """Return what the trader reads, as it had closed when its own newest candle closed."""
    closed_ms = open_of(at_ms, trader.plan.interval)
    needs = {trader.plan.interval: 1, **trader.lookback}
    return {
        interval: read.panel(interval, symbols=symbols, closed_ms=closed_ms, bars=bars + 1)
        for interval, bars in needs.items()
    }
