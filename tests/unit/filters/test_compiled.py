"""A compiled trader names its conditions and what it reads."""

from __future__ import annotations

from tests.filter_worlds import compiled


def test_what_is_read_is_listed_per_interval_and_symbol() -> None:
    trader = compiled("m.close > m.of('BTCUSDT').at('1h').close")
    assert trader.reads == {("5m", ""), ("1h", "BTCUSDT")}
    assert trader.symbols_named == ("BTCUSDT",)


def test_conditions_keep_their_order() -> None:
    assert compiled("m.close > 2", "m.close > 1").conditions == ("c0", "c1")
    assert compiled("m.close > 2").exit_conditions == ()
