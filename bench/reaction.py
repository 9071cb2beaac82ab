"""How quickly a price becomes a close order on the wire, and what watching costs until then.

Unit of work: one ticker frame that leaves a trailing stop's band, from its bytes to the signed
order written to a socket: decode, band, inbox, positions, execution, commit to SQLite on disk
(synchronous FULL), dispatch. Hot path because a stop that the venue does not hold is only as good
as this. 50 positions on 50 symbols are open.

CPU (all threads of the process) is measured with nothing else going on. Wall time is measured while
5,000 frames a second of all symbols come in; on a machine that others use too it is theirs as well.
Then the same frames with and without the 50 bands, side by side: what bands that are not left cost.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
import tempfile
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from report import middle

from aitrader.engine.clock import FrameClock
from aitrader.engine.dispatch import Dispatch, edge_handlers
from aitrader.engine.dump import Dumps
from aitrader.engine.engine import Engine
from aitrader.engine.health import Health
from aitrader.engine.inbox import BoundedInbox
from aitrader.engine.journal import Journal
from aitrader.engine.screener import Screener
from aitrader.engine.supervisor import Supervisor
from aitrader.engine.timers import ClockTimers
from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.intake import FeedTime, Intake
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.links import Link, StreamTiming
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.market.series import SeriesTable
from aitrader.model import ids
from aitrader.model.commands import (
    ArmBand,
    CancelOrders,
    DisarmBand,
    QueryOrder,
    RankMarket,
    SubmitOrder,
    WatchMarket,
)
from aitrader.model.events import InstrumentsLoaded, OrderFilled, Saved, SavedAccount, Started
from aitrader.model.ids import FillId, PositionId, SignalId, TraderId
from aitrader.model.instrument import Instrument
from aitrader.model.order import Fill, Leg, Order, OrderKind, OrderStatus, Side
from aitrader.model.position import Position, PositionStatus
from aitrader.model.trader import Exits, PositionSide
from aitrader.positions.stage import PositionStage
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

POSITIONS = 50
FRAMES_PER_S, PACED_S = 5_000, 5
CPU_TARGET_MS, IDLE_TARGET_US = 1.0, 0.2
IDLE_FRAMES, IDLE_ROUNDS = 20_000, 9
T0 = 1_790_000_040_000
SYMBOLS = [f"S{number}USDT" for number in range(POSITIONS)]
TRADER = TraderId("trail")
SECRET = b"secret"


class Board:
    """The market edge: prices and bands of the real intake, no connections."""

    def __init__(self, inbox: BoundedInbox, clock: FrameClock, tasks: Supervisor) -> None:
        self.rest = BinanceRest("http://127.0.0.1:9", WeightLimiter())
        series = SeriesTable()
        backfill = Backfill(self.rest, series, tasks=tasks, workers=1, again_s=1.0)
        self.intake = Intake(
            inbox, clock, series=series, backfill=backfill, time=FeedTime(sink=clock)
        )
        backfill.join(self.intake.candles, self.intake.on_work_done)
        self.intake.board.follow(SYMBOLS)
        self.link = Link(self.intake, asyncio.Event(), StreamTiming())

    async def open(self) -> None:
        """Nothing is to be opened."""

    async def close(self) -> None:
        """End the client that was never used."""
        await self.rest.close()

    def watch(self, command: WatchMarket) -> None:
        """Every symbol is followed already."""

    async def rank(self, command: RankMarket) -> None:
        """Nobody asks."""

    def arm(self, command: ArmBand) -> None:
        """Watch a band."""
        self.intake.board.arm(command)

    def disarm(self, command: DisarmBand) -> None:
        """Forget a band."""
        self.intake.board.disarm(command.band_id)

    def last_price(self, symbol: str) -> float | None:
        """Return the newest price."""
        return self.intake.board.last_price(symbol)


class WireVenue:
    """Signs an order and writes it to a socket; the fill comes with the next turn of the loop."""

    def __init__(self, inbox: BoundedInbox, writer: asyncio.StreamWriter) -> None:
        self._inbox = inbox
        self._writer = writer
        self.sent: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.written_s: dict[str, tuple[float, float]] = {}

    async def recover(self, saved: Saved) -> None:
        """Nothing is known."""

    async def submit(self, command: SubmitOrder) -> None:
        """Put the order on the wire and note when."""
        for order in command.orders:
            query = (
                f"symbol={order.symbol}&side={order.side.value}&type={order.kind.value}"
                f"&quantity={order.quantity}&newClientOrderId={order.client_order_id}"
                f"&recvWindow=1500&timestamp={order.planned_ms}"
            )
            signature = hmac.new(SECRET, query.encode(), hashlib.sha256).hexdigest()
            self._writer.write(f"POST /api/v3/order?{query}&signature={signature}\n".encode())
            self.written_s[order.symbol] = (time.perf_counter(), time.process_time())
            self.sent[order.symbol].set()
            price = Decimal(98)
            fill = Fill(
                fill_id=FillId(f"f-{order.client_order_id}"),
                at_ms=order.planned_ms,
                quantity=order.quantity,
                price=price,
                fee=Decimal("0.098"),
                fee_asset="USDT",
            )
            filled = OrderFilled(
                at_ms=order.planned_ms, client_order_id=order.client_order_id, fill=fill
            )
            asyncio.get_running_loop().call_soon(self._inbox.post, filled)

    async def cancel(self, command: CancelOrders) -> None:
        """Nothing rests."""

    async def query(self, command: QueryOrder) -> None:
        """Everything is answered already."""


def saved() -> Saved:
    """Return an open trailing position on each symbol, entered at 100."""
    positions, orders = [], []
    for symbol in SYMBOLS:
        position_id = PositionId(f"p-{symbol}")
        fill = Fill(FillId(f"e-{symbol}"), T0, Decimal(1), Decimal(100), Decimal("0.1"), "USDT")
        orders.append(
            Order(
                client_order_id=ids.client_order_id(position_id, Leg.ENTRY.value, 1),
                trader_id=TRADER,
                position_id=position_id,
                leg=Leg.ENTRY,
                symbol=symbol,
                side=Side.BUY,
                kind=OrderKind.MARKET,
                quantity=Decimal(1),
                planned_ms=T0,
                not_after_ms=T0,
                status=OrderStatus.FILLED,
                fills=(fill,),
            )
        )
        positions.append(
            Position(
                position_id=position_id,
                trader_id=TRADER,
                signal_id=SignalId(f"s-{symbol}"),
                symbol=symbol,
                side=PositionSide.LONG,
                status=PositionStatus.OPEN,
                exits=Exits(trailing_pct=Decimal(1)),
                opened_ms=T0,
                entry_quantity=Decimal(1),
                quantity=Decimal(1),
                entry_price=Decimal(100),
                trail_price=Decimal(100),
            )
        )
    return Saved(
        orders=tuple(orders),
        positions=tuple(positions),
        accounts=(SavedAccount(cash=Decimal(5_000)),),
        last_event_ms=T0,
    )


def instruments() -> InstrumentsLoaded:
    """Return plain rules for each symbol."""
    cent, step = Decimal("0.01"), Decimal("0.001")
    rows = tuple(
        Instrument(symbol, symbol[:-4], "USDT", cent, step, step, Decimal(0), Decimal(5))
        for symbol in SYMBOLS
    )
    return InstrumentsLoaded(at_ms=T0, instruments=rows)


def frame(symbol: str, price: float, at_ms: int) -> bytes:
    """Return one ticker message."""
    return (
        f'{{"stream":"{symbol.lower()}@ticker","data":{{"e":"24hrTicker","E":{at_ms},'
        f'"s":"{symbol}","p":"1.5","P":"1.234","w":"101.0","x":"99.0","c":"{price:.8f}",'
        f'"Q":"0.1","b":"{price:.8f}","B":"9.0","a":"{price:.8f}","A":"8.0","o":"99.0",'
        f'"h":"250.0","l":"90.0","v":"6348.1","q":"734287298.4","O":{at_ms - 86_400_000},'
        f'"C":{at_ms},"F":5231695487,"L":5232837353,"n":1141867}}}}'
    ).encode()


class Bench:
    """A whole engine with 50 open positions, on a disk and a socket of its own."""

    def __init__(self, store: SqliteStore, writer: asyncio.StreamWriter) -> None:
        health, clock = Health(), FrameClock(T0)
        self.inbox = BoundedInbox(health)
        self.tasks = Supervisor(health)
        self.market = Board(self.inbox, clock, self.tasks)
        self.venue = WireVenue(self.inbox, writer)
        handlers = edge_handlers(
            self.market,
            {"paper": self.venue},
            timers=ClockTimers(self.inbox, clock),
            screener=Screener(self.inbox, self.tasks, clock=clock),
        )
        self.engine = Engine(
            self.inbox,
            (ExecutionStage(ExecutionSettings(), self.market), PositionStage(self.market)),
            journal=Journal(store, health),
            dispatch=Dispatch(handlers, self.tasks, inbox=self.inbox, clock=clock),
            observers=(),
            dumps=Dumps(None, health),
        )
        self._at_ms = T0

    async def begin(self) -> None:
        """Open the positions and arm their bands."""
        self.inbox.post(instruments())
        self.inbox.post(Started(at_ms=T0, saved=saved()))
        self.tasks.spawn("engine", self.engine.run())
        await self.engine.settled()
        for symbol in SYMBOLS:
            self.take(symbol, 100.0)
        await self.engine.settled()

    async def end(self) -> None:
        """Let everything be written, then stop."""
        await self.engine.settled()
        self.engine.stop(patience_s=0.0)
        await self.market.close()
        await self.tasks.close()

    def take(self, symbol: str, price: float) -> None:
        """Take one ticker frame in."""
        self._at_ms += 1
        self.market.link.take(frame(symbol, price, self._at_ms))

    async def quiet_cpu_ms(self) -> list[float]:
        """Return the CPU from frame to wire of each position, one after the other."""
        found = []
        for symbol in SYMBOLS:
            self._at_ms += 1
            payload = frame(symbol, 98.0, self._at_ms)
            began_s = time.process_time()
            self.market.link.take(payload)
            await self.venue.sent[symbol].wait()
            found.append((self.venue.written_s[symbol][1] - began_s) * 1e3)
            await self.engine.settled()
        return found

    async def busy_wall_ms(self) -> list[float]:
        """Return the wall time from frame to wire of each, within 5,000 frames a second."""
        every, burst = 0.01, FRAMES_PER_S // 100
        bursts = PACED_S * 100
        fallen: dict[str, float] = {}
        began_s = time.perf_counter()
        for tick in range(bursts):
            for place in range(burst):
                symbol = SYMBOLS[(tick * burst + place) % POSITIONS]
                if symbol not in fallen:
                    self.take(symbol, 100.0 + place % 5 / 100)
            if tick % (bursts // POSITIONS) == 0:
                symbol = SYMBOLS[tick // (bursts // POSITIONS)]
                fallen[symbol] = time.perf_counter()
                self.take(symbol, 98.0)
            await asyncio.sleep(max(began_s + (tick + 1) * every - time.perf_counter(), 0))
        for symbol in SYMBOLS:
            await self.venue.sent[symbol].wait()
        return [(self.venue.written_s[s][0] - at_s) * 1e3 for s, at_s in fallen.items()]


async def idle_us(bench: Bench) -> float:
    """Return what 50 bands that are not left add to a frame, the middle of rounds side by side."""
    board, at_ms = bench.market.intake.board, T0 + 10_000_000
    differences = []
    for _ in range(IDLE_ROUNDS):
        cost = {}
        for is_armed in (True, False):
            for symbol in SYMBOLS:
                band = ArmBand(band_id=ids.BandId(symbol), symbol=symbol, below=1.0, above=1e6)
                board.arm(band) if is_armed else board.disarm(band.band_id)
            payloads = []
            for number in range(IDLE_FRAMES):
                at_ms += 1
                payloads.append(frame(SYMBOLS[number % POSITIONS], 98.0 + number % 7 / 100, at_ms))
            take, began_s = bench.market.link.take, time.process_time()
            for payload in payloads:
                take(payload)
            cost[is_armed] = (time.process_time() - began_s) * 1e6 / IDLE_FRAMES
        differences.append(cost[True] - cost[False])
    return middle(differences)


async def measure(folder: Path) -> dict[str, object]:
    """Run it all and return the figures."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found: dict[str, list[float]] = {}
    for name in ("cpu", "wall"):
        store = await SqliteStore.open(folder / f"{name}.sqlite", Owner("me"))
        bench = Bench(store, writer)
        await bench.begin()
        found[name] = sorted(
            await (bench.quiet_cpu_ms() if name == "cpu" else bench.busy_wall_ms())
        )
        await bench.end()
        if name == "wall":
            idle = await idle_us(bench)
        await store.close()
    writer.close()
    server.close()
    cpu, wall = found["cpu"], found["wall"]
    assert len(cpu) == len(wall) == POSITIONS
    return {
        "bench": "reaction",
        "value": round(middle(cpu), 3),
        "unit": "CPU ms from price frame to close order on the wire, commit included",
        "target": CPU_TARGET_MS,
        "ok": middle(cpu) < CPU_TARGET_MS and idle < IDLE_TARGET_US,
        "cpu_p99_ms": round(cpu[-1], 3),
        "positions": POSITIONS,
        "frames_per_s": FRAMES_PER_S,
        "wall_p50_ms": round(middle(wall), 2),
        "wall_p99_ms": round(wall[-1], 2),
        "idle_us_per_frame": round(idle, 3),
        "idle_target_us": IDLE_TARGET_US,
    }


def main() -> int:
    """Measure in a folder of its own and print one line of JSON."""
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(measure(Path(folder)))
    print(json.dumps(result))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
