"""The loop: what follows from an event is worked out, committed, shown, and only then done."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.builders import AT_MS, TRADER, a_fill, a_match, a_signal, an_order
from tests.memory_store import MemoryStore
from tests.unit.engine.fakes import Parts, RuleStage

from aitrader.engine.dump import Dumps
from aitrader.engine.engine import MOST_FACTS, Engine
from aitrader.engine.journal import Journal
from aitrader.model.commands import ArmBand, CancelOrders, Command, StopTimer, SubmitOrder
from aitrader.model.errors import InvariantBroken, Transient
from aitrader.model.events import (
    CandlesClosed,
    EntriesPaused,
    EntryWanted,
    Event,
    FilterMatched,
    OrderAccepted,
    OrderFilled,
    OrderPlanned,
    OrderRejected,
    Quarantined,
    Saved,
    SignalRaised,
    Started,
    TimerDue,
)
from aitrader.model.ids import BandId, ClientOrderId, TimerId
from aitrader.model.order import Leg

MATCHED = FilterMatched(at_ms=AT_MS, match=a_match())
CLOSE = CandlesClosed(at_ms=AT_MS, intervals=("1m",))


def raise_signal(event: Event) -> Iterable[Event | Command]:
    yield SignalRaised(at_ms=event.at_ms, signal=a_signal())
    yield EntryWanted(at_ms=event.at_ms, signal=a_signal())


def plan_entry(event: Event) -> Iterable[Event | Command]:
    yield OrderPlanned(at_ms=event.at_ms, order=an_order())
    yield SubmitOrder(orders=(an_order(),))


def plan_exit(event: Event) -> Iterable[Event | Command]:
    order = an_order(Leg.EXIT)
    yield OrderPlanned(at_ms=event.at_ms, order=order)
    yield SubmitOrder(orders=(order,))


SIGNALS = RuleStage(FilterMatched=raise_signal)
EXECUTION = RuleStage(EntryWanted=plan_entry, TimerDue=plan_exit)


def refuse(_: Event) -> Iterable[Event | Command]:
    raise InvariantBroken("filled more than ordered")


def run(parts: Parts, *events: Event) -> Parts:
    """Let an engine handle these events, one after the other."""

    async def story() -> None:
        async with parts.running() as engine:
            for event in events:
                engine.post(event)
                await engine.settled()

    asyncio.run(story())
    return parts


def test_consequences_are_worked_out_to_the_end_before_anything_else() -> None:
    parts = run(Parts(SIGNALS, EXECUTION), MATCHED, CLOSE)
    assert parts.witness.kinds() == [
        "FilterMatched",
        "SignalRaised",
        "EntryWanted",
        "OrderPlanned",
        "SubmitOrder",
        "CandlesClosed",
    ]


def test_all_that_follows_from_one_event_is_one_transaction() -> None:
    store = MemoryStore()
    run(Parts(SIGNALS, EXECUTION, store=store), MATCHED)
    assert store.transactions == 1
    assert [type(fact) for fact in store.facts] == [SignalRaised, OrderPlanned]


def test_a_command_leaves_after_its_cause_is_on_disk() -> None:
    store = MemoryStore()
    there: list[int] = []
    handlers = {SubmitOrder: lambda _: there.append(len(store.facts))}
    run(Parts(SIGNALS, EXECUTION, store=store, handlers=handlers), MATCHED)
    assert there == [2]


def test_a_crash_before_the_commit_sends_nothing() -> None:
    class DyingStore(MemoryStore):
        async def record(self, facts: object) -> None:
            raise KeyboardInterrupt

    parts = Parts(SIGNALS, EXECUTION, store=DyingStore())
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(parts.engine.handle(MATCHED))
    assert parts.witness.seen == []


def test_the_stages_are_asked_in_their_order() -> None:
    asked: list[str] = []

    def note(name: str) -> RuleStage:
        def rule(_: Event) -> Iterable[Event | Command]:
            asked.append(name)
            return ()

        return RuleStage(CandlesClosed=rule)

    run(Parts(note("market"), note("screening"), note("signals")), CLOSE)
    assert asked == ["market", "screening", "signals"]


def test_a_full_disk_refuses_an_entry_and_says_why() -> None:
    store = MemoryStore()
    store.refusal = "database or disk is full"
    parts = run(Parts(SIGNALS, EXECUTION, store=store), MATCHED)
    assert parts.witness.commands() == []
    rejected = parts.witness.seen[-1]
    assert isinstance(rejected, OrderRejected)
    assert rejected.client_order_id == an_order().client_order_id
    assert "disk is full" in rejected.reason


def test_a_full_disk_lets_exits_go_on() -> None:
    store = MemoryStore()
    store.refusal = "database or disk is full"
    due = TimerDue(at_ms=AT_MS, timer_id=TimerId("age"))
    parts = run(Parts(EXECUTION, store=store), due)
    assert [type(command) for command in parts.witness.commands()] == [SubmitOrder]


def test_what_a_full_disk_refused_is_written_with_the_next_event() -> None:
    store = MemoryStore()
    store.refusal = "full"
    parts = Parts(EXECUTION, store=store)

    async def story() -> None:
        async with parts.running() as engine:
            engine.post(TimerDue(at_ms=AT_MS, timer_id=TimerId("age")))
            await engine.settled()
            assert parts.health.store_fault == "full"
            store.refusal = ""
            engine.post(OrderAccepted(at_ms=AT_MS, client_order_id=ClientOrderId("at1-x")))
            await engine.settled()

    asyncio.run(story())
    assert [type(fact) for fact in store.facts] == [OrderPlanned]
    assert parts.health.store_fault == ""


def test_something_impossible_quarantines_the_symbol_and_the_loop_goes_on() -> None:
    parts = run(Parts(RuleStage(FilterMatched=refuse), SIGNALS), MATCHED, CLOSE)
    quarantined = [fact for fact in parts.witness.seen if isinstance(fact, Quarantined)]
    assert [(q.trader_id, q.symbol) for q in quarantined] == [(TRADER, "BTCUSDT")]
    assert "filled more than ordered" in quarantined[0].reason
    assert parts.witness.kinds()[-1] == "CandlesClosed"
    assert parts.health.errors == 1


def test_nothing_that_a_failing_call_said_is_used() -> None:
    def half(event: Event) -> Iterable[Event | Command]:
        yield OrderPlanned(at_ms=event.at_ms, order=an_order())
        raise LookupError("no such order")

    parts = run(Parts(RuleStage(FilterMatched=half)), MATCHED)
    assert parts.witness.kinds() == ["FilterMatched", "Quarantined"]


def test_something_impossible_about_nobody_is_counted_and_survived() -> None:
    parts = run(Parts(RuleStage(CandlesClosed=refuse)), CLOSE)
    assert parts.witness.kinds() == ["CandlesClosed"]
    assert parts.health.errors == 1


def test_a_stage_that_cannot_bear_its_own_quarantine_ends_there() -> None:
    parts = run(Parts(RuleStage(FilterMatched=refuse, Quarantined=refuse)), MATCHED)
    assert parts.witness.kinds() == ["FilterMatched", "Quarantined"]


def test_stages_that_answer_each_other_for_ever_are_cut_off() -> None:
    def again(event: Event) -> Iterable[Event | Command]:
        yield event

    parts = run(Parts(RuleStage(TimerDue=again)), TimerDue(at_ms=AT_MS, timer_id=TimerId("t")))
    assert len(parts.witness.seen) == MOST_FACTS + 1
    assert parts.health.errors == 1


def test_an_observer_that_dies_does_not_stop_the_loop() -> None:
    class Clumsy:
        def update(self, facts: object) -> None:
            raise RuntimeError("no such row")

    parts = run(Parts(SIGNALS, EXECUTION, observers=[Clumsy()]), MATCHED)
    assert parts.witness.kinds()[-1] == "SubmitOrder"


def test_settle_returns_what_followed_once_it_is_on_disk() -> None:
    store = MemoryStore()
    parts = Parts(SIGNALS, store=store)

    async def story() -> None:
        async with parts.running() as engine:
            facts = await engine.settle(MATCHED)
            assert [type(fact) for fact in facts] == [FilterMatched, SignalRaised, EntryWanted]
            assert len(store.facts) == 1

    asyncio.run(story())


def test_settle_says_when_the_disk_refuses() -> None:
    store = MemoryStore()
    store.refusal = "full"
    parts = Parts(store=store)

    async def story() -> None:
        async with parts.running() as engine:
            with pytest.raises(Transient, match="full"):
                await engine.settle(EntriesPaused(at_ms=AT_MS, is_paused=True))

    asyncio.run(story())


def test_somebody_who_stops_waiting_is_no_trouble() -> None:
    parts = Parts(SIGNALS)

    async def story() -> None:
        waiting = asyncio.gather(parts.engine.settle(MATCHED))
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        async with parts.running() as engine:
            await engine.settled()

    asyncio.run(story())
    assert parts.witness.kinds()[0] == "FilterMatched"


def test_an_engine_that_has_ended_says_so() -> None:
    parts = Parts(capacity=1)

    async def story() -> None:
        engine = parts.engine
        overtaken, forgotten, newest = (
            asyncio.gather(engine.settle(CandlesClosed(at_ms=AT_MS + n, intervals=("1m",))))
            for n in range(3)
        )
        await asyncio.sleep(0)
        forgotten.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await forgotten
        engine.stop()
        await engine.run()
        await newest
        for wish in (overtaken, engine.settle(MATCHED)):
            with pytest.raises(Transient, match="the engine has ended"):
                await wish

    asyncio.run(story())


def test_nobody_waits_for_a_loop_that_was_ended_by_force() -> None:
    gate = asyncio.Event()

    class SlowStore(MemoryStore):
        async def record(self, facts: object) -> None:
            await gate.wait()

    parts = Parts(store=SlowStore())

    async def story() -> None:
        parts.supervisor.spawn("engine", parts.engine.run())
        wish = asyncio.gather(parts.engine.settle(CLOSE), return_exceptions=True)
        waiting = asyncio.gather(parts.engine.settled())
        await asyncio.sleep(0.001)
        await parts.supervisor.close()
        await waiting
        assert isinstance((await wish)[0], Transient)

    asyncio.run(story())


def test_stopping_handles_what_has_come() -> None:
    parts = Parts(SIGNALS)

    async def story() -> None:
        parts.engine.post(MATCHED)
        parts.engine.stop()
        await parts.engine.run()

    asyncio.run(story())
    assert parts.witness.kinds()[0] == "FilterMatched"


def test_a_waiting_engine_can_be_stopped() -> None:
    parts = Parts()

    async def story() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(parts.engine.stop)
        await parts.engine.run()

    asyncio.run(story())


def test_settled_waits_for_answers_that_are_still_to_come() -> None:
    gate = asyncio.Event()
    answered = OrderAccepted(at_ms=AT_MS, client_order_id=an_order().client_order_id)

    async def submit(_: Command) -> None:
        await gate.wait()
        parts.inbox.post(answered)

    parts = Parts(SIGNALS, EXECUTION, handlers={SubmitOrder: submit})

    async def story() -> None:
        async with parts.running() as engine:
            engine.post(MATCHED)
            waiting = asyncio.gather(engine.settled())
            for _ in range(20):
                await asyncio.sleep(0)
            assert not waiting.done()
            gate.set()
            await waiting
            assert parts.witness.seen[-1] == answered

    asyncio.run(story())


def test_the_same_events_give_the_same_facts_and_commands() -> None:
    seed = random.Random(7)
    events: list[Event] = [
        seed.choice([MATCHED, CLOSE, TimerDue(at_ms=AT_MS, timer_id=TimerId("age"))])
        for _ in range(50)
    ]
    first = run(Parts(SIGNALS, EXECUTION), *events)
    second = run(Parts(SIGNALS, EXECUTION), *events)
    assert first.witness.seen == second.witness.seen


def test_commands_leave_in_the_order_they_were_given() -> None:
    def many(_: Event) -> Iterable[Event | Command]:
        yield ArmBand(band_id=BandId("b"), symbol="BTCUSDT")
        yield CancelOrders(orders=())
        yield StopTimer(timer_id=TimerId("t"))

    parts = run(Parts(RuleStage(OrderFilled=many)), an_answer())
    assert parts.witness.kinds() == ["OrderFilled", "ArmBand", "CancelOrders", "StopTimer"]


def an_answer() -> Event:
    return OrderFilled(at_ms=AT_MS, client_order_id=ClientOrderId("at1-x"), fill=a_fill())


def test_the_dump_of_something_impossible_is_beside_the_data(tmp_path: Path) -> None:
    parts = Parts()
    engine = Engine(
        parts.inbox,
        [RuleStage(FilterMatched=refuse)],
        journal=Journal(parts.store, parts.health),
        dispatch=parts.dispatch,
        observers=(),
        dumps=Dumps(tmp_path / "dumps", parts.health),
    )
    asyncio.run(engine.handle(MATCHED))
    (dump,) = (tmp_path / "dumps").iterdir()
    assert "filled more than ordered" in dump.read_text()


def test_an_engine_that_is_to_end_hears_what_became_of_what_it_sent() -> None:
    sent, gate = asyncio.Event(), asyncio.Event()
    answered = OrderAccepted(at_ms=AT_MS, client_order_id=an_order().client_order_id)

    async def submit(_: Command) -> None:
        sent.set()
        await gate.wait()
        parts.inbox.post(answered)

    parts = Parts(SIGNALS, EXECUTION, handlers={SubmitOrder: submit})

    async def story() -> None:
        running = asyncio.gather(parts.engine.run())
        parts.engine.post(MATCHED)
        await sent.wait()
        parts.engine.stop()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not running.done()
        gate.set()
        await running

    asyncio.run(story())
    assert parts.witness.seen[-1] == answered


def test_an_engine_does_not_wait_for_ever_for_a_venue_that_is_silent() -> None:
    sent = asyncio.Event()

    async def submit(_: Command) -> None:
        sent.set()
        await asyncio.Event().wait()

    parts = Parts(SIGNALS, EXECUTION, handlers={SubmitOrder: submit})

    async def story() -> None:
        parts.engine.post(MATCHED)
        running = asyncio.gather(parts.engine.run())
        await sent.wait()
        parts.engine.stop(patience_s=0.001)
        await running
        await parts.supervisor.close()

    asyncio.run(story())


def test_an_engine_that_ends_writes_what_the_disk_has_refused() -> None:
    store = MemoryStore()
    parts = Parts(store=store)

    async def story() -> None:
        store.refusal = "full"
        await parts.engine.handle(CLOSE)
        store.refusal = ""
        parts.engine.stop()
        await parts.engine.run()

    asyncio.run(story())
    assert store.facts == [CLOSE]


def test_who_asks_early_waits_for_what_recovery_found() -> None:
    parts = Parts(SIGNALS)

    async def story() -> None:
        parts.engine.post(MATCHED)
        asked = asyncio.gather(parts.engine.begun())
        await asyncio.sleep(0)
        assert not asked.done()
        async with parts.running():
            await asked
            assert parts.witness.kinds()[0] == "FilterMatched"

    asyncio.run(story())


def test_an_engine_that_could_not_take_up_what_was_saved_enters_nothing() -> None:
    def fail(_: Event) -> Iterable[Event | Command]:
        raise InvariantBroken("an order of no position")

    parts = Parts(RuleStage(Started=fail))
    asyncio.run(parts.engine.handle(Started(at_ms=AT_MS, saved=Saved())))
    assert parts.witness.seen[-1] == EntriesPaused(at_ms=AT_MS, is_paused=True)
    assert parts.health.errors == 1
