"""Keeping out of an import what a library takes along if it happens to be installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def barred(*names: str) -> Iterator[None]:
    """Let what is imported inside do without these libraries, as if they were not installed.

    One that is loaded already is there again afterwards.
    """
    kept = {name: sys.modules[name] for name in names if name in sys.modules}
    for name in names:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(kept)
