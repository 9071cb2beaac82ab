"""A backtest as a window."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.builders import a_job, a_result
from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.model.control import (
    Answer,
    AnyRequest,
    CancelJob,
    ReadJob,
    ReadJobs,
    ReadReport,
    StartBacktest,
)
from aitrader.model.job import JobRow, JobState
from aitrader.tui.backtesting import Backtesting, bar, result_pairs, state_text
from aitrader.tui.taste import Taste

DONE = a_job(state=JobState.DONE, result=a_result())


class Working(FakeEngine):
    """An engine whose job stands as it is told to, and that has others on its shelf."""

    def __init__(self, *stages: JobRow, shelf: Sequence[JobRow] = ()) -> None:
        super().__init__()
        self.fill()
        self.stages = list(stages)
        self.shelf = tuple(shelf)

    async def ask(self, request: AnyRequest) -> Answer:
        answer = await super().ask(request)
        if isinstance(request, ReadJobs):
            return Answer(0, True, "", jobs=self.shelf)
        if isinstance(request, ReadJob):
            job = self.stages.pop(0) if len(self.stages) > 1 else self.stages[0]
            return Answer(0, True, "", job=job)
        return answer


def watch(fake: FakeEngine, *keys: str, wanted: str, taste: Taste | None = None) -> str:
    """Open the first trader's backtest, look until it says so, press keys."""

    async def story() -> str:
        async with shown(fake, (120, 40), taste) as (app, pilot):
            await pilot.press("2", "b")
            await until(pilot, lambda: wanted in screen_of(app))
            assert isinstance(app.screen, Backtesting)
            if keys:
                await pilot.press(*keys)
                await until(
                    pilot, lambda: app.board.key_bar.message.text or "esc" in screen_of(app)
                )
                await pilot.pause(0.01)
            return screen_of(app) + app.board.key_bar.message.text

    return asyncio.run(story())


def test_a_backtest_is_begun_and_followed_to_its_result() -> None:
    fake = Working(a_job(text="plays the year"), DONE)
    screen = watch(fake, wanted="+12.50 %")
    assert "Backtest of MACD crossover" in screen
    assert "buy and hold" in screen
    assert "w write the report" in screen
    assert StartBacktest(trader_id="macd-crossover") in fake.asked


def test_one_that_runs_already_is_found_and_not_begun_again() -> None:
    running = a_job(name="MACD crossover", text="plays the year")
    other = a_job(job_id="job-9", name="MACD crossover", state=JobState.CANCELED)
    fake = Working(running, shelf=(other, running))
    screen = watch(fake, wanted="plays the year")
    assert " 50 %" in screen
    assert not any(isinstance(request, StartBacktest) for request in fake.asked)


def test_a_job_is_canceled_by_a_key() -> None:
    fake = Working(a_job())
    watch(fake, "c", wanted="runs")
    assert CancelJob("job-1") in fake.asked


def test_a_report_is_written_where_exports_go(tmp_path: Path) -> None:
    said = watch(Working(DONE), "w", wanted="+12.50 %", taste=Taste(exports=tmp_path / "out"))
    (path,) = (tmp_path / "out").glob("backtest-*.html")
    assert "made-up report" in path.read_text()
    assert str(path) in said


def test_a_report_that_is_gone_is_said_so() -> None:
    class Forgetful(Working):
        async def ask(self, request: AnyRequest) -> Answer:
            if isinstance(request, ReadReport):
                return Answer(0, False, "job-1 has no report any more")
            return await super().ask(request)

    assert "no report any more" in watch(Forgetful(DONE), "w", wanted="+12.50 %")


def test_what_cannot_be_begun_is_said_and_no_key_does_anything() -> None:
    class Refusing(Working):
        async def ask(self, request: AnyRequest) -> Answer:
            if isinstance(request, StartBacktest):
                return Answer(0, False, "there are no candles in the data folder")
            return await super().ask(request)

    fake = Refusing(DONE)
    watch(fake, "c", "w", wanted="there are no candles")
    assert not any(isinstance(request, CancelJob | ReadReport) for request in fake.asked)


def test_a_trader_is_tested_from_its_window() -> None:
    async def story() -> None:
        async with shown(Working(DONE), (120, 40)) as (app, pilot):
            await pilot.press("2", "enter")
            await until(pilot, lambda: "b backtest" in screen_of(app))
            await pilot.press("b")
            await until(pilot, lambda: "Backtest of MACD crossover" in screen_of(app))

    asyncio.run(story())


def test_plain_signs_are_plain() -> None:
    ascii_only = Taste(is_ascii=True)
    assert watch(Working(a_job(text="a \u2026")), wanted="50 %", taste=ascii_only).isascii()
    assert watch(Working(DONE), wanted="12.50", taste=ascii_only).isascii()


@pytest.mark.parametrize(("ratio", "full"), [(-1.0, 0), (0.0, 0), (0.5, 20), (1.0, 40), (3.0, 40)])
def test_the_bar_fills(ratio: float, full: int) -> None:
    assert bar(ratio).count("\u2588") == full


def test_a_job_without_a_result_says_what_it_does_or_why_it_ended() -> None:
    assert state_text(a_job(state=JobState.WAITING)) == "waits for the job before it"
    assert state_text(a_job(state=JobState.FAILED)) == "failed"
    assert state_text(a_job(state=JobState.FAILED, text="no candles")) == "no candles"


def test_what_cannot_be_known_is_not_guessed() -> None:
    pairs = dict(result_pairs(a_result()))
    assert pairs["Sharpe"] == "\u2014 too few trades to tell"
    full = replace(a_result(), sharpe=1.234, win_rate_pct=55.0, warnings=("one symbol", "a month"))
    lines = result_pairs(full)
    assert dict(lines)["won"] == "55.00 %"
    assert lines[-2:] == (("beware", "one symbol"), ("", "a month"))
