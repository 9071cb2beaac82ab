from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import msgspec
from tests.unit.exchange.binance.stub import T0, StubExchange, TestTasks, ticker_data, until

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.links import StreamTiming
from aitrader.exchange.binance.sockets import connect
from aitrader.exchange.binance.streams import StreamPool

QUICK = StreamTiming(
    answer_s=0.3,
    control_gap_s=0.0,
    backoff_first_s=0.01,
    backoff_most_s=0.04,
    look_s=0.005,
    data_silence_s=None,
)


class User:
    def __init__(self) -> None:
        self.data: list[wire.Data] = []
        self.unfit = 0
        self.subscribed: list[frozenset[str]] = []
        self.lost: list[frozenset[str]] = []
        self.reasons: list[str] = []

    def on_data(self, stream: str, data: wire.Data) -> None:
        self.data.append(data)

    def on_unfit(self, reason: str) -> None:
        self.unfit += 1

    def on_subscribed(self, names: frozenset[str]) -> None:
        self.subscribed.append(names)

    def on_lost(self, names: frozenset[str], reason: str) -> None:
        self.lost.append(names)

    def on_link(self, reason: str) -> None:
        self.reasons.append(reason)


Story = Callable[[StreamPool, User, StubExchange], Awaitable[None]]


def tell(story: Story, **changes: float | int | None) -> None:
    async def play() -> None:
        async with StubExchange() as stub:
            user, tasks = User(), TestTasks()
            pool = StreamPool(
                stub.stream_url + "/stream",
                user,
                tasks=tasks,
                connect=connect,
                timing=msgspec.structs.replace(QUICK, **changes),
                rng=random.Random(7),
            )
            try:
                await story(pool, user, stub)
                pool.close()
                await until(lambda: not tasks.tasks)
            finally:
                await tasks.close()
            assert tasks.deaths == []

    asyncio.run(play())


def test_a_pool_without_names_connects_all_the_same() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        assert not pool.is_up
        assert not pool.is_settled
        assert pool.frame_age_s() is None
        pool.renew()
        pool.follow(())
        assert pool.frame_age_s() is None
        await until(lambda: pool.is_up)
        assert pool.is_settled
        assert user.reasons == ["connected"]
        assert (pool.frame_age_s() or 0.0) < 1.0

    tell(story)


def test_names_come_and_go_on_the_same_connection() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow(["a", "b"])
        await until(lambda: pool.is_settled)
        pool.follow(["b", "c"])
        assert not pool.is_settled
        await until(lambda: pool.is_settled)
        assert stub.links[0].names == {"b", "c"}
        pool.follow(["c"])
        await until(lambda: stub.links[0].names == {"c"})
        assert user.subscribed == [{"a", "b"}, {"c"}]
        assert user.lost == []
        assert len(stub.links) == 1

    tell(story)


def test_too_many_names_for_one_connection_are_spread() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow([str(n) for n in range(7)])
        await until(lambda: pool.is_settled)
        assert pool.connections == 3
        assert sorted(len(link.names) for link in stub.links) == [1, 3, 3]
        pool.follow(["0", "6", "new"])
        await until(lambda: pool.is_settled)
        assert pool.connections == 2
        assert pool.opened == 3
        await until(lambda: len(stub.alive) == 2)
        assert set.union(*[link.names for link in stub.alive]) == {"0", "6", "new"}

    tell(story, names_per_connection=3)


def test_a_lost_link_is_opened_again_and_its_names_are_told_lost_and_subscribed() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow(["a"])
        await until(lambda: pool.is_settled)
        stub.links[0].abort()
        await until(lambda: pool.opened == 2 and pool.is_settled)
        assert user.lost == [{"a"}]
        assert user.subscribed == [{"a"}, {"a"}]
        pool.renew()
        await until(lambda: pool.opened == 3 and pool.is_settled)

    tell(story)


def test_refused_connections_are_tried_again_with_growing_pauses() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        stub.accepts = False
        pool.follow(["a"])
        await until(lambda: stub.refused >= 4)
        assert user.lost == []
        stub.accepts = True
        await until(lambda: pool.is_settled)
        assert user.subscribed == [{"a"}]

    tell(story)


def test_a_link_that_brings_no_frame_at_all_is_dead() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow(["a"])
        await until(lambda: len(user.lost) == 1)
        assert "nothing came for" in user.reasons[-1]
        await until(lambda: pool.opened >= 2)

    tell(story, frame_silence_s=0.03)


def test_after_a_shutdown_notice_the_new_link_is_open_before_the_old_one_closes() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow(["a"])
        await until(lambda: pool.is_settled)
        old = stub.links[0]
        old.send({"e": "serverShutdown", "E": T0})
        await until(lambda: len(stub.links) == 2 and stub.links[1].names == {"a"})
        assert not old.is_gone
        stub.publish("a", ticker_data("A", T0))
        await until(lambda: old.is_gone)
        assert len(user.data) == 2
        assert user.lost == []
        assert user.subscribed == [{"a"}]
        assert user.reasons == ["connected", "connected anew"]

    tell(story)


def test_a_link_is_replaced_before_the_exchange_cuts_it() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow(["a"])
        await until(lambda: pool.opened >= 2)
        assert user.lost == []

    tell(story, rotate_s=0.03, answer_s=0.05)


def test_when_the_successor_fails_the_old_link_stays() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow(["a"])
        await until(lambda: pool.is_settled)
        stub.accepts = False
        stub.links[0].send({"e": "serverShutdown", "E": T0})
        await until(lambda: stub.refused >= 2)
        assert pool.is_up
        stub.publish("a", ticker_data("A", T0))
        await until(lambda: len(user.data) == 1)
        stub.accepts = True
        await until(lambda: pool.opened == 2)
        assert user.lost == []

    tell(story, answer_s=0.1)


def test_a_successor_that_dies_while_it_is_tried_is_no_loss() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow(["a"])
        await until(lambda: pool.is_settled)
        stub.links[0].send({"e": "serverShutdown", "E": T0})
        await until(lambda: len(stub.links) == 2 and stub.links[1].names == {"a"})
        stub.links[1].abort()
        await until(lambda: len(stub.links) == 3 and stub.links[2].names == {"a"})
        stub.publish("a", ticker_data("A", T0))
        await until(lambda: pool.opened == 2)
        assert user.lost == []

    tell(story)


def test_an_old_link_that_dies_before_its_successor_is_subscribed_leaves_a_gap() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow(["a"])
        await until(lambda: pool.is_settled)
        stub.is_answering = False
        stub.links[0].send({"e": "serverShutdown", "E": T0})
        await until(lambda: len(stub.links) == 2 and len(stub.links[1].controls) == 1)
        stub.links[0].abort()
        await asyncio.sleep(0.01)
        new = stub.links[1]
        new.names.add("a")
        new.send({"result": None, "id": 1})
        stub.is_answering = True
        await asyncio.sleep(0.01)
        stub.publish("a", ticker_data("A", T0))
        await until(lambda: len(user.subscribed) == 2)
        assert user.lost == [{"a"}]
        assert pool.is_settled

    tell(story)


def test_pings_without_data_are_doubted_later_each_time_the_market_is_quiet() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow(["a"])
        await until(lambda: pool.opened >= 3)
        assert user.lost == []
        await until(lambda: len(stub.alive) == 1)
        stub.publish("a", ticker_data("A", T0))
        await until(lambda: len(user.data) >= 1)

    tell(story, data_silence_s=0.02)


def test_a_connection_to_a_server_that_never_answers_is_closed_and_tried_again() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        stub.is_answering = False
        pool.follow(["a"])
        await until(lambda: len(stub.links) >= 2)
        assert not pool.is_up
        assert user.subscribed == []
        stub.is_answering = True
        await until(lambda: pool.is_settled)

    tell(story, answer_s=0.03)


def test_a_message_may_be_sent_past_the_pacing() -> None:
    async def story(pool: StreamPool, user: User, stub: StubExchange) -> None:
        pool.follow(())
        pool.send(b'{"method":"TOO_SOON","params":[],"id":1}')
        await until(lambda: pool.is_up and bool(stub.links))
        pool.send(b'{"method":"HELLO","params":[],"id":1}')
        await until(lambda: [c["method"] for c in stub.links[0].controls] == ["HELLO"])

    tell(story)
