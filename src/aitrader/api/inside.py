"""An engine as the API sees it: the view's newest frame, control, the disk, and its vital signs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Protocol

from aitrader.api.audit import ask_witnessed
from aitrader.api.policy import Policy
from aitrader.api.problems import Failure
from aitrader.api.tokens import Caller
from aitrader.model.account import PAPER
from aitrader.model.control import Answer, AnyRequest, Control
from aitrader.model.history import EquityPoint, PastEvent, PositionStory
from aitrader.model.order import Order
from aitrader.model.position import Position
from aitrader.model.signal import Signal
from aitrader.model.view import Frame, View

MAX_AGE_S = 0.1
"""Prices come once a second. A frame this young answers many requests; making one costs as much as
encoding it."""

ONE_FRAME_HZ = 10.0
END_OF_TIME_MS = 2**53


class Archive(Protocol):
    """What is on disk, newest first, at most 1000 rows per answer.

    Orders, positions and signals of one instant are never torn apart: an answer may be longer.
    """

    async def orders(self, rows: int, *, before_ms: int = END_OF_TIME_MS) -> tuple[Order, ...]:
        """Return orders planned before that instant."""
        ...

    async def positions(
        self, rows: int, *, before_ms: int = END_OF_TIME_MS
    ) -> tuple[Position, ...]:
        """Return positions opened before that instant."""
        ...

    async def signals(self, rows: int, *, before_ms: int = END_OF_TIME_MS) -> tuple[Signal, ...]:
        """Return signals raised before that instant."""
        ...

    async def equity(
        self,
        rows: int,
        *,
        before_ms: int = END_OF_TIME_MS,
        every_ms: int = 1,
        account: str = PAPER,
    ) -> tuple[EquityPoint, ...]:
        """Return an account's worth before that instant, the last of each `every_ms`."""
        ...

    async def events(
        self, rows: int, *, before_seq: int = END_OF_TIME_MS, kind: str = ""
    ) -> tuple[PastEvent, ...]:
        """Return what was written down before that one; of one kind, "" for all."""
        ...

    async def find_story(self, position_id: str) -> PositionStory | None:
        """Return one position from its signal to its last fill, None if there is none."""
        ...


class Spent(Protocol):
    """What the process uses; `lag_ms` is how late the loop came to a sleeper lately."""

    @property
    def cpu_s(self) -> float:
        """CPU seconds since the start."""
        ...

    @property
    def rss_mb(self) -> float:
        """Resident memory."""
        ...

    @property
    def lag_ms(self) -> float:
        """An average that forgets."""
        ...


class Vitals(Protocol):
    """How the engine is."""

    @property
    def store_fault(self) -> str:
        """Why the disk takes nothing now, "" while it does."""
        ...

    @property
    def waiting(self) -> int:
        """Events in the engine's inbox."""
        ...

    @property
    def reconnects(self) -> int:
        """Connections of the market stream that were opened again, since the start."""
        ...

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames of the market stream that changed nothing, by reason."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Return every counter; the names of errors begin with `error_`."""
        ...

    def cost(self) -> Spent:
        """Return what the process uses at this moment."""
        ...


class Inside:
    """What every route works on."""

    def __init__(
        self,
        view: View,
        control: Control,
        *,
        archive: Archive,
        vitals: Vitals,
        policy: Policy,
        now_s: Callable[[], float],
    ) -> None:
        self.view = view
        self.archive = archive
        self.vitals = vitals
        self.policy = policy
        self._control = control
        self._now_s = now_s
        self._frame: Frame | None = None
        self._made_s = float("-inf")

    async def frame(self) -> Frame:
        """Return everything there is to see; the same object for requests that come together.

        Raises:
            Failure: The engine has ended.
        """
        if self.fresh_frame() is None:
            self._frame = await self._fresh()
            self._made_s = self._now_s()
        assert self._frame is not None
        return self._frame

    def fresh_frame(self) -> Frame | None:
        """Return the frame that `frame` would return without making one."""
        return self._frame if self._now_s() - self._made_s < MAX_AGE_S else None

    async def ask(self, caller: Caller, request: AnyRequest) -> Answer:
        """Return what came of a request; who asks for a change is written down before it."""
        answer = await ask_witnessed(
            self._control, request, who=caller.name, witness=self.policy.witness
        )
        self._frame = None
        return answer

    async def _fresh(self) -> Frame:
        frames = self.view.frames(ONE_FRAME_HZ)
        try:
            async for frame in frames:
                return frame
        finally:
            if isinstance(frames, AsyncGenerator):
                await frames.aclose()
        raise Failure(503, "the engine has ended")
