"""What jobs leave behind: a folder each, with the trader's file, the report and how it ended."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import msgspec

from aitrader.model.errors import Refused
from aitrader.model.job import JobRow, JobState

ROW_NAME, TRADER_NAME, REPORT_NAME = "job.json", "trader.py", "report.html"
MOST_KEPT = 50
"""Jobs that are over and still shown; whoever keeps the shelf forgets older ones."""
PREFIX = "job-"
CUT_OFF = "the engine ended before it was done"


class JobShelf:
    """The folders of the jobs that are kept; every method touches the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> dict[str, JobRow]:
        """Return all jobs there are, oldest first; what was running has failed."""
        rows = {}
        for folder in sorted(self._folder.glob(f"{PREFIX}*"), key=_number):
            try:
                row = msgspec.json.decode((folder / ROW_NAME).read_bytes(), type=JobRow)
            except (OSError, msgspec.DecodeError):
                continue  # cut off while it was made: nothing to show
            if row.job_id != folder.name:
                continue  # not written by us: its id must not lead to another folder
            if not row.is_over:
                row = msgspec.structs.replace(row, state=JobState.FAILED, text=CUT_OFF)
            rows[row.job_id] = row
        return rows

    def next_id(self) -> str:
        """Return an id that no job has had; a folder that is no job counts too."""
        numbers = [_number(folder) for folder in self._folder.glob(f"{PREFIX}*")]
        return f"{PREFIX}{1 + max(numbers, default=0)}"

    def begin(self, row: JobRow, source: str) -> Path:
        """Make a job's folder and return its trader file.

        Raises:
            Refused: The disk takes nothing, in one sentence.
        """
        folder = self._folder / row.job_id
        try:
            folder.mkdir(parents=True)
            trader = folder / TRADER_NAME
            trader.write_text(source, encoding="utf-8")
        except OSError as error:
            raise Refused(0, f"the job's folder {folder} cannot be made: {error}") from error
        self.save(row)
        return trader

    def forget(self, job_id: str) -> None:
        """Take a job's folder away."""
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def save(self, row: JobRow) -> None:
        """Write how a job stands; a disk that refuses costs the memory of it and no more."""
        path = self._folder / row.job_id / ROW_NAME
        fresh = path.with_suffix(".new")
        with contextlib.suppress(OSError):
            fresh.write_bytes(msgspec.json.format(msgspec.json.encode(row)))
            fresh.replace(path)

    def report_path(self, job_id: str) -> Path:
        """Return where a job's report is, or will be."""
        return self._folder / job_id / REPORT_NAME

    def find_report(self, row: JobRow) -> str | None:
        """Return a job's report as HTML, None if it has none."""
        try:
            return self.report_path(row.job_id).read_text(encoding="utf-8")
        except OSError:
            return None


def _number(folder: Path) -> int:
    text = folder.name.removeprefix(PREFIX)
    return int(text) if text.isdecimal() else 0
