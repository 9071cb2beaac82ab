"""What jobs leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.builders import a_job, a_result

from aitrader.jobs.shelf import CUT_OFF, JobShelf
from aitrader.model.errors import Refused
from aitrader.model.job import JobState


def test_a_job_is_found_again_in_order(tmp_path: Path) -> None:
    shelf = JobShelf(tmp_path / "jobs")
    assert shelf.load() == {}
    for number in (9, 10):
        row = a_job(job_id=f"job-{number}", state=JobState.DONE, result=a_result())
        assert shelf.begin(row, "NAME = 'Dip'\n").read_text() == "NAME = 'Dip'\n"
    assert list(shelf.load()) == ["job-9", "job-10"]
    assert shelf.load()["job-9"].result == a_result()
    assert shelf.next_id() == "job-11"


def test_one_that_was_not_over_has_failed(tmp_path: Path) -> None:
    shelf = JobShelf(tmp_path)
    shelf.begin(a_job(state=JobState.RUNNING), "")
    (row,) = shelf.load().values()
    assert (row.state, row.text) == (JobState.FAILED, CUT_OFF)


def test_what_is_no_job_is_passed_over_and_its_number_not_taken(tmp_path: Path) -> None:
    (tmp_path / "job-4").mkdir()
    (tmp_path / "job-x").mkdir()
    shelf = JobShelf(tmp_path)
    assert shelf.load() == {}
    assert shelf.next_id() == "job-5"


def test_a_row_that_names_another_folder_is_no_job(tmp_path: Path) -> None:
    shelf = JobShelf(tmp_path / "jobs")
    shelf.begin(a_job(job_id="job-1", state=JobState.DONE), "")
    path = tmp_path / "jobs" / "job-1" / "job.json"
    path.write_text(path.read_text().replace('"job-1"', '"../precious"'))
    assert shelf.load() == {}  # else it would be forgotten one day, with all that is in it


def test_a_report_is_there_or_is_not(tmp_path: Path) -> None:
    shelf, row = JobShelf(tmp_path), a_job()
    shelf.begin(row, "")
    assert shelf.find_report(row) is None
    shelf.report_path(row.job_id).write_text("<p>", encoding="utf-8")
    assert shelf.find_report(row) == "<p>"
    shelf.forget(row.job_id)
    assert shelf.load() == {}


def test_a_disk_that_takes_nothing_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shelf = JobShelf(tmp_path / "file")
    with pytest.raises(Refused, match="cannot be made"):
        shelf.begin(a_job(), "")
    shelf.save(a_job())  # costs the memory of it and no more
