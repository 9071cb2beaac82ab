"""A scripted exchange on loopback: Binance's REST and streams as far as these tests need them."""

# ruff: noqa: ANN401 - frames are JSON, of any shape here

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from aitrader.model.candle import INTERVAL_MS, open_of
from aitrader.model.events import Event

T0 = open_of(1_700_000_000_000, "1d")
MINUTE = 60_000
CUT = 0
"""The status of an answer that never comes."""


class TestTasks:
    """The Tasks port for tests: keeps tasks and remembers what died."""

    __test__ = False

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.deaths: list[BaseException] = []

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guard(work), name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _guard(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a test wants to see every death
            self.deaths.append(error)

    async def close(self) -> None:
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class ListInbox:
    """An inbox that keeps what is posted."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def post(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if type(event) is kind]


class ManualClock:
    """A clock that stands where the test puts it."""

    def __init__(self, now_ms: int = T0) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms

    def advance_to(self, at_ms: int) -> None:
        self.ms = max(self.ms, at_ms)


async def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Wait for a condition, a few milliseconds at a time; a loaded machine may take long."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - any condition at all
            await asyncio.sleep(0.002)


def close_of(symbol: str, open_ms: int) -> float:
    """The close that the stub's candle of this minute has."""
    return 100.0 + len(symbol) + open_ms // MINUTE % 1000 / 10


def kline_row(symbol: str, interval: str, open_ms: int) -> list[Any]:
    close = close_of(symbol, open_ms)
    end = open_ms + INTERVAL_MS[interval] - 1
    text = [f"{n:.8f}" for n in (close, close + 1, close - 1, close, 10.0)]
    return [open_ms, *text, end, "1000.0", 7, "5.0", "500.0", "0"]


def kline_data(symbol: str, interval: str, open_ms: int, at_ms: int, **changes: Any) -> Any:
    row = kline_row(symbol, interval, open_ms)
    candle = {
        "t": open_ms, "T": row[6], "s": symbol, "i": interval, "f": 1, "L": 2,
        "o": row[1], "h": row[2], "l": row[3], "c": row[4], "v": row[5], "n": row[8],
        "x": at_ms > row[6], "q": row[7], "V": row[9], "Q": row[10], "B": "0",
    }  # fmt: skip
    return {"e": "kline", "E": at_ms, "s": symbol, "k": candle | changes}


def ticker_data(symbol: str, at_ms: int, last: str = "101.5", **changes: Any) -> Any:
    data = {
        "e": "24hrTicker", "E": at_ms, "s": symbol, "p": "1.0", "P": "2.5", "c": last,
        "v": "10", "q": "12345.6", "n": 3,
    }  # fmt: skip
    return data | changes


class StubLink(WSListener):
    """One client of the stub's stream."""

    def __init__(self, stub: StubExchange) -> None:
        self.stub = stub
        self.names: set[str] = set()
        self.controls: list[dict[str, Any]] = []
        self.control_s: list[float] = []
        self.transport: WSTransport | None = None
        self.pongs: list[bytes] = []
        self.is_gone = False
        self.is_mute = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.stub.links.append(self)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.is_gone = True

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == WSMsgType.PONG:
            self.pongs.append(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.TEXT:
            self._control(json.loads(frame.get_payload_as_bytes()))

    def _control(self, request: dict[str, Any]) -> None:
        self.controls.append(request)
        self.control_s.append(asyncio.get_running_loop().time())
        if self.stub.refusal:
            self.send({"code": 2, "msg": self.stub.refusal, "id": request["id"]})
        elif self.stub.is_answering:
            if request["method"] == "SUBSCRIBE":
                self.names.update(request["params"])
            elif request["method"] == "UNSUBSCRIBE":
                self.names.difference_update(request["params"])
            self.send({"result": None, "id": request["id"]})

    def send(self, message: Any) -> None:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        assert self.transport is not None
        self.transport.send(WSMsgType.TEXT, payload)

    def abort(self) -> None:
        assert self.transport is not None
        self.transport.disconnect(graceful=False)


class StubExchange:
    """`async with StubExchange() as stub`: real sockets, scripted behaviour.

    `scripted` holds (status, headers, body) per path; with the status CUT no answer comes.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.bodies: list[str] = []
        self.now_ms = T0
        self.symbols = ["AUSDT", "BUSDT", "CUSDT"]
        self.links: list[StubLink] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.scripted: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.holes: set[int] = set()
        self.prices: dict[str, float] = {}
        self.halted: set[str] = set()
        self.is_answering = True
        self.refusal = ""
        self.accepts = True
        self.refused = 0

    async def __aenter__(self) -> Self:
        self._writers: set[asyncio.StreamWriter] = set()
        self._rest = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._streams = await ws_create_server(self._accept, "127.0.0.1", 0, use_aiofastnet=False)
        self.rest_url = f"http://127.0.0.1:{self._rest.sockets[0].getsockname()[1]}"
        self.stream_url = f"ws://127.0.0.1:{self._streams.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for link in self.links:
            if not link.is_gone:
                link.abort()
        self._streams.close()
        self._rest.close()
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0)

    def _accept(self, request: Any) -> StubLink | None:
        if not self.accepts:
            self.refused += 1
            return None
        return StubLink(self)

    @property
    def alive(self) -> list[StubLink]:
        return [link for link in self.links if not link.is_gone]

    def publish(self, stream: str, data: Any) -> None:
        """Send one frame to every link that subscribed to the stream."""
        for link in self.alive:
            if stream in link.names and not link.is_mute:
                link.send({"stream": stream, "data": data})

    def close_minute(self, closed_ms: int, *symbols: str, interval: str = "1m") -> None:
        """Pass the time and send the closing frame of these symbols' candle."""
        self.now_ms = max(self.now_ms, closed_ms)
        for symbol in symbols:
            data = kline_data(symbol, interval, closed_ms - INTERVAL_MS[interval], closed_ms)
            self.publish(f"{symbol.lower()}@kline_{interval}", data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                target = head.split(b" ", 2)[1].decode()
                found = re.search(rb"(?i)content-length: (\d+)", head)
                sent = await reader.readexactly(int(found[1]) if found else 0)
                self.bodies.append(sent.decode())
                status, headers, body = self._answer(target)
                if status == CUT:
                    return
                lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}"]
                lines += [f"{name}: {value}" for name, value in headers.items()]
                writer.write("\r\n".join([*lines, "", ""]).encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._writers.discard(writer)

    def _answer(self, target: str) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(target)
        parameters = dict(parse_qsl(parts.query))
        self.requests.append((parts.path, parameters))
        script = self.scripted.get(parts.path)
        if script:
            return script.pop(0)
        answer: Any = {
            "/api/v3/time": lambda: {"serverTime": self.now_ms},
            "/api/v3/exchangeInfo": self._info,
            "/api/v3/ticker/24hr": self._tickers,
            "/api/v3/klines": lambda: self._klines(parameters),
            "/api/v3/ticker/price": lambda: self._prices(parameters),
        }[parts.path]()
        return 200, {"x-mbx-used-weight-1m": "10"}, json.dumps(answer).encode()

    def _info(self) -> Any:
        filters = [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "900", "stepSize": "0.001"},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
        ]
        rows = [
            {"symbol": symbol, "status": "BREAK" if symbol in self.halted else "TRADING",
             "baseAsset": symbol.removesuffix("USDT"),
             "quoteAsset": "USDT", "filters": filters}
            for symbol in self.symbols
        ]  # fmt: skip
        limits = [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1,
             "limit": 6000}
        ]  # fmt: skip
        return {"serverTime": self.now_ms, "rateLimits": limits, "symbols": rows}

    def _tickers(self) -> Any:
        return [
            {"symbol": symbol, "lastPrice": "1.0", "quoteVolume": str(1000.0 + place)}
            for place, symbol in enumerate([*self.symbols, "STRANGE"])
        ]

    def _prices(self, parameters: dict[str, str]) -> Any:
        names = json.loads(parameters["symbols"])
        return [{"symbol": name, "price": str(self.prices.get(name, 1.0))} for name in names]

    def _klines(self, parameters: dict[str, str]) -> Any:
        interval = parameters["interval"]
        step = INTERVAL_MS[interval]
        first = -(-int(parameters["startTime"]) // step) * step
        last = min(int(parameters["endTime"]), self.now_ms)
        opens = [ms for ms in range(first, last + 1, step) if ms not in self.holes]
        limit = int(parameters["limit"])
        return [kline_row(parameters["symbol"], interval, ms) for ms in opens[:limit]]

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.requests)
