"""Constants of a trader file: every legal form, and a sentence for every other."""

# ruff: noqa: E501 -- a table of cases reads best with one case per line

from __future__ import annotations

from decimal import Decimal

import pytest

from aitrader.filters.compiled import ExitPlan, LevelPlan
from aitrader.filters.constants import (
    entry_of,
    exits_of,
    limits_of,
    name_of,
    notices_of,
    percent_of_text,
    side_of,
    symbols_of,
    text_of,
)
from aitrader.model.errors import FilterFault
from aitrader.model.trader import (
    Brakes,
    EntryPlan,
    LevelKind,
    Limits,
    PositionSide,
    SizeKind,
    Universe,
)


@pytest.mark.parametrize(
    ("value", "universe"),
    [
        (["BTCUSDT", "ETHUSDT"], Universe(("BTCUSDT", "ETHUSDT"))),
        (("btc/usdt", "BTC-USDT"), Universe(("BTCUSDT",))),
        ("BTCUSDT, ETHUSDT", Universe(("BTCUSDT", "ETHUSDT"))),
        ("top 50 USDT", Universe(quote="USDT", top=50)),
        ("Top 5 usdc", Universe(quote="USDC", top=5)),
        ("all USDT", Universe(quote="USDT")),
        ("top 9 USDT except BTCUSDT", Universe(quote="USDT", top=9, excluded=("BTCUSDT",))),
        ("all USDT without BTC, eth", Universe(quote="USDT", excluded=("BTCUSDT", "ETHUSDT"))),
        ("all USDT but BTC and USDT", Universe(quote="USDT", excluded=("BTCUSDT", "USDTUSDT"))),
    ],
)
def test_a_universe_is_a_list_or_an_expression(value: object, universe: Universe) -> None:
    assert symbols_of(value) == universe


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        [],
        5,
        ["x"],
        [5],
        "top USDT",
        "top 0 USDT",
        "top 5000 USDT",
        "best 5",
        ["A" * 5000],
        ["BTCUSDT"] * 1001,
    ],
)
def test_another_universe_is_refused(value: object) -> None:
    with pytest.raises(FilterFault, match="SYMBOLS"):
        symbols_of(value)


def test_a_side_is_long_or_short() -> None:
    assert side_of("long") is PositionSide.LONG
    assert side_of("SELL") is PositionSide.SHORT
    for wrong in ("up", 1, None):
        with pytest.raises(FilterFault, match="SIDE"):
            side_of(wrong)


def percent(number: str) -> LevelPlan:
    return LevelPlan(LevelKind.PERCENT, Decimal(number))


@pytest.mark.parametrize(
    ("value", "plan"),
    [
        ({"stop_loss": "2%"}, ExitPlan(percent("2"))),
        ({"stop_loss": " 0.5 % "}, ExitPlan(percent("0.5"))),
        (
            {"stop_loss": "1.5 atr"},
            ExitPlan(LevelPlan(LevelKind.DISTANCE, Decimal("1.5"), "atr 14")),
        ),
        (
            {"stop_loss": "2 x ATR(21)"},
            ExitPlan(LevelPlan(LevelKind.DISTANCE, Decimal(2), "atr 21")),
        ),
        ({"take_profit": "4%"}, ExitPlan(targets=((percent("4"), Decimal(1)),))),
        (
            {"take_profit": [("2%", 0.5), ["4%", 0.5]]},
            ExitPlan(targets=((percent("2"), Decimal("0.5")), (percent("4"), Decimal("0.5")))),
        ),
        ({"take_profit": [("2%", 0.3)]}, ExitPlan(targets=((percent("2"), Decimal("0.3")),))),
        ({"trailing": "1%"}, ExitPlan(trailing_pct=Decimal(1))),
        ({"break_even": "1%"}, ExitPlan(break_even_pct=Decimal(1))),
        ({"max_age": "12h"}, ExitPlan(max_age_ms=43_200_000)),
        ({"max_age": "90 minutes"}, ExitPlan(max_age_ms=5_400_000)),
        ({"max_age": "1.5d", "stop_loss": None}, ExitPlan(max_age_ms=129_600_000)),
        ({}, ExitPlan()),
    ],
)
def test_exits_are_percentages_ranges_and_ages(value: object, plan: ExitPlan) -> None:
    assert exits_of(value) == plan


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "2%",
        {1: "2%"},
        {"stoploss": "2%"},
        {"stop_loss": 2},
        {"stop_loss": "2"},
        {"stop_loss": "0%"},
        {"stop_loss": "5000%"},
        {"stop_loss": "-2%"},
        {"stop_loss": "0 atr"},
        {"stop_loss": ["2%"]},
        {"take_profit": []},
        {"take_profit": ["2%"]},
        {"take_profit": [("2%", 0)]},
        {"take_profit": [("2%", 2)]},
        {"take_profit": [("2%", 0.6), ("3%", 0.6)]},
        {"take_profit": [("2%", "half")]},
        {"take_profit": [("2%", 0.1)] * 6},
        {"trailing": 1},
        {"trailing": "1 atr"},
        {"max_age": "12"},
        {"max_age": 12},
        {"max_age": "10s"},
        {"max_age": "0m"},
        {"max_age": "9999d"},
    ],
)
def test_other_exits_are_refused(value: object) -> None:
    with pytest.raises(FilterFault) as caught:
        exits_of(value)
    assert caught.value.reason


@pytest.mark.parametrize(
    ("value", "limits"),
    [
        ({"risk": "1%"}, Limits(SizeKind.RISK, Decimal(1), 1)),
        ({"size": "5%", "max_open": 3}, Limits(SizeKind.SIZE, Decimal(5), 3)),
        ({"amount": 100}, Limits(SizeKind.AMOUNT, Decimal(100), 1)),
        ({"amount": 99.5}, Limits(SizeKind.AMOUNT, Decimal("99.5"), 1)),
    ],
)
def test_a_size_is_risk_share_or_amount(value: object, limits: Limits) -> None:
    assert limits_of(value) == limits


@pytest.mark.parametrize(
    "value",
    [
        None, {}, {"max_open": 1}, {"risk": "1%", "size": "5%"}, {"risk": 1}, {"risk": "200%"}, {"size": "0%"},
        {"amount": "100"}, {"amount": 0}, {"amount": -5}, {"amount": True}, {"amount": 10**12},
        {"risk": "1%", "max_open": 0}, {"risk": "1%", "max_open": 1.5}, {"risk": "1%", "max_open": True},
        {"risk": "1%", "leverage": 10}, {"risk": "1%", "max_exposure": 30}, {"risk": "1%", "cooldown": "8d"},
        {"risk": "1%", "cooldown": 30}, {"risk": "1%", "loss_streak": 0}, {"risk": "1%", "max_per_minute": "2"},
    ],
)  # fmt: skip
def test_another_size_is_refused(value: object) -> None:
    with pytest.raises(FilterFault, match=r"RISK|risk|size|max_exposure"):
        limits_of(value)


def test_what_holds_entries_back_is_read_from_risk() -> None:
    limits = limits_of(
        {
            "risk": "1%",
            "max_exposure": "30%",
            "max_daily_loss": "2.5%",
            "max_drawdown": "10%",
            "cooldown": "30m",
            "loss_streak": 3,
            "max_per_minute": 5,
        }
    )
    assert limits.brakes == Brakes(
        max_exposure_pct=Decimal(30),
        max_daily_loss_pct=Decimal("2.5"),
        max_drawdown_pct=Decimal(10),
        cooldown_ms=1_800_000,
        loss_streak=3,
        max_entries_per_min=5,
    )
    assert limits_of({"risk": "1%"}).brakes == Brakes()


def test_a_percentage_names_what_it_is_for() -> None:
    with pytest.raises(FilterFault, match="trailing must be a percentage"):
        percent_of_text("trailing", 1)


def test_a_name_is_one_line() -> None:
    assert name_of("Dip buyer 2") == "Dip buyer 2"
    for wrong in ("a\nb", "a\x1b[31m", "\u202eabc"):
        with pytest.raises(FilterFault, match="one line"):
            name_of(wrong)


def test_a_text_has_a_length() -> None:
    assert text_of("NAME", "  a ", longest=5) == "a"
    for wrong in ("", "  ", "a" * 6, 5, None):
        with pytest.raises(FilterFault, match="NAME"):
            text_of("NAME", wrong, longest=5)


@pytest.mark.parametrize(
    ("value", "plan"),
    [
        ({"limit": "0.2%"}, EntryPlan(Decimal("0.2"))),
        ({"limit": "50%", "good_for": "10m"}, EntryPlan(Decimal(50), 600_000)),
        ({"limit": "1%", "good_for": "7d"}, EntryPlan(Decimal(1), 604_800_000)),
        ({"limit": "1%", "good_for": None}, EntryPlan(Decimal(1))),
    ],
)
def test_an_entry_is_a_limit_and_its_time(value: object, plan: EntryPlan) -> None:
    assert entry_of(value) == plan


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("market", "ENTRY must be a dict"),
        ({}, "'limit' is missing"),
        ({"good_for": "10m"}, "'limit' is missing"),
        ({"limit": 0.2}, "limit must be a percentage"),
        ({"limit": "51%"}, "limit must be above 0 and at most 50"),
        ({"limit": "0%"}, "limit must be above 0"),
        ({"limit": "1 atr"}, "limit must be a percentage"),
        ({"limit": "1%", "good_for": 10}, "ENTRY: good_for cannot be"),
        ({"limit": "1%", "good_for": "8d"}, "ENTRY: good_for must be 1 minute to 7 days"),
        ({"limit": "1%", "for": "8d"}, "ENTRY has no 'for'"),
    ],
)
def test_another_entry_is_refused(value: object, words: str) -> None:
    with pytest.raises(FilterFault, match=words):
        entry_of(value)


@pytest.mark.parametrize(
    ("value", "notices"),
    [
        ([], ()),
        ("signals", ("signals",)),
        (["analyses", "signals"], ("signals", "analyses")),
        (("analyses",), ("analyses",)),
    ],
)
def test_a_trader_names_what_of_its_own_is_told(value: object, notices: tuple[str, ...]) -> None:
    assert notices_of(value) == notices


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "NOTIFY must be a list"),
        (["fills"], "NOTIFY takes signals, analyses, found 'fills'"),
        ([1], "found 'a number'"),
    ],
)
def test_other_notices_are_refused(value: object, words: str) -> None:
    with pytest.raises(FilterFault, match=words):
        notices_of(value)
