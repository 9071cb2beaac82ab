"""Reading what is on disk beside the writer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
from tests.builders import AT_MS, a_fill, a_position, a_signal, an_order

from aitrader.model.account import LIVE
from aitrader.model.events import (
    CandlesClosed,
    ChangeAsked,
    EntriesPaused,
    EquityMarked,
    Event,
    OrderPlanned,
    OrderUpdated,
    PositionOpened,
    SignalRaised,
)
from aitrader.model.history import PositionStory
from aitrader.model.ids import ClientOrderId, PositionId, SignalId
from aitrader.storage.history import END_OF_TIME_MS, MOST_ROWS, History
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

ME = Owner("me", "paper")


def test_history_reads_while_the_store_is_open_newest_first(tmp_path: Path) -> None:
    async def story() -> None:
        path = tmp_path / "a.sqlite"
        store = await SqliteStore.open(path, ME)
        history = History(path, ME)
        older, newer = (
            an_order(),
            an_order(attempt=2, account="live", planned_ms=AT_MS + 9, fills=(a_fill(),)),
        )
        await store.record(
            [
                OrderPlanned(at_ms=AT_MS, order=older),
                OrderUpdated(at_ms=AT_MS, order=newer, fill=newer.fills[0]),
                PositionOpened(at_ms=AT_MS, position=a_position()),
                PositionOpened(
                    at_ms=AT_MS,
                    position=a_position(position_id=PositionId("p-2"), opened_ms=AT_MS + 1),
                ),
                SignalRaised(at_ms=AT_MS, signal=a_signal()),
                SignalRaised(at_ms=AT_MS, signal=a_signal(signal_id=SignalId("s-2"))),
            ]
        )
        assert await history.orders(10) == (newer, older)
        assert await history.orders(10, before_ms=AT_MS + 9) == (older,)
        assert [p.position_id for p in await history.positions(1)] == ["p-2"]
        assert [s.signal_id for s in await history.signals(MOST_ROWS + 1)] == ["s-2", "s-one"]
        await history.close()
        await history.close()
        await store.close()

    asyncio.run(story())


def told(folder: Path, facts: Sequence[Event], story: Callable[[History], Awaitable[None]]) -> None:
    """Tell a story about the history of these facts."""

    async def whole() -> None:
        store = await SqliteStore.open(folder / "a.sqlite", ME)
        history = History(folder / "a.sqlite", ME)
        await store.record(facts)
        try:
            await story(history)
        finally:
            await history.close()
            await store.close()

    asyncio.run(whole())


def test_rows_of_one_instant_are_never_torn_apart(tmp_path: Path) -> None:
    names = [f"{number:02}" for number in range(12)]
    facts: list[Event] = []
    for name in names:
        at_ms = AT_MS + int(name) // 5
        facts += [
            OrderPlanned(
                at_ms=AT_MS,
                order=an_order(client_order_id=ClientOrderId(name), planned_ms=at_ms),
            ),
            PositionOpened(
                at_ms=AT_MS, position=a_position(position_id=PositionId(name), opened_ms=at_ms)
            ),
            SignalRaised(at_ms=AT_MS, signal=a_signal(signal_id=SignalId(name), raised_ms=at_ms)),
        ]

    async def story(history: History) -> None:
        for limit in (1, 2, 3, 5, 20):
            for read, field, key in (
                (history.orders, "planned_ms", "client_order_id"),
                (history.positions, "opened_ms", "position_id"),
                (history.signals, "raised_ms", "signal_id"),
            ):
                seen: list[str] = []
                before_ms = END_OF_TIME_MS
                while page := await read(limit, before_ms=before_ms):
                    seen += [getattr(row, key) for row in page]
                    before_ms = getattr(page[-1], field)
                assert sorted(seen) == names

    told(tmp_path, facts, story)


def test_worth_is_read_as_the_last_of_each_step(tmp_path: Path) -> None:
    marks = [
        EquityMarked(
            at_ms=AT_MS + n * 60_000, equity=Decimal(n), cash=Decimal("1.50"), open_positions=n
        )
        for n in range(120)
    ]

    async def story(history: History) -> None:
        hours = await history.equity(10, every_ms=3_600_000)
        assert [point.equity for point in hours] == [Decimal(119), Decimal(59)]
        assert hours[0].cash == Decimal("1.50")
        newest = await history.equity(2, before_ms=AT_MS + 5 * 60_000)
        assert [point.open_positions for point in newest] == [4, 3]
        assert not await history.equity(10, account=LIVE)

    told(tmp_path, marks, story)


def test_events_are_read_newest_first_by_kind_and_page(tmp_path: Path) -> None:
    facts = [
        EntriesPaused(at_ms=AT_MS, is_paused=True),
        CandlesClosed(at_ms=AT_MS, intervals=("1m",)),
        ChangeAsked(at_ms=AT_MS + 1, who="phone", what="CloseAll"),
    ]

    async def story(history: History) -> None:
        rows = await history.events(10)
        assert [row.kind for row in rows] == ["ChangeAsked", "CandlesClosed", "EntriesPaused"]
        assert msgspec.json.decode(rows[0].body, type=ChangeAsked) == facts[2]
        (older,) = await history.events(10, before_seq=rows[1].seq)
        assert await history.events(10, kind="EntriesPaused") == (older,)

    told(tmp_path, facts, story)


def test_a_position_tells_its_story(tmp_path: Path) -> None:
    order, position, signal = an_order(), a_position(), a_signal()
    facts: list[Event] = [
        SignalRaised(at_ms=AT_MS, signal=signal),
        OrderPlanned(at_ms=AT_MS, order=order),
        PositionOpened(at_ms=AT_MS, position=position),
        PositionOpened(
            at_ms=AT_MS,
            position=a_position(position_id=PositionId("p-2"), signal_id=SignalId("s-lost")),
        ),
    ]

    async def story(history: History) -> None:
        found = await history.find_story(position.position_id)
        assert found == PositionStory(position, signal, (order,))
        assert await history.find_story("p-none") is None
        other = await history.find_story("p-2")
        assert other is not None
        assert (other.signal, other.orders) == (None, ())

    told(tmp_path, facts, story)


def test_a_history_that_was_never_read_closes(tmp_path: Path) -> None:
    asyncio.run(History(tmp_path / "a.sqlite", ME).close())
