"""A circuit breaker per family of endpoints: what keeps failing is left alone for a while.

Theory of operation. *Closed*: requests pass, failures in a row are counted. After `failures` of
them it is *open*: for `pause_s` every request of the family fails at once, without a connection.
Then, or as soon as `hint` says that the exchange lives, it is *half-open*: one request passes as a
probe. Its success closes the breaker, its failure opens it again. A refusal is an answer, and 429
or 418 are the limiter's: neither is a failure. Requests that were under way together and failed
together met one fault and count once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aitrader.model.errors import Transient

FAILURES = 5
PAUSE_S = 60.0


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class Breaker:
    """Watches one family of endpoints."""

    def __init__(
        self,
        family: str,
        *,
        failures: int = FAILURES,
        pause_s: float = PAUSE_S,
        time_s: Callable[[], float] = _loop_time,
    ) -> None:
        """`time_s` is monotonic seconds."""
        self._family = family
        self._most = failures
        self._pause_s = pause_s
        self._time_s = time_s
        self._failures = 0
        self._failed_s: float | None = None
        self._open_until_s: float | None = None
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """True from the last failure too many until a success."""
        return self._open_until_s is not None

    def enter(self) -> float:
        """Return the time if a request may leave; who got through says how it went, then leaves.

        Raises:
            Transient: The family is left alone for now; says for how long.
        """
        now_s = self._time_s()
        if self._open_until_s is None:
            return now_s
        left_s = self._open_until_s - now_s
        if self._is_probing or left_s > 0:
            raise Transient(
                f"{self._family} failed {self._failures} times in a row and is left alone",
                retry_after_s=max(left_s, 1.0),
            )
        self._is_probing = True
        return now_s

    def leave(self) -> None:
        """End a request, however it went; the next may probe."""
        self._is_probing = False

    def succeeded(self) -> None:
        """Note an answer, also a refusing one."""
        self._failures = 0
        self._failed_s = self._open_until_s = None

    def failed(self, entered_s: float) -> None:
        """Note that a request which left at `entered_s` met nobody, or somebody unwell."""
        if self._failed_s is None or entered_s >= self._failed_s:
            self._failures += 1
            self._failed_s = self._time_s()
        if self._failures >= self._most:
            self._open_until_s = self._time_s() + self._pause_s

    def hint(self) -> None:
        """Let a probe through at once: there is a sign that the exchange lives."""
        if self._open_until_s is not None:
            self._open_until_s = self._time_s()
