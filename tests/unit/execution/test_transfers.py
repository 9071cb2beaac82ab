"""Money that comes and goes without an order of ours is neither won nor lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import AT_MS, a_fill
from tests.unit.execution.desks import (
    a_desk,
    an_audited_stage,
    an_open_desk,
    set_price,
    told,
    types,
)

from aitrader.execution import balances, transfers
from aitrader.execution.desk import Desk
from aitrader.model.commands import StartTimer
from aitrader.model.events import (
    BalancesReported,
    CandlesClosed,
    CashChanged,
    EquityMarked,
    MoneyMoved,
    SavedAccount,
    TimerDue,
)
from aitrader.model.found import Balance
from aitrader.model.money import ZERO

LATER_MS = AT_MS + transfers.SETTLED_MS


def told_of(desk: Desk, cash: str | Decimal, *, at_ms: int = AT_MS) -> None:
    """The exchange says what cash there is."""
    report = BalancesReported(
        at_ms=at_ms, account="paper", balances=(Balance("USDT", Decimal(cash), Decimal(0)),)
    )
    balances.reported(desk, report)


def fallen_ratio(desk: Desk) -> Decimal:
    """How far below its best the account is."""
    return 1 - desk.equity() / desk.best()


def test_what_an_account_begins_with_is_no_transfer() -> None:
    desk = a_desk()
    desk.account.cash = ZERO
    told_of(desk, 12_500)
    assert (desk.account.cash, desk.unexplained) == (12_500, ZERO)
    desk.marked(AT_MS)
    told_of(desk, 0, at_ms=AT_MS + 1)
    assert desk.unexplained == -12_500


def test_what_no_fill_explains_for_a_while_is_a_transfer() -> None:
    desk = a_desk()
    desk.marked(AT_MS)
    told_of(desk, 12_500)
    assert transfers.settled(desk, at_ms=LATER_MS - 1) == []
    assert transfers.settled(desk, at_ms=LATER_MS) == [
        MoneyMoved(at_ms=LATER_MS, amount=Decimal(2_500)),
        CashChanged(at_ms=LATER_MS, cash=Decimal(12_500)),
    ]
    assert desk.peak == 12_500
    assert transfers.settled(desk, at_ms=LATER_MS + 1) == []


def test_a_withdrawal_is_no_drawdown_before_it_is_settled_nor_after() -> None:
    desk = a_desk()
    desk.marked(AT_MS)
    desk.account.cash = Decimal(9_500)
    assert fallen_ratio(desk) == Decimal("0.05")
    told_of(desk, 950)
    assert fallen_ratio(desk) == Decimal("0.05")
    assert desk.marked(AT_MS).peak == 10_000
    transfers.settled(desk, at_ms=LATER_MS)
    assert (desk.peak, desk.unexplained) == (1_000, 0)
    assert fallen_ratio(desk) == Decimal("0.05")


def test_a_deposit_hides_no_drawdown() -> None:
    desk = a_desk()
    desk.marked(AT_MS)
    desk.account.cash = Decimal(5_000)
    told_of(desk, 20_000)
    assert desk.marked(AT_MS).peak == 10_000
    transfers.settled(desk, at_ms=LATER_MS)
    assert fallen_ratio(desk) == Decimal("0.5")


@pytest.mark.parametrize(("before", "after"), [("0", "700"), ("700", "0")])
def test_an_account_that_was_or_is_empty_counts_anew(before: str, after: str) -> None:
    desk = a_desk(start_cash=Decimal(before))
    desk.peak = Decimal(1_000)
    told_of(desk, after)
    assert desk.best() == 0
    transfers.settled(desk, at_ms=LATER_MS)
    assert desk.marked(LATER_MS).peak == Decimal(after)


def test_a_second_change_waits_anew() -> None:
    desk = a_desk()
    told_of(desk, 9_000)
    told_of(desk, 8_000, at_ms=AT_MS + 5_000)
    assert transfers.settled(desk, at_ms=LATER_MS) == []
    (moved, _cash) = transfers.settled(desk, at_ms=LATER_MS + 5_000)
    assert moved == MoneyMoved(at_ms=LATER_MS + 5_000, amount=Decimal(-2_000))


@given(
    worth=st.decimals(min_value=100, max_value=10**6, places=2),
    share=st.decimals(min_value=Decimal("0.2"), max_value=5, places=3),
    price=st.integers(50, 200),
)
def test_the_distance_from_the_best_is_the_same_after_any_transfer(
    worth: Decimal, share: Decimal, price: int
) -> None:
    desk = an_open_desk()
    desk.account.cash = worth
    desk.marked(AT_MS)
    set_price(desk, "BTCUSDT", float(price))
    desk.marked(AT_MS)
    before = fallen_ratio(desk)
    told_of(desk, (worth * share).quantize(Decimal("0.01")))
    assert abs(fallen_ratio(desk) - before) < Decimal("0.000001")
    transfers.settled(desk, at_ms=LATER_MS)
    assert abs(fallen_ratio(desk) - before) < Decimal("0.000001")


def test_a_transfer_that_was_a_fill_after_all_is_taken_back() -> None:
    desk = a_desk()
    desk.marked(AT_MS)
    told_of(desk, 9_000)
    transfers.settled(desk, at_ms=LATER_MS)
    assert desk.peak == 9_000
    # The fill is heard of at last: it cost 1,000, and what it bought is worth as much.
    bought = an_open_desk().table.of(next(iter(an_open_desk().positions)))[0]
    desk.table.add(bought)
    set_price(desk, "BTCUSDT", 1_000.0)
    desk.unexplained += a_fill(price=Decimal(1_000)).price
    transfers.settled(desk, at_ms=LATER_MS)
    assert (desk.peak, desk.equity()) == (10_000, 10_000)


def test_a_withdrawal_while_we_were_away_is_settled_at_a_close() -> None:
    saved = SavedAccount(cash=Decimal(1_000), peak=Decimal(5_000), unexplained=Decimal(-4_000))
    stage, _alarm = an_audited_stage(accounts=(saved,))
    close = CandlesClosed(at_ms=AT_MS + transfers.SETTLED_MS, intervals=("1m",))
    moved, cash, mark = told(stage, close)
    assert isinstance(moved, MoneyMoved)
    assert cash == CashChanged(at_ms=close.at_ms, cash=Decimal(1_000))
    assert isinstance(mark, EquityMarked)
    assert mark.peak == Decimal(1_000)


def test_a_transfer_is_settled_between_two_closes() -> None:
    account = SavedAccount(cash=Decimal(50), peak=Decimal(100), unexplained=Decimal(-50))
    stage, alarm = an_audited_stage(accounts=(account,))
    due = TimerDue(at_ms=AT_MS + transfers.SETTLED_MS, timer_id=alarm.timer_id)
    assert types(told(stage, due)) == [MoneyMoved, CashChanged, EquityMarked, StartTimer]
