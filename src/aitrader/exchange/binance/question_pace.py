"""How soon the same question about an order is worth asking again.

Most questions are answered at once. Two kinds of answers bring nothing new however often they are
asked for: the account's history may lag behind an order's end, so that its fills are not told yet,
and of a symbol that is gone nothing is told at all. The first is asked again after a growing pause.
The second is asked like any other, since the symbol may come back, and said once.
"""

from __future__ import annotations

import msgspec

from aitrader.model.ids import ClientOrderId

REFUSALS = 5
"""So often in a row a symbol must be refused before it is held to be gone."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """A question without an answer is asked again after `again_s`, ever later up to `longest_s`."""

    again_s: float = 0.5
    longest_s: float = 10.0

    def longer_s(self, pause_s: float) -> float:
        """Return the pause that follows one of so long; the first follows 0."""
        return min(max(pause_s * 2, self.again_s), self.longest_s)


class QuestionPace:
    """What was asked in vain, by order."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._refused: dict[ClientOrderId, int] = {}
        self._lag_s: dict[ClientOrderId, float] = {}

    def refused(self, name: ClientOrderId) -> bool:
        """Take in that the order's symbol was refused; True when it is first held to be gone."""
        times = self._refused[name] = self._refused.get(name, 0) + 1
        return times == REFUSALS

    def told(self, name: ClientOrderId, *, is_whole: bool) -> None:
        """Take in an answer, and whether all the fills it speaks of are known."""
        self._refused.pop(name, None)
        if is_whole:
            self._lag_s.pop(name, None)
        else:
            self._lag_s[name] = self.patience.longer_s(self._lag_s.get(name, 0.0))

    def lag_s(self, name: ClientOrderId) -> float:
        """Return how long to wait before an order is asked after, whose fills lag behind."""
        return self._lag_s.get(name, 0.0)
