"""Facts on their way to the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.builders import AT_MS, an_order
from tests.memory_store import MemoryStore

from aitrader.engine.health import Health
from aitrader.engine.journal import FEW, MOST_UNWRITTEN, Journal
from aitrader.model.events import CandlesClosed, Event, OrderAccepted, OrderPlanned
from aitrader.model.ids import ClientOrderId

PLANNED = OrderPlanned(at_ms=AT_MS, order=an_order())
CLOSE = CandlesClosed(at_ms=AT_MS, intervals=("1m",))
ANSWER = OrderAccepted(at_ms=AT_MS, client_order_id=ClientOrderId("at1-x"))


class CountingStore(MemoryStore):
    """A store that counts how often it is tried."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    async def record(self, facts: object) -> None:
        self.tries += 1
        await super().record(facts)  # type: ignore[arg-type]


class Bench:
    """A journal on a store that can be told to refuse."""

    def __init__(self, retry_s: float = 1000.0) -> None:
        self.store = CountingStore()
        self.health = Health()
        self.journal = Journal(self.store, self.health, retry_s=retry_s)

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self.store.facts]


def told(bench: Bench, story: Callable[[Journal], Awaitable[None]]) -> Bench:
    async def run() -> None:
        await story(bench.journal)

    asyncio.run(run())
    return bench


def test_durable_facts_are_committed_and_others_cost_nothing() -> None:
    async def story(journal: Journal) -> None:
        assert await journal.commit([ANSWER]) == ""
        assert await journal.commit([ANSWER, PLANNED]) == ""

    bench = told(Bench(), story)
    assert (bench.kinds(), bench.store.tries) == (["OrderPlanned"], 1)


def test_what_was_refused_is_committed_with_the_next_call_in_order() -> None:
    bench = Bench()

    async def story(journal: Journal) -> None:
        bench.store.refusal = "full"
        assert await journal.commit([CLOSE, PLANNED]) == "full"
        assert await journal.commit([ANSWER]) == "full"
        bench.store.refusal = ""
        assert await journal.commit([ANSWER]) == ""
        assert await journal.commit([CLOSE]) == ""

    assert told(bench, story).kinds() == ["CandlesClosed", "OrderPlanned", "CandlesClosed"]
    assert bench.store.transactions == 2


def test_a_disk_that_refuses_much_is_not_asked_with_every_event() -> None:
    bench = Bench()

    async def story(journal: Journal) -> None:
        bench.store.refusal = "full"
        for _ in range(FEW + 20):
            assert await journal.commit([PLANNED]) == "full"

    assert told(bench, story).store.tries == FEW


def test_it_is_asked_again_after_a_while() -> None:
    bench = Bench(retry_s=0.001)

    async def story(journal: Journal) -> None:
        bench.store.refusal = "full"
        await journal.commit([PLANNED] * (FEW + 1))
        bench.store.refusal = ""
        await asyncio.sleep(0.002)
        assert await journal.commit([ANSWER]) == ""

    assert len(told(bench, story).store.facts) == FEW + 1


def test_memory_is_bounded_and_money_is_never_let_go() -> None:
    bench = Bench(retry_s=0.001)
    late: list[Event] = [CLOSE] * MOST_UNWRITTEN

    async def story(journal: Journal) -> None:
        bench.store.refusal = "full"
        await journal.commit([PLANNED, *late])
        bench.store.refusal = ""
        await asyncio.sleep(0.002)
        await journal.commit([PLANNED])

    assert told(bench, story).kinds() == ["OrderPlanned", "OrderPlanned"]
    assert bench.health.counts()["unwritten_dropped"] == MOST_UNWRITTEN


def test_a_last_try_does_not_wait_for_its_turn() -> None:
    bench = Bench()

    async def story(journal: Journal) -> None:
        await journal.flush()
        bench.store.refusal = "full"
        await journal.commit([PLANNED] * (FEW + 1))
        bench.store.refusal = ""
        await journal.flush()

    assert len(told(bench, story).store.facts) == FEW + 1
    assert bench.journal.fault == ""
