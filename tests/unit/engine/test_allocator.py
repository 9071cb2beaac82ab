from __future__ import annotations

import platform

import pytest

from aitrader.engine.allocator import share_arena


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="there is no glibc here")
def test_one_arena_is_asked_of_glibc() -> None:
    assert share_arena("linux")


def test_elsewhere_nothing_is_asked() -> None:
    assert not share_arena("darwin")
