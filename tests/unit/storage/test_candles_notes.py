from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.builders import an_instrument

from aitrader.model.errors import ConfigError
from aitrader.storage.candles_notes import CandleNotes


def test_what_was_fetched_is_remembered(tmp_path: Path) -> None:
    notes = CandleNotes(tmp_path)
    assert notes.fetched("BTCUSDT", "5m") == {}
    notes.note_fetched("BTCUSDT", "5m", {"2025-02": "b", "2025-01": "a"})
    notes.note_fetched("BTCUSDT", "5m", {"2025-02": "c"})
    assert CandleNotes(tmp_path).fetched("BTCUSDT", "5m") == {"2025-01": "a", "2025-02": "c"}
    assert notes.fetched("BTCUSDT", "1h") == {}


def test_rules_are_those_of_their_time(tmp_path: Path) -> None:
    notes, old = CandleNotes(tmp_path), an_instrument()
    new = msgspec.structs.replace(old, tick_size=Decimal("0.5"))
    assert notes.find_instrument(old.symbol, 50) is None
    notes.note_instruments([old], 100)
    notes.note_instruments([old], 150)
    notes.note_instruments([new], 200)
    assert notes.find_instrument(old.symbol, 199) == old
    assert notes.find_instrument(old.symbol, 200) == new


def test_before_the_first_known_rules_those_are_the_best_guess(tmp_path: Path) -> None:
    notes, rules = CandleNotes(tmp_path), an_instrument()
    notes.note_instruments([rules], 100)
    assert notes.find_instrument(rules.symbol, 50) == rules


def test_a_damaged_note_is_said(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT" / "5m" / "fetched.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{")
    with pytest.raises(ConfigError, match=r"fetched\.json is not readable .*remove it"):
        CandleNotes(tmp_path).fetched("BTCUSDT", "5m")
