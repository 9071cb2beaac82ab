import asyncio
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from aitrader.exchange.simulated.options import Address, ExchangeOptions
from aitrader.exchange.simulated.server import running, serve
from aitrader.model.candle import DAY_MS
from aitrader.model.errors import ConfigError

START_MS = 20_458 * DAY_MS
CANDLES = "".join(
    f"{START_MS + n * 300_000},{100 + n},{102 + n},{99 + n},{101 + n},5\n" for n in range(3)
)


class Client(WSListener):  # type: ignore[misc]
    """A stream client that keeps what it is sent, and acknowledges the clock if it should."""

    def __init__(self, *, acknowledges: bool = False) -> None:
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.close_code: int | None = None
        self.closed = asyncio.Event()
        self.acknowledges = acknowledges

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            self.close_code = frame.get_close_code()
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        message = json.loads(frame.get_payload_as_bytes())
        self.messages.put_nowait(message)
        if self.acknowledges and message.get("stream") == "!simulatedClock":
            self.ask("SIMULATED_CLOCK_ACK", message["data"]["E"])

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.closed.set()

    def ask(self, method: str, *params: object) -> None:
        request = {"method": method, "params": list(params), "id": 1}
        self.transport.send(WSMsgType.TEXT, json.dumps(request).encode())

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            return await self.messages.get()

    async def until(self, is_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while True:
                message = await self.messages.get()
                if is_wanted(message):
                    return message


Story = Callable[[Address, httpx2.AsyncClient], Awaitable[None]]


def tell(story: Story, **options: object) -> None:
    """Run a story against an exchange of two symbols."""

    async def told() -> None:
        asked: dict[str, Any] = {"symbols": 2, "start_ms": START_MS, "speed": 60.0, **options}
        async with (
            running(ExchangeOptions(**asked)) as address,
            httpx2.AsyncClient(base_url=address.exchange) as http,
        ):
            await story(address, http)

    asyncio.run(told())


async def connected(address: Address, path: str, *, acknowledges: bool = False) -> Client:
    _, client = await ws_connect(lambda: Client(acknowledges=acknowledges), address.stream + path)
    assert isinstance(client, Client)
    return client


def a_replay(folder: Path) -> Path:
    path = folder / "ETHUSDT_5m.csv"
    path.write_text(CANDLES)
    return path


def test_rest_answers_on_the_announced_address() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        assert address.now_ms >= START_MS
        time = (await http.get("/api/v3/time")).json()["serverTime"]
        assert START_MS <= time < START_MS + DAY_MS
        asked = {"symbol": "BTCUSDT", "interval": "1h", "limit": 3}
        candles = await http.get("/api/v3/klines", params=asked)
        assert [row[0] for row in candles.json()] == [START_MS - n * 3_600_000 for n in (2, 1, 0)]
        assert int(candles.headers["X-MBX-USED-WEIGHT-1M"]) >= 2
        wrong = await http.get("/api/v3/klines", params={**asked, "symbol": "NOPE"})
        assert (wrong.status_code, wrong.json()["code"]) == (400, -1121)

    tell(story)


def test_a_signed_order_fills_on_the_running_market() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        now = (await http.get("/api/v3/time")).json()["serverTime"]
        query = f"symbol=ETHUSDT&side=BUY&type=MARKET&quantity=0.1&timestamp={now}&recvWindow=60000"
        made = hmac.new(b"demo", query.encode(), hashlib.sha256).hexdigest()
        answer = await http.post(
            f"/api/v3/order?{query}&signature={made}", headers={"X-MBX-APIKEY": "demo"}
        )
        assert answer.json()["status"] == "FILLED"

    tell(story)


def test_streams_of_the_address_come_combined_with_candles_that_close() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        client = await connected(address, "/stream?streams=btcusdt@kline_1m/btcusdt%40ticker")
        message = await client.until(lambda message: message["data"].get("k", {}).get("x"))
        candle = message["data"]["k"]
        assert message["data"]["E"] == candle["T"] + 1
        asked = {"symbol": "BTCUSDT", "interval": "1m", "startTime": candle["t"], "limit": 1}
        (row,) = (await http.get("/api/v3/klines", params=asked)).json()
        assert row[1:6] == [candle[key] for key in "ohlcv"]

    tell(story, speed=600.0)


def test_subscribing_on_an_open_raw_connection_works() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        client = await connected(address, "/ws")
        client.ask("SUBSCRIBE", "ethusdt@ticker")
        assert await client.next() == {"result": None, "id": 1}
        assert (await client.next())["e"] == "24hrTicker"

    tell(story)


def test_a_raw_address_may_name_its_stream() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        client = await connected(address, "/ws/ethusdt@ticker")
        assert (await client.next())["s"] == "ETHUSDT"

    tell(story)


def test_all_clients_see_the_same_and_one_may_leave() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        one = await connected(address, "/ws/ethusdt@ticker")
        other = await connected(address, "/stream?streams=ethusdt@ticker")
        first = await one.next()
        same = await other.until(lambda message: message["data"]["E"] >= first["E"])
        if same["data"]["E"] == first["E"]:
            assert same["data"] == first
        one.transport.disconnect()
        await one.closed.wait()
        assert (await other.next())["stream"] == "ethusdt@ticker"

    tell(story)


def test_in_lockstep_a_replay_is_played_to_its_end_and_the_stream_closed(tmp_path: Path) -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        client = await connected(
            address, "/stream?streams=ethusdt@kline_5m/ethusdt@kline_1h", acknowledges=True
        )
        end = await client.until(lambda message: message["stream"] == "!simulatedEnd")
        assert end["data"]["E"] == START_MS + 900_000
        async with asyncio.timeout(5):
            await client.closed.wait()
        assert client.close_code == 1000
        asked = {"symbol": "ETHUSDT", "interval": "5m", "limit": 4}
        rows = (await http.get("/api/v3/klines", params=asked)).json()
        assert [float(row[4]) for row in rows[1:]] == [101.0, 102.0, 103.0]
        assert (await http.get("/api/v3/time")).json()["serverTime"] == START_MS + 900_000
        late = await connected(address, "/ws/ethusdt@ticker")
        assert (await late.next())["e"] == "simulatedEnd"

    tell(story, speed=0.0, start_ms=None, replay=a_replay(tmp_path))


def test_in_lockstep_nothing_moves_without_acknowledgement() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        client = await connected(address, "/stream?streams=btcusdt@ticker")
        assert (await client.next())["data"] == {"e": "simulatedClock", "E": START_MS}
        for _ in range(3):
            assert (await http.get("/api/v3/time")).json()["serverTime"] == START_MS
        assert client.messages.empty()
        client.ask("SIMULATED_CLOCK_ACK", START_MS)
        assert (await client.next())["data"]["E"] == START_MS + 1000

    tell(story, speed=0.0)


def test_a_start_before_the_file_is_its_beginning_and_one_after_it_is_refused(
    tmp_path: Path,
) -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        assert address.now_ms == START_MS

    tell(story, speed=0.0, start_ms=START_MS - DAY_MS, replay=a_replay(tmp_path))
    with pytest.raises(ConfigError, match="the replay ends before"):
        tell(story, start_ms=START_MS + DAY_MS, replay=a_replay(tmp_path))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"symbols": 501}, "expected 1 to 500 symbols"),
        ({"speed": -1.0}, "expected a speed above zero"),
        ({"replay": Path("nothing.csv")}, "there is no such file"),
    ],
)
def test_options_that_make_no_market_are_refused(options: dict[str, Any], sentence: str) -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        raise AssertionError(address)

    with pytest.raises(ConfigError, match=sentence):
        tell(story, **options)


def test_a_port_in_use_is_said_in_one_sentence() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        port = int(address.exchange.rpartition(":")[2])
        with pytest.raises(ConfigError, match=f"port {port} is in use"):
            async with running(ExchangeOptions(port=port, symbols=1)):
                pass

    tell(story)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every port")
def test_a_port_that_is_not_ours_is_said_in_one_sentence() -> None:
    async def story(address: Address, http: httpx2.AsyncClient) -> None:
        raise AssertionError(address)

    with pytest.raises(ConfigError, match="cannot listen on port 1"):
        tell(story, port=1)


def test_serving_announces_itself_and_ends_by_a_signal() -> None:
    async def story() -> None:
        said: list[str] = []

        def announce(line: str) -> None:
            said.append(line)
            os.kill(os.getpid(), signal.SIGTERM)

        async with asyncio.timeout(10):
            await serve(ExchangeOptions(symbols=1), announce)
        assert set(json.loads(said[0])) == {"exchange", "stream", "now_ms"}

    asyncio.run(story())


def process(*flags: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "aitrader.exchange.simulated", "--symbols", "1", *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4] / "src")},  # noqa: TID251
    )


@pytest.mark.slow
def test_the_process_announces_itself_and_dies_with_its_parent() -> None:
    with process("--parent-pipe", "--speed", "max") as child:
        assert child.stdout is not None
        assert child.stdin is not None
        line = json.loads(child.stdout.readline())
        assert line["exchange"].startswith("http://127.0.0.1:")
        child.stdin.close()
        assert child.wait(timeout=10) == 0


@pytest.mark.slow
def test_a_process_that_cannot_start_says_why_and_exits_with_2(tmp_path: Path) -> None:
    for flags, sentence in (
        (("--replay", str(tmp_path / "none.csv")), b"there is no such file"),
        (("--speed", "fast"), b"expected a number above 0 or max"),
    ):
        with process(*flags) as child:
            _, said = child.communicate(timeout=20)
            assert child.returncode == 2
            assert sentence in said
            assert b"Traceback" not in said
