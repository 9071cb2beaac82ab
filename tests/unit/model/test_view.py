"""The view protocol on the wire."""

from __future__ import annotations

import inspect

import msgspec
import pytest

from aitrader.model import view
from aitrader.model.view import Frame, LogRow

ROWS = [
    kind
    for kind in vars(view).values()
    if inspect.isclass(kind) and issubclass(kind, msgspec.Struct)
]


@pytest.mark.parametrize("kind", ROWS)
def test_a_snapshot_cannot_be_changed_by_whoever_reads_it(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen


def test_a_frame_is_known_by_its_tag() -> None:
    assert Frame.__struct_config__.tag == "frame"


def test_a_row_comes_back_from_its_bytes_as_it_was() -> None:
    row = LogRow(1, "INFO", "filled")
    assert msgspec.json.decode(msgspec.json.encode(row), type=LogRow) == row
