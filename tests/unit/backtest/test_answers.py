from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from tests.builders import AT_MS
from tests.unit.backtest.worlds import MINUTES_5, a_series, a_trader, flat

from aitrader.backtest.answers import AnswerBook
from aitrader.backtest.history import History, Series
from aitrader.filters.panel import Panel
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.ids import TraderId
from aitrader.model.trader import LevelKind, Trader

ABOVE = TraderId("above")
CLOSES = (99.0, 99.0, 101.0, 99.0, 101.0)


def book_of(series: list[Series], *traders: Trader) -> AnswerBook:
    compiled = {row.trader_id: compile_trader(row.source) for row in traders or (a_trader(),)}
    return AnswerBook(compiled, History(series))


def instants(book: AnswerBook) -> list[int]:
    found = book.entry_instants(from_ms=0, to_ms=2**60)
    return [(at_ms - AT_MS) // MINUTES_5 for at_ms, _keys in found]


def test_a_signal_is_where_conditions_become_true_after_the_whole_lookback() -> None:
    book = book_of([a_series([flat(price) for price in CLOSES])])
    assert instants(book) == [3, 5]
    (first, second) = book.entry_instants(from_ms=0, to_ms=2**60)
    assert first[1] == second[1] == [(ABOVE, "BTCUSDT")]
    assert book.entry_instants(from_ms=first[0] + 1, to_ms=second[0]) == []


def test_a_gap_is_unknown_and_warms_up_again() -> None:
    before, after = (flat(99.0), flat(99.0), flat(101.0)), (flat(99.0), flat(101.0), flat(99.0))
    rows = [*before, None, *after, flat(101.0)]
    assert instants(book_of([a_series(rows)])) == [3, 8]


def test_symbols_that_match_together_stand_in_the_order_of_the_history() -> None:
    rows = [flat(price) for price in CLOSES]
    book = book_of([a_series(rows, "ETHUSDT"), a_series(rows)])
    (_at_ms, keys) = book.entry_instants(from_ms=0, to_ms=2**60)[0]
    assert [symbol for _trader, symbol in keys] == ["ETHUSDT", "BTCUSDT"]


def test_a_match_names_its_candle_and_fixed_exits() -> None:
    book = book_of([a_series([flat(price) for price in CLOSES])])
    match = book.match(ABOVE, "BTCUSDT", AT_MS + 3 * MINUTES_5)
    assert (match.candle_open_ms, match.close) == (AT_MS + 2 * MINUTES_5, 101.0)
    assert match.exits.stop_loss is not None
    assert match.exits.stop_loss.value == Decimal(2)


class Watched(History):
    """A history that counts how often a filter looked at it."""

    looks = 0

    def panel(self, symbols: Sequence[str], interval: str) -> Panel | None:
        """Count, and look."""
        self.looks += 1
        return super().panel(symbols, interval)


def test_fixed_exits_are_asked_of_no_filter_again() -> None:
    history = Watched([a_series([flat(price) for price in CLOSES])])
    book = AnswerBook({ABOVE: compile_trader(a_trader().source)}, history)
    one, looks = TraderId("one"), history.looks
    alone = book.alone(ABOVE, named=one)
    drawn = book.with_entries({(ABOVE, "BTCUSDT"): np.array([AT_MS + MINUTES_5])})
    exits = book.match(ABOVE, "BTCUSDT", AT_MS + 3 * MINUTES_5).exits
    assert alone.match(one, "BTCUSDT", AT_MS + 3 * MINUTES_5).exits == exits
    assert drawn.match(ABOVE, "BTCUSDT", AT_MS + MINUTES_5).exits == exits
    assert history.looks == looks


def test_a_level_of_the_candle_is_worked_out_at_the_match() -> None:
    rng = np.random.default_rng(3)
    prices = [100 + float(x) for x in np.round(rng.standard_normal(400), 2)]
    rows = [(price, price + 1, price - 1, price) for price in prices]
    book = book_of([a_series(rows)], a_trader('{"stop_loss": "2 atr"}'))
    at_ms, _keys = book.entry_instants(from_ms=0, to_ms=2**60)[5]
    stop = book.match(ABOVE, "BTCUSDT", at_ms).exits.stop_loss
    assert stop is not None
    assert stop.kind is LevelKind.DISTANCE
    assert Decimal(4) < stop.value < Decimal(8)


def test_an_exit_condition_is_found_at_its_closes() -> None:
    more = (
        '\n\ndef exit_conditions(m):\n    return {"high": m.close > 100.5, "low": m.close < 99.5}\n'
    )
    book = book_of([a_series([flat(price) for price in CLOSES])], a_trader(more=more))
    at_ms = AT_MS + 4 * MINUTES_5
    found = book.exit_match(ABOVE, "BTCUSDT", at_ms)
    assert found is not None
    assert found.condition == "low"
    assert book.exit_match(ABOVE, "BTCUSDT", at_ms + 1) is None
    assert book.exit_match(ABOVE, "ETHUSDT", at_ms) is None
    answers = book.find(ABOVE, "BTCUSDT")
    assert answers is not None
    assert answers.next_exit(at_ms) == at_ms + MINUTES_5
    assert answers.next_exit(at_ms + MINUTES_5) is None


def test_a_trader_that_names_a_symbol_reads_it_beside_each_other() -> None:
    condition = 'm.of("BTCUSDT").close > 100'
    rows = [flat(price) for price in CLOSES]
    series = [a_series(rows), a_series([flat(5.0)] * 5, "ADAUSDT")]
    book = book_of(series, a_trader(condition=condition))
    (_at_ms, keys) = book.entry_instants(from_ms=0, to_ms=2**60)[0]
    assert [symbol for _trader, symbol in keys] == ["BTCUSDT", "ADAUSDT"]


def test_a_slower_interval_counts_once_its_candle_has_closed() -> None:
    hour = INTERVAL_MS["1h"]
    fast = [flat(101.0)] * 40
    slow = a_series([flat(99.0), flat(99.0), flat(101.0)], interval="1h")
    trader = a_trader(condition='m.at("1h").close > 100')
    book = book_of([a_series(fast), slow], trader)
    (at_ms,) = (row[0] for row in book.entry_instants(from_ms=0, to_ms=2**60))
    assert at_ms == AT_MS + 3 * hour


def test_a_symbol_without_the_interval_is_not_answered() -> None:
    book = book_of([a_series([flat()], interval="1h")])
    assert book.find(ABOVE, "BTCUSDT") is None
    assert book.entry_instants(from_ms=0, to_ms=2**60) == []
