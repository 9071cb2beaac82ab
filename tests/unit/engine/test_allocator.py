from __future__ import annotations

import platform

import pytest

from aitrader.engine.allocator import spare_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="there is no glibc here")
def test_glibc_does_as_it_is_told() -> None:
    assert spare_memory("linux")


def test_elsewhere_nothing_is_asked() -> None:
    assert not spare_memory("darwin")
