from collections.abc import Iterable, Mapping

from aitrader.engine.routing import Handler, routes_of
from aitrader.model.events import EntriesPaused, Event, FeedChanged, TimerDue


class Named:
    """A stage that handles some kinds of event and says its name."""

    def __init__(self, name: str, *kinds: type[Event]) -> None:
        self._name = name
        self.handlers: Mapping[type[Event], Handler] = dict.fromkeys(kinds, self.say)

    def say(self, event: Event) -> Iterable[Event]:
        raise AssertionError(f"{self._name} is not asked here")


def test_each_kind_is_shown_to_those_that_handle_it_in_their_order() -> None:
    first, second = Named("first", FeedChanged, TimerDue), Named("second", FeedChanged)
    routes = routes_of((first, second))
    assert routes == {FeedChanged: (first.say, second.say), TimerDue: (first.say,)}
    assert EntriesPaused not in routes
