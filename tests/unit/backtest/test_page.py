import re

import msgspec
import numpy as np
from tests.builders import AT_MS
from tests.unit.backtest.test_report import WINS
from tests.unit.backtest.worlds import MINUTES_5, a_job, a_series, flat

from aitrader.backtest.charts import MOST_POINTS
from aitrader.backtest.equity import Curve
from aitrader.backtest.guards import ConditionRow, Stretch
from aitrader.backtest.page import Pictures, page, pictures_of
from aitrader.backtest.report import Beside, report_of, summary
from aitrader.backtest.resampling import Baseline, Interval
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
    assert ">55.00<" in html


def test_what_was_asked_besides_is_shown_and_told() -> None:
    job, history = a_job([a_series([*WINS, flat(105.0)])])
    record = run(job, history)
    report, curve = report_of(job, history, record)
    interval = Interval(-1.5, 2.5, -0.5, 1.5)
    baseline = Baseline(100, -3.0, -9.0, 4.0, 61.0)
    beside = Beside(
        conditions=(ConditionRow("Above", "high", 12.5, 3, None),),
        random_entries=baseline,
        stretches=(Stretch(job.from_ms, job.to_ms, report.statistics),),
    )
    full = msgspec.structs.replace(report, chance=interval, random_times=baseline, beside=beside)
    html = page(full, curve, Pictures())
    assert "-1.50 % to +2.50 %" in html and "61 % of 100 rounds beaten" in html
    assert "Stretch by stretch" in html and "raised without it" in html
    text = summary(full)
    assert "95 % by chance" in text and "random entries" in text
    assert "stretch from" in text and "without it" in text
    assert "Chance" not in page(report, curve, Pictures())
