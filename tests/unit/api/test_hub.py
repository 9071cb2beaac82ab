"""The hub: what lasts is journaled, what moves is conflated, nobody is queued for."""

from __future__ import annotations

import asyncio
import json

from msgspec.structs import replace
from tests.fake_engine import FakeEngine

from aitrader.api.hub import JOURNAL_ROWS, MOST_ROWS, Cursor, Hub
from aitrader.model.view import Frame


class Feed:
    """A hub whose frames come by hand."""

    def __init__(self) -> None:
        self.fake = FakeEngine()
        self.hub = Hub(self.fake, "life-1")
        self.seen = 0
        self.step()

    def step(self) -> None:
        """Let the hub see what changed in the made-up engine."""
        frame: Frame = self.fake._frame(0, self.seen)
        self.seen = self.fake._change
        self.fake.commit()
        self.hub.take(frame)

    def join(self, *channels: str, after: int | None = None) -> tuple[Cursor, list[dict]]:  # type: ignore[type-arg]
        cursor = Cursor({})
        resume = {} if after is None else {"epoch": "life-1", "after": after}
        texts = self.hub.subscribe(cursor, channels, **resume)  # type: ignore[arg-type]
        return cursor, [json.loads(text) for text in texts]

    def news(self, cursor: Cursor) -> list[dict]:  # type: ignore[type-arg]
        return [json.loads(text) for text in self.hub.news(cursor)]


def test_a_snapshot_comes_first_and_then_what_changed() -> None:
    feed = Feed()
    cursor, (snapshot,) = feed.join("tickers")
    assert (snapshot["type"], snapshot["channel"], len(snapshot["data"])) == (
        "snapshot",
        "tickers",
        12,
    )
    assert feed.news(cursor) == []
    feed.fake.step()
    feed.step()
    (update,) = feed.news(cursor)
    assert (update["type"], len(update["data"])) == ("ticker_update", 12)
    assert feed.news(cursor) == []


def test_a_slow_client_gets_the_newest_price_once() -> None:
    feed = Feed()
    cursor, _ = feed.join("tickers")
    for _ in range(50):
        feed.fake.step()
        feed.step()
    (update,) = feed.news(cursor)
    price = feed.fake.rows["MarketRow:BTCUSDT"].price  # type: ignore[union-attr]
    assert [row["price"] for row in update["data"] if row["symbol"] == "BTCUSDT"] == [price]


def test_a_signal_is_created_once_and_updated_after() -> None:
    feed = Feed()
    cursor, _ = feed.join("signals", "positions")
    feed.fake.add_signal(1, status="RAISED")
    feed.step()
    feed.fake.add_signal(1, status="ENTERED")
    feed.step()
    assert [(m["type"], m["data"]["status"]) for m in feed.news(cursor)] == [
        ("signal_created", "RAISED"),
        ("signal_update", "ENTERED"),
    ]


def test_a_price_alone_is_no_position_update() -> None:
    feed = Feed()
    row = feed.fake.add_position(1)
    feed.step()
    cursor, (snapshot,) = feed.join("positions")
    assert [each["id"] for each in snapshot["data"]] == ["p-1"]
    feed.fake.put(replace(row, mark_price=1.0, pnl=2.0))
    feed.step()
    (mark,) = feed.news(cursor)
    assert (mark["type"], mark["data"][0]["markPrice"]) == ("position_mark", 1.0)
    feed.fake.put(replace(row, status="CLOSED", exit_reason="STOP_LOSS"))
    feed.step()
    assert [message["type"] for message in feed.news(cursor)] == ["position_update"]
    assert feed.join("positions")[1][0]["data"][0]["exitReason"] == "STOP_LOSS"


def test_a_client_that_comes_back_misses_nothing() -> None:
    feed = Feed()
    cursor, _ = feed.join("signals")
    feed.fake.add_signal(1)
    feed.step()
    last = feed.news(cursor)[-1]["seq"]
    feed.fake.add_signal(2)
    feed.step()
    again, snapshots = feed.join("signals", after=last)
    assert snapshots == []
    assert [message["data"]["id"] for message in feed.news(again)] == ["s-2"]


def test_another_life_or_a_future_begins_with_a_snapshot() -> None:
    feed = Feed()
    cursor = Cursor({})
    assert len(feed.hub.subscribe(cursor, ("signals",), epoch="life-0", after=1)) == 1
    assert len(feed.hub.subscribe(cursor, ("signals",), epoch="life-1", after=10**9)) == 1


def test_who_is_too_far_behind_gets_a_snapshot() -> None:
    feed = Feed()
    cursor, _ = feed.join("signals")
    for number in range(JOURNAL_ROWS + 5):
        feed.fake.add_signal(number)
    feed.step()
    (snapshot,) = feed.news(cursor)
    assert (snapshot["type"], len(snapshot["data"])) == ("snapshot", MOST_ROWS)
    assert feed.news(cursor) == []


def test_positions_do_not_fill_the_memory() -> None:
    feed = Feed()
    for number in range(MOST_ROWS + 50):
        feed.fake.add_position(number, is_open=number < 2)
    feed.step()
    data = feed.join("positions")[1][0]["data"]
    assert len(data) == len(feed.hub._lasting) == MOST_ROWS
    assert {"p-0", "p-1"} <= {row["id"] for row in data}  # the oldest, but open


def test_what_is_open_is_never_forgotten() -> None:
    feed = Feed()
    for number in range(MOST_ROWS + 50):
        feed.fake.add_position(number)
    feed.step()
    assert len(feed.join("positions")[1][0]["data"]) == MOST_ROWS + 50


def test_messages_of_channels_come_in_their_order() -> None:
    feed = Feed()
    cursor, _ = feed.join("signals", "positions", "tickers", "logs", "health", "traders")
    feed.fake.add_signal(1)
    feed.step()
    feed.fake.add_position(1)
    feed.fake.log("INFO", "x")
    feed.step()
    seqs = [message["seq"] for message in feed.news(cursor)]
    assert seqs == sorted(seqs)
    assert cursor.seq == feed.hub.seq


def test_what_is_gone_is_in_no_snapshot() -> None:
    feed = Feed()
    feed.fake.drop("MarketRow", "BTCUSDT")
    feed.fake.drop("TraderRow", "macd-crossover")
    feed.step()
    _, (tickers, traders) = feed.join("tickers", "traders")
    assert len(tickers["data"]) == 11
    assert len(traders["data"]) == 3


def test_an_unsubscribed_client_is_told_nothing() -> None:
    feed = Feed()
    feed.fake.add_signal(1)
    feed.step()
    assert feed.hub.news(Cursor({})) == []


def test_nothing_is_kept_until_the_first_client_who_then_sees_everything() -> None:
    async def story() -> None:
        fake = FakeEngine()
        hub = Hub(fake, "life-1")
        async with asyncio.TaskGroup() as group:
            following = group.create_task(hub.run())
            for _ in range(5):
                await asyncio.sleep(0)
            assert hub.seq == 0
            await hub.join()
            (snapshot,) = hub.subscribe(Cursor({}), ["tickers"])
            assert len(json.loads(snapshot)["data"]) == 12
            following.cancel()

    asyncio.run(story())


def test_a_client_who_comes_after_the_end_does_not_wait() -> None:
    async def story() -> None:
        hub = Hub(FakeEngine(), "life-1")
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            following = group.create_task(hub.run())
            await asyncio.sleep(0)
            following.cancel()
            await hub.join()
        assert hub.has_ended

    asyncio.run(story())


def test_who_waits_is_woken_by_news_and_by_the_end() -> None:
    async def story() -> None:
        fake = FakeEngine()
        hub = Hub(fake, "life-1")
        async with asyncio.TaskGroup() as group:
            group.create_task(hub.run())
            await hub.join()
            seq = hub.seq
            fake.end()
            await hub.changed(seq)
        assert hub.has_ended

    asyncio.run(story())
