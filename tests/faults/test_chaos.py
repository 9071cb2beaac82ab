"""The engine's process dies again and again; what is in its database afterwards adds up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHAOS = Path(__file__).parents[2] / "bench" / "chaos.py"

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(400)]


def suite(folder: Path, *options: str) -> Any:  # noqa: ANN401 - a report is JSON
    """Run the fault suite and return its report, which tells of no finding."""
    command = [sys.executable, str(CHAOS), "--data-folder", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["value"] == 0
    return report


def test_a_paper_engine_that_is_killed_again_and_again_keeps_its_books(tmp_path: Path) -> None:
    report = suite(tmp_path, "--account", "paper", "--runs", "10", "--seed", "5")
    assert report["counted"]["fills"] > 0


def test_a_live_engine_that_is_killed_again_and_again_agrees_with_the_exchange(
    tmp_path: Path,
) -> None:
    report = suite(tmp_path, "--account", "live", "--runs", "10", "--seed", "2")
    assert report["counted"]["orders"] > 0


def test_orders_whose_answers_are_lost_are_there_once_protected_and_known(tmp_path: Path) -> None:
    report = suite(tmp_path, "--account", "live", "--story", "lost_answers", "--runs", "1")
    assert report["counted"]["positions"] > 0
    assert report["without_stop"]["longest_with_downtime_s"] < 5.0
