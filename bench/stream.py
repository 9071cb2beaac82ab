"""How many stream messages one core takes in: frame, decode, tickers, bands, series, closes.

Unit of work: one frame of a combined stream (ticker or candle of 100 symbols in turn), from the
socket to the state it changes. Hot path because every price the product acts on comes this way.
The sender is a process of its own and floods; CPU seconds of the receiver alone are counted, the
middle of some floods. Side by side, at the same flood: what a script with `websockets` and `json`
needs, and, where `make peers` has installed them, what the exchange's own SDK and python-binance
need to keep the newest prices in a dict. Then the sender is slow, 1000 messages a second: the share
of a core that costs, and how long it takes from a frame's arrival to the event of the watch band
that it fires.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import IO, TypeAlias

import websockets
from report import middle

from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.candles import stream_name
from aitrader.exchange.binance.intake import FeedTime, Intake
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.links import Link, StreamTiming
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.exchange.binance.sockets import connect
from aitrader.exchange.binance.tickers import PriceBoard
from aitrader.market.series import SeriesTable
from aitrader.model.commands import ArmBand, Stream
from aitrader.model.events import PriceLeft
from aitrader.model.ids import BandId

TARGET_PER_S = 300_000
FLOODS = 3
ROUNDS = 600
MESSAGES = ROUNDS * 200
PEERS = Path(__file__).parents[1] / "build" / "peers" / "bin" / "python"
LEAST_TIMES = {"binance_sdk": 5.0, "python_binance": 10.0}
"""How many times less CPU than each of these a message must cost us."""

PACED_PER_S, PACED_S, PACED_MOST_PCT = 1_000, 6, 6.0
Receiver: TypeAlias = Callable[
    [int, Callable[[], None]], Coroutine[object, object, dict[str, object]]
]
"""Takes a port and what starts the flood; returns what it measured."""

SYMBOLS = [f"S{number}USDT" for number in range(100)]
T0 = 1_790_000_040_000
T0 -= T0 % 60_000


def frames() -> list[bytes]:
    """Return the messages: per second one ticker and one candle of every symbol."""
    out = []
    for second in range(1, ROUNDS + 1):
        at_ms = T0 + second * 1000
        open_ms = (at_ms - 1) // 60_000 * 60_000
        is_closed = "true" if at_ms % 60_000 == 0 else "false"
        for place, symbol in enumerate(SYMBOLS):
            close = f"{100 + place + (second * 7 % 13) / 100:.8f}"
            name = symbol.lower()
            out.append(
                f'{{"stream":"{name}@ticker","data":{{"e":"24hrTicker","E":{at_ms},"s":"{symbol}",'
                f'"p":"1.50000000","P":"1.234","w":"101.00000000","x":"99.00000000","c":"{close}",'
                f'"Q":"0.10000000","b":"{close}","B":"9.00000000","a":"{close}","A":"8.00000000",'
                f'"o":"99.00000000","h":"250.00000000","l":"90.00000000","v":"6348.13563000",'
                f'"q":"734287298.46364070","O":{at_ms - 86_400_000},"C":{at_ms},"F":5231695487,'
                f'"L":5232837353,"n":1141867}}}}'
            )
            out.append(
                f'{{"stream":"{name}@kline_1m","data":{{"e":"kline","E":{at_ms},"s":"{symbol}",'
                f'"k":{{"t":{open_ms},"T":{open_ms + 59_999},"s":"{symbol}","i":"1m",'
                f'"f":6734731469,"L":6734731522,"o":"{close}","c":"{close}","h":"250.00000000",'
                f'"l":"90.00000000","v":"0.29537000","n":54,"x":{is_closed},"q":"25243.05602030",'
                f'"V":"0.03490000","Q":"2982.64125000","B":"0"}}}}}}'
            )
    return [text.encode() for text in out]


def framed(payload: bytes) -> bytes:
    """Return a server's text frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    return bytes((0x81, 126)) + size.to_bytes(2, "big") + payload


def send(pace_per_s: int) -> None:
    """Answer one client's handshake; when stdin says so flood it, or pace it for some seconds."""
    ready = [framed(payload) for payload in frames()]
    burst = b"".join(ready)
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    client, _ = server.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536)
    found = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)
    assert found is not None
    accept = hashlib.sha1(found[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    client.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n"
    )
    sys.stdin.readline()
    if not pace_per_s:
        client.sendall(burst)
    for tick in range(PACED_S * 100 if pace_per_s else 0):
        share = pace_per_s // 100
        client.sendall(b"".join(ready[tick * share : (tick + 1) * share]))
        time.sleep(0.01)
    while client.recv(65536):
        pass


class Nobody:
    """The ports that this bench has no use for."""

    posted = 0

    def post(self, event: object) -> None:
        self.posted += 1

    def spawn(self, name: str, work: object) -> None:
        raise AssertionError(f"nothing is asked for, found {name}")

    def now_ms(self) -> int:
        return T0

    def advance_to(self, at_ms: int) -> None:
        pass

    def on_price(self, symbol: str, price: float, at_ms: int) -> None:
        pass


class TimedLink(Link):
    """A link that notes when a message arrived."""

    arrived_s = 0.0

    def take(self, payload: bytes) -> bool:
        self.arrived_s = time.perf_counter()
        return super().take(payload)


class BandWatch(Nobody):
    """Measures how long each band took to fire, and arms it anew around the price."""

    def __init__(self) -> None:
        self.link: TimedLink | None = None
        self.board: PriceBoard | None = None
        self.took_us: list[float] = []

    def post(self, event: object) -> None:
        self.posted += 1
        if isinstance(event, PriceLeft) and self.link is not None:
            self.took_us.append((time.perf_counter() - self.link.arrived_s) * 1e6)
            asyncio.get_running_loop().call_soon(self.arm, str(event.band_id))

    def arm(self, symbol: str) -> None:
        assert self.board is not None
        price = self.board.last_price(symbol) or 100.0
        edges = {"below": price - 0.001, "above": price + 0.001}
        self.board.arm(ArmBand(band_id=BandId(symbol), symbol=symbol, **edges))


async def receive_paced(port: int, go: Callable[[], None]) -> dict[str, object]:
    """Take a calm stream in and return its share of a core and the bands' latency."""
    watch = BandWatch()
    rest, intake = an_intake(watch)
    watch.board = intake.board
    watch.link = TimedLink(intake, asyncio.Event(), StreamTiming())
    before_s, began_s = time.process_time(), time.perf_counter()
    await watch.link.open(connect, f"ws://127.0.0.1:{port}/stream", ())
    for symbol in SYMBOLS:
        watch.arm(symbol)
    go()
    async with asyncio.timeout(60):
        while intake.messages < PACED_PER_S * PACED_S:
            await asyncio.sleep(0.05)
    share_pct = (time.process_time() - before_s) / (time.perf_counter() - began_s) * 100
    watch.link.close()
    await rest.close()
    took = sorted(watch.took_us)
    return {
        "paced_core_pct": round(share_pct, 2),
        "paced_ok": share_pct < PACED_MOST_PCT,
        "bands_fired": len(took),
        "band_p50_us": round(took[len(took) // 2], 1),
        "band_p99_us": round(took[len(took) * 99 // 100], 1),
    }


async def receive_simply(port: int, go: Callable[[], None]) -> dict[str, object]:
    """Take the flood in as a script would, with `websockets` and `json`."""
    prices: dict[str, float] = {}
    async with websockets.connect(f"ws://127.0.0.1:{port}/stream", compression=None) as stream:
        go()
        before_s = time.process_time()
        for _ in range(MESSAGES):
            data = json.loads(await stream.recv())["data"]
            prices[data["s"]] = float(data["k"]["c"] if data["e"] == "kline" else data["c"])
        cpu_s = time.process_time() - before_s
        stream.transport.abort()
    return {"websockets": cpu_s / MESSAGES * 1e6}


def receive_by(name: str) -> Receiver:
    """Return a receiver that is a client of others, as a process in their own environment."""

    async def receive(port: int, go: Callable[[], None]) -> dict[str, object]:
        script = Path(__file__).parent / "peers" / "flood.py"
        process = await asyncio.create_subprocess_exec(
            PEERS, script, name, str(port), str(MESSAGES), stdout=-1, stderr=-3
        )
        assert process.stdout is not None
        async with asyncio.timeout(120):
            await process.stdout.readline()
            go()
            cpu_s = float(await process.stdout.readline())
            await process.wait()
        return {name: cpu_s / MESSAGES * 1e6}

    return receive


def an_intake(nobody: Nobody) -> tuple[BinanceRest, Intake]:
    """Return a market edge without connections, ready for every candle, a band on each symbol."""
    rest = BinanceRest("http://127.0.0.1:9", WeightLimiter())
    series = SeriesTable()
    backfill = Backfill(rest, series, tasks=nobody, workers=1, again_s=1.0)
    intake = Intake(nobody, nobody, series=series, backfill=backfill, time=FeedTime(sink=nobody))
    backfill.join(intake.candles, intake.on_work_done)
    streams = [Stream(symbol, "1m", 600) for symbol in SYMBOLS]
    series.configure(streams)
    intake.candles.follow(streams)
    intake.board.follow(SYMBOLS)
    intake.board.listen(nobody)
    for symbol in SYMBOLS:
        intake.board.arm(ArmBand(band_id=BandId(symbol), symbol=symbol, below=1.0, above=1e6))
        stream = intake.candles.find(stream_name(symbol, "1m"))
        assert stream is not None
        intake.candles.fill(stream, [(T0 - 60_000, (1.0,) * 8)])
        intake.candles.make_ready(stream, T0)
    return rest, intake


async def receive(port: int, go: Callable[[], None]) -> dict[str, object]:
    """Take the flood in and return what it cost."""
    nobody = Nobody()
    rest, intake = an_intake(nobody)
    link = Link(intake, asyncio.Event(), StreamTiming())
    await link.open(connect, f"ws://127.0.0.1:{port}/stream", ())
    go()
    before_s = time.process_time()
    async with asyncio.timeout(60):
        while intake.messages < MESSAGES:
            await asyncio.sleep(0.01)
    cpu_s = time.process_time() - before_s
    link.close()
    await rest.close()
    assert intake.candles.closed == ROUNDS // 60 * len(SYMBOLS)
    assert not intake.dropped
    return {"ours": cpu_s / MESSAGES * 1e6}


def against_sender(receiver: Receiver, pace_per_s: int) -> dict[str, object]:
    """Return what a receiver measured at a sender of its own; pace 0 is a flood."""
    command = [sys.executable, __file__, "send", str(pace_per_s)]
    sender = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert sender.stdin is not None
    assert sender.stdout is not None
    go = sender.stdin
    try:
        port = int(sender.stdout.readline())
        return asyncio.run(receiver(port, lambda: _start(go)))
    finally:
        sender.kill()
        sender.wait()


def _start(go: IO[bytes]) -> None:
    go.write(b"go\n")
    go.flush()


def main() -> int:
    """Measure each at its flood, ours before and after the others, and print one line of JSON."""
    rivals = sorted(LEAST_TIMES) if PEERS.exists() else []
    ours, others = [], {}
    for name in (*rivals, ""):
        ours.append(cost(receive, "ours"))
        if name:
            others[name] = cost(receive_by(name), name)
    while len(ours) < FLOODS:
        ours.append(cost(receive, "ours"))
    others["websockets"] = cost(receive_simply, "websockets")
    paced = against_sender(receive_paced, PACED_PER_S)
    rate = 1e6 / middle(ours)
    times = {name: round(us / middle(ours), 1) for name, us in others.items()}
    is_ok = rate >= TARGET_PER_S and bool(paced["paced_ok"])
    is_ok = is_ok and all(times[name] >= LEAST_TIMES[name] for name in rivals)
    result = {
        "bench": "stream",
        "value": round(rate),
        "unit": "messages per CPU second",
        "target": TARGET_PER_S,
        "ok": is_ok,
        "us_per_message": round(middle(ours), 2),
        "spread_us": [round(us, 2) for us in sorted(ours)],
        "others_us_per_message": {name: round(us, 2) for name, us in others.items()},
        "times": times,
    }
    if not rivals:
        result["note"] = "no peers are installed: make peers"
    print(json.dumps(result | paced))
    return 0 if is_ok else 1


def cost(receiver: Receiver, name: str) -> float:
    """Return the CPU microseconds that a message cost this receiver."""
    found = against_sender(receiver, 0)[name]
    assert isinstance(found, float)
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["send"]:
        send(int(sys.argv[2]))
    else:
        sys.exit(main())
