import asyncio
import json
from decimal import Decimal

import pytest
from tests.unit.exchange.simulated.test_replay import a_file

from aitrader.exchange.simulated.market import SeededMarket
from aitrader.exchange.simulated.orders import NewOrder
from aitrader.exchange.simulated.pace import (
    Broadcaster,
    PacedClock,
    Plan,
    catch_up,
    run_lockstep,
    run_paced,
)
from aitrader.exchange.simulated.replay import ReplayMarket
from aitrader.exchange.simulated.source import HIGH, LOW
from aitrader.exchange.simulated.streams import Connection, Hub
from aitrader.exchange.simulated.tape import Tape
from aitrader.exchange.simulated.venue import Venue
from aitrader.model.candle import DAY_MS, MINUTE_MS
from aitrader.model.order import Side

AT_MS = 20_458 * DAY_MS + 3 * 3_600_000 + 58 * MINUTE_MS
STREAMS = ("btcusdt@ticker", "btcusdt@kline_1m", "btcusdt@kline_1h", "ethusdt@miniTicker")


class Exchange:
    """A tape, a hub and a venue joined, with one client that reads everything."""

    def __init__(self, *, is_stepped: bool = False, streams: tuple[str, ...] = STREAMS) -> None:
        source = SeededMarket.of_size(2, seed=6)
        self.tape = Tape(source, at_ms=AT_MS, is_stepped=is_stepped)
        self.hub = Hub()
        self.venue = Venue(
            source.listings,
            last_price=lambda rank: float(self.tape.prices()[rank]),
            now_ms=lambda: self.tape.at_ms,
        )
        self.broadcaster = Broadcaster(self.tape, self.hub, self.venue)
        self.client = Connection(is_combined=True)
        self.hub.open(self.client, streams)

    def read(self) -> list[dict[str, dict[str, object]]]:
        found, piece = [], self.client.take()
        while piece:
            size, start = piece[1], 2
            if size == 126:
                size, start = int.from_bytes(piece[2:4], "big"), 4
            found.append(json.loads(piece[start : start + size]))
            piece = piece[start + size :]
        return found


def of_kind(found: list[dict[str, dict[str, object]]], stream: str) -> list[dict[str, object]]:
    return [each["data"] for each in found if each["stream"] == stream]


def test_a_plan_sorts_what_is_wanted_and_leaves_out_what_nobody_serves() -> None:
    hub = Hub()
    names = (*STREAMS, "nope@ticker", "btcusdt@depth", "btcusdt@kline_7m", "ethusdt@kline_1m")
    hub.open(Connection(is_combined=True), names)
    source = SeededMarket.of_size(2, seed=1)
    plan = Plan(hub, source.listings, "1m")
    assert plan.tickers == {0: "btcusdt@ticker"}
    assert plan.mini_tickers == {1: "ethusdt@miniTicker"}
    assert plan.klines["1m"] == {0: "btcusdt@kline_1m", 1: "ethusdt@kline_1m"}
    assert set(plan.klines) == {"1m", "1h"}
    assert set(Plan(hub, source.listings, "5m").klines) == {"1h"}


def test_a_second_sends_tickers_and_every_other_one_candles() -> None:
    exchange = Exchange()
    exchange.broadcaster.send(exchange.tape.step_to(AT_MS + 1000))
    assert [each["stream"] for each in exchange.read()] == [
        "btcusdt@ticker",
        "ethusdt@miniTicker",
    ]
    exchange.broadcaster.send(exchange.tape.step_to(AT_MS + 2000))
    assert len(exchange.read()) == 4
    exchange.broadcaster.send(exchange.tape.step_to(AT_MS + 2500))
    assert exchange.read() == []


def test_a_burst_shows_every_turn_and_the_close_of_every_candle() -> None:
    exchange = Exchange()
    asyncio.run(catch_up(exchange.tape, exchange.broadcaster, AT_MS + 3 * MINUTE_MS))
    found = exchange.read()
    tickers = of_kind(found, "btcusdt@ticker")
    times = [int(str(each["E"])) for each in tickers]
    assert times == sorted(times)
    shown = {float(str(each["c"])) for each in tickers}
    closed = [each for each in of_kind(found, "btcusdt@kline_1m") if each["k"]["x"]]  # type: ignore[index]
    assert [each["E"] for each in closed] == [AT_MS + n * MINUTE_MS for n in (1, 2, 3)]
    rows = exchange.tape.source.rows(0, AT_MS, AT_MS + 3 * MINUTE_MS)
    for row in rows:
        assert {row[HIGH], row[LOW]} <= shown
    hours = [each["k"]["x"] for each in of_kind(found, "btcusdt@kline_1h")]  # type: ignore[index]
    assert hours == [False, True, False]


def test_bursts_without_tickers_send_candles_alone() -> None:
    exchange = Exchange(streams=("btcusdt@kline_1m",))
    exchange.broadcaster.send(exchange.tape.step_to(AT_MS + MINUTE_MS))
    assert [each["data"]["e"] for each in exchange.read()] == ["kline"]


def test_a_turn_is_told_once_and_only_when_it_is_passed() -> None:
    exchange = Exchange(streams=("btcusdt@ticker",))
    assert exchange.tape.path.turns is not None
    first, _ = exchange.tape.path.turns[0]
    exchange.broadcaster.send(exchange.tape.step_to(AT_MS + first * 1000))
    assert len(exchange.read()) == 1
    exchange.broadcaster.send(exchange.tape.step_to(AT_MS + (first + 3) * 1000))
    assert len(exchange.read()) == 2


def test_orders_see_every_price_that_passes() -> None:
    exchange = Exchange()
    low = float(exchange.tape.rows[0, LOW])
    price, quantity = Decimal(str(low)), Decimal("0.01")
    asked = NewOrder("BTCUSDT", Side.BUY, "LIMIT", "one", quantity=quantity, price=price)
    order = exchange.venue.place(asked)
    exchange.broadcaster.send(exchange.tape.step_to(AT_MS + MINUTE_MS))
    assert order.status == "FILLED"
    assert AT_MS < order.updated_ms < AT_MS + MINUTE_MS


def test_a_paced_replay_ends_by_itself() -> None:
    async def story() -> None:
        source = ReplayMarket([a_file()], seed=1)
        assert source.start_ms is not None
        tape, hub = Tape(source, at_ms=source.start_ms, is_stepped=False), Hub()
        venue = Venue(source.listings, last_price=lambda _: 1.0, now_ms=lambda: 0)
        speed = 20_000_000.0
        clock = PacedClock(source.start_ms, speed)
        await run_paced(tape, Broadcaster(tape, hub, venue), clock=clock, speed=speed)
        assert tape.at_ms == source.end_ms

    asyncio.run(story())


def test_a_host_too_slow_for_its_speed_does_not_chase_the_clock() -> None:
    async def story() -> None:
        exchange = Exchange()
        clock = PacedClock(AT_MS + DAY_MS, 60.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await run_paced(exchange.tape, exchange.broadcaster, clock=clock, speed=60.0)
        assert clock.now_ms() < AT_MS + 5 * MINUTE_MS

    asyncio.run(story())


def test_in_lockstep_time_stands_until_every_listener_has_acknowledged() -> None:
    async def story() -> None:
        exchange = Exchange(is_stepped=True)
        hub, tape, client = exchange.hub, exchange.tape, exchange.client
        loop = asyncio.get_running_loop()
        run = loop.create_task(run_lockstep(tape, exchange.broadcaster, hub))
        seen = []
        for _ in range(5):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            last = exchange.read()[-1]
            assert last["stream"] == "!simulatedClock"
            seen.append(int(str(last["data"]["E"])) - AT_MS)
            assert exchange.read() == []
            hub.receive(client, json.dumps(ack(tape.at_ms)))
        assert seen == [0, 1000, 20_000, 40_000, 60_000]
        late = Connection(is_combined=True)
        hub.open(late, ("ethusdt@ticker",))
        hub.receive(client, json.dumps(ack(tape.at_ms)))
        await asyncio.sleep(0)
        at_ms = tape.at_ms
        assert late.told_ms == at_ms
        await asyncio.sleep(0)
        assert tape.at_ms == at_ms
        hub.drop(late)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert tape.at_ms > at_ms
        run.cancel()

    asyncio.run(story())


def test_a_lockstep_replay_ends_once_its_last_instant_is_acknowledged() -> None:
    async def story() -> None:
        source = ReplayMarket([a_file(places=(0,))], seed=1)
        assert source.start_ms is not None
        tape, hub = Tape(source, at_ms=source.start_ms, is_stepped=True), Hub()
        venue = Venue(source.listings, last_price=lambda _: 1.0, now_ms=lambda: 0)
        client = Connection(is_combined=True)
        client.acked_ms = source.start_ms + DAY_MS
        hub.open(client, ("ethusdt@ticker",))
        await run_lockstep(tape, Broadcaster(tape, hub, venue), hub)
        assert tape.is_over

    asyncio.run(story())


def ack(at_ms: int) -> dict[str, object]:
    return {"method": "SIMULATED_CLOCK_ACK", "params": [at_ms], "id": 1}
