import pickle

import numpy as np
import pytest
from tests.builders import AT_MS
from tests.unit.backtest.worlds import MINUTES_5, Candle, a_series, flat

from aitrader.backtest.history import History, until
from aitrader.model.candle import DAY_MS


def test_a_series_knows_its_span_and_where_an_instant_is() -> None:
    series = a_series([flat(), flat(), flat()])
    assert (series.first_ms, series.end_ms, len(series)) == (AT_MS, AT_MS + 3 * MINUTES_5, 3)
    assert series.place(AT_MS) == 0
    assert series.place(AT_MS + 1) == 1
    assert series.place(AT_MS - 1) == 0


def test_the_first_candle_that_reaches_an_edge_is_found_far_away() -> None:
    quiet = [(100.0, 101.0, 99.0, 100.0)] * 700
    series = a_series([*quiet, (100.0, 103.0, 99.0, 100.0), *quiet, (100.0, 101.0, 90.0, 95.0)])
    assert series.find_touched(0, below=95.0, above=102.0) == 700
    assert series.find_touched(701, below=95.0, above=104.0) == 1401
    assert series.find_touched(0, below=80.0, above=110.0) is None


def test_the_search_finds_what_a_look_at_every_candle_finds() -> None:
    rng = np.random.default_rng(3)
    middles = 100 + np.cumsum(rng.normal(0, 0.2, 5_000))
    rows: list[Candle | None] = [(m, m + 0.3, m - 0.3, m) for m in middles.tolist()]
    rows[900:1000] = [None] * 100
    series = a_series(rows)
    for start in rng.integers(0, 5_000, 300).tolist():
        below, above = 100 + rng.uniform(-12, 0), 100 + rng.uniform(0, 12)
        touched = (series.values["low"] <= below) | (series.values["high"] >= above)
        places = np.flatnonzero(touched[start:])
        expected = start + int(places[0]) if len(places) else None
        assert series.find_touched(start, below=below, above=above) == expected


def test_a_series_goes_to_another_process_as_it_is() -> None:
    series = pickle.loads(pickle.dumps(a_series([flat(90.0), flat(91.0)])))
    assert (series.opens[1], series.count, series.interval) == (91.0, 2, "5m")


def test_missing_candles_are_neither_touched_nor_opened() -> None:
    series = a_series([flat(), None, None, flat(90.0)])
    assert series.find_touched(1, below=95.0, above=200.0) == 3
    assert series.find_open(1) == 3
    assert series.find_open(4) is None
    assert series.last_close(3) == 100.0
    assert series.last_close(0) is None


def test_a_panel_of_one_symbol_is_a_view() -> None:
    series = a_series([flat(), flat()])
    panel = History([series]).panel(("BTCUSDT",), "5m")
    assert panel is not None
    assert np.shares_memory(panel.values["close"], series.values["close"])


def test_other_symbols_stand_on_the_first_ones_axis() -> None:
    late = a_series([flat(7.0), flat(8.0)], "ETHUSDT", first_ms=AT_MS + MINUTES_5)
    history = History([a_series([flat(), flat()]), late])
    panel = history.panel(("BTCUSDT", "ETHUSDT", "XRPUSDT"), "5m")
    assert panel is not None
    closes = panel.values["close"]
    assert np.isnan(closes[1, 0])
    assert closes[1, 1] == 7.0
    assert np.isnan(closes[2]).all()
    assert history.panel(("XRPUSDT",), "5m") is None


def test_a_window_ends_with_the_last_closed_row() -> None:
    history = History([a_series([flat(1.0), flat(2.0), flat(3.0)])])
    panel = history.panel(("BTCUSDT",), "5m")
    assert panel is not None
    window = until(panel, AT_MS + 2 * MINUTES_5 + 1, 2)
    assert window.values["close"].tolist() == [[1.0, 2.0]]


def test_symbols_are_ranked_by_the_day_before_and_beginners_come_last() -> None:
    day = DAY_MS // MINUTES_5
    old = a_series([flat()] * (day + 1), first_ms=AT_MS - DAY_MS)
    busy = a_series([flat()] * (day + 1), "ETHUSDT", first_ms=AT_MS - DAY_MS)
    busy.values["quote_volume"][:] = 9_000.0
    begins = a_series([flat()], "ADAUSDT")
    later = a_series([flat()], "XRPUSDT", first_ms=AT_MS + DAY_MS)
    ranked = History([begins, old, busy, later]).volumes("5m", AT_MS)
    assert [symbol for symbol, _volume in ranked] == ["ETHUSDT", "BTCUSDT", "ADAUSDT"]
    assert dict(ranked)["BTCUSDT"] == pytest.approx(day * 1000.0)
    assert History([old]).volumes("1h", AT_MS) == ()


def test_the_volumes_of_a_day_are_added_up_once() -> None:
    history = History([a_series([flat(100.0), None, flat(90.0)])])
    found = history.volumes("5m", AT_MS + 3 * MINUTES_5)
    assert found == (("BTCUSDT", 2000.0),)
    assert history.volumes("5m", AT_MS + 3 * MINUTES_5) is found


@pytest.mark.parametrize(("interval", "rows"), [("5m", 288 * 3 + 40), ("1w", 5)])
def test_the_volume_of_a_day_is_that_of_its_candles(interval: str, rows: int) -> None:
    series = a_series([flat()] * rows, interval=interval)
    volumes = np.random.default_rng(1).uniform(1, 9, rows)
    volumes[30:40] = np.nan
    series.values["quote_volume"][:] = volumes
    for at_ms in range(series.first_ms, series.end_ms + 1, DAY_MS // 5):
        since = (series.open_ms >= at_ms - DAY_MS) & (series.open_ms < at_ms)
        assert series.day_volume(at_ms) == pytest.approx(np.nansum(volumes[since]))


def test_an_instant_lies_in_an_open_candle_or_before_the_next() -> None:
    series = a_series([flat(100.0), None, flat(102.0)])
    step_ms = series.step_ms
    assert series.find_now(AT_MS - 1) == (0, False)
    assert series.find_now(AT_MS) == (0, False)
    assert series.find_now(AT_MS + 1) == (0, True)
    assert series.find_now(AT_MS + step_ms) == (1, False)
    assert series.last_price(AT_MS) is None
    assert series.last_price(AT_MS + 1) == 100.0
    assert series.last_price(AT_MS + step_ms + 1) == 100.0, "no candle is open"
    assert series.last_price(AT_MS + 9 * step_ms) == 102.0


def test_a_candle_beyond_the_end_is_touched_by_nothing() -> None:
    series = a_series([flat(100.0), None])
    assert series.is_touched(0, below=100.0, above=200.0)
    assert not series.is_touched(0, below=99.0, above=101.0)
    assert not series.is_touched(1, below=1000.0, above=0.0)
    assert not series.is_touched(2, below=1000.0, above=0.0)
