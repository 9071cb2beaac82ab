"""What the engine answered, as text."""

from __future__ import annotations

from decimal import Decimal

from tests.builders import a_signal

from aitrader.model.control import ConditionRow, ExplanationRow
from aitrader.model.signal import Finding
from aitrader.model.trader import Exits, Level, LevelKind, Target
from aitrader.tui.answers import exits_lines, explanation_text, number, signal_text

HELD = ConditionRow("RSI is low", "true", (("rsi(close, 14)", 21.25),))
MISSING = ConditionRow("trend is up", "false", (("ema(close, 50)", 99.0),))
UNKNOWN = ConditionRow("volume is high", "unknown", (("volume", None),))


def a_row(symbol: str, *conditions: ConditionRow, **changes: bool) -> ExplanationRow:
    states = {"is_ready": True, "is_signal": False, "held_before": False, **changes}
    return ExplanationRow(symbol, 60_000, conditions=conditions, **states)


def test_the_nearest_symbols_are_told_in_whole_and_the_rest_in_a_line() -> None:
    rows = [a_row(f"S{n}", HELD, MISSING) for n in range(3)]
    text = explanation_text([*rows, a_row("LAST", MISSING, UNKNOWN, is_ready=False)])
    assert "the candle of 00:01" in text
    assert text.count("rsi(close, 14) = 21.25") == 3
    last = text.splitlines()[-1]
    assert last.split() == [
        "LAST",
        "0",
        "of",
        "2",
        "warming",
        "up",
        "✗",
        "trend",
        "is",
        "up,",
        "?",
        "volume",
        "is",
        "high",
    ]


def test_a_signal_and_conditions_that_only_went_on_are_named() -> None:
    text = explanation_text([a_row("A", HELD, is_signal=True), a_row("B", HELD, held_before=True)])
    assert "1 of 1  signal" in text
    assert "nothing became true" in text
    assert explanation_text([]) == ""


def test_numbers_are_short_and_unknown_is_said() -> None:
    assert number(0.000012345678) == "1.23457e-05"
    assert number(None) == "unknown"


def test_a_signal_shows_its_values_and_how_it_leaves() -> None:
    finding = Finding("RSI is low", (("rsi(close, 14)", 21.25),))
    text = signal_text(a_signal(findings=(finding,)))
    assert "✓ RSI is low" in text
    assert "rsi(close, 14) = 21.25" in text
    assert "how it leaves" in text


def test_every_kind_of_exit_has_its_words() -> None:
    exits = Exits(
        stop_loss=Level(LevelKind.DISTANCE, Decimal("1.5")),
        take_profit=(
            Target(Level(LevelKind.PERCENT, Decimal("2.00")), Decimal("0.5")),
            Target(Level(LevelKind.PRICE, Decimal(120)), Decimal("0.5")),
        ),
        trailing_pct=Decimal(1),
        max_age_ms=12 * 3_600_000,
    )
    assert exits_lines(exits) == [
        "stop loss 1.5000 from the price paid",
        "take profit 2 % for 50 %",
        "take profit at 120.000 for 50 %",
        "trailing 1 %",
        "max age 12h00",
    ]
    assert exits_lines(Exits()) == []
