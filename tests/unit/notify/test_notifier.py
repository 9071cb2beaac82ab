"""Notices over a loopback server: together, again, in quiet hours, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import msgspec
import pytest
from tests.builders import AT_MS, a_plan, a_position, a_signal, a_trader
from tests.unit.notify.phone import Phone

from aitrader.engine.clock import FrameClock
from aitrader.model.decision import Choice, Decision
from aitrader.model.events import (
    DecisionMade,
    EntriesPaused,
    FilterFailed,
    PositionClosed,
    SignalRaised,
    TraderSaved,
)
from aitrader.model.ids import TraderId
from aitrader.notify.channels import MOST_CHARS, Channel, Refusal, Webhook
from aitrader.notify.notifier import HOUR_MS, MOST_WAITING, Manners, Notifier
from aitrader.notify.wording import Topic

PAUSED = EntriesPaused(at_ms=AT_MS, is_paused=True)
QUICK = Manners(rest_s=0.001, timeout_s=5.0)
CLOSED = PositionClosed(at_ms=AT_MS, position=a_position())


def told(
    phone: Phone,
    story: Callable[[Notifier], Awaitable[None]],
    *,
    at_ms: int = AT_MS,
    manners: Manners = QUICK,
    beside: Channel | None = None,
) -> None:
    async def whole() -> None:
        server = await asyncio.start_server(phone.receive, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        channels: list[Channel] = [] if beside is None else [beside]
        channels.append(Webhook(f"http://127.0.0.1:{port}"))
        notifier = Notifier(channels, FrameClock(at_ms), manners)
        async with asyncio.timeout(20), server, asyncio.TaskGroup() as group:
            task = group.create_task(notifier.run())
            await story(notifier)
            task.cancel()

    asyncio.run(whole())


def failed(number: int, size: int = 10) -> FilterFailed:
    return FilterFailed(at_ms=AT_MS, trader_id=TraderId(f"t{number}"), reason="x" * size)


def test_what_happens_together_comes_in_one_message() -> None:
    phone = Phone()

    async def story(notifier: Notifier) -> None:
        notifier.update([PAUSED, failed(1)])
        await phone.until(1)

    told(phone, story)
    assert phone.texts == ["no new entries from now on\nt1: its filter failed: xxxxxxxxxx"]


def test_a_place_that_is_unwell_is_tried_again() -> None:
    phone = Phone(500, 429)

    async def story(notifier: Notifier) -> None:
        notifier.update([PAUSED])
        await phone.until(3)

    told(phone, story)
    assert len(set(phone.texts)) == 1


def test_a_refusal_is_logged_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    phone = Phone(403)

    async def story(notifier: Notifier) -> None:
        notifier.update([PAUSED])
        await phone.until(1)
        notifier.update([failed(1)])
        await phone.until(2)

    told(phone, story)
    said = [row.getMessage() for row in caplog.records if row.name.startswith("aitrader")]
    assert said == ["a notice did not reach the webhook: it answered 403"]


def test_nobody_there_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        manners = Manners(rest_s=0.001, timeout_s=1.0, attempts=2)
        notifier = Notifier([Webhook("http://127.0.0.1:9")], FrameClock(AT_MS), manners)
        said = asyncio.Event()
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            task = group.create_task(notifier.run())
            notifier.update([PAUSED])
            caplog.handler.addFilter(lambda record: said.set() or True)
            await said.wait()
            task.cancel()

    asyncio.run(story())
    assert "a notice did not reach the webhook: Connect" in caplog.text


class Sleeper:
    """A place that never answers."""

    name = "the sleeper"

    def __init__(self) -> None:
        self.letters = 0

    async def send(self, client: httpx2.AsyncClient, text: str) -> Refusal | None:
        self.letters += 1
        await asyncio.Event().wait()
        return None


def test_a_place_that_never_answers_delays_no_other() -> None:
    phone, sleeper = Phone(), Sleeper()

    async def story(notifier: Notifier) -> None:
        for number in range(3):
            notifier.update([failed(number)])
            await phone.until(number + 1)

    told(phone, story, beside=sleeper)
    assert [text[:2] for text in phone.texts] == ["t0", "t1", "t2"]
    assert sleeper.letters == 1


def test_a_disk_that_refuses_is_told_once_and_its_end_too() -> None:
    phone, faults = Phone(), ["disk full"]

    async def story(notifier: Notifier) -> None:
        notifier.watch(lambda: faults[0])
        for _ in range(3):
            notifier.update([])
        await phone.until(1)
        faults[0] = ""
        notifier.update([])
        await phone.until(2)

    told(phone, story)
    assert phone.texts == [
        "no new entries, the disk refuses: disk full",
        "the disk takes facts again",
    ]


def test_a_flood_is_bounded_and_cut_into_messages() -> None:
    phone = Phone()

    async def story(notifier: Notifier) -> None:
        notifier.update([failed(number, 500) for number in range(MOST_WAITING + 50)])
        await phone.until(MOST_WAITING // 3)

    told(phone, story)
    assert all(len(text) <= MOST_CHARS for text in phone.texts)
    assert phone.texts[0].startswith("t50:")


@pytest.mark.parametrize(
    ("quiet", "hour", "is_told"),
    [
        ((22, 7), 23, False),
        ((22, 7), 6, False),
        ((22, 7), 7, True),
        ((1, 3), 2, False),
        (None, 2, True),
    ],
)
def test_in_quiet_hours_only_trouble_is_told(
    quiet: tuple[int, int] | None, hour: int, is_told: bool
) -> None:
    phone = Phone()

    async def story(notifier: Notifier) -> None:
        notifier.update([CLOSED, PAUSED])
        await phone.until(1)

    manners = Manners(quiet=quiet, rest_s=0.001)
    told(phone, story, at_ms=AT_MS + hour * HOUR_MS, manners=manners)
    assert ("closed by" in phone.texts[0]) is is_told
    assert "no new entries" in phone.texts[0]


def test_what_was_not_asked_for_is_not_told() -> None:
    phone = Phone()

    async def story(notifier: Notifier) -> None:
        notifier.update([PAUSED])
        notifier.update([CLOSED])
        await phone.until(1)

    told(phone, story, manners=Manners(topics={Topic.CLOSES}, rest_s=0.001))
    assert phone.texts[0].startswith("dip: BTCUSDT closed")


@pytest.mark.parametrize(
    ("setting", "notify", "words"),
    [
        ({Topic.SIGNALS}, None, ["signal on"]),
        ({Topic.ANALYSES}, None, ["too thin"]),
        ({Topic.SIGNALS}, (), []),
        (set(), ("signals", "analyses"), ["signal on", "too thin"]),
    ],
)
def test_a_trader_may_say_itself_what_of_its_own_is_told(
    setting: set[Topic], notify: tuple[str, ...] | None, words: list[str]
) -> None:
    phone, signal = Phone(), a_signal()
    trader = a_trader(plan=a_plan(analyst="look", notify=notify))
    decision = Decision(signal.signal_id, Choice.SKIP, "too thin")

    async def story(notifier: Notifier) -> None:
        notifier.update(
            [
                TraderSaved(at_ms=AT_MS, trader=trader),
                SignalRaised(at_ms=AT_MS, signal=signal),
                DecisionMade(at_ms=AT_MS, decision=decision),
                PAUSED,
            ]
        )
        await phone.until(1)

    topics = frozenset({*setting, Topic.TROUBLE})
    told(phone, story, manners=msgspec.structs.replace(QUICK, topics=topics))
    *found, last = phone.texts[0].splitlines()
    assert "no new entries" in last
    assert len(found) == len(words)
    assert all(word in line for word, line in zip(words, found, strict=True))
