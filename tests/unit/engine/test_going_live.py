"""What going live means, and who may not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import a_plan, a_trader

from aitrader.engine.going_live import LivePlace, find_refusal, meaning
from aitrader.model.trader import EntryPlan, Limits, PositionSide, SizeKind

PLACE = LivePlace("real money on binance.com")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (SizeKind.AMOUNT, "2.5 USDT an entry"),
        (SizeKind.SIZE, "2.5% of the account an entry"),
        (SizeKind.RISK, "2.5% of the account at risk an entry"),
    ],
)
def test_the_person_reads_where_how_much_and_how_many(kind: SizeKind, words: str) -> None:
    limits = Limits(kind=kind, value=Decimal("2.50"), max_open=3)
    trader = a_trader(plan=a_plan(limits=limits))
    assert meaning(trader, PLACE, symbols=7) == (
        f"Dip would trade real money on binance.com: {words}, at most 3 open at once, "
        "7 symbols on 5m candles, market orders with stop and target at the exchange; "
        "ask again to confirm"
    )


def test_who_enters_at_a_limit_is_told_so() -> None:
    plan = a_plan(entry=EntryPlan(limit_pct=Decimal("0.2")))
    assert (
        "limit orders 0.2% below the close, for one candle at most, with stop and target"
        in meaning(a_trader(plan=plan), PLACE, symbols=7)
    )


def test_who_sells_short_stays_on_paper() -> None:
    short = a_trader(plan=a_plan(side=PositionSide.SHORT))
    assert "cannot sell what is not held" in find_refusal(short, PLACE)
    assert find_refusal(a_trader(), PLACE) == ""


def test_without_a_live_account_everybody_stays_on_paper() -> None:
    assert find_refusal(a_trader(), None).endswith("PAPER_TRADING is true")
