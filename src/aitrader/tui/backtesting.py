"""A trader's backtest as a window: begun, followed while it runs, read when it is done.

The engine runs it as a job in a process of its own, so the window may be left: the job goes on, and
a window on the same trader finds it again while it is not over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from aitrader.model.control import (
    Answer,
    AnyRequest,
    CancelJob,
    ReadJob,
    ReadJobs,
    ReadReport,
    StartBacktest,
)
from aitrader.model.job import BacktestResult, JobRow, JobState
from aitrader.model.view import TraderRow
from aitrader.tui import text as words
from aitrader.tui.columns import Pairs
from aitrader.tui.dialogs import labelled
from aitrader.tui.glyphs import plain
from aitrader.tui.text import DASH, clean

POLL_S = 0.5
BAR = 40
KEYS = {
    JobState.WAITING: "c cancel · esc, it goes on",
    JobState.RUNNING: "c cancel · esc, it goes on",
    JobState.DONE: "w write the report · esc",
}


class Backtesting(ModalScreen[None]):
    """One trader's backtest; `answer` asks the engine, `write` keeps the report as a file."""

    AUTO_FOCUS = "VerticalScroll"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("c", "cancel", "Cancel the job"),
        Binding("w", "write", "Write the report"),
    ]

    def __init__(
        self,
        row: TraderRow,
        answer: Callable[[AnyRequest], Awaitable[Answer]],
        *,
        write: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._row = row
        self._answer = answer
        self._write = write
        self._body = Static()
        self._window = VerticalScroll(classes="window wide")
        self._job: JobRow | None = None

    def compose(self) -> ComposeResult:
        """Show an empty window under the trader's name."""
        self._window.border_title = clean(f"Backtest of {self._row.name}").replace("[", "(")
        with self._window:
            yield self._body

    def on_mount(self) -> None:
        """Begin the backtest, or find the one that runs."""
        self._show("asking the engine …")
        self.run_worker(self._begin())

    async def _begin(self) -> None:
        jobs = await self._answer(ReadJobs())
        known = [job for job in jobs.jobs if job.name == self._row.name and not job.is_over]
        if known:
            self._take(known[0])
        else:
            asked = await self._answer(StartBacktest(trader_id=self._row.trader_id))
            self._take(asked.job, asked.text)
        if self._job is not None:
            self.set_interval(POLL_S, self._look)

    def _look(self) -> None:
        if self._job is not None and not self._job.is_over:
            self.run_worker(self._ask(ReadJob(self._job.job_id)), group="look", exclusive=True)

    async def _ask(self, request: AnyRequest) -> None:
        answer = await self._answer(request)
        self._take(answer.job, answer.text)

    def _take(self, job: JobRow | None, note: str = "") -> None:
        """Show how a job stands; without one why there is none."""
        if job is None:
            self._show(note)
            return
        self._job = job
        self._window.border_subtitle = self._signs(KEYS.get(job.state, "esc"))
        self._body.update(self._text(job))

    def _show(self, note: str) -> None:
        self._window.border_subtitle = "esc"
        self._body.update(Text(self._signs(clean(note)), style="dim"))

    def _text(self, job: JobRow) -> Text:
        theme = self.app.theme_variables
        if job.result is None:
            body = Text(f"{self._signs(bar(job.done_ratio))}\n\n", style=theme["accent"])
            return body.append(self._signs(clean(state_text(job))), style=theme["foreground"])
        pairs = [(label, self._signs(value)) for label, value in result_pairs(job.result)]
        return labelled(pairs, theme)

    def _signs(self, text: str) -> str:
        return plain(text) if self.app.has_class("-ascii") else text

    def action_cancel(self) -> None:
        """End the job."""
        if self._job is not None and not self._job.is_over:
            self.run_worker(self._ask(CancelJob(self._job.job_id)))

    async def action_write(self) -> None:
        """Write the report's page to a file and say where."""
        if self._job is not None and self._job.state is JobState.DONE:
            answer = await self._answer(ReadReport(self._job.job_id))
            if answer.is_ok:
                self._write(answer.text)
            else:
                self._show(answer.text)


def bar(done_ratio: float) -> str:
    """Return how far it has come, as a line."""
    full = round(max(0.0, min(1.0, done_ratio)) * BAR)
    return f"{'█' * full}{'▁' * (BAR - full)} {100 * done_ratio:3.0f} %"


def state_text(job: JobRow) -> str:
    """Return what a job without a result is doing, or why it ended."""
    said = {
        JobState.WAITING: "waits for the job before it",
        JobState.RUNNING: "runs",
        JobState.CANCELED: "canceled",
    }
    return job.text or said.get(job.state, job.state.value.lower())


def result_pairs(found: BacktestResult) -> Pairs:
    """Return a backtest's result as labelled lines."""
    return (
        ("period", f"{found.from_time} to {found.to_time} UTC"),
        ("candles", f"{found.candles:,} of {found.interval}, {found.symbols} symbols"),
        ("", ""),
        ("return", f"{words.signed(found.return_pct)} %"),
        ("buy and hold", f"{words.signed(found.buy_and_hold_pct)} %"),
        ("equity", f"{found.start_cash:,.2f} to {found.final_equity:,.2f}"),
        ("deepest fall", f"{found.max_drawdown_pct:.2f} %"),
        ("fees", f"{found.fees:,.2f}"),
        ("", ""),
        ("signals", f"{found.signals:,}"),
        ("trades", f"{found.trades:,}"),
        ("won", _number(found.win_rate_pct, " %")),
        ("profit factor", _number(found.profit_factor)),
        ("per trade", _number(found.expectancy)),
        ("Sharpe", _number(found.sharpe)),
        ("in the market", f"{found.exposure_pct:.1f} % of the time"),
        *_warnings(found.warnings),
    )


def _number(value: float | None, unit: str = "") -> str:
    return f"{DASH} too few trades to tell" if value is None else f"{value:.2f}{unit}"


def _warnings(warnings: tuple[str, ...]) -> Pairs:
    lines = [("beware" if number == 0 else "", text) for number, text in enumerate(warnings)]
    return (("", ""), *lines) if lines else ()
