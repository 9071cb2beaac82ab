"""The loop: one task that takes events, lets the stages work out what follows, and makes it so.

Theory of operation. An event is taken from the inbox. The stages that handle its kind are shown it,
in the order of the house, and answer with events and commands; the events among them are shown in
turn, until nothing new follows. Then the durable ones among all these facts are committed in one
transaction, the view learns of them, and only then do the commands leave. What comes of a command
arrives later, through the inbox.

Invariants:
- Nothing leaves before the facts that caused it are on disk.
- A disk that refuses stops new entries and nothing else: exits go on from memory, the facts are
  kept and written before, or with, the next ones.
- A stage that meets something impossible costs one symbol of one trader, not the process. What
  that call of the stage said is not used; the facts it was shown are in a dump beside the data.
- A stage that could not take up what was saved pauses entries: it does not know what is held.
- An engine that is to end first hears what the venue answers to what was sent, for a while.
- `settled` returns when no event waits or is being handled and no command is outstanding, or
  when the loop has ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Protocol, TypeGuard

from aitrader.engine.dispatch import Dispatch
from aitrader.engine.dump import Dumps, subject_of
from aitrader.engine.inbox import BoundedInbox
from aitrader.engine.journal import Journal
from aitrader.engine.routing import Handler, Stage, routes_of
from aitrader.model.commands import Command, SubmitOrder
from aitrader.model.errors import InvariantBroken, Transient
from aitrader.model.events import EntriesPaused, Event, OrderRejected, Quarantined, Started
from aitrader.model.order import Leg

log = logging.getLogger(__name__)

IMPOSSIBLE = (
    InvariantBroken,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What a pure stage raises when it, or the wire, is wrong: any bug of ours is one of these."""

MOST_FACTS = 10_000
"""No event has so many consequences: stages that answer each other for ever are a bug."""

ENDED = "the engine has ended"

SEND_PATIENCE_S = 3.0
"""How long an engine that is to end waits for the venue's answers to what it has sent."""


class Observer(Protocol):
    """Somebody who is told every fact after it is on disk, as the view is."""

    def update(self, facts: Sequence[Event]) -> None:
        """Take note; must be quick and never raise."""
        ...


class Engine:
    """The loop; it keeps nothing but what it is handling and who waits for it."""

    def __init__(
        self,
        inbox: BoundedInbox,
        stages: Sequence[Stage],
        *,
        journal: Journal,
        dispatch: Dispatch,
        observers: Sequence[Observer],
        dumps: Dumps,
    ) -> None:
        self._inbox = inbox
        self._routes = routes_of(stages)
        self._journal = journal
        self._dispatch = dispatch
        self._observers = tuple(observers)
        self._dumps = dumps
        self._awaited: dict[int, asyncio.Future[Sequence[Event]]] = {}
        self._is_handling = False
        self._is_stopping = False
        self._is_patient = True
        self._has_ended = False
        self._quiet = asyncio.Event()
        self._begun = asyncio.Event()
        dispatch.on_end = self._command_ended

    def post(self, event: Event) -> None:
        """Put an event into the inbox; from the loop's own thread only."""
        self._inbox.post(event)

    async def settle(self, event: Event) -> Sequence[Event]:
        """Post an event made for this and return it with all that followed, once it is on disk.

        Raises:
            Transient: The disk refuses; the facts hold in memory and will be written when it can.
                Or the engine has ended.
        """
        if self._has_ended:
            raise Transient(ENDED)
        future: asyncio.Future[Sequence[Event]] = asyncio.get_running_loop().create_future()
        self._awaited[id(event)] = future
        self._inbox.post(event)
        return await future

    async def begun(self) -> None:
        """Return when all that waited as the loop began (what recovery found) is worked out."""
        await self._begun.wait()

    async def settled(self) -> None:
        """Return when nothing waits, nothing is being handled and no command is outstanding."""
        while not self._is_settled():
            self._quiet.clear()
            await self._quiet.wait()

    async def run(self) -> None:
        """Handle events until `stop`; what is in the inbox by then is handled too."""
        waited = len(self._inbox)
        try:
            while len(self._inbox) or not self._may_end():
                if waited <= 0:
                    self._begun.set()
                event = await self._inbox.take()
                if event is not None:
                    self._is_handling = True
                    await self.handle(event)
                    self._is_handling = False
                    waited -= 1
                    self._look_for_quiet()
            await self._journal.flush()
        finally:
            self._has_ended = True
            self._begun.set()
            self._look_for_quiet()
            for future in self._awaited.values():
                if not future.done():
                    future.set_exception(Transient(ENDED))

    def stop(self, *, patience_s: float = SEND_PATIENCE_S) -> None:
        """Let `run` end once the inbox is empty and the venue has answered what was sent.

        Args:
            patience_s: How long its answers are waited for.
        """
        self._is_stopping = True
        self._inbox.wake()
        asyncio.get_running_loop().call_later(patience_s, self._lose_patience)

    def _lose_patience(self) -> None:
        self._is_patient = False
        self._inbox.wake()

    def _may_end(self) -> bool:
        return self._is_stopping and not (self._is_patient and self._dispatch.sending)

    def _command_ended(self) -> None:
        self._look_for_quiet()
        if self._is_stopping:
            self._inbox.wake()

    async def handle(self, event: Event) -> None:
        """Work out all that follows from one event, commit it, show it, let commands leave."""
        facts, commands = self._consequences(event)
        reason = await self._journal.commit(facts)
        for observer in self._observers:
            self._show(observer, facts)
        self._answer(event, facts, reason)
        for command in commands:
            if reason and _is_entry(command):
                self._give_up(command, reason, at_ms=event.at_ms)
            else:
                self._dispatch.start(command)

    def _consequences(self, event: Event) -> tuple[list[Event], list[Command]]:
        pending: deque[Event] = deque([event])
        facts: list[Event] = []
        commands: list[Command] = []
        while pending:
            fact = pending.popleft()
            facts.append(fact)
            if len(facts) > MOST_FACTS:
                self._dumps.write(event, facts, InvariantBroken("an event has no end of effects"))
                break
            for handler in self._routes.get(type(fact), ()):
                for message in self._ask(handler, fact, facts):
                    if isinstance(message, Command):
                        commands.append(message)
                    else:
                        pending.append(message)
        return facts, commands

    def _ask(self, handler: Handler, fact: Event, facts: list[Event]) -> list[Event | Command]:
        try:
            return list(handler(fact))
        except IMPOSSIBLE as exc:
            self._dumps.write(fact, facts, exc)
            if isinstance(fact, Started):
                log.error("no new entries: what was open could not be brought back whole")
                return [EntriesPaused(at_ms=fact.at_ms, is_paused=True)]
            subject = subject_of(fact)
            if subject is None or isinstance(fact, Quarantined):
                return []
            trader_id, symbol = subject
            reason = f"something impossible happened: {exc}"
            return [
                Quarantined(at_ms=fact.at_ms, trader_id=trader_id, symbol=symbol, reason=reason)
            ]

    def _show(self, observer: Observer, facts: Sequence[Event]) -> None:
        """Tell an observer; what it does wrong is its own death, never the loop's."""
        self._dispatch.supervisor.attempt("the view", lambda: observer.update(facts))

    def _answer(self, event: Event, facts: Sequence[Event], reason: str) -> None:
        future = self._awaited.pop(id(event), None)
        if future is None or future.done():
            return
        if reason:
            future.set_exception(Transient(reason))
        else:
            future.set_result(facts)

    def _give_up(self, command: SubmitOrder, reason: str, *, at_ms: int) -> None:
        for order in command.orders:
            self._inbox.post(
                OrderRejected(
                    at_ms=at_ms,
                    client_order_id=order.client_order_id,
                    code=0,
                    reason=f"it could not be written down: {reason}",
                )
            )

    def _is_settled(self) -> bool:
        busy = len(self._inbox) or self._is_handling or self._dispatch.outstanding
        return self._has_ended or not busy

    def _look_for_quiet(self) -> None:
        if self._is_settled():
            self._quiet.set()


def _is_entry(command: Command) -> TypeGuard[SubmitOrder]:
    return isinstance(command, SubmitOrder) and any(o.leg is Leg.ENTRY for o in command.orders)
