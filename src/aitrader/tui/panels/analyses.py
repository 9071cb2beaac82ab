"""AI: what the analyst answered, for traders that ask one. Newest first."""

from __future__ import annotations

from aitrader.model.view import AnalysisRow
from aitrader.tui import text as words
from aitrader.tui.arrangement import Sort
from aitrader.tui.columns import Cell, Column, Pairs
from aitrader.tui.table import Table

LIMIT = 200
STYLES = {"ENTER": "up", "WAIT": "warn", "SKIP": "dim"}
NO_MODEL = """no model is configured
a trader with an ANALYST skips, and says so
the others enter by their rules alone"""
NO_ANSWER = "no trader has asked its analyst yet"
NO_CHAT = "nobody to chat with: no model is configured"
ANSWERS_TRADERS = "answers traders alone: this engine has no chat"
PROMPT = "> "


def _cost(row: AnalysisRow, _width: int) -> Cell:
    return Cell(f"${words.money(row.cost_usd)}", "dim")


COLUMNS: tuple[Column[AnalysisRow], ...] = (
    Column("Time", 8, lambda r, _: Cell(words.clock(r.at_ms), "dim"), rank=1),
    Column("Symbol", 9, lambda r, _: Cell(r.symbol), share=1, most=12),
    Column("Trader", 12, lambda r, _: Cell(r.trader, "dim"), rank=3, share=1, most=22),
    Column("Answer", 6, lambda r, _: Cell(r.choice.lower(), STYLES.get(r.choice, "dim"))),
    Column("Cost", 7, _cost, is_right=True, rank=4),
    Column("Why", 16, lambda r, _: Cell(r.reason, "dim"), rank=2, share=4),
)

SORTS = (
    Sort("symbol", lambda row: row.symbol),
    Sort("trader", lambda row: row.trader.casefold()),
    Sort("answer", lambda row: row.choice),
)


class Analyses(Table[AnalysisRow]):
    """One line per answer."""

    def __init__(self) -> None:
        super().__init__(
            COLUMNS,
            name="ai",
            order=lambda row: (-row.at_ms, row.signal_id),
            empty=NO_MODEL,
            limit=LIMIT,
            sorts=SORTS,
        )
        self.footer = Cell(f" {PROMPT}{NO_CHAT}", "faint")

    def tell(self, analyst: str) -> None:
        """Say which model is asked, "" for none, and in the chat line who would answer there."""
        empty = NO_ANSWER if analyst else NO_MODEL
        chat = f"{words.clean(analyst)} {ANSWERS_TRADERS}" if analyst else NO_CHAT
        footer = Cell(f" {PROMPT}{chat}", "faint")
        if (empty, footer) != (self.empty, self.footer):
            self.empty, self.footer = empty, footer
            self.refresh()

    def detail(self, row: AnalysisRow) -> tuple[str, Pairs]:
        """Return a row's window: its title and its lines."""
        return f"{row.symbol} {row.choice.lower()}", (
            ("time", f"{words.day(row.at_ms)} UTC"),
            ("trader", row.trader),
            ("answer", row.choice),
            ("reason", row.reason),
            ("cost", f"${row.cost_usd}"),
            ("signal", row.signal_id),
        )
