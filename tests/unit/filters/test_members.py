"""Behind a dot stand fields, outputs and functions of ours; never a Python attribute."""

from __future__ import annotations

import pytest
from tests.filter_worlds import compiled

from aitrader.model.errors import FilterFault


def same(one: str, other: str) -> bool:
    return compiled(one).digest == compiled(other).digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("m.Close > 1", "m.close > 1"),
        ("m.rsi(14) < 30", "rsi(m.close, 14) < 30"),
        ("m.atr(9) > 1", "atr(m, 9) > 1"),
        ("m.vwap() > 1", "vwap(m) > 1"),
        ("m.close.ema(9) > 1", "ema(m.close, 9) > 1"),
        ("m.close.crosses_above(5)", "crosses_above(m.close, 5)"),
        ("(m.close > 1).within(3)", "within(m.close > 1, 3)"),
        ("macd(m.close).histogram > 1", "macd(m.close).hist > 1"),
        ("macd(m.close).HIST > 1", "macd(m.close).hist > 1"),
        ("macd(m.close).macdsignal > 1", "macd(m.close).signal > 1"),
        ("supertrend(m).trend > 0", "supertrend(m).direction > 0"),
        ("np.NaN > m.close", "np.nan > m.close"),
        ("talib.EMA(m.close, 9) > 1", "ema(m.close, 9) > 1"),
        ("m.close > len(m.interval)", "m.close > 2"),
        ("m.close > len(m.timeframe)", "m.close > 2"),
        ("m.close > len('ab'.upper().lower().title().strip())", "m.close > 2"),
    ],
)
def test_a_member_means(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("m.symbol == 'A'", "SYMBOLS"),
        ("m.nothing > 1", "the market has no 'nothing'"),
        ("m.range_ > 1", "did you mean"),
        ("m.len() > 1", "the market has no length"),
        ("m.range_() > 1", "the market has no"),
        ("m.zip() > 1", "the market has no 'zip'"),
        ("m.close.median() > 1", "into the future"),
        ("m.close.wrong > 1", "a series has no '.wrong'"),
        ("m.close.atr(5) > 1", "a series has no '.atr'"),
        ("macd(m.close).wrong > 1", "it has macd, signal, hist"),
        ("macd(m.close).signals > 1", "did you mean 'signal'"),
        ("np.wrong > 1", "np.wrong is not available"),
        ("np.meen(m.close) > 1", "not available"),
        ("[1].pop()", "not available on a list"),
        ("'a'.encode()", "not available on a text"),
        ("(5).real", "not available on a number"),
        ("None.x", "not available on None"),
        ("ema.x", "not available on a function"),
        ("m.at.x", "not available on a method"),
        ("(lambda: 1).x", "not available on a function"),
        ("m.close.rolling(5).wrong()", "not available on a rolling window"),
        ("{}.pop()", "not available on a dict"),
    ],
)
def test_another_member_is_refused(text: str, said: str) -> None:
    with pytest.raises(FilterFault) as caught:
        compiled(text)
    assert said in str(caught.value)
