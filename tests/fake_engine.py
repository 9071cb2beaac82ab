"""An engine that is not one: seeded rows behind View and Control, moved by `step()`.

For faces under test and under measurement. It keeps a change number per row, so that every reader
gets what changed since its own last frame, however slow it is, as the engine does.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from msgspec.structs import replace
from tests.builders import a_job, a_result, a_signal

from aitrader.model.candle import INTERVAL_MS, Candle, Row
from aitrader.model.control import (
    AddTrader,
    Answer,
    AnyRequest,
    CancelJob,
    ClosePosition,
    ConditionRow,
    ExplainTrader,
    ExplanationRow,
    LineRow,
    PauseEntries,
    ReadCandles,
    ReadJob,
    ReadJobs,
    ReadLines,
    ReadReport,
    ReadSignal,
    ReadTrader,
    StartBacktest,
    SwitchTrader,
)
from aitrader.model.job import JobState
from aitrader.model.view import (
    AnalysisRow,
    Frame,
    LogRow,
    MarketRow,
    PositionRow,
    SignalRow,
    Status,
    TraderRow,
)

START_MS = 1_735_689_600_000 + 14 * 3_600_000 + 25 * 60_000
NAMES = ("MACD crossover", "RSI dip buyer", "Bollinger breakout", "Donchian trend")
COINS = ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "AVAX", "DOT", "LINK", "PEPE", "SHIB")
PRICES = (
    64213.5,
    3120.42,
    581.2,
    148.33,
    0.5231,
    0.4412,
    0.1034,
    27.11,
    6.02,
    14.21,
    8.4e-6,
    1.7e-5,
)
CONDITIONS = ("MACD crosses up", "below the zero line", "1h uptrend")

AnyRow = MarketRow | TraderRow | SignalRow | PositionRow | AnalysisRow

NEW_STATUS = Status(
    mode="PAPER",
    market="simulated",
    account="paper-1",
    quote="USDT",
    equity="10000.00",
    cash="10000.00",
    day_pnl="0.00",
    total_pnl="0.00",
    now_ms=START_MS,
    feed="live",
    feed_age_ms=120,
    messages_per_s=212.0,
    is_paused=False,
    candles=0,
    checks=0,
    signals=0,
    orders=0,
    positions_opened=0,
    positions_closed=0,
    open_positions=0,
    errors=0,
    screen_ms=3.2,
    version="0.1.0",
    process_id=4711,
    uptime_s=7_440,
)


def some_candles(symbol: str, interval: str, bars: int) -> tuple[Candle, ...]:
    """Return a seeded walk that ends at the fake's own time; BNBUSDT is not watched."""
    walk = random.Random(f"{symbol}{interval}")
    length = INTERVAL_MS[interval]
    price = PRICES[0] if symbol == "BTCUSDT" else 3120.42
    rows: list[Row] = []
    for _ in range(bars):
        last = price * (1 + walk.gauss(0, 0.002))
        high, low = max(price, last) * 1.001, min(price, last) * 0.999
        rows.append((price, high, low, last, walk.uniform(5, 90), 0.0, 0.0, 0.0))
        price = last
    first_ms = START_MS // length * length - (bars - 1) * length
    return tuple(
        Candle(symbol, interval, first_ms + n * length, row, closed=True)
        for n, row in enumerate(rows)
    )


def _candles(request: ReadCandles) -> Answer:
    if request.symbol == "BNBUSDT":
        return Answer(0, False, f"{request.symbol} {request.interval} is not watched")
    return Answer(0, True, "", some_candles(request.symbol, request.interval, request.bars))


def _explanations(_: ExplainTrader) -> Answer:
    held = ConditionRow(CONDITIONS[0], "true", (("macd(close, 12, 26, 9).macd", 12.5),))
    missing = ConditionRow(CONDITIONS[1], "false", (("macd(close, 12, 26, 9).macd", 12.5),))
    unknown = ConditionRow(CONDITIONS[2], "unknown", (("ema(close, 50)", None),))
    rows = [
        ExplanationRow("BTCUSDT", START_MS, True, False, True, (held, held)),
        ExplanationRow("ETHUSDT", START_MS, True, False, False, (held, missing)),
        ExplanationRow("SOLUSDT", START_MS, True, True, False, (held, held)),
        ExplanationRow("XRPUSDT", START_MS, False, False, False, (missing, unknown)),
    ]
    return Answer(0, True, "", explanations=tuple(rows))


def _lines(request: ReadLines) -> Answer:
    """An average of the closes, and half of a wave beside 30 and 70."""
    candles = some_candles(request.symbol, "5m", 300)
    closes = [candle.close for candle in candles]
    means = [sum(closes[max(0, n - 9) : n + 1]) / min(10, n + 1) for n in range(len(closes))]
    wave = [None if n < 200 else 50 + 35 * math.sin(n / 7) for n in range(len(closes))]
    first_ms = candles[0].open_ms
    rows = (
        LineRow("sma(close, 10)", "", "5m", first_ms, tuple(means)),
        LineRow("rsi(close, 14)", "pane 1", "5m", first_ms, tuple(wave), (30.0, 70.0)),
    )
    return Answer(0, True, "", lines=rows)


READINGS: Mapping[type, Callable[[Any], Answer]] = {
    ReadTrader: lambda _: Answer(0, True, '"""A made-up trader."""\nNAME = "Made up"\n'),
    ReadCandles: _candles,
    ReadLines: _lines,
    ReadSignal: lambda _: Answer(0, True, "", signal=a_signal()),
    ExplainTrader: _explanations,
    StartBacktest: lambda _: Answer(0, True, "it begins", job=a_job(state=JobState.WAITING)),
    ReadJob: lambda _: Answer(0, True, "", job=a_job(state=JobState.DONE, result=a_result())),
    ReadJobs: lambda _: Answer(0, True, "", jobs=(a_job(),)),
    ReadReport: lambda _: Answer(0, True, "<!doctype html><p>A made-up report.</p>"),
    CancelJob: lambda _: Answer(0, True, "canceled", job=a_job(state=JobState.CANCELED)),
}


class FakeEngine:
    """View and Control over made-up rows; the same seed and steps give the same rows."""

    def __init__(self, *, seed: int = 1, symbols: int = 12, traders: int = 4) -> None:
        self.random = random.Random(seed)
        self.status = NEW_STATUS
        self.rows: dict[str, AnyRow] = {}
        self.asked: list[AnyRequest] = []
        self.answer = Answer(0, True, "done")
        self.readers = 0
        self.is_alone = asyncio.Event()
        self.pace_s = 0.0
        self._change = 1
        self._changed: dict[str, int] = {}
        self._logs: deque[tuple[int, LogRow]] = deque(maxlen=500)
        self._gone: list[tuple[int, str]] = []
        self._news = asyncio.Event()
        self._is_ended = False
        for index in range(symbols):
            self._add_market(index)
        for index in range(traders):
            self._add_trader(index)

    # -- the rows --------------------------------------------------------------------------------

    def put(self, row: AnyRow) -> None:
        """Set a row by its key."""
        key = row.__struct_fields__[0]
        name = f"{type(row).__name__}:{getattr(row, key)}"
        self.rows[name] = row
        self._changed[name] = self._change

    def put_status(self, **changes: object) -> None:
        """Change the header's numbers."""
        self.status = replace(self.status, **changes)

    def log(self, level: str, text: str) -> None:
        """Add a line to the log."""
        self._logs.append((self._change, LogRow(self.status.now_ms, level, text)))

    def drop(self, kind: str, key: str) -> None:
        """Take a row out and say so."""
        del self.rows[f"{kind}:{key}"]
        self._gone.append((self._change, key))

    def commit(self) -> None:
        """Let the readers see what was put."""
        self._change += 1
        self._news.set()
        self._news = asyncio.Event()

    def end(self) -> None:
        """The engine ends."""
        self._is_ended = True
        self._news.set()

    def of(self, kind: type) -> list[object]:
        """Return all rows of a kind, in the order they came."""
        return [row for row in self.rows.values() if isinstance(row, kind)]

    def _add_market(self, index: int) -> None:
        coin = COINS[index] if index < len(COINS) else f"ALT{index}"
        price = PRICES[index % len(PRICES)]
        trend = tuple(price * (1 + self.random.gauss(0, 0.004)) for _ in range(24))
        change = self.random.gauss(0, 3)
        self.put(MarketRow(f"{coin}USDT", price, change, 4.1e9 / (index + 1), trend, START_MS))

    def _add_trader(self, index: int) -> None:
        name = NAMES[index] if index < len(NAMES) else f"Trader {index}"
        state = ("watching", "watching", "warming up 40/223", "paused")[index % 4]
        row = TraderRow(
            trader_id=name.lower().replace(" ", "-"),
            name=name,
            mode="PAPER",
            is_enabled=state != "paused",
            state=state,
            interval=("5m", "1m", "15m", "1h")[index % 4],
            symbols=50,
            signals=3 * index,
            open_positions=index % 2,
            pnl=f"{self.random.gauss(0, 40):.2f}",
            last_check_ms=START_MS - 60_000,
        )
        self.put(row)

    def add_signal(self, number: int, *, status: str = "ENTERED", note: str = "") -> SignalRow:
        """Raise a made-up signal."""
        index = number % len(COINS)
        row = SignalRow(
            signal_id=f"s-{number}",
            at_ms=START_MS + number * 60_000,
            trader=NAMES[number % len(NAMES)],
            symbol=f"{COINS[index]}USDT",
            price=PRICES[index],
            conditions=CONDITIONS,
            status=status,
            note=note,
        )
        self.put(row)
        return row

    def add_position(
        self, number: int, *, pnl_pct: float = 1.0, is_open: bool = True
    ) -> PositionRow:
        """Open a made-up position."""
        index = number % len(COINS)
        entry = PRICES[index]
        mark = entry * (1 + pnl_pct / 100)
        row = PositionRow(
            position_id=f"p-{number}",
            trader=NAMES[number % len(NAMES)],
            symbol=f"{COINS[index]}USDT",
            side="SHORT" if number % 4 == 3 else "LONG",
            status="OPEN" if is_open else "CLOSED",
            quantity=f"{500 / entry:.4f}",
            entry_price=entry,
            mark_price=mark,
            stop_price=entry * 0.985,
            target_price=entry * 1.03 if number % 3 else None,
            pnl=pnl_pct * 5,
            pnl_pct=pnl_pct,
            opened_ms=START_MS - number * 720_000,
            closed_ms=None if is_open else START_MS,
            exit_reason="" if is_open else "STOP_LOSS",
            trend=tuple(entry * (1 + self.random.gauss(0, 0.003)) for _ in range(24)),
        )
        self.put(row)
        return row

    def fill(self, *, signals: int = 8, positions: int = 5) -> None:
        """Make a busy screen of it."""
        statuses = ("ENTERED", "SKIPPED", "RAISED", "EXPIRED")
        for number in range(signals):
            status = statuses[number % 4]
            note = "already holds 3 of 3 positions" if status == "SKIPPED" else ""
            self.add_signal(number, status=status, note=note)
        for number in range(positions):
            self.add_position(number, pnl_pct=1.31 - number * 0.7, is_open=number != 4)
        for number in range(24):
            level = ("INFO", "INFO", "DEBUG", "WARNING", "INFO", "ERROR")[number % 6]
            self.log(level, f"checked 50 symbols in {2 + number / 10:.1f} ms")
        self.put_status(
            equity="10123.45",
            day_pnl="123.45",
            total_pnl="123.45",
            open_positions=positions - 1,
            signals=signals,
            candles=4210,
            checks=210500,
            orders=22,
        )
        self.commit()

    def step(self) -> None:
        """Move every price and everything that hangs on it."""
        for row in list(self.rows.values()):
            if isinstance(row, MarketRow):
                price = row.price * (1 + self.random.gauss(0, 0.0008))
                change = row.change_24h_pct + self.random.gauss(0, 0.02)
                trend = (*row.trend[1:], price)
                self.put(replace(row, price=price, change_24h_pct=change, trend=trend))
            elif isinstance(row, PositionRow) and row.status == "OPEN":
                pct = row.pnl_pct + self.random.gauss(0, 0.05)
                mark = row.entry_price * (1 + pct / 100)
                trend = (*row.trend[1:], mark)
                changed = replace(row, mark_price=mark, pnl=pct * 5, pnl_pct=pct, trend=trend)
                self.put(changed)
        self.put_status(now_ms=self.status.now_ms + 200)
        self.commit()

    # -- View and Control ------------------------------------------------------------------------

    async def frames(self, hz: float) -> AsyncIterator[Frame]:
        """Yield everything, then what changed as soon as there is something."""
        seen, seq = 0, 0
        self.readers += 1
        self.is_alone.clear()
        try:
            while True:
                if self._change > seen + 1 or seq == 0:
                    frame = self._frame(seq, seen)
                    seen, seq = self._change - 1, seq + 1
                    yield frame
                if self._is_ended:
                    return
                news = self._news
                if self._change <= seen + 1:
                    await news.wait()
                if self.pace_s:
                    await asyncio.sleep(self.pace_s)
        finally:
            self.readers -= 1
            if not self.readers:
                self.is_alone.set()

    def _frame(self, seq: int, seen: int) -> Frame:
        rows = [row for name, row in self.rows.items() if self._changed[name] > seen]
        return Frame(
            seq=seq,
            is_snapshot=seq == 0,
            status=self.status,
            markets=tuple(row for row in rows if isinstance(row, MarketRow)),
            traders=tuple(row for row in rows if isinstance(row, TraderRow)),
            signals=tuple(row for row in rows if isinstance(row, SignalRow)),
            positions=tuple(row for row in rows if isinstance(row, PositionRow)),
            logs=tuple(line for change, line in self._logs if change > seen),
            gone=tuple(key for change, key in self._gone if change > seen),
            analyses=tuple(row for row in rows if isinstance(row, AnalysisRow)),
        )

    async def ask(self, request: AnyRequest) -> Answer:
        """Do a little of what was asked and remember that it was."""
        self.asked.append(request)
        if isinstance(request, PauseEntries):
            self.put_status(is_paused=request.is_paused)
        elif isinstance(request, SwitchTrader):
            self._switch(request)
        elif isinstance(request, ClosePosition):
            self._close(request.position_id)
        elif isinstance(request, AddTrader):
            return self._add(request)
        elif type(request) in READINGS:
            return READINGS[type(request)](request)
        self.commit()
        return self.answer

    def _add(self, request: AddTrader) -> Answer:
        if "def conditions(m)" not in request.source:
            return Answer(0, False, "line 2: there is no conditions(m); write one")
        self._add_trader(len(self.of(TraderRow)))
        self.commit()
        return Answer(0, True, "it is watching")

    def _switch(self, request: SwitchTrader) -> None:
        row = self.rows.get(f"TraderRow:{request.trader_id}")
        if isinstance(row, TraderRow):
            state = "watching" if request.is_enabled else "paused"
            self.put(replace(row, is_enabled=request.is_enabled, state=state))

    def _close(self, position_id: str) -> None:
        row = self.rows.get(f"PositionRow:{position_id}")
        if isinstance(row, PositionRow):
            self.put(replace(row, status="CLOSED", exit_reason="MANUAL"))
