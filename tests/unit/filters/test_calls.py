"""Calls of functions, of methods, of nothing that can be called."""

from __future__ import annotations

import pytest
from tests.filter_worlds import compiled
from tests.unit.filters.test_members import same
from tests.unit.filters.test_plain import number

from aitrader.filters.calls import interval_of
from aitrader.model.errors import FilterFault


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("m.close.shift() > 1", "m.close[1] > 1"),
        ("m.close.shift(periods=2) > 1", "m.close[2] > 1"),
        ("m.close.diff(3) > 1", "change(m.close, 3) > 1"),
        ("m.close.pct_change() > 1", "pct_change(m.close, 1) > 1"),
        ("m.close.abs() > 1", "abs(m.close) > 1"),
        ("m.close.round(2) > 1", "round(m.close, 2) > 1"),
        ("m.close.fillna(0) > 1", "nz(m.close, 0) > 1"),
        ("m.close.between(1, 2)", "between(m.close, 1, 2)"),
        ("m.close.rolling(5).mean() > 1", "sma(m.close, 5) > 1"),
        ("m.close.rolling(window=5, min_periods=1).max() > 1", "highest(m.close, 5) > 1"),
        ("m.close.rolling(5).min() > 1", "lowest(m.close, 5) > 1"),
        ("m.close.rolling(5).sum() > 1", "rolling_sum(m.close, 5) > 1"),
        ("m.close.rolling(5).std() > 1", "stdev(m.close, 5) > 1"),
        ("m.close.rolling(5).var() > 1", "variance(m.close, 5) > 1"),
        ("m.close.ewm(span=5).mean() > 1", "ema(m.close, 5) > 1"),
        ("(m.close > m.open).rolling(5).sum() > 1", "rolling_sum(m.close > m.open, 5) > 1"),
        ("m.at(interval='1h').close > 1", "m.at('1h').close > 1"),
        ("m.of('eth/usdt').close > 1", "m.of('ETHUSDT').close > 1"),
        ("m.of('ETHUSDT').at('1h').close > 1", "m.at('1h').of('ETHUSDT').close > 1"),
    ],
)
def test_pandas_habits_are_understood(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 5}.get('a')", 5),
        ("{'a': 5}.get('b', 6)", 6),
        ("(1 if {'a': 5}.get('b') is None else 2)", 1),
        ("len({'a': 5}.items())", 1),
        ("{'a': 5}.items()[0][1]", 5),
        ("len({'a': 5}.keys()[0])", 1),
        ("{'a': 5}.values()[0]", 5),
    ],
)
def test_a_dict_can_be_asked(text: str, value: float) -> None:
    assert number(text) == value


def test_lists_and_dicts_grow_in_helper_code() -> None:
    setup = (
        "x = []\nx.append(5)\nx.extend([6, 7])\nd = {}\nd.update({'a': 8})\nd['b'] = 9\nx[0] = 1"
    )
    assert (
        compiled("m.close > x[2] + d['a'] + d['b'] + x[0]", setup=setup).digest
        == compiled("m.close > 25").digest
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(5)()", "a number cannot be called"),
        ("m.close(1) > 1", "the value one bar ago is series[1]"),
        ("m()", "cannot be called"),
        ("np()", "cannot be called"),
        ("m.at() > 1", "takes one text"),
        ("m.at(5) > 1", "takes one text"),
        ("m.at('1h', '2h') > 1", "takes one text"),
        ("m.at('7m').close > 1", "not an interval"),
        ("m.at('1m').close > 1", "faster"),
        ("m.of('').close > 1", "not a symbol"),
        ("m.of('a b').close > 1", "not a symbol"),
        ("m.close.shift(steps=1) > 1", "no parameter 'steps'"),
        ("m.close.shift(1, 2) > 1", "one whole number"),
        ("m.close.shift(1.5) > 1", "one whole number"),
        ("m.close.shift('a') > 1", "one whole number"),
        ("m.close.rolling() > 1", "one whole number"),
        ("m.close.rolling(5) > 1", "cannot compare"),
        ("m.close.rolling(0).mean() > 1", "not allowed"),
        ("m.close.ewm(span=5).std() > 1", "use ema"),
        ("{}.get()", "takes a key"),
        ("{}.get([])", "takes a key"),
        ("{}.get(1, 2, 3)", "takes a key"),
        ("{}.update([])", "takes one dict"),
        ("{}.update()", "takes one dict"),
        ("[].append()", "takes one value"),
        ("[].extend(5)", "cannot loop"),
        ("range(999).extend(range(999))", "longer"),
        ("max(*range(99))", "too many arguments"),
    ],
)
def test_a_wrong_call_is_explained(text: str, said: str) -> None:
    with pytest.raises(FilterFault) as caught:
        compiled(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "interval"),
    [("1H", "1h"), (" 15 min", "15m"), ("60", "1h"), ("Daily", "1d"), ("W", "1w")],
)
def test_an_interval_has_many_spellings(text: str, interval: str) -> None:
    assert interval_of(text) == interval
