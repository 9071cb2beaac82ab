from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from aitrader.exchange.binance.account_link import AccountLink
from aitrader.exchange.binance.sockets import Socket, SocketUser
from aitrader.model.errors import Transient


class Wire:
    """The other end of a connection: keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, object]] = []
        self.user: SocketUser | None = None

    async def connect(self, url: str, user: SocketUser) -> Socket:
        self.user = user
        return self

    def send(self, payload: bytes) -> None:
        self.sent.append(json.loads(payload))

    def close(self) -> None:
        assert self.user is not None
        self.user.on_closed("closed by us")

    def says(self, **message: object) -> None:
        assert self.user is not None
        self.user.on_text(json.dumps(message).encode())


class Reader:
    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.unfit: list[str] = []

    def on_event(self, payload: bytes) -> None:
        self.events.append(payload)

    def on_unfit(self, reason: str) -> None:
        self.unfit.append(reason)


Story = Callable[[AccountLink, Wire, Reader], Awaitable[None]]


def tell(story: Story) -> None:
    async def play() -> None:
        wire, reader = Wire(), Reader()
        link = AccountLink(reader, asyncio.Event())
        await link.open(wire.connect, "ws://here")
        await story(link, wire, reader)

    asyncio.run(play())


def test_each_answer_finds_its_question() -> None:
    async def story(link: AccountLink, wire: Wire, reader: Reader) -> None:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(link.ask("a", {"x": 1}, 1.0))
            second = group.create_task(link.ask("b", {}, 1.0))
            await asyncio.sleep(0)
            wire.says(id=2, status=200, result={})
            wire.says(id=1, status=400, error={"code": -1, "msg": "no"})
            wire.says(id=1, status=200)
        answer, other = first.result(), second.result()
        assert answer is not None
        assert other is not None
        assert (answer.status, other.status) == (400, 200)
        assert [row["method"] for row in wire.sent] == ["a", "b"]

    tell(story)


def test_a_question_without_an_answer_ends() -> None:
    async def story(link: AccountLink, wire: Wire, reader: Reader) -> None:
        assert await link.ask("a", {}, 0.001) is None
        wire.says(id=1, status=200)  # too late, and nobody minds

    tell(story)


def test_a_connection_that_ends_takes_its_questions_along() -> None:
    async def story(link: AccountLink, wire: Wire, reader: Reader) -> None:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(link.ask("a", {}, 5.0))
            await asyncio.sleep(0)
            link.close()
        assert asked.result() is None
        assert not link.is_up
        link.close()
        with pytest.raises(Transient, match="closed by us"):
            await link.ask("b", {}, 1.0)
        assert len(wire.sent) == 1

    tell(story)


def test_nothing_leaves_before_there_is_a_connection() -> None:
    async def play() -> None:
        link = AccountLink(Reader(), asyncio.Event())
        link.close()
        with pytest.raises(Transient, match="no connection"):
            await link.ask("a", {}, 1.0)

    asyncio.run(play())


def test_events_go_to_the_reader_and_noise_is_counted() -> None:
    async def story(link: AccountLink, wire: Wire, reader: Reader) -> None:
        before = link.frame_s
        wire.says(subscriptionId=0, event={"e": "balanceUpdate"})
        assert reader.events == [b'{"e": "balanceUpdate"}']
        assert wire.user is not None
        wire.user.on_text(b"noise")
        wire.says(id=None, status=401, error={"code": -2015, "msg": "Invalid API-key"})
        wire.says(id="somebody-else", status=200)
        assert [reason[:10] for reason in reader.unfit] == ["expected a", "Invalid AP"]
        await asyncio.sleep(0.002)
        wire.user.on_frame()
        assert link.frame_s > before

    tell(story)
