"""A job's row."""

from __future__ import annotations

import msgspec
import pytest
from tests.builders import a_job, a_result

from aitrader.model.job import BacktestResult, JobState, Progress


@pytest.mark.parametrize("state", JobState)
def test_three_states_are_for_ever(state: JobState) -> None:
    is_over = state not in (JobState.WAITING, JobState.RUNNING)
    assert a_job(state=state).is_over is is_over


def test_news_of_a_process_are_told_apart() -> None:
    decode = msgspec.json.Decoder(Progress | BacktestResult).decode
    for news in (Progress(0.5, "runs"), a_result()):
        assert decode(msgspec.json.encode(news)) == news
