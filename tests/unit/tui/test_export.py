"""Rows as files and as text."""

from __future__ import annotations

from pathlib import Path

from aitrader.tui.export import to_csv, to_line, write

RECORD = {"symbol": "BTCUSDT", "price": 64213.5, "why": ("a", "b, c"), "stop": None, "pnl": "-5.1"}


def test_a_table_has_a_line_of_names_and_whole_numbers() -> None:
    assert to_csv([RECORD]) == 'symbol,price,why,stop,pnl\nBTCUSDT,64213.5,"a; b, c",,-5.1\n'
    assert to_csv([]) == ""


def test_a_text_from_outside_is_no_formula() -> None:
    assert to_csv([{"note": "=HYPERLINK(1)"}]) == "note\n'=HYPERLINK(1)\n"


def test_a_row_is_pasted_with_tabs() -> None:
    assert to_line(RECORD) == "BTCUSDT\t64213.5\ta; b, c\t\t-5.1"


def test_no_file_is_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    first = write(folder, "markets", "csv", text="one", now_ms=0)
    second = write(folder, "markets", "csv", text="two", now_ms=0)
    assert first.name == "markets-19700101-000000.csv"
    assert second.name == "markets-19700101-000000-2.csv"
    assert (first.read_text(), second.read_text()) == ("one", "two")
