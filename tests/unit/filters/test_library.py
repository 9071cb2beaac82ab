"""Arguments are bound by place, by name and by other libraries' names; all else is refused."""

from __future__ import annotations

import pytest
from tests.filter_worlds import compiled

from aitrader.filters.catalog import FUNCTIONS
from aitrader.model.errors import FilterFault


def same(one: str, other: str) -> bool:
    return compiled(one).graph.nodes == compiled(other).graph.nodes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ema(m.close, 9) > 1", "ema(source=m.close, length=9) > 1"),
        ("ema(m.close, 9) > 1", "ema(m.close, TIMEPERIOD=9) > 1"),
        ("ema(m.close, 20) > 1", "ema(m) > 1"),
        ("atr(m, 9) > 1", "atr(m.high, m.low, m.close, 9) > 1"),
        ("atr(m, 14) > 1", "atr() > 1"),
        ("atr(m, 9) > 1", "atr(length=9) > 1"),
        ("bbands(m.close, 20, 2).upper > 1", "bbands(m.close, 20, nbdevup=2, nbdevdn=2).upper > 1"),
        ("vwap(m) > 1", "vwap() > 1"),
        ("vwap(m, m.hlc3) > 1", "ta.vwap(hlc3) > 1"),
        ("pattern(m, 'doji') > 1", "pattern('doji') > 1"),
        ("within(m.close > 1, 5)", "within(m.close > 1, length=5)"),
        ("bars_since(m.close > 1, 50) < 5", "bars_since(m.close > 1, bars=50) < 5"),
        (
            "stoch(m, 9, 2, 4).k > 1",
            "stoch(m, fastk_period=9, slowk_period=2, slowd_period=4, slowk_matype=0).k > 1",
        ),
        ("ema(m.close, 8.0) > 1", "ema(m.close, 2 ** 3) > 1"),
        ("ema(m.close > m.open, 9) > 0.5", "ema(where(m.close > m.open, 1, 0), 9) > 0.5"),
    ],
)
def test_two_spellings_are_one_graph(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ema() > 1", "needs 'source'"),
        ("within(m.close > 1)", "needs 'bars'"),
        ("ema(m.close, 9, 9) > 1", "at most 2 arguments"),
        ("ema(m.close, 9, length=9) > 1", "given twice"),
        ("ema(m.close, speed=9) > 1", "no parameter 'speed'"),
        ("bbands(m.close, nbdevup=2, nbdevdn=3).upper > 1", "given twice"),
        ("ema(m.close, 9, matype=1) > 1", "no parameter 'matype'"),
        ("ema(m.close, 2.5) > 1", "whole number"),
        ("ema(m.close, 'x') > 1", "must be a number"),
        ("ema(m.close, m.close) > 1", "cannot change from candle to candle"),
        ("ema(m.close, True) > 1", "must be a number"),
        ("ema(m.close, 0) > 1", "must be 1 to 2000"),
        ("ema(m.close, np.nan) > 1", "must be 1 to 2000"),
        ("bbands(m.close, 20, 99).upper > 1", "0.01 to 20"),
        ("ema(5) > 1", "expected a series"),
        ("ema('x') > 1", "expected a series"),
        ("ema(macd(m.close)) > 1", "several outputs"),
        ("atr(m.close, 5) > 1", "takes the market first"),
        ("atr('x') > 1", "must be a number"),
        ("within(m.close, 5)", "expected a condition"),
        ("within(5, 5)", "expected a condition"),
        ("pattern(m, 5) > 1", "must be a text"),
        ("pattern(m) > 1", "needs 'name'"),
        ("heikin_ashi(5).close > 1", "takes the market"),
        ("pattern(1, 'doji') > 1", "takes the market"),
        ("max(a=1) > 1", "no named arguments"),
        ("crosses_above('a', m.close)", "expected a series"),
        ("m.close.shift(-3) > 1", "into the future"),
        ("ema(m.close, *[9, 9, 9, 9]) > 1", "at most"),
    ],
)
def test_a_wrong_argument_is_explained(text: str, said: str) -> None:
    with pytest.raises(FilterFault) as caught:
        compiled(text)
    assert said in str(caught.value)


def test_signatures_show_defaults() -> None:
    assert FUNCTIONS["bbands"].signature == "bbands(source, length=20, mult=2.0)"
    assert FUNCTIONS["atr"].signature == "atr(m, length=14)"
    assert FUNCTIONS["max"].signature == "max(a, b, ...)"
    assert FUNCTIONS["within"].signature == "within(condition, bars)"
