"""What a person may ask, and what is answered."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec
from tests.builders import AT_MS, POSITION, TRADER, a_plan, a_position, a_trader
from tests.memory_store import MemoryStore
from tests.unit.engine.fakes import KeptCandles, Parts, RuleStage, ToldExplainer

from aitrader.engine.board import Board
from aitrader.engine.clock import FrameClock
from aitrader.engine.control import EngineControl
from aitrader.engine.going_live import LivePlace
from aitrader.engine.reading import Reading
from aitrader.model.control import (
    AddTrader,
    Answer,
    AnyRequest,
    CheckTrader,
    CloseAll,
    ClosePosition,
    MoveStop,
    PauseEntries,
    ReadTrader,
    RemoveTrader,
    SetMode,
    StopEngine,
    SwitchTrader,
)
from aitrader.model.errors import FilterFault
from aitrader.model.events import (
    CloseAllAsked,
    CloseAsked,
    EntriesPaused,
    Event,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    StopMoveAsked,
    StopMoveRefused,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.position import PositionStatus
from aitrader.model.trader import Mode, TraderPlan

OPENED = PositionOpened(at_ms=AT_MS, position=a_position())
ADDED = TraderSaved(at_ms=AT_MS, trader=a_trader())


class Checked(msgspec.Struct):
    """A trader file that has been checked."""

    plan: TraderPlan
    warnings: tuple[str, ...] = ()


def check(source: str) -> Checked:
    """Take the first line as the name; "bad" is refused, "slow" is warned of."""
    name = source.splitlines()[0]
    if name == "bad":
        raise FilterFault("unknown name 'rsj'", line=3, hint="did you mean 'rsi'?")
    return Checked(a_plan(name=name), ("it is slow",) if name == "slow" else ())


class Bench:
    """A control on a running engine without stages."""

    def __init__(
        self,
        *facts: Event,
        stages: tuple[RuleStage, ...] = (),
        live: LivePlace | None = None,
    ) -> None:
        self.store = MemoryStore()
        self.board = Board(Decimal(10_000))
        self.board.update(facts)
        self.parts = Parts(*stages, store=self.store, observers=[self.board])
        clock = FrameClock(AT_MS)
        self.control = EngineControl(
            self.parts.engine,
            self.board,
            clock=clock,
            compile_trader=check,
            reading=Reading(
                self.board, clock=clock, candles=KeptCandles(), explainer=ToldExplainer()
            ),
            live=live,
        )

    def ask(self, *requests: AnyRequest) -> Answer:
        """Return the answer to the last of these."""

        async def story() -> Answer:
            async with self.parts.running():
                for request in requests:
                    answer = await self.control.ask(request)
            return answer

        return asyncio.run(story())


def in_full(answer: Answer) -> tuple[bool, str]:
    return answer.is_ok, answer.text


def test_a_good_trader_is_on_disk_when_the_answer_comes() -> None:
    bench = Bench()
    on_disk: list[int] = []

    async def story() -> None:
        async with bench.parts.running():
            answer = await bench.control.ask(AddTrader("Dip\n"))
            on_disk.append(len(bench.store.facts))
            assert in_full(answer) == (True, "Dip is watching")

    asyncio.run(story())
    assert on_disk == [1]
    (fact,) = bench.store.facts
    assert isinstance(fact, TraderSaved)
    assert (fact.trader.trader_id, fact.trader.version, fact.trader.rank) == ("dip", 1, 1)
    assert fact.trader.is_enabled


def test_a_broken_trader_is_refused_with_its_line() -> None:
    bench = Bench()
    answer = bench.ask(AddTrader("bad\n"))
    assert in_full(answer) == (False, "line 3: unknown name 'rsj'; did you mean 'rsi'?")
    assert bench.store.facts == []


def test_a_check_changes_nothing() -> None:
    bench = Bench()
    assert in_full(bench.ask(CheckTrader("slow\n"))) == (
        True,
        "slow is sound: LONG on 5m candles; it is slow",
    )
    assert not bench.ask(CheckTrader("bad\n")).is_ok
    assert bench.store.facts == []


def test_a_change_of_another_version_is_refused() -> None:
    answer = Bench().ask(AddTrader("Dip\n"), AddTrader("Dip\n2", trader_id="dip", version=2))
    assert in_full(answer) == (False, "Dip is at version 1, this was made from 2")
    answer = Bench().ask(AddTrader("Dip\n"), AddTrader("Dip\n2", trader_id="dip", version=1))
    assert in_full(answer) == (True, "Dip is now version 2")


def test_a_change_of_one_trader_makes_no_other() -> None:
    answer = Bench().ask(AddTrader("Dip\n"), AddTrader("Dop\n", trader_id="dip"))
    assert in_full(answer) == (False, "NAME is Dop, which is not the trader dip")


def test_what_an_author_should_know_is_in_the_answer() -> None:
    assert Bench().ask(AddTrader("slow\n")).text == "slow is watching; it is slow"


def test_a_known_name_is_a_new_version_of_the_same_trader() -> None:
    bench = Bench(ADDED)
    answer = bench.ask(AddTrader("Dip\nnewer"))
    assert in_full(answer) == (True, "Dip is now version 2")
    trader = bench.board.traders[TRADER]
    assert (trader.source, trader.rank, len(bench.board.traders)) == ("Dip\nnewer", 1, 1)


def test_the_same_text_again_changes_nothing() -> None:
    bench = Bench()
    assert in_full(bench.ask(AddTrader("Dip\n"), AddTrader("Dip\n"))) == (True, "Dip is as it was")
    assert len(bench.store.facts) == 1


def test_two_new_traders_get_their_own_ids_and_ranks() -> None:
    bench = Bench()
    bench.ask(AddTrader("a-b\n"), AddTrader("a b\n"))
    assert {t.trader_id: t.rank for t in bench.board.traders.values()} == {"a-b": 1, "a-b-2": 2}


def test_the_same_name_from_two_faces_at_once_is_one_trader() -> None:
    bench = Bench()

    async def story() -> None:
        async with bench.parts.running():
            await asyncio.gather(
                bench.control.ask(AddTrader("Dip\n")), bench.control.ask(AddTrader("Dip\n2"))
            )

    asyncio.run(story())
    assert [t.version for t in bench.board.traders.values()] == [2]


def test_a_trader_is_removed_once() -> None:
    bench = Bench(ADDED)
    answer = bench.ask(RemoveTrader(TRADER))
    assert in_full(answer) == (True, "Dip is removed; its open positions stay guarded")
    assert isinstance(bench.store.facts[0], TraderRemoved)
    assert in_full(bench.ask(RemoveTrader(TRADER))) == (
        False,
        "there is no trader dip; there are: none",
    )


def test_a_trader_is_switched_off_and_asking_again_writes_nothing() -> None:
    bench = Bench(ADDED)
    off = SwitchTrader(TRADER, is_enabled=False)
    assert in_full(bench.ask(off, off)) == (True, "Dip is off")
    (fact,) = bench.store.facts
    assert isinstance(fact, TraderSaved)
    assert (fact.trader.is_enabled, fact.trader.version) == (False, 2)


def test_a_trader_that_is_off_is_switched_on() -> None:
    bench = Bench(TraderSaved(at_ms=AT_MS, trader=a_trader(is_enabled=False)))
    assert bench.ask(SwitchTrader(TRADER, is_enabled=True)).text == "Dip is on"
    assert bench.board.traders[TRADER].is_enabled


def test_requests_about_an_unknown_trader_name_those_there_are() -> None:
    for request in (SwitchTrader("x", is_enabled=True), ReadTrader("x")):
        assert in_full(Bench(ADDED).ask(request)) == (
            False,
            "there is no trader x; there are: dip",
        )


def test_a_traders_text_is_read_back() -> None:
    assert in_full(Bench(ADDED).ask(ReadTrader(TRADER))) == (True, "NAME = 'Dip'\n")


def test_entries_are_paused_and_resumed() -> None:
    bench = Bench()
    assert bench.ask(PauseEntries(is_paused=True)).text == "no new entries; exits go on"
    assert bench.board.is_paused
    bench = Bench(EntriesPaused(at_ms=AT_MS, is_paused=True))
    assert bench.ask(PauseEntries(is_paused=False)).text == "entries again"
    assert not bench.board.is_paused


def test_a_position_is_closed_by_a_fact() -> None:
    bench = Bench(OPENED)
    assert bench.ask(ClosePosition(POSITION)).text == "BTCUSDT is being closed at market"
    assert bench.store.facts == [CloseAsked(at_ms=AT_MS, position_id=POSITION)]


def test_a_position_that_is_not_open_cannot_be_closed() -> None:
    done = PositionClosed(at_ms=AT_MS, position=a_position(status=PositionStatus.CLOSED))
    for bench in (Bench(), Bench(OPENED, done)):
        answer = bench.ask(ClosePosition(POSITION))
        assert in_full(answer) == (False, "there is no open position p-one")


def test_moving_a_stop_says_where_it_moves_to_or_why_not() -> None:
    moved = PositionUpdated(at_ms=AT_MS, position=a_position(stop_price=Decimal("98.50")))
    refused = StopMoveRefused(at_ms=AT_MS, position_id=POSITION, reason="too high")
    answers = {
        (True, "BTCUSDT: the stop moves to 98.5"): (moved,),
        (False, "too high"): (refused,),
        (False, "the stop of p-one could not be moved"): (),
    }
    for expected, facts in answers.items():
        rule = RuleStage(StopMoveAsked=lambda _, facts=facts: facts)  # type: ignore[misc]
        bench = Bench(OPENED, stages=(rule,))
        assert in_full(bench.ask(MoveStop(POSITION, Decimal("98.5")))) == expected
        assert bench.store.facts[0] == StopMoveAsked(
            at_ms=AT_MS, position_id=POSITION, price=Decimal("98.5")
        )


def test_closing_all_is_one_fact() -> None:
    bench = Bench(OPENED)
    assert bench.ask(CloseAll()).text == "no new entries; closing 1 positions at market"
    assert [type(fact) for fact in bench.store.facts] == [CloseAllAsked]


def test_a_full_disk_is_said_and_does_not_keep_positions_open() -> None:
    bench = Bench(OPENED)
    bench.store.refusal = "full"
    answer = bench.ask(CloseAll())
    assert in_full(answer) == (False, "not on disk yet: full")
    assert bench.parts.witness.kinds() == ["CloseAllAsked"]


def test_the_engine_is_ended_by_a_wish() -> None:
    bench = Bench()
    assert bench.ask(StopEngine()).is_ok
    assert bench.control.stopped.is_set()


def test_what_is_asked_while_the_engine_starts_waits_until_it_knows_what_was_saved() -> None:
    bench = Bench()

    async def story() -> Answer:
        bench.parts.engine.post(ADDED)  # as recovery leaves it in the inbox
        asked = asyncio.gather(bench.control.ask(SwitchTrader(TRADER, is_enabled=False)))
        assert (await bench.control.ask(StopEngine())).is_ok
        assert not asked.done()
        async with bench.parts.running():
            (answer,) = await asked
        return answer

    assert in_full(asyncio.run(story())) == (True, "Dip is off")


PLACE = LivePlace("real money on binance.com")
GO_LIVE = SetMode(TRADER, Mode.LIVE)
SURE = SetMode(TRADER, Mode.LIVE, is_sure=True)


def test_going_live_is_asked_for_twice_and_then_on_disk() -> None:
    bench = Bench(ADDED, live=PLACE)
    asked = bench.ask(GO_LIVE)
    assert asked.is_ok
    assert asked.text.startswith("Dip would trade real money on binance.com: 100 USDT an entry")
    assert bench.store.facts == []

    bench = Bench(ADDED, live=PLACE)
    done = bench.ask(GO_LIVE, SURE)
    assert done.text == "Dip is LIVE from now on; what is open stays where it was opened"
    live = a_trader(mode=Mode.LIVE, version=2)
    assert bench.store.facts == [TraderSaved(at_ms=AT_MS, trader=live)]
    bench = Bench(TraderSaved(at_ms=AT_MS, trader=live), live=PLACE)
    assert bench.ask(GO_LIVE).text == "Dip is LIVE already"


def test_the_way_back_to_paper_needs_no_second_word_nor_a_live_account() -> None:
    bench = Bench(TraderSaved(at_ms=AT_MS, trader=a_trader(mode=Mode.LIVE)))
    assert bench.ask(SetMode(TRADER, Mode.PAPER)).is_ok
    assert bench.board.traders[TRADER].mode is Mode.PAPER


def test_without_a_live_account_nobody_goes_live() -> None:
    bench = Bench(ADDED)
    text = "Dip stays on paper: live trading is off: PAPER_TRADING is true"
    assert in_full(bench.ask(SURE)) == (False, text)
    assert bench.store.facts == []
    assert not bench.ask(SetMode("x", Mode.LIVE)).is_ok
