from tests.builders import AT_MS

from aitrader.backtest.timers import NEVER_MS, VirtualClock, VirtualTimers
from aitrader.model.commands import StartTimer, StopTimer
from aitrader.model.events import Event, TimerDue
from aitrader.model.ids import TimerId


class Told:
    def __init__(self) -> None:
        self.names: list[str] = []
        self.clock = VirtualClock(AT_MS)
        self.timers = VirtualTimers(self, self.clock)

    def post(self, event: Event) -> None:
        assert isinstance(event, TimerDue)
        assert event.at_ms == self.clock.now_ms()
        self.names.append(event.timer_id)

    def start(self, name: str, after_ms: int) -> None:
        self.timers.start(StartTimer(timer_id=TimerId(name), due_ms=AT_MS + after_ms))

    def run(self) -> list[str]:
        while (due_ms := self.timers.next_ms()) < NEVER_MS:
            self.clock.at_ms = due_ms
            self.timers.go_off()
        return self.names


def test_timers_go_off_by_instant_then_by_name() -> None:
    told = Told()
    for name, after_ms in (("late", 30), ("b", 10), ("a", 10)):
        told.start(name, after_ms)
    assert told.run() == ["a", "b", "late"]


def test_starting_again_replaces_and_stopping_forgets() -> None:
    told = Told()
    told.start("moved", 10)
    told.start("gone", 20)
    told.start("moved", 30)
    told.timers.stop(StopTimer(timer_id=TimerId("gone")))
    told.timers.stop(StopTimer(timer_id=TimerId("never there")))
    assert told.timers.next_ms() == AT_MS + 30
    assert told.run() == ["moved"]


def test_what_is_past_is_due_at_once() -> None:
    told = Told()
    told.start("past", 50)
    told.start("past", 0)
    assert told.names == ["past"]
    assert told.timers.next_ms() == NEVER_MS
