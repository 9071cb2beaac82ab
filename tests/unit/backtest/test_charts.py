import re
from decimal import Decimal

import msgspec
import numpy as np
from tests.builders import AT_MS
from tests.unit.backtest.studies import wave
from tests.unit.backtest.worlds import MINUTES_5, a_job, a_series, a_trader

from aitrader.backtest.charts import (
    MOST_CANDLES,
    MOST_MEANS,
    candle_chart,
    line_chart,
    means,
    trades_on_candles,
)
from aitrader.backtest.equity import Curve
from aitrader.backtest.run import run
from aitrader.model.trader import PositionSide


def test_trades_stand_on_their_candles() -> None:
    series = a_series(wave(1, 900))
    job, history = a_job([series], a_trader(condition="crosses_above(m.close, sma(m.close, 5))"))
    trades = run(job, history).trades
    assert len(trades) > 7
    html = trades_on_candles(trades, history, "5m")
    assert html.count("<h3>") == 1 + 6
    assert f"BTCUSDT: {len(trades)} trades" in html
    assert html.count("class='mark") == len(trades) + 6
    assert trades_on_candles([], history, "5m") == ""


def test_a_few_trades_are_all_shown_close_up() -> None:
    job, history = a_job([a_series(wave(1, 900))], a_trader(condition="m.close > sma(m.close, 5)"))
    two = run(job, history).trades[:2]
    assert trades_on_candles(two, history, "5m").count("<h3>") == 1 + 2
    away = [msgspec.structs.replace(row, symbol="ETHUSDT") for row in two]
    assert "<svg" not in trades_on_candles(away, history, "5m")


def test_many_candles_are_bundled_and_gaps_left_open() -> None:
    rows = [None if 10 <= n < 40 else row for n, row in enumerate(wave(2, 2000))]
    svg = candle_chart(a_series(rows), [], 0, 2000)
    assert 0 < svg.count("V") <= MOST_CANDLES + 1
    assert "nan" not in svg


def test_a_short_is_marked_from_above() -> None:
    series = a_series(wave(3, 50))
    job, history = a_job([series], a_trader(condition="m.close > 1", side="LONG"))
    (long, *_more) = run(job, history).trades or [None]
    if long is None:
        return
    short = msgspec.structs.replace(long, side=PositionSide.SHORT, pnl=Decimal(-1))
    assert "h8z" in candle_chart(series, [short], 0, 50)


def test_a_second_line_shares_the_scale() -> None:
    times = AT_MS + MINUTES_5 * np.arange(3, dtype=np.int64)
    curve = Curve(times, np.array([1.0, 2.0, 3.0]), np.zeros(3))
    svg = line_chart(curve, curve.equity, "red", is_filled=False, beside=np.array([1.0, 9.0, 5.0]))
    assert len(re.findall("<polyline", svg)) == 2 and ">9.00<" in svg
    flat = line_chart(curve, curve.exposed, "red", is_filled=True)
    assert "<polygon" in flat


def test_of_many_values_the_means_of_equal_stretches_are_shown() -> None:
    many = np.tile([0.0, 10.0], 5000)
    assert len(means(many)) == MOST_MEANS
    assert abs(float(means(many).mean()) - 5.0) < 0.1
    assert means(many[:7]).tolist() == many[:7].tolist()
