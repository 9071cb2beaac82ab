"""A node is described as a person would write it."""

from __future__ import annotations

import pytest
from tests.filter_worlds import compiled

from aitrader.filters.describe import MAX_TEXT, short


@pytest.mark.parametrize(
    ("condition", "texts"),
    [
        ("m.close > 5", {"close"}),
        ("rsi(m.close, 14) < 30", {"rsi(close, 14)"}),
        ("atr(m, 14) > 1", {"atr(m, 14)"}),
        ("macd(m.close).signal > 0", {"macd(close, 12, 26, 9).signal"}),
        ("m.at('1h').close > m.open", {"1h close", "open"}),
        ("m.of('BTCUSDT').close > 1", {"BTCUSDT close"}),
        ("m.close - m.open > 1", {"close - open"}),
        ("(m.close - m.open) / m.range > 1", {"(close - open) / (high - low)"}),
        (
            "(m.close - sma(m.close, 9)) / stdev(m.close, 9) < 1",
            {"(close - sma(close, 9)) / stdev(close, 9)"},
        ),
        ("lowest(m.low, 9)[1] * 0.98 > 1", {"lowest(low, 9)[1] * 0.98"}),
        ("-m.body < 1", {"-(close - open)"}),
        ("abs(m.body) > 1", {"abs(close - open)"}),
        ("count(m.close > m.open, 5) > 1", {"count(close > open, 5)"}),
        ("crosses_above(m.close, sma(m.close, 9))", {"close", "sma(close, 9)"}),
        ("within(m.hour > 5, 3)", {"hour"}),
        ("pattern(m, 'doji') > 0", {"pattern doji(m)"}),
        ("where(m.close > 1, m.high, np.nan) > 1", {"where(close > 1, high, nan)"}),
        ("highest(m.high, 5)[1] < m.close", {"highest(high, 5)", "close"}),
        ("sma(m.close[1], 5) < 1", {"sma(close[1], 5)"}),
        ("sma(m.body[1], 5) < 1", {"sma((close - open)[1], 5)"}),
        (
            "nz(m.close, 2) > 1",
            {"nz(close, always(known(close), 1), 2.0)", "nz(close, known(close), 2.0)"},
        ),
        ("(m.close > 1 and m.open > 1) or m.high > 1", {"close", "open", "high"}),
        ("obv(m) > sma(obv(m), 9)", set()),
        ("where(m.close > 1 or m.open > 2, 1, 0) > 0", {"where((close > 1) or (open > 2), 1, 0)"}),
    ],
)
def test_the_values_behind_a_condition_are_named(condition: str, texts: set[str]) -> None:
    found = {text for text, _ in compiled(condition).findings["c0"]}
    assert found <= texts and bool(found) == bool(texts), found


def test_what_is_nested_deeply_is_left_out() -> None:
    inner = "m.close"
    for _ in range(12):
        inner = f"abs({inner} - 1)"
    text = compiled(f"{inner} > 1").findings["c0"][0][0]
    assert "..." in text and len(text) <= MAX_TEXT


def test_a_long_text_is_cut() -> None:
    assert short("a" * 100).endswith("...") and len(short("a" * 100)) == MAX_TEXT
    assert short("a") == "a"


def test_a_condition_names_a_few_values_at_most() -> None:
    many = " or ".join(f"sma(m.close, {n}) > 1" for n in range(2, 20))
    assert len(compiled(many).findings["c0"]) == 6
    shared = "(m.close > 1 and m.open > 1) or (m.close > 1 and m.high > 1)"
    assert len(compiled(shared).findings["c0"]) == 3
