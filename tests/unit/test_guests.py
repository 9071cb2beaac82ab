"""What is barred is not imported, and only for so long."""

from __future__ import annotations

import importlib
import json
import sys

import pytest

from aitrader.guests import barred


def test_what_is_barred_cannot_be_imported_inside_and_can_afterwards() -> None:
    with barred("wave"), pytest.raises(ImportError):
        importlib.import_module("wave")
    assert importlib.import_module("wave").__name__ == "wave"


def test_what_is_loaded_already_is_there_again_though_an_import_failed() -> None:
    with pytest.raises(ImportError), barred("json"):
        importlib.import_module("json")
    assert sys.modules["json"] is json
