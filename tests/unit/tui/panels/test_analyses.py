"""What the analyst answered."""

from __future__ import annotations

from aitrader.model.view import AnalysisRow
from aitrader.tui.panels.analyses import COLUMNS, NO_ANSWER, NO_MODEL, SORTS, Analyses

ROW = AnalysisRow("s-1", 60_000, "Dip", "BTCUSDT", "SKIP", "no trend", "0.0125")


def test_without_a_model_it_is_said_plainly() -> None:
    analyses = Analyses()
    assert analyses.empty == NO_MODEL
    assert analyses.footer is not None and "nobody to chat with" in analyses.footer.text
    analyses.tell("gemini-flash")
    assert analyses.empty == NO_ANSWER
    assert "gemini-flash answers traders alone" in analyses.footer.text
    analyses.tell("")
    assert analyses.empty == NO_MODEL


def test_a_row_says_answer_and_cost() -> None:
    cells = {column.label: column.cell(ROW, 20) for column in COLUMNS}
    assert (cells["Answer"].text, cells["Answer"].style) == ("skip", "dim")
    assert cells["Cost"].text == "$0.01"
    assert ("cost", "$0.0125") in Analyses().detail(ROW)[1]
    assert {sort.name for sort in SORTS} == {"symbol", "trader", "answer"}
    assert all(sort.key(ROW) for sort in SORTS)
