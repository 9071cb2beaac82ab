from __future__ import annotations

import asyncio
import subprocess
import sys

import msgspec
import pytest

from aitrader.exchange.binance.retries import ask_again
from aitrader.model.errors import Refused, Transient


class Quick(msgspec.Struct, frozen=True):
    attempts: int = 3
    backoff_first_s: float = 0.0
    backoff_most_s: float = 0.0


def asked(*ends: Exception | str) -> tuple[str, int]:
    left = list(ends)

    async def ask() -> str:
        end = left.pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    answer = asyncio.run(ask_again(ask, Quick(), on=Transient))
    return answer, len(ends) - len(left)


def test_what_is_unwell_is_asked_again() -> None:
    assert asked(Transient("busy"), Transient("busy"), "here") == ("here", 3)


def test_a_person_reads_that_it_is_asked_again_and_why(caplog: pytest.LogCaptureFixture) -> None:
    asked(Transient("the exchange is busy"), "here")
    assert [record.getMessage() for record in caplog.records] == [
        "asking again in 0.0 s: the exchange is busy"
    ]


def test_the_last_attempt_says_why() -> None:
    with pytest.raises(Transient, match="third"):
        asked(Transient("first"), Transient("second"), Transient("third"), "never")


def test_a_refusal_is_not_asked_again() -> None:
    with pytest.raises(Refused):
        asked(Refused(0, "no"), "never")


def test_no_web_server_comes_along() -> None:
    words = "import sys, aitrader.exchange.binance.retries; sys.exit('tornado' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0
