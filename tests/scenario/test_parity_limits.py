"""The same trades with every kind of exit and limit at once: backtest and running engine.

The traders enter often and lose often, so that each limit is reached; that each was is checked.
They look at an average that no price meets exactly: of a price that equals a moving sum to the last
digit, rounding alone says whether it has crossed it.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.parity import RECORDED, agreed, recorded, simulated, traders_of

from aitrader.backtest.job import Terms
from aitrader.backtest.record import Recorder
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.trader import Brakes, PositionSide

MINUTES_5 = INTERVAL_MS["5m"]
SOURCE = '''"""One of many that trade often."""
NAME = "{name}"
SYMBOLS = "all USDT"
INTERVAL = "5m"
SIDE = "{side}"
EXITS = {exits}
RISK = {risk}
{entry}

def conditions(m):
    return {{"moves on": crosses_{way}(m.close, ema(m.close, {length}))}}
{more}'''

EXITS = {
    "even": '{"stop_loss": "0.8%", "break_even": "0.3%", "take_profit": "1.2%"}',
    "trail": '{"stop_loss": "0.7%", "trailing": "0.4%", "max_age": "50m"}',
    "targets": '{"stop_loss": "1 atr", "take_profit": [("0.3%", 0.3), ("0.6%", 0.3), '
    '("1%", 0.4)], "break_even": "0.4%", "trailing": "0.9%"}',
    "age": '{"max_age": "20m"}',
    "level": '{"take_profit": "0.9%", "max_age": "2h"}',
    "rest": '{"stop_loss": "0.8%", "take_profit": "0.8%"}',
}
ENTRY = 'ENTRY = {"limit": "0.15%", "good_for": "10m"}'
LEVEL = """

def stop_loss(m):
    return {edge}(m.{price}, 6) {sign} 0.01


def exit_conditions(m):
    return {{"stretched": rsi(m.close, 7) {beyond}}}
"""
RISKS = {
    "open": '{"size": "4%", "max_open": 1}',
    "cool": '{"size": "4%", "max_open": 3, "cooldown": "90m"}',
    "streak": '{"size": "3%", "max_open": 3, "loss_streak": 2}',
    "loss": '{"size": "5%", "max_open": 3, "max_daily_loss": "0.05%"}',
    "exposure": '{"amount": 300, "max_open": 10, "max_exposure": "6%"}',
    "haste": '{"amount": 200, "max_open": 10, "max_per_minute": 1}',
}
REASONS = {"STOP_LOSS", "TAKE_PROFIT", "TRAILING", "MAX_AGE", "EXIT_CONDITIONS"}
OWN = (
    "is full",
    "waits 90 min",
    "the trader has lost 2 times in a row",
    "of its equity today, the limit is 0.05%",
    "in positions, the limit is 6%",
    "the trader has sent 1 entries within a minute",
)
"""What the sentences of the traders' own limits have in them."""


def all_sources() -> list[str]:
    """A trader of each side for each kind of exit, with each limit in turn."""
    found = []
    risks = list(RISKS)
    for number, kind in enumerate(EXITS):
        for side, way in (("LONG", "above"), ("SHORT", "below")):
            is_long = side == "LONG"
            level = LEVEL.format(
                edge="lowest" if is_long else "highest",
                price="low" if is_long else "high",
                sign="-" if is_long else "+",
                beyond="> 70" if is_long else "< 30",
            )
            limit = risks[len(found) % len(risks)]
            found.append(
                SOURCE.format(
                    name=f"{kind} {side} {limit}".lower(),
                    side=side,
                    exits=EXITS[kind],
                    risk=RISKS[limit],
                    way=way,
                    length=4 + number,
                    more=level if kind == "level" else "",
                    entry=ENTRY if kind == "rest" else "",
                )
            )
    return found


def reached(record: Recorder, words: tuple[str, ...]) -> set[str]:
    """Return which of these words some refusal has in it."""
    return {word for word in words if any(word in reason for reason in record.refusals)}


ACCOUNTS = {
    "pace": (
        Terms(max_open_positions=4, brakes=Brakes(cooldown_ms=900_000, max_entries_per_min=2)),
        ("the account is full: 4 of 4", "the account left", "the account has sent 2 entries"),
    ),
    "loss": (
        Terms(brakes=Brakes(max_daily_loss_pct=Decimal("0.15"))),
        ("the account has lost 0.",),
    ),
    "streak": (Terms(brakes=Brakes(loss_streak=4)), ("the account has lost 4 times in a row",)),
    "worth": (
        Terms(brakes=Brakes(max_exposure_pct=Decimal(12), max_drawdown_pct=Decimal("0.3"))),
        ("the account would have", "the account is"),
    ),
}
"""Accounts with limits, and what the sentences of their limits have in them."""


def test_traders_with_limits_of_their_own_trade_the_same(tmp_path: Path) -> None:
    found = agreed(tmp_path, simulated(tmp_path, 2, 120), traders_of(all_sources()), terms=Terms())
    assert reached(found, OWN) == set(OWN)
    assert {trade.exit_reason for trade in found.trades} == REASONS
    assert {trade.side for trade in found.trades} == set(PositionSide)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_traders_in_a_limited_account_trade_the_same(tmp_path: Path, account: str) -> None:
    terms, words = ACCOUNTS[account]
    found = agreed(tmp_path, simulated(tmp_path, 2, 120), traders_of(all_sources()), terms=terms)
    assert reached(found, words) == set(words)


def test_the_best_worth_between_two_signals_counts(tmp_path: Path) -> None:
    source = SOURCE.format(
        name="Seldom",
        side="LONG",
        exits='{"stop_loss": "9%", "max_age": "3h"}',
        risk='{"size": "25%", "max_open": 2}',
        way="above",
        length=12,
        more="",
        entry="",
    )
    terms = Terms(brakes=Brakes(max_drawdown_pct=Decimal("1.2")))
    found = agreed(tmp_path, simulated(tmp_path, 2, 400), traders_of([source]), terms=terms)
    assert reached(found, ("below its best",))


def test_orders_filled_on_faster_candles_give_the_same_trades(tmp_path: Path) -> None:
    files = simulated(tmp_path, 2, 500, interval="1m")
    found = agreed(tmp_path, files, traders_of(all_sources()), terms=Terms())
    assert {trade.exit_reason for trade in found.trades} == REASONS
    assert any(trade.exit_ms % MINUTES_5 for trade in found.trades)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not RECORDED.exists(), reason="recorded candles are not ours to ship")
@pytest.mark.parametrize("account", ["free", "worth"])
def test_a_recorded_month_with_limits_gives_the_same_trades(tmp_path: Path, account: str) -> None:
    terms = ACCOUNTS[account][0] if account in ACCOUNTS else Terms()
    found = agreed(tmp_path, recorded(tmp_path, None), traders_of(all_sources()), terms=terms)
    assert len(found.trades) > 30
