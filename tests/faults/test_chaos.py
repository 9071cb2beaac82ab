"""The demo is killed again and again; what is in its database afterwards adds up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHAOS = Path(__file__).parents[2] / "bench" / "chaos.py"


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.timeout(240)
def test_a_demo_that_is_killed_again_and_again_keeps_its_books(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(CHAOS), "--runs", "4", "--seed", "5", "--data-folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)
    assert counted["value"] == 0
    assert counted["fills"] > 0
