from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.backtest.crews import CrewHere
from tests.unit.backtest.studies import SOURCE
from tests.unit.modes.asking import fill, options, settings

from aitrader.backtest.parameters import Axis, Values
from aitrader.backtest.search import nth, size_of
from aitrader.backtest.sources import Loaded
from aitrader.model.errors import ConfigError
from aitrader.modes.sweep import SweepOptions, run_sweep


class Here:
    """Makes crews that work in this process, and remembers them."""

    def __init__(self) -> None:
        self.crews: list[CrewHere] = []

    def __call__(self, loaded: Loaded, size: int | None) -> CrewHere:
        self.crews.append(CrewHere(loaded, size=size or 2))
        return self.crews[-1]

    @property
    def tried(self) -> int:
        return sum(len(batch.combinations) for batch in self.crews[-1].batches)


class Counting:
    """A guide that asks for one after the other and hears all."""

    heard: list[float]

    def __init__(self, axes: tuple[Axis, ...], seed: int) -> None:
        self._axes, self._next = axes, seed
        Counting.heard = []

    def ask(self, count: int) -> list[Values]:
        self._next += count
        return [nth(self._axes, n % size_of(self._axes)) for n in range(count)]

    def tell(self, values: list[float]) -> None:
        Counting.heard.extend(values)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path)
    (tmp_path / "above.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def asked(folder: Path, *sets: str, **changes: object) -> SweepOptions:
    about = {name: changes.pop(name) for name in ("as_json", "html", "symbols") if name in changes}
    return SweepOptions(asked=options(folder, **about), sets=sets, **changes)  # type: ignore[arg-type]


def test_a_sweep_prints_its_table_and_writes_its_files(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    here = Here()
    wanted = asked(
        folder,
        "FAST=2..4",
        "STOP=1%,2%",
        html=folder / "out.html",
        parquet=folder / "out.parquet",
        best=folder / "best.py",
        objective="return_pct",
    )
    run_sweep(settings(folder), wanted, crew_of=here)
    text = capsys.readouterr().out
    assert "Above: 6 of 6 combinations, 2 symbols" in text
    assert here.tried == 6 and here.crews[0].is_closed
    assert "STOP down and FAST across" in (folder / "out.html").read_text()
    rows = parquet.read_table(folder / "out.parquet").to_pylist()
    assert len(rows) == 6 and rows[0]["return_pct"] == max(row["return_pct"] for row in rows)
    assert f"FAST = {rows[0]['FAST']}\n" in (folder / "best.py").read_text()
    run_sweep(settings(folder), wanted, crew_of=here)
    assert here.tried == 0


def test_a_program_gets_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "above.py").write_text('SWEEP = {"FAST": "2..4"}\n' + SOURCE)
    run_sweep(settings(folder), asked(folder, as_json=True), crew_of=Here())
    found = json.loads(capsys.readouterr().out)
    assert found["outcomes"][0]["values"][0][0] == "FAST"
    assert {"overfitting", "walk", "warnings", "cpu_s"} <= set(found)


def test_a_random_search_draws_some(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = Here()
    wanted = asked(folder, "FAST=2..40", search="random", tries=5, symbols=("ETHUSDT",))
    run_sweep(settings(folder), wanted, crew_of=here)
    assert here.tried == 5
    assert "5 of 39 combinations" in capsys.readouterr().out


def test_a_guide_hears_what_it_asked_for(folder: Path) -> None:
    here = Here()
    wanted = asked(folder, "FAST=2..21", search="guided", tries=20, objective="return_pct")
    run_sweep(settings(folder), wanted, crew_of=here, guide_of=Counting)
    assert len(Counting.heard) == 20
    assert here.tried == 16  # the second generation asks for four of the first again


def test_the_same_over_processes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = asked(folder, "FAST=2..3", as_json=True, workers=1, results=folder / "a")
    run_sweep(settings(folder), wanted)
    there = json.loads(capsys.readouterr().out)["outcomes"]
    wanted = asked(folder, "FAST=2..3", as_json=True, results=folder / "b")
    run_sweep(settings(folder), wanted, crew_of=Here())
    assert json.loads(capsys.readouterr().out)["outcomes"] == there


@pytest.mark.parametrize(
    ("sets", "changes", "sentence"),
    [
        ((), {}, "expected values to try"),
        (("SLOW=1..2",), {}, "no constant SLOW"),
        (("FAST=-2..-1",), {}, "sma"),
        (("FAST=2..3",), {"walk_forward": 3}, "--walk-forward needs 5 days"),
    ],
)
def test_what_a_person_got_wrong_is_one_sentence(
    folder: Path, sets: tuple[str, ...], changes: dict[str, object], sentence: str
) -> None:
    if "sma" in sentence:
        (folder / "above.py").write_text(SOURCE.replace("FAST = 3", "FAST = -3"))
    with pytest.raises(ConfigError, match=sentence):
        run_sweep(settings(folder), asked(folder, *sets, **changes), crew_of=Here())


def test_a_file_that_is_no_python_is_told_with_its_line(folder: Path) -> None:
    (folder / "above.py").write_text("FAST = = 3")
    with pytest.raises(ConfigError, match=r"above\.py: line 1"):
        run_sweep(settings(folder), asked(folder, "FAST=1..2"), crew_of=Here())


def test_walking_forward_runs_each_stretch_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["open_time,open,high,low,close,volume"]
    for n in range(12 * 24):
        close = 100 + (n * 7) % 13
        lines.append(
            f"{1_735_689_600_000 + n * 3_600_000},{close},{close + 2},{close - 2},{close},9"
        )
    for old in folder.glob("*.csv"):
        old.unlink()
    (folder / "BTCUSDT-1h.csv").write_text("\n".join(lines) + "\n")
    (folder / "above.py").write_text(SOURCE.replace("5m", "1h"))
    run_sweep(settings(folder), asked(folder, "FAST=2..3", walk_forward=1), crew_of=Here())
    assert "in 1 unseen stretches" in capsys.readouterr().out
