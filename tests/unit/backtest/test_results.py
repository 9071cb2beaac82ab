from pathlib import Path

import pytest

from aitrader.backtest.outcome import Outcome
from aitrader.backtest.results import Results
from aitrader.model.errors import ConfigError

ONE = Outcome("one", (("FAST", 3), ("STOP", "2%")), returns=(0.5, -0.25))
TWO = Outcome("two", (("FAST", 4),), fault="line 3: no")


def test_what_was_added_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "results.jsonl"
    Results(path).add([ONE])
    later = Results(path)
    later.add([TWO])
    assert later.known == Results(path).known == {"one": ONE, "two": TWO}


def test_a_line_that_was_cut_off_is_left_out_and_ended(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    Results(path).add([ONE, TWO])
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    cut = Results(path)
    assert cut.known == {"one": ONE}
    cut.add([TWO])
    cut.add([])
    assert Results(path).known == {"one": ONE, "two": TWO}


def test_a_place_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Results(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        Results(tmp_path / "file" / "results").add([ONE])
