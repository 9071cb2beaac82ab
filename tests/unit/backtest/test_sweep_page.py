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


def test_one_axis_has_a_table_and_no_map() -> None:
    report = a_report()
    html = sweep_page(msgspec.structs.replace(report, axes=report.axes[:1]))
    assert "<table class=map>" not in html
    assert "Combinations by Sharpe" in html


def test_a_long_table_is_cut_and_empty_doubts_are_a_dash() -> None:
    report = a_report(days=2)
    many = msgspec.structs.replace(report, outcomes=(report.outcomes[0],) * (MOST_ROWS + 2))
    html = sweep_page(many)
    assert "2 more are not shown" in html
    assert "<b>-</b>" in html
