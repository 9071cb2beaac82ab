from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from picows import WSMsgType
from tests.unit.exchange.binance.stub import T0, StubExchange, ticker_data, until

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.links import Link, StreamTiming, wait_at_most
from aitrader.exchange.binance.sockets import connect
from aitrader.model.errors import Transient

QUICK = StreamTiming(answer_s=0.2, control_gap_s=0.02, names_per_message=2)


class User:
    def __init__(self) -> None:
        self.data: list[tuple[str, wire.Data]] = []
        self.unfit: list[str] = []

    def on_data(self, stream: str, data: wire.Data) -> None:
        self.data.append((stream, data))

    def on_unfit(self, reason: str) -> None:
        self.unfit.append(reason)


def tell(story: Callable[[Link, User, StubExchange], Awaitable[None]], *names: str) -> None:
    async def play() -> None:
        async with StubExchange() as stub:
            user = User()
            link = Link(user, asyncio.Event(), QUICK)
            await link.open(connect, stub.stream_url + "/stream", names)
            await until(lambda: bool(stub.links))
            await story(link, user, stub)
            link.close()

    asyncio.run(play())


def test_names_are_subscribed_in_batches_no_faster_than_allowed() -> None:
    async def story(link: Link, user: User, stub: StubExchange) -> None:
        server = stub.links[0]
        assert [len(c["params"]) for c in server.controls] == [2, 2, 1]
        gaps = [b - a for a, b in zip(server.control_s, server.control_s[1:], strict=False)]
        assert min(gaps) >= 0.015
        assert link.names == server.names == {"a", "b", "c", "d", "e"}
        await link.unsubscribe(["a"])
        assert link.names == server.names == {"b", "c", "d", "e"}

    tell(story, "e", "d", "c", "b", "a")


def test_data_and_its_stream_are_handed_on() -> None:
    async def story(link: Link, user: User, stub: StubExchange) -> None:
        assert not link.first_data.is_set()
        stub.publish("a@ticker", ticker_data("A", T0))
        await until(lambda: len(user.data) == 1)
        assert user.data[0][0] == "a@ticker"
        assert link.first_data.is_set()

    tell(story, "a@ticker")


def test_data_in_pieces_are_data_and_what_came_is_timed() -> None:
    async def story(link: Link, user: User, stub: StubExchange) -> None:
        transport = stub.links[0].transport
        assert transport is not None
        before_s = link.data_s()
        whole = json.dumps({"stream": "a@ticker", "data": ticker_data("A", T0)}).encode()
        transport.send(WSMsgType.TEXT, whole[:20], fin=False)
        transport.send(WSMsgType.CONTINUATION, whole[20:])
        await until(lambda: len(user.data) == 1)
        assert before_s < link.data_s() == link.data_s()
        data_s = link.data_s()
        transport.send(WSMsgType.PING, b"")
        await until(lambda: link.frame_s() > data_s)
        assert link.data_s() == data_s

    tell(story, "a@ticker")


def test_what_does_not_fit_is_told_and_changes_nothing() -> None:
    async def story(link: Link, user: User, stub: StubExchange) -> None:
        for payload in (b"{", b"{}", b'{"result":null,"id":99}'):
            stub.links[0].send(payload)
        stub.publish("a", ticker_data("A", T0))
        await until(lambda: len(user.data) == 1)
        assert len(user.unfit) == 2
        assert link.closed_reason is None

    tell(story, "a")


@pytest.mark.parametrize(
    "payload",
    [
        b'{"e":"serverShutdown","E":1770123456789}',
        b'{"event":{"e":"serverShutdown","E":1770123456789}}',
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
    ],
)
def test_a_shutdown_notice_asks_for_a_successor(payload: bytes) -> None:
    async def story(link: Link, user: User, stub: StubExchange) -> None:
        assert not link.must_rotate
        stub.links[0].send(payload)
        await until(lambda: link.must_rotate)
        assert user.unfit == []

    tell(story)


def test_a_question_without_answer_or_with_no_is_transient() -> None:
    async def story(link: Link, user: User, stub: StubExchange) -> None:
        stub.is_answering = False
        with pytest.raises(Transient, match="did not answer SUBSCRIBE"):
            await link.subscribe(["x"])
        stub.refusal = "Invalid request"
        with pytest.raises(Transient, match=r"refused SUBSCRIBE: Invalid request \(2\)"):
            await link.subscribe(["x"])
        assert link.names == set()

    tell(story)


def test_a_link_that_ends_while_it_waits_says_why() -> None:
    async def story(link: Link, user: User, stub: StubExchange) -> None:
        stub.is_answering = False
        asyncio.get_running_loop().call_later(0.01, stub.links[0].abort)
        with pytest.raises(Transient, match="was lost"):
            await link.subscribe(["x"])
        with pytest.raises(Transient, match="was lost"):
            await link.subscribe(["y"])
        link.send(b"nothing")

    tell(story)


def test_a_link_that_cannot_subscribe_leaves_nothing_open() -> None:
    async def story() -> None:
        async with StubExchange() as stub:
            stub.refusal = "no"
            link = Link(User(), asyncio.Event(), QUICK)
            with pytest.raises(Transient, match="refused"):
                await link.open(connect, stub.stream_url, ["a"])
            await until(lambda: link.closed_reason is not None)

    asyncio.run(story())


def test_waiting_ends_with_the_event_or_the_time() -> None:
    async def story() -> None:
        event = asyncio.Event()
        await wait_at_most(event, 0.001)
        event.set()
        await wait_at_most(event, 60.0)

    asyncio.run(story())
