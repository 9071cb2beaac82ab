"""Backtests over HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.api_room import Room, an_answer, ask

from aitrader.model.control import CancelJob, ReadJob, ReadReport, StartBacktest


def test_a_backtest_is_begun(tmp_path: Path) -> None:
    room = Room(tmp_path)
    wish = {"traderId": "dip", "symbols": ["BTCUSDT"], "fromMs": 5, "untilMs": 9}
    response = ask(room, "POST", "/api/backtests", json=wish)
    assert (response.status_code, response.json()["state"]) == (202, "WAITING")
    assert room.desk.asked == [StartBacktest("dip", "", ("BTCUSDT",), 5, 9)]
    assert room.notebook.lines == [("full", "StartBacktest", "dip")]


def test_one_that_cannot_begin_says_why(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.desk.answer = an_answer("8 jobs wait already", is_ok=False)
    response = ask(room, "POST", "/api/backtests", json={"source": "NAME = 'x'"})
    assert (response.status_code, response.json()["detail"]) == (422, "8 jobs wait already")
    assert ask(room, "POST", "/api/backtests", json={"symbols": ["--x"]}).status_code == 400


def test_jobs_are_listed_read_and_canceled(tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert [row["id"] for row in ask(room, "GET", "/api/jobs").json()["jobs"]] == ["job-1"]
    assert ask(room, "GET", "/api/jobs/job-1").json()["result"]["trades"] == 40
    assert ask(room, "DELETE", "/api/jobs/job-1").json()["state"] == "CANCELED"
    assert room.desk.asked[1:] == [ReadJob("job-1"), CancelJob("job-1")]
    room.desk.answer = an_answer("there is no job job-9", is_ok=False)
    assert ask(room, "GET", "/api/jobs/job-9").status_code == 404
    assert ask(room, "DELETE", "/api/jobs/job-9").status_code == 404


def test_a_report_is_a_page_that_may_load_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path)
    response = ask(room, "GET", "/api/jobs/job-1/report")
    assert response.text.startswith("<!doctype html>")
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert room.desk.asked == [ReadReport("job-1")]
    room.desk.answer = an_answer("job-9 has no report", is_ok=False)
    assert ask(room, "GET", "/api/jobs/job-9/report").status_code == 404
