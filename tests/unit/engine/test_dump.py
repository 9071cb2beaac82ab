"""What is kept of something impossible."""

from __future__ import annotations

import json
from pathlib import Path

from tests.builders import AT_MS, TRADER, a_match, a_position, a_signal, an_order

from aitrader.engine.dump import MOST_DUMPS, Dumps, subject_of
from aitrader.engine.health import Health
from aitrader.model.errors import InvariantBroken
from aitrader.model.events import (
    CandlesClosed,
    ExitConditionsMet,
    FilterFailed,
    FilterMatched,
    OrderPlanned,
    PositionOpened,
    SignalRaised,
)

PLANNED = OrderPlanned(at_ms=AT_MS, order=an_order())
CLOSE = CandlesClosed(at_ms=AT_MS, intervals=("1m",))
ERROR = InvariantBroken("filled more than ordered")


def test_a_dump_holds_the_facts_and_the_error(tmp_path: Path) -> None:
    Dumps(tmp_path, Health()).write(PLANNED, [CLOSE, PLANNED], ERROR)
    (path,) = tmp_path.iterdir()
    dump = json.loads(path.read_text())
    assert dump["error"] == "InvariantBroken: filled more than ordered"
    assert dump["fact"]["type"] == "OrderPlanned"
    assert [fact["type"] for fact in dump["facts"]] == ["CandlesClosed", "OrderPlanned"]


def test_a_bug_that_repeats_itself_does_not_fill_the_disk(tmp_path: Path) -> None:
    health = Health()
    dumps = Dumps(tmp_path, health)
    for _ in range(MOST_DUMPS + 5):
        dumps.write(PLANNED, [PLANNED], ERROR)
    assert len(list(tmp_path.iterdir())) == MOST_DUMPS
    assert health.errors == MOST_DUMPS + 5


def test_a_folder_that_cannot_be_written_costs_the_dump_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    health = Health()
    Dumps(tmp_path / "file", health).write(PLANNED, [PLANNED], ERROR)
    assert health.errors == 1


def test_a_fact_names_its_trader_and_symbol_where_it_has_them() -> None:
    whom = (TRADER, "BTCUSDT")
    exit_met = ExitConditionsMet(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", condition="c")
    assert subject_of(PLANNED) == whom
    assert subject_of(PositionOpened(at_ms=AT_MS, position=a_position())) == whom
    assert subject_of(SignalRaised(at_ms=AT_MS, signal=a_signal())) == whom
    assert subject_of(FilterMatched(at_ms=AT_MS, match=a_match())) == whom
    assert subject_of(exit_met) == whom


def test_a_fact_about_nobody_names_nobody() -> None:
    assert subject_of(CLOSE) is None
    assert subject_of(FilterFailed(at_ms=AT_MS, trader_id=TRADER, reason="r")) is None
