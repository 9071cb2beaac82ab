"""How many stream messages one core takes in: frame, decode, tickers, bands, series, closes.

Unit of work: one frame of a combined stream (ticker or candle of 100 symbols in turn), from the
socket to the state it changes. Hot path because every price the product acts on comes this way.
The sender is a process of its own and floods; CPU seconds of the receiver alone are counted.
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

from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.candles import stream_name
from aitrader.exchange.binance.intake import FeedTime, Intake
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.links import Link, StreamTiming
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.exchange.binance.sockets import connect
from aitrader.market.series import SeriesTable
from aitrader.model.commands import ArmBand, Stream
from aitrader.model.ids import BandId

TARGET_PER_S = 300_000
ROUNDS = 600
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


def send() -> None:
    """Wait for one client, answer its handshake, and flood it."""
    burst = b"".join(framed(payload) for payload in frames())
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
    time.sleep(0.2)
    client.sendall(burst)
    client.recv(1)


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


async def receive(port: int) -> dict[str, object]:
    """Take the flood in and return what it cost."""
    nobody = Nobody()
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
    expected = ROUNDS * 2 * len(SYMBOLS)
    link = Link(intake, asyncio.Event(), StreamTiming())
    before_s = time.process_time()
    await link.open(connect, f"ws://127.0.0.1:{port}/stream", ())
    async with asyncio.timeout(60):
        while intake.messages < expected:
            await asyncio.sleep(0.01)
    cpu_s = time.process_time() - before_s
    link.close()
    await rest.close()
    rate = expected / cpu_s
    return {
        "bench": "stream",
        "value": round(rate),
        "unit": "messages per CPU second",
        "target": TARGET_PER_S,
        "ok": rate >= TARGET_PER_S,
        "us_per_message": round(cpu_s / expected * 1e6, 2),
        "closes": nobody.posted,
        "candles": intake.candles.closed,
        "dropped": sum(intake.dropped.values()),
    }


def main() -> None:
    """Measure once and print one line of JSON."""
    sender = subprocess.Popen([sys.executable, __file__, "send"], stdout=subprocess.PIPE)
    try:
        assert sender.stdout is not None
        result = asyncio.run(receive(int(sender.stdout.readline())))
    finally:
        sender.kill()
        sender.wait()
    print(json.dumps(result))


if __name__ == "__main__":
    send() if sys.argv[1:] == ["send"] else main()
