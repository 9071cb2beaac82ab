"""The market edge for minutes at a simulated exchange that breaks something every few seconds.

Unit of work: one closed candle of one symbol and interval. Afterwards, with the faults cleared,
every series is compared with what the exchange's REST says: missing, wrong and repeated candles are
counted, and the memory of the last third is held against that of the first. The exchange is a
process of its own; its faults are switched by `POST /simulator/faults`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import httpx2

from aitrader.engine.health import rss_mb
from aitrader.exchange.binance.feed import BinanceMarket, FeedSettings, FeedTime
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.links import StreamTiming
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.market.series import SeriesTable
from aitrader.model.candle import INTERVAL_MS, Row
from aitrader.model.commands import Stream, WatchMarket
from aitrader.model.errors import Refused, Transient
from aitrader.model.events import CandlesClosed, Event

INTERVALS = ("1m", "5m")
BARS = 120
FAULT_EVERY_S = (2.0, 6.0)
MOST_GROWTH_PCT = 3.0
SETTLE_S = 120.0
WARM_UP_SHARE = 0.2
QUESTIONS = 5
"""Memory is looked at after so much of the time: first every buffer and pool has to be made."""
PATIENCE = StreamTiming(frame_silence_s=6.0, data_silence_s=3.0, stable_s=5.0, backoff_most_s=2.0)

Faults = list[dict[str, object]]

FAULTS: tuple[Faults, ...] = (
    [{"kind": "reset"}],
    [{"kind": "reset", "close_code": 1001}],
    [{"kind": "shutdown_notice", "close_after_s": 3.0}],
    [{"kind": "silence", "for_s": 4.0}],
    [{"kind": "silence", "pings": False, "for_s": 4.0}],
    [{"kind": "drop", "share": 0.05, "for_s": 3.0}],
    [{"kind": "drop", "only_closed": True, "share": 0.5, "for_s": 3.0}],
    [{"kind": "duplicate", "share": 0.3, "for_s": 3.0}],
    [{"kind": "reorder", "for_s": 3.0}],
    [{"kind": "fragment", "share": 0.1, "for_s": 3.0}],
    *([{"kind": "corrupt", "how": how, "share": 0.02, "for_s": 2.0}] for how in (
        "json", "nan", "zero", "negative", "jump", "symbol", "type", "utf8"
    )),
    [{"kind": "corrupt", "how": "rsv", "times": 1}],
    [{"kind": "status", "path": "klines", "status": 429, "retry_after_s": 1, "times": 2}],
    [{"kind": "status", "status": 503, "times": 6}, {"kind": "reset"}],
    [{"kind": "delay", "delay_ms": 400, "for_s": 3.0}, {"kind": "reset"}],
    [{"kind": "lost_answer", "times": 3}, {"kind": "reset"}],
    [{"kind": "refuse_connection", "status": 503, "for_s": 2.0}, {"kind": "reset"}],
    [{"kind": "refuse_subscribe", "for_s": 1.0}, {"kind": "reset"}],
    [{"kind": "refuse_subscribe", "is_silent": True, "times": 1}, {"kind": "reset"}],
)  # fmt: skip


class Ports:
    """Inbox, clock and tasks of an edge that runs alone."""

    def __init__(self) -> None:
        self.ms = 0
        self.instants: list[int] = []
        self.missed = 0
        self.events: Counter[str] = Counter()
        self.deaths: list[str] = []
        self.tasks: set[asyncio.Task[None]] = set()

    def post(self, event: Event) -> None:
        self.events[type(event).__name__] += 1
        if isinstance(event, CandlesClosed):
            self.instants.append(event.at_ms)
            self.missed += len(event.missed)

    def now_ms(self) -> int:
        return self.ms

    def advance_to(self, at_ms: int) -> None:
        self.ms = max(self.ms, at_ms)

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guard(name, work))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _guard(self, name: str, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - counted in the report
            self.deaths.append(f"{name}: {error!r}")


class Soak:
    """One edge at one exchange."""

    def __init__(self, address: dict[str, Any], options: argparse.Namespace) -> None:
        self.options = options
        self.rest_url = address["exchange"]
        self.ports = Ports()
        self.series = SeriesTable()
        self.rng = random.Random(options.seed)
        self.struck: Counter[str] = Counter()
        self.memory: list[float] = []
        self.examples: list[str] = []
        self.market = BinanceMarket(
            self.ports,
            self.ports,
            tasks=self.ports,
            series=self.series,
            settings=FeedSettings(
                rest_url=self.rest_url,
                stream_url=address["stream"],
                streams=PATIENCE,
                again_s=1.0,
                stale_s=5.0,
            ),
            time=FeedTime(sink=self.ports),
        )
        self.streams: tuple[Stream, ...] = ()
        self.client = httpx2.AsyncClient(base_url=self.rest_url, trust_env=False)

    async def run(self) -> dict[str, object]:
        """Live through the faults, then settle, compare and report."""
        await self.market.open()
        names = sorted(row.symbol for row in self.market._reference.instruments)
        self.streams = tuple(Stream(name, i, BARS) for name in names for i in INTERVALS)
        self.market.watch(WatchMarket(streams=self.streams))
        await self._until_ready(SETTLE_S)
        loop = asyncio.get_running_loop()
        began_s, began_ms = loop.time(), self.ports.ms
        end_s = began_s + self.options.minutes * 60
        while loop.time() < end_s:
            await self._strike()
            pause_s = self.rng.uniform(*FAULT_EVERY_S)
            for _ in range(max(1, int(pause_s))):
                await asyncio.sleep(1.0)
                self.memory.append(rss_mb())
        await self._calm_down()
        settled = await self._until_ready(SETTLE_S)
        before = len(self.ports.instants)
        while settled and len(self.ports.instants) < before + 3:
            await asyncio.sleep(0.2)
        found = await self._compare()
        await self.market.close()
        await self.client.aclose()
        return self._report(found, began_ms) | {"settled": settled}

    async def _until_ready(self, limit_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while self.market.ready_streams < len(self.streams):
                    await asyncio.sleep(0.1)
                return True
        return False

    async def _strike(self) -> None:
        faults = self.rng.choice(FAULTS)
        self.struck.update(str(fault["kind"]) for fault in faults)
        with contextlib.suppress(httpx2.HTTPError):
            await self.client.post("/simulator/faults", json=faults)

    async def _calm_down(self) -> None:
        """Clear all faults, though one of them may stand in the way."""
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                await self.client.delete("/simulator/faults")
                return
            await asyncio.sleep(1.0)

    async def _compare(self) -> Counter[str]:
        """Hold every candle of every series against REST."""
        found: Counter[str] = Counter()
        rest = BinanceRest(self.rest_url, WeightLimiter(10**9))
        closed_ms = self.ports.instants[-1] if self.ports.instants else self.ports.ms
        kept = {stream: self.series.candles(*_name(stream), BARS + 8) for stream in self.streams}
        for stream in self.streams:
            step = INTERVAL_MS[stream.interval]
            end_ms = closed_ms // step * step
            try:
                truth = await self._truth(rest, stream, end_ms=end_ms)
            except (Transient, Refused) as error:
                found[f"not compared: {error}"] += 1
                continue
            ours = {candle.open_ms: candle.row for candle in kept[stream]}
            for open_ms, row in truth:
                mine = ours.get(open_ms)
                found["compared"] += 1
                found["missing"] += mine is None
                found["wrong"] += mine is not None and mine != row
                if mine != row and len(self.examples) < 5:
                    self.examples.append(f"{stream} {open_ms}: expected {row}, found {mine}")
        await rest.close()
        return found

    async def _truth(
        self, rest: BinanceRest, stream: Stream, *, end_ms: int
    ) -> list[tuple[int, Row]]:
        """Return what the exchange says of a series; what is left of a fault is waited out."""
        start_ms = end_ms - BARS * INTERVAL_MS[stream.interval]
        for _ in range(QUESTIONS):
            with contextlib.suppress(Transient):
                return await rest.fetch_rows(
                    stream.symbol, stream.interval, start_ms=start_ms, closed_by_ms=end_ms
                )
            await asyncio.sleep(1.0)
        raise Transient(f"{stream.symbol} {stream.interval} cannot be had")

    def _report(self, found: Counter[str], began_ms: int) -> dict[str, object]:
        instants = self.ports.instants
        warm = self.memory[int(len(self.memory) * WARM_UP_SHARE) :]
        third = max(1, len(warm) // 3)
        first, last = warm[:third], warm[-third:]
        growth_pct = (sum(last) / len(last)) / (sum(first) / len(first)) * 100 - 100
        repeated = len(instants) - len(set(instants)) + (instants != sorted(instants))
        bad = found["missing"] + found["wrong"] + repeated + len(self.ports.deaths)
        lacks = found.total() - found["compared"] - found["missing"] - found["wrong"]
        return {
            "bench": "soak",
            "value": bad,
            "unit": "candles missing, wrong or repeated",
            "target": 0,
            "ok": not bad and not lacks and growth_pct < MOST_GROWTH_PCT and found["compared"] > 0,
            "minutes": self.options.minutes,
            "exchange_minutes": (self.ports.ms - began_ms) // 60_000,
            "streams": len(self.streams),
            "compared": found["compared"],
            "missing": found["missing"],
            "wrong": found["wrong"],
            "repeated": repeated,
            "closes": len(instants),
            "missed_at_close": self.ports.missed,
            "messages": self.market.messages,
            "reconnects": self.market.reconnects,
            "memory_mb": [round(sum(part) / len(part), 1) for part in (first, last)],
            "growth_pct": round(growth_pct, 2),
            "memory_tenths_mb": _tenths(self.memory),
            "faults": dict(self.struck),
            "dropped": dict(self.market.dropped),
            "deaths": self.ports.deaths[:5],
            "examples": self.examples,
        }


def _tenths(values: list[float]) -> list[float]:
    """Return the means of ten stretches of equal length."""
    size = max(1, len(values) // 10)
    parts = [values[at : at + size] for at in range(0, size * 10, size)]
    return [round(sum(part) / len(part), 1) for part in parts if part]


def _name(stream: Stream) -> tuple[str, str]:
    return stream.symbol, stream.interval


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--speed", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="The whole report, else its head.")
    return parser.parse_args()


def main(show: Callable[[str], object] = print) -> int:
    """Run once and print one line."""
    options = _options()
    command = [sys.executable, "-m", "aitrader.exchange.simulated", "--parent-pipe"]
    command += ["--symbols", str(options.symbols), "--speed", str(options.speed)]
    command += ["--seed", str(options.seed)]
    exchange = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert exchange.stdout is not None
        address = json.loads(exchange.stdout.readline())

        async def live() -> dict[str, object]:
            return await Soak(address, options).run()

        report = asyncio.run(live())
    finally:
        exchange.terminate()
        exchange.wait()
    head = {name: report[name] for name in ("bench", "value", "unit", "target", "ok")}
    show(json.dumps(report if options.json else head))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
