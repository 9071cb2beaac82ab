import re

import numpy as np
from tests.builders import AT_MS
from tests.unit.backtest.test_report import WINS
from tests.unit.backtest.worlds import MINUTES_5, a_job, a_series, flat

from aitrader.backtest.charts import MOST_POINTS
from aitrader.backtest.equity import Curve
from aitrader.backtest.page import Pictures, page, pictures_of
from aitrader.backtest.report import report_of
from aitrader.backtest.run import run


def test_a_page_needs_nothing_else_and_shows_every_trade() -> None:
    job, history = a_job([a_series([*WINS, flat(105.0)])])
    record = run(job, history)
    report, curve = report_of(job, history, record)
    pictures = pictures_of(job, history, record.trades)
    html = page(report, curve, pictures)
    assert not re.search(r"<script|<link|https?://|url\(", html)
    assert html.count("<svg") == 3 + 2
    assert "prefers-color-scheme" in html
    assert "105.04" in html
    assert html == page(report, curve, pictures)


def test_a_run_without_trades_has_a_page_too() -> None:
    job, history = a_job([a_series([flat(99.0)] * 4)])
    html = page(*report_of(job, history, run(job, history)), Pictures())
    assert "nan" not in html.replace("finance", "")


def test_a_long_curve_keeps_its_extremes() -> None:
    job, history = a_job([a_series([flat(99.0)] * 4)])
    report, _curve = report_of(job, history, run(job, history))
    count = 50_000
    equity = np.full(count, 100.0)
    equity[12_345] = 55.0
    curve = Curve(AT_MS + MINUTES_5 * np.arange(count, dtype=np.int64), equity, np.zeros(count))
    html = page(report, curve, Pictures())
    points = re.findall(r"points='([^']+)'", html)[0].split()
    assert len(points) <= MOST_POINTS + 2
    assert ">55<" in html
