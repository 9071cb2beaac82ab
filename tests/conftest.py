"""What every test gets: deterministic property tests and a log that is put back."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("house", derandomize=True, max_examples=50, deadline=None)
settings.register_profile("fresh", max_examples=500, deadline=None)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Put back the root logger's level, handlers and record factory."""
    root = logging.getLogger()
    level, handlers, factory = root.level, list(root.handlers), logging.getLogRecordFactory()
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.setLogRecordFactory(factory)
