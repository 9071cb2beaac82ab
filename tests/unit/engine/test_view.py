"""The view: a snapshot, then changes, for any number of readers."""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, a_position, a_trader, an_order
from tests.unit.engine.fakes import ATicker, FakeLog, FakeMarket

from aitrader import __version__
from aitrader.engine.clock import FrameClock
from aitrader.engine.health import Health
from aitrader.engine.view import RATE_S, EngineView, Rate, ViewSettings
from aitrader.model.account import LIVE, PAPER
from aitrader.model.events import (
    BalancesReported,
    CashChanged,
    Event,
    FeedChanged,
    OrderPlanned,
    PositionClosed,
    PositionOpened,
    TraderSaved,
)
from aitrader.model.found import Balance
from aitrader.model.position import PositionStatus
from aitrader.model.trader import Mode, PositionSide
from aitrader.model.view import CoinRow, Frame, LogRow, Status

FAST_HZ = 1000.0
UP = FeedChanged(at_ms=AT_MS, is_up=True, reason="")


class Bench:
    """A view on fakes."""

    def __init__(self, accounts: tuple[str, ...] = (PAPER,)) -> None:
        self.market = FakeMarket(BTCUSDT=101.0)
        self.log = FakeLog()
        self.health = Health()
        self.view = EngineView(
            ViewSettings(mode="DEMO", market="simulated", account="paper", accounts=accounts),
            self.market,
            clock=FrameClock(AT_MS),
            logs=self.log,
            health=self.health,
        )

    async def frames(self, count: int) -> list[Frame]:
        """Return the first frames a new reader gets."""
        found: list[Frame] = []
        async for frame in self.view.frames(FAST_HZ):
            found.append(frame)
            if len(found) == count:
                break
        return found


def test_the_first_frame_holds_everything_and_the_next_only_changes() -> None:
    bench = Bench()
    bench.log.rows.append(LogRow(at_ms=AT_MS, level="INFO", text="hello"))
    bench.view.update([TraderSaved(at_ms=AT_MS, trader=a_trader())])

    async def story() -> None:
        reader = bench.view.frames(FAST_HZ)
        first = await anext(reader)
        assert (first.seq, first.is_snapshot) == (1, True)
        assert [row.symbol for row in first.markets] == ["BTCUSDT"]
        assert [row.name for row in first.traders] == ["Dip"]
        assert [row.text for row in first.logs] == ["hello"]
        bench.market.table["BTCUSDT"] = ATicker(102.0)
        bench.log.rows.append(LogRow(at_ms=AT_MS, level="INFO", text="again"))
        frame = await anext(reader)
        while not frame.markets:
            frame = await anext(reader)
        assert frame.seq > 1
        assert not frame.is_snapshot
        assert ([row.price for row in frame.markets], frame.traders) == ([102.0], ())

    asyncio.run(story())


def test_what_a_person_changed_is_in_the_next_frame_at_once() -> None:
    bench = Bench()

    async def story() -> None:
        assert (await bench.frames(1))[0].traders == ()
        bench.view.update([TraderSaved(at_ms=AT_MS, trader=a_trader())])
        assert [row.name for row in (await bench.frames(1))[0].traders] == ["Dip"]

    asyncio.run(story())


def test_readers_do_not_take_changes_from_each_other() -> None:
    bench = Bench()

    async def story() -> tuple[list[Frame], list[Frame]]:
        return await bench.frames(1), await bench.frames(2)

    first, second = asyncio.run(story())
    assert first[0].markets == second[0].markets
    assert second[1].markets == ()


def test_the_end_of_the_engine_ends_every_reader_with_a_last_frame() -> None:
    bench = Bench()

    async def story() -> list[Frame]:
        found = []
        async for frame in bench.view.frames(0.01):
            found.append(frame)
            bench.market.table["BTCUSDT"] = ATicker(103.0)
            bench.view.end()
        return found

    frames = asyncio.run(story())
    assert [row.price for row in frames[-1].markets] == [103.0]
    assert len(frames) == 2


def test_what_is_gone_is_told_to_those_who_had_it() -> None:
    bench = Bench()

    async def story() -> None:
        reader = bench.view.frames(FAST_HZ)
        await anext(reader)
        del bench.market.table["BTCUSDT"]
        frame = await anext(reader)
        while not frame.gone:
            frame = await anext(reader)
        assert frame.gone == ("BTCUSDT",)
        assert (await bench.frames(1))[0].gone == ()

    asyncio.run(story())


def test_a_rate_that_is_none_is_refused() -> None:
    async def story() -> None:
        with pytest.raises(ValueError, match="hz: expected a number above 0, found 0"):
            await anext(Bench().view.frames(0))

    asyncio.run(story())


def test_equity_is_cash_and_what_is_held_at_the_last_price() -> None:
    bench = Bench()
    short = a_position(position_id="p-2", side=PositionSide.SHORT, quantity=Decimal(2))
    bench.view.update(
        [
            CashChanged(at_ms=AT_MS, cash=Decimal("10099.7")),
            PositionOpened(at_ms=AT_MS, position=a_position()),
            PositionOpened(at_ms=AT_MS, position=short),
        ]
    )
    status = bench.view.status()
    assert (status.cash, status.equity, status.total_pnl) == ("10099.70", "9998.70", "-1.30")
    assert (status.open_positions, status.positions_opened) == (2, 2)


def a_live_bench(*facts: Event) -> Bench:
    bench = Bench(accounts=(PAPER, LIVE))
    bench.view.update(facts)
    return bench


def test_with_two_accounts_the_header_is_papers_until_a_trader_is_live() -> None:
    cash = CashChanged(at_ms=AT_MS, cash=Decimal(500), account=LIVE)
    status = a_live_bench(cash).view.status()
    assert (status.mode, status.account, status.cash) == ("DEMO", "paper", "10000.00")
    assert [(row.account, row.cash) for row in status.accounts] == [
        ("paper", "10000.00"),
        ("live", "500.00"),
    ]
    live = TraderSaved(at_ms=AT_MS, trader=a_trader(mode=Mode.LIVE))
    status = a_live_bench(cash, live).view.status()
    assert (status.mode, status.account, status.cash) == ("LIVE", "live", "500.00")


def test_coins_that_no_position_holds_are_shown_and_counted_nowhere() -> None:
    def balance(asset: str, free: str, locked: str = "0") -> Balance:
        return Balance(asset, Decimal(free), Decimal(locked))

    whole = BalancesReported(
        at_ms=AT_MS,
        account=LIVE,
        balances=(balance("USDT", "500"), balance("ETH", "2.50"), balance("BTC", "1.5", "1")),
        is_whole=True,
    )
    held = a_position(account=LIVE, quantity=Decimal(1))
    bench = a_live_bench(
        CashChanged(at_ms=AT_MS, cash=Decimal(500), account=LIVE),
        PositionOpened(at_ms=AT_MS, position=held),
        whole,
    )
    (paper, live) = bench.view.status().accounts
    assert paper.others == ()
    assert live.others == (CoinRow("BTC", "1.5"), CoinRow("ETH", "2.5"))
    part = BalancesReported(at_ms=AT_MS, account=LIVE, balances=(balance("ETH", "0"),))
    bench.view.update([part])
    assert bench.view.status().accounts[1].others == (CoinRow("BTC", "1.5"),)
    assert bench.view.status().accounts[1].equity == live.equity


def test_a_live_accounts_result_is_what_its_positions_earned() -> None:
    held = a_position(account=LIVE, entry_price=Decimal(99), realized_pnl=Decimal("-0.1"))
    status = a_live_bench(
        CashChanged(at_ms=AT_MS, cash=Decimal(500), account=LIVE),
        PositionOpened(at_ms=AT_MS, position=held),
    ).view.status()
    (paper, live) = status.accounts
    assert (status.mode, live.equity, live.total_pnl) == ("LIVE", "601.00", "1.90")
    assert (live.day_pnl, live.open_positions) == ("-0.10", 1)
    assert (paper.equity, paper.total_pnl, paper.open_positions) == ("10000.00", "0.00", 0)


def test_a_live_trader_changes_nothing_where_live_trading_is_off() -> None:
    bench = Bench()
    bench.view.update([TraderSaved(at_ms=AT_MS, trader=a_trader(mode=Mode.LIVE))])
    assert (bench.view.status().mode, len(bench.view.status().accounts)) == ("DEMO", 1)


def test_the_header_counts_what_happened() -> None:
    bench = Bench()
    done = a_position(status=PositionStatus.CLOSED, realized_pnl=Decimal("2.5"))
    bench.view.update(
        [
            OrderPlanned(at_ms=AT_MS, order=an_order()),
            PositionOpened(at_ms=AT_MS, position=a_position()),
            PositionClosed(at_ms=AT_MS, position=done),
        ]
    )
    bench.health.count_error("store")
    bench.market.candles_closed = 8641
    status = bench.view.status()
    assert (status.orders, status.positions_closed, status.open_positions) == (1, 1, 0)
    assert (status.day_pnl, status.errors, status.candles) == ("2.50", 1, 8641)
    assert (status.mode, status.market, status.account) == ("DEMO", "simulated", "paper")


def test_the_feed_is_down_until_it_is_up_and_stale_when_silent() -> None:
    bench = Bench()
    assert bench.view.status().feed == "down"
    bench.view.update([UP])
    assert bench.view.status().feed == "live"
    bench.market.age_ms = 60_000
    assert bench.view.status().feed == "stale"


def test_a_disk_that_refuses_is_the_notice() -> None:
    bench = Bench()
    bench.view.update([FeedChanged(at_ms=AT_MS, is_up=False, reason="silence")])
    assert bench.view.status().notice == "market stream down, no new entries: silence"
    bench.health.store_fault = "disk full"
    assert bench.view.status().notice == "no new entries: disk full"


def test_messages_are_counted_per_second() -> None:
    rate = Rate()
    rate.sample(100, 10.0)
    rate.sample(150, 10.0 + RATE_S / 2)
    assert rate.per_s == 0.0
    rate.sample(300, 10.0 + RATE_S)
    assert rate.per_s == 200 / RATE_S


def test_every_frame_can_go_over_the_wire() -> None:
    bench = Bench()
    bench.market.table["NEWUSDT"] = ATicker(float("nan"))
    bench.view.update([PositionOpened(at_ms=AT_MS, position=a_position())])
    (frame,) = asyncio.run(bench.frames(1))
    assert msgspec.json.decode(msgspec.json.encode(frame), type=Frame) == frame


def test_the_header_says_which_process_and_which_model_it_is() -> None:
    async def story() -> Status:
        return Bench().view.status()

    status = asyncio.run(story())
    assert status.process_id == os.getpid()
    assert status.version == __version__
    assert status.analyst == ""
    assert status.uptime_s >= 0
