import json

import pytest

from aitrader.exchange.simulated import frames, streams
from aitrader.exchange.simulated.streams import Connection, Hub


def opened(hub: Hub, *names: str, is_combined: bool = True) -> Connection:
    connection = Connection(is_combined=is_combined)
    hub.open(connection, names)
    return connection


def said(connection: Connection) -> list[object]:
    """Everything queued, decoded; frames here are short."""
    piece, found = connection.take(), []
    while piece:
        size, start = piece[1], 2
        if size == 126:
            size, start = int.from_bytes(piece[2:4], "big"), 4
        found.append(json.loads(piece[start : start + size]))
        piece = piece[start + size :]
    return found


def asked(hub: Hub, connection: Connection, **request: object) -> object:
    hub.receive(connection, json.dumps(request))
    answers = said(connection)
    return answers[0] if answers else None


def test_a_payload_goes_to_who_wants_it_in_the_form_it_wants() -> None:
    hub = Hub()
    combined, raw = opened(hub, "a@ticker"), opened(hub, "a@ticker", is_combined=False)
    other = opened(hub, "b@ticker")
    hub.publish("a@ticker", '{"c":1}')
    hub.flush()
    assert said(combined) == [{"stream": "a@ticker", "data": {"c": 1}}]
    assert said(raw) == [{"c": 1}]
    assert not other.wake.is_set()


def test_subscriptions_come_go_and_are_listed() -> None:
    hub = Hub()
    connection = opened(hub)
    asking = {"method": "SUBSCRIBE", "params": ["b@ticker", "a@ticker"], "id": 1}
    assert asked(hub, connection, **asking) == {"result": None, "id": 1}
    listed = asked(hub, connection, method="LIST_SUBSCRIPTIONS", id="x")
    assert listed == {"result": ["a@ticker", "b@ticker"], "id": "x"}
    version = hub.version
    asked(hub, connection, method="UNSUBSCRIBE", params=["a@ticker", "c@ticker"], id=2)
    assert list(hub.wanted) == ["b@ticker"]
    assert hub.version > version


def test_a_connection_that_is_gone_wants_nothing() -> None:
    hub = Hub()
    connection = opened(hub, "a@ticker")
    hub.drop(connection)
    assert not list(hub.wanted)
    assert hub.listeners() == []


def test_a_shared_stream_outlives_one_of_its_listeners() -> None:
    hub = Hub()
    one, other = opened(hub, "a@ticker"), opened(hub, "a@ticker")
    hub.drop(one)
    assert list(hub.wanted) == ["a@ticker"]
    assert hub.listeners() == [other]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("nonsense", 3),
        ("[1]", 2),
        ('{"method":1}', 2),
        ('{"method":"DANCE","id":1}', 2),
        ('{"method":"SUBSCRIBE","params":[],"id":1}', 2),
        ('{"method":"SET_PROPERTY","params":["color",1],"id":1}', 0),
        ('{"method":"SIMULATED_CLOCK_ACK","params":["soon"],"id":1}', 2),
        (b"\xff\xfe", 3),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_code(message: str | bytes, code: int) -> None:
    hub = Hub()
    connection = opened(hub)
    hub.receive(connection, message)
    (answer,) = said(connection)
    assert isinstance(answer, dict)
    assert answer["code"] == code


def test_more_streams_than_a_connection_may_have_are_refused() -> None:
    hub = Hub()
    connection = opened(hub)
    names = [f"s{number}@ticker" for number in range(streams.MAX_STREAMS + 1)]
    answer = asked(hub, connection, method="SUBSCRIBE", params=names, id=1)
    assert isinstance(answer, dict)
    assert answer["code"] == 2
    assert not connection.streams


def test_a_connection_may_choose_the_envelope() -> None:
    hub = Hub()
    connection = opened(hub, is_combined=False)
    asked(hub, connection, method="SET_PROPERTY", params=["combined", True], id=1)
    answer = asked(hub, connection, method="GET_PROPERTY", params=["combined"], id=2)
    assert answer == {"result": True, "id": 2}


def test_an_acknowledgement_is_kept_and_not_answered() -> None:
    hub = Hub()
    connection = opened(hub, "a@ticker")
    hub.changed.clear()
    assert asked(hub, connection, method="SIMULATED_CLOCK_ACK", params=[7], id=1) is None
    assert asked(hub, connection, method="SIMULATED_CLOCK_ACK", params=[5], id=1) is None
    assert connection.acked_ms == 7
    assert hub.changed.is_set()


def test_a_slow_client_gets_closed_candles_only_until_it_has_caught_up() -> None:
    hub = Hub()
    connection = opened(hub, "a@kline_1m")
    connection.add(b"x" * (streams.SOFT_LIMIT + 1), is_final=False)
    hub.publish("a@kline_1m", '{"n":1}')
    hub.publish("a@kline_1m", '{"n":2}', is_final=True)
    assert connection.skipped == 1
    assert connection.take().endswith(b'{"stream":"a@kline_1m","data":{"n":2}}')
    hub.publish("a@kline_1m", '{"n":3}')
    assert len(said(connection)) == 1


def test_a_client_that_never_reads_is_closed() -> None:
    hub = Hub()
    connection = opened(hub, "a@kline_1m")
    connection.add(b"x" * (streams.HARD_LIMIT + 1), is_final=True)
    assert connection.close_code == streams.POLICY_CLOSE
    assert connection.take() == b""
    assert hub.listeners() == []


def test_the_end_is_said_to_all_and_to_who_comes_later() -> None:
    hub = Hub()
    early, idle = opened(hub, "a@ticker"), opened(hub)
    hub.end(99)
    late = opened(hub, "a@ticker")
    for connection in (early, late):
        notice = {"stream": "!simulatedEnd", "data": json.loads(frames.end(99))}
        assert said(connection) == [notice]
        assert connection.close_code == streams.NORMAL_CLOSE
    assert idle.close_code is None
