"""The engine's process dies again and again; what is in its database afterwards adds up."""

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
@pytest.mark.parametrize("account", ["paper"])
def test_an_engine_that_is_killed_again_and_again_keeps_its_books(
    tmp_path: Path, account: str
) -> None:
    command = [sys.executable, str(CHAOS), "--account", account, "--runs", "10", "--seed", "5"]
    done = subprocess.run(
        [*command, "--data-folder", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["value"] == 0
    assert said["counted"]["fills"] > 0
    assert said["recovered_s"]["longest"] < 2.0
