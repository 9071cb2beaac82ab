"""The parts that the pages of runs and sweeps are made of."""

from __future__ import annotations

from aitrader.backtest.html import head, html_table, month_table, plain, signed, tiles, words


def test_a_page_begins_with_its_title_as_text_and_its_looks() -> None:
    text = head("A < B", more=".x{}")
    assert "<title>A &lt; B</title>" in text
    assert "prefers-color-scheme" in text and ".x{}</style>" in text


def test_a_table_scrolls_by_itself() -> None:
    assert html_table(("a_b",), [("1",)]) == (
        "<div class=wide><table><thead><tr><th>a b</th></tr></thead>"
        "<tbody><tr><td>1</td></tr></tbody></table></div>"
    )
    assert "<table class=text>" in html_table(("why",), [], kind="text")


def test_months_stand_in_their_year_with_what_they_make_together() -> None:
    html = month_table([("2024-12", 10.0), ("2025-01", 10.0), ("2025-02", -50.0)])
    first, second = html.split("<tbody>")[1].split("</tr><tr>")
    assert first.count("<td></td>") == 11 and second.count("<td></td>") == 10
    assert "<b><span class=up>+10.00</span></b>" in first
    assert "<b><span class=down>-45.00</span></b>" in second


def test_numbers_and_names_are_as_people_read_them() -> None:
    assert (signed(None), signed(-1.0, " %")) == ("-", "<span class=down>-1.00 %</span>")
    assert (plain(None), plain(1234.5)) == ("-", "1,234.50")
    assert (words("TAKE_PROFIT"), words("by hand")) == ("take profit", "by hand")
    assert tiles([("won", "1")]) == (
        "<div class=tiles><div class=tile><b>1</b><span>won</span></div></div>"
    )
