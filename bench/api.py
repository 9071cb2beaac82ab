"""What the API costs: a list of 100 markets behind a token and a limit; a fan-out to 50 clients.

Unit of work: one GET of 100 markets (9 kB) over a kept connection; and 50 WebSocket clients that
each get 200 signals a second for 4 s, while two more never read. Hot path because dashboards poll
and listen all day beside the trading. Targets: 120 us of CPU a request with p95 under 10 ms at 500
requests a second, 25 % of a core for the fan-out. The server is a process of its own on a view that
makes rows and does nothing else; its CPU alone is counted. The limiter's cost is the difference
between a server with and one without. `bare_us` is uvicorn with the least application there can be,
which sends as many bytes in the same run: what is below it is not ours to cut.
"""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from report import report

TOKEN = "a-token-of-the-bench"
REQUESTS, PER_S = 2000, 500
CLIENTS, MESSAGES_PER_S, FOR_S = 50, 200, 4.0
HEAD = f"Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"


def serve(data_per_min: int) -> None:
    """Serve the API on a view of made-up rows; say the port and go on until stdin closes."""
    from msgspec.structs import replace

    from aitrader.api.app import make_app
    from aitrader.api.hub import HZ, Hub
    from aitrader.api.inside import Inside
    from aitrader.api.metrics import Metrics
    from aitrader.api.policy import Policy
    from aitrader.api.server import bound, serving_app
    from aitrader.api.tokens import Gate, TokenFile
    from aitrader.engine.clock import stopwatch_s
    from aitrader.engine.health import Health
    from aitrader.model.control import Answer, AnyRequest
    from aitrader.model.view import Frame, MarketRow, SignalRow, Status
    from aitrader.modes.loop import run_loop

    numbers: dict[str, object] = {
        name: {"float": 0.0, "int": 0, "bool": False}.get(str(kind), "live")
        for name, kind in Status.__annotations__.items()
    }
    status = Status(**numbers)
    markets = tuple(
        MarketRow(f"S{n}USDT", 1.5 + n, 2.25, 1e9 / (n + 1), (1.0,) * 30, 1) for n in range(100)
    )
    signal = SignalRow("s", 1, "MACD crossover", "BTCUSDT", 1.5, ("x crosses y",), "RAISED", "")

    class View:
        """A snapshot, then as many new signals as the clients are to get."""

        async def frames(self, hz: float) -> AsyncIterator[Frame]:
            yield Frame(1, True, status, markets=markets)
            count = 0
            while True:
                await asyncio.sleep(1 / hz)
                rows = round(MESSAGES_PER_S / HZ)
                count += rows
                new = tuple(replace(signal, signal_id=f"s{count + n}") for n in range(rows))
                yield Frame(2, False, status, signals=new)

    class Control:
        """Says yes."""

        async def ask(self, request: AnyRequest) -> Answer:
            return Answer(0, True, "")

    async def run() -> None:
        loop = asyncio.get_running_loop()
        gate = Gate(TokenFile(Path("none")), api_key=TOKEN, now_ms=lambda: 0)
        policy = Policy(gate, data_per_min=data_per_min, orders_per_min=0, now_s=loop.time)
        inside = Inside(
            View(), Control(), archive=None, vitals=Health(), policy=policy, now_s=loop.time
        )  # type: ignore[arg-type]
        hub = Hub(inside.view, "bench")
        app = make_app(inside, hub, metrics=Metrics(), now_s=stopwatch_s)
        async with (
            asyncio.TaskGroup() as group,
            serving_app(app.asgi, bound("127.0.0.1", 0), quick=app.quick) as port,
        ):
            group.create_task(hub.run())
            print(port, flush=True)
            await asyncio.to_thread(sys.stdin.read)
            os._exit(0)

    run_loop(run())


def serve_bare(size: int) -> None:
    """Serve as many bytes with uvicorn and the least application there can be."""
    from starlette.types import Receive, Scope, Send

    from aitrader.api.server import bound, serving_app
    from aitrader.modes.loop import run_loop

    headers = [
        (b"content-type", b"application/json"), (b"content-length", str(size).encode()),
    ]  # fmt: skip
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    body = {"type": "http.response.body", "body": b"x" * size}

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(start)
        await send(body)

    async def run() -> None:
        async with serving_app(app, bound("127.0.0.1", 0)) as port:
            print(port, flush=True)
            await asyncio.to_thread(sys.stdin.read)
            os._exit(0)

    run_loop(run())


class Server:
    """The server as a process; its CPU seconds."""

    def __init__(self, number: int, kind: str = "serve") -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, kind, str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tempfile.gettempdir(),
        )  # fmt: skip
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def cpu_s(self) -> float:
        """Return what it has used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")")[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """End it."""
        self._process.communicate("")


async def ask(server: Server) -> tuple[float, float, int]:
    """Return CPU microseconds a request, the 95th percentile in ms at PER_S, and its bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 20)
    late: list[float] = []
    size = 0

    async def one() -> None:
        nonlocal size
        begun_s = time.perf_counter()
        writer.write(f"GET /api/markets HTTP/1.1\r\n{HEAD}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
        await reader.readexactly(size)
        late.append((time.perf_counter() - begun_s) * 1000)

    for _ in range(50):
        await one()
    late.clear()
    before_s, begun_s = server.cpu_s(), time.perf_counter()
    for number in range(REQUESTS):
        await asyncio.sleep(max(begun_s + number / PER_S - time.perf_counter(), 0))
        await one()
    used_us = (server.cpu_s() - before_s) * 1e6 / REQUESTS
    writer.close()
    return used_us, sorted(late)[int(0.95 * len(late))], size


async def listen(server: Server, *, is_reading: bool, counts: list[int]) -> None:
    """Be a client of `/ws` that counts its signals, or one that never reads."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 16)
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    ask_for = f"GET /ws HTTP/1.1\r\n{HEAD}{upgrade}Sec-WebSocket-Key: {key}\r\n\r\n"
    body = b'{"type":"subscribe","channels":["signals"]}'
    frame = bytes((0x81, 0x80 | len(body))) + b"\0\0\0\0" + body
    writer.write(ask_for.encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.write(frame)
    place = len(counts)
    counts.append(0)
    try:
        while is_reading:
            data = await reader.read(1 << 16)
            counts[place] += data.count(b'"signal_created"')
        await asyncio.sleep(3600)
    finally:
        writer.close()


async def fan_out(server: Server) -> tuple[float, int]:
    """Return percent of a core while CLIENTS listen, and the fewest signals one of them got."""
    counts: list[int] = []
    silent: list[int] = []
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(listen(server, is_reading=True, counts=counts))
            for _ in range(CLIENTS)
        ]
        tasks += [
            group.create_task(listen(server, is_reading=False, counts=silent)) for _ in range(2)
        ]
        await asyncio.sleep(1.0)
        before_s, seen = server.cpu_s(), list(counts)
        await asyncio.sleep(FOR_S)
        percent = (server.cpu_s() - before_s) * 100 / FOR_S
        least = min(now - then for now, then in zip(counts, seen, strict=True))
        for task in tasks:
            task.cancel()
    return percent, least


def main() -> int:
    if len(sys.argv) > 1:
        {"serve": serve, "bare": serve_bare}[sys.argv[1]](int(sys.argv[2]))
        return 0
    free, limited = Server(0), Server(100_000)
    free_us, p95_ms, size = asyncio.run(ask(free))
    limited_us, _, _ = asyncio.run(ask(limited))
    bare = Server(size, "bare")
    bare_us, _, _ = asyncio.run(ask(bare))
    bare.end()
    percent, least = asyncio.run(fan_out(free))
    free.end()
    limited.end()
    code = report(
        "api_request", free_us, "us", target=120.0, p95_ms=round(p95_ms, 2),
        with_limit_us=round(limited_us, 1), bare_us=round(bare_us, 1), bytes=size,
        requests=REQUESTS, per_s=PER_S,
    )  # fmt: skip
    expected = round(MESSAGES_PER_S * FOR_S)
    return code | report(
        "api_fan_out", percent, "% of a core", target=25.0, clients=CLIENTS,
        messages_per_s=MESSAGES_PER_S, least_got=least, expected=expected,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
