import re

import msgspec
from tests.unit.backtest.test_sweep_report import a_report

from aitrader.backtest.parameters import Axis
from aitrader.backtest.sweep_page import MOST_ROWS, sweep_page


def test_a_page_has_a_heat_map_and_needs_nothing_else() -> None:
    report = a_report(walk=True)
    html = sweep_page(report)
    assert not re.search(r"<script|<link|https?://|url\(", html)
    assert "STOP down and FAST across" in html
    assert html.count("class='best'") == 1
    assert html.count("background:hsl(") == 4
    assert "Walk-forward: +12.00 %" in html
    assert html == sweep_page(report)


def test_with_three_axes_each_cell_is_the_best_over_the_third() -> None:
    report = a_report()
    rows = tuple(
        msgspec.structs.replace(row, values=(*row.values, ("MORE", 1))) for row in report.outcomes
    )
    wide = msgspec.structs.replace(
        report, axes=(*report.axes, Axis("MORE", (1, 2, 3))), outcomes=rows
    )
    html = sweep_page(wide)
    assert "MORE down and FAST across" in html
    assert "the best over all others" in html


def test_one_axis_is_a_map_of_one_row_and_none_is_no_map() -> None:
    report = a_report()
    html = sweep_page(msgspec.structs.replace(report, axes=report.axes[:1]))
    assert "Sharpe, FAST across" in html and html.count("<table class=map>") == 1
    assert "Combinations by Sharpe" in html
    one = msgspec.structs.replace(report, axes=(Axis("FAST", (2,)),))
    assert "<table class=map>" not in sweep_page(one)


def test_a_loss_is_red_and_a_gain_green_whatever_the_others_are() -> None:
    report = a_report()
    worse, better = (
        msgspec.structs.replace(row, statistics=msgspec.structs.replace(row.statistics, **numbers))
        for row, numbers in zip(
            report.outcomes, ({"profit_factor": 0.9}, {"profit_factor": 1.2}), strict=False
        )
        if row.statistics is not None
    )
    for outcome, hue in ((worse, 4), (better, 145)):
        alone = msgspec.structs.replace(report, outcomes=(outcome,), objective="profit_factor")
        assert f"background:hsl({hue} " in sweep_page(alone)


def test_a_long_table_is_cut_and_empty_doubts_are_a_dash() -> None:
    report = a_report(days=2)
    many = msgspec.structs.replace(report, outcomes=(report.outcomes[0],) * (MOST_ROWS + 2))
    html = sweep_page(many)
    assert "2 more are not shown" in html
    assert "<b>-</b>" in html
