"""A backtest that an engine asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.unit.backtest.worlds import a_trader
from tests.unit.modes.test_backtest import folder

from aitrader.model.job import BacktestResult, Progress

__all__ = ["folder"]

NEWS = msgspec.json.Decoder(Progress | BacktestResult)


def command(folder: Path, *words: object) -> list[str]:
    given = ["--data-folder", folder / "data", "--candles", folder, *words, folder / "above.py"]
    return [sys.executable, "-m", "aitrader", "backtest", "--job", *map(str, given)]


def test_it_says_how_far_it_is_and_ends_with_the_result(folder: Path) -> None:
    page = folder / "report.html"
    with subprocess.Popen(
        command(folder, "--html", page), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        *news, result = [NEWS.decode(line) for line in process.stdout.read().splitlines()]
        process.communicate()
    assert [each.text for each in news if isinstance(each, Progress)][:2] == [
        "reads candles",
        "asks the filters",
    ]
    assert isinstance(result, BacktestResult)
    assert (result.symbols, result.candles, result.report) == (2, 800, str(page))
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert a_trader().plan.name in page.read_text(encoding="utf-8")


def test_what_cannot_be_is_one_sentence(folder: Path) -> None:
    with subprocess.Popen(
        command(folder, "--html", folder / "nowhere" / "report.html"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        process.communicate()
    assert process.returncode == 2
    assert "cannot be written" in said


def test_it_ends_with_the_engine_that_asked(folder: Path) -> None:
    ended = subprocess.run(command(folder), stdin=subprocess.DEVNULL, check=False)
    assert ended.returncode == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold this limit")
def test_it_takes_no_more_memory_than_is_fair_and_goes_first(tmp_path: Path) -> None:
    score = tmp_path / "score"
    code = (
        "import sys; from pathlib import Path\n"
        "from aitrader.modes.backtest_job import MOST_MB, step_back\n"
        "step_back(Path(sys.argv[1]))\n"
        "try:\n    bytearray((MOST_MB + 1) << 20)\nexcept MemoryError:\n    sys.exit(7)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(score)], check=False)
    assert (ended.returncode, score.read_text()) == (7, "1000")
