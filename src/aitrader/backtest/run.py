"""One run over past candles: directly where that can be done, and in stages where it cannot."""

from __future__ import annotations

from aitrader.backtest.answers import AnswerBook
from aitrader.backtest.direct import DirectRun, may_do
from aitrader.backtest.history import History
from aitrader.backtest.job import Job
from aitrader.backtest.record import Record, Recorder
from aitrader.backtest.resting import NeedsStages
from aitrader.backtest.staged import StagedRun
from aitrader.backtest.timers import VirtualClock
from aitrader.filters.traderfile import compile_trader


def run(
    job: Job,
    history: History,
    answers: AnswerBook | None = None,
    *,
    clock: VirtualClock | None = None,
) -> Record:
    """Return what a run comes to.

    Args:
        job: What to run.
        history: The candles.
        answers: Of the same traders and history; may be shared by runs.
        clock: The run's own, where somebody wants to see how far it has come.
    """
    clock = clock or VirtualClock(job.from_ms)
    answers = answers or answers_of(job, history)
    if may_do(job):
        try:
            return DirectRun(job, history, answers, clock).play()
        except NeedsStages:
            clock.at_ms = job.from_ms
    return StagedRun(job, history, answers, clock).play()


def run_in_stages(job: Job, history: History, answers: AnswerBook | None = None) -> Recorder:
    """Return the same with every signal and position by name."""
    answers = answers or answers_of(job, history)
    return StagedRun(job, history, answers, VirtualClock(job.from_ms)).play()


def answers_of(job: Job, history: History) -> AnswerBook:
    """Return the filters' answers for a job's traders."""
    return AnswerBook({row.trader_id: compile_trader(row.source) for row in job.traders}, history)
