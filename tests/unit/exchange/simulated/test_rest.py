from typing import Any

import msgspec
import pytest

from aitrader.exchange.simulated.limits import Limits
from aitrader.exchange.simulated.market import SeededMarket
from aitrader.exchange.simulated.rest import Rest
from aitrader.exchange.simulated.tape import Tape
from aitrader.exchange.simulated.venue import Venue
from aitrader.model.candle import DAY_MS, INTERVAL_MS
from aitrader.model.errors import Refused

AT_MS = 20_458 * DAY_MS + 3 * 3_600_000 + 7 * 60_000


@pytest.fixture
def tape() -> Tape:
    return Tape(SeededMarket.of_size(3, seed=6), at_ms=AT_MS + 30_000, is_stepped=False)


@pytest.fixture
def venue(tape: Tape) -> Venue:
    return Venue(
        tape.source.listings,
        last_price=lambda rank: float(tape.prices()[rank]),
        now_ms=lambda: tape.at_ms,
    )


@pytest.fixture
def rest(tape: Tape, venue: Venue) -> Rest:
    limits = Limits(lambda: tape.at_ms)
    return Rest(tape, venue, limits=limits, now_ms=lambda: tape.at_ms + 12)


def answered(rest: Rest, path: str, **params: object) -> Any:  # noqa: ANN401 - JSON
    """What a client reads."""
    (operation,) = (each for each in rest.operations() if each.path == path)
    given = {name: str(value) for name, value in params.items()}
    return msgspec.json.decode(msgspec.json.encode(operation.handler(given)))


def candles(rest: Rest, **params: object) -> list[list[object]]:
    asked = {"symbol": "ETHUSDT", "interval": "1m", **params}
    found = rest.klines({name: str(value) for name, value in asked.items()})
    assert isinstance(found, list)
    return found


def test_candles_end_with_the_one_that_is_forming(rest: Rest, tape: Tape) -> None:
    found = candles(rest, limit=5)
    assert [row[0] for row in found] == [AT_MS - n * 60_000 for n in (4, 3, 2, 1, 0)]
    assert found[-1][4] == f"{tape.prices()[1]:.8f}"
    assert found[0][6] == AT_MS - 4 * 60_000 + 59_999
    closed = tape.source.rows(1, AT_MS - 60_000, AT_MS)[0]
    assert found[-2][1:6] == [f"{number:.8f}" for number in closed[:5]]


def test_500_candles_by_default_and_1000_at_most(rest: Rest) -> None:
    assert len(candles(rest)) == 500
    assert len(candles(rest, limit=5000)) == 1000


def test_a_start_counts_forward(rest: Rest) -> None:
    start = AT_MS - 10 * 3_600_000 - 5
    found = candles(rest, interval="1h", startTime=start, limit=3)
    first = start + 3_600_000 - start % 3_600_000
    assert [row[0] for row in found] == [first + n * 3_600_000 for n in range(3)]
    assert len(candles(rest, interval="1h", startTime=start)) == 10


def test_an_end_counts_backward(rest: Rest) -> None:
    end = AT_MS - 5 * 60_000
    found = candles(rest, endTime=end, limit=2)
    assert [row[0] for row in found] == [end - 60_000, end]


def test_a_span_that_holds_nothing_is_empty(rest: Rest) -> None:
    assert candles(rest, startTime=AT_MS + 60_001) == []
    assert candles(rest, startTime=AT_MS - 60_000, endTime=AT_MS - 120_000) == []


@pytest.mark.parametrize("interval", list(INTERVAL_MS))
def test_every_interval_has_a_history_without_gaps(rest: Rest, interval: str) -> None:
    found = candles(rest, interval=interval, limit=3)
    times = [row[0] for row in found]
    assert times == [times[-1] - n * INTERVAL_MS[interval] for n in (2, 1, 0)]  # type: ignore[operator]
    assert found[1][1] == found[0][4]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"symbol": "NOPE", "interval": "1m"}, -1121),
        ({"interval": "1m"}, -1102),
        ({"symbol": "ETHUSDT"}, -1102),
        ({"symbol": "ETHUSDT", "interval": "1s"}, -1120),
        ({"symbol": "ETHUSDT", "interval": "1m", "limit": "x"}, -1100),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_code(
    rest: Rest, params: dict[str, str], code: int
) -> None:
    with pytest.raises(Refused) as found:
        rest.klines(params)
    assert found.value.code == code


def test_rules_come_for_all_or_for_those_asked(rest: Rest) -> None:
    info = answered(rest, "exchangeInfo")
    rows = info["symbols"]
    assert [row["symbol"] for row in rows] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert {row["rateLimitType"] for row in info["rateLimits"]} == {
        "REQUEST_WEIGHT",
        "ORDERS",
        "RAW_REQUESTS",
    }
    filters = {each["filterType"]: each for each in rows[1]["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00010000"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
    one = answered(rest, "exchangeInfo", symbols='["SOLUSDT"]')
    assert [row["symbol"] for row in one["symbols"]] == ["SOLUSDT"]


def test_a_halted_symbol_says_so(rest: Rest, venue: Venue) -> None:
    venue.halted = lambda: {"SOLUSDT": "BREAK"}
    found = {row["symbol"]: row["status"] for row in answered(rest, "exchangeInfo")["symbols"]}
    assert found == {"BTCUSDT": "TRADING", "ETHUSDT": "TRADING", "SOLUSDT": "BREAK"}


def test_the_book_is_around_the_last_price_and_gets_deeper(rest: Rest, tape: Tape) -> None:
    last = float(tape.prices()[1])
    found = answered(rest, "depth", symbol="ETHUSDT", limit=5)
    bids, asks = ([float(row[0]) for row in found[side]] for side in ("bids", "asks"))
    assert (len(bids), bids[0], bids) == (5, last, sorted(bids, reverse=True))
    assert asks[0] == pytest.approx(last + 0.01)
    assert asks == sorted(asks)
    assert float(found["asks"][2][1]) > float(found["asks"][1][1])
    best = answered(rest, "ticker/bookTicker", symbol="ETHUSDT")
    assert (float(best["bidPrice"]), float(best["askPrice"])) == (bids[0], asks[0])
    assert len(answered(rest, "ticker/bookTicker")) == 3


def test_recent_trades_are_the_prices_of_the_forming_candle(rest: Rest, tape: Tape) -> None:
    found = answered(rest, "trades", symbol="ETHUSDT", limit=3)
    assert [row["time"] for row in found] == [tape.at_ms - n * 1000 for n in (2, 1, 0)]
    assert float(found[-1]["price"]) == tape.prices()[1]
    short = answered(rest, "aggTrades", symbol="ETHUSDT", limit=3)
    assert [row["p"] for row in short] == [row["price"] for row in found]
    assert float(answered(rest, "avgPrice", symbol="ETHUSDT")["price"]) == tape.prices()[1]


def test_time_is_the_exchanges(rest: Rest, tape: Tape) -> None:
    assert answered(rest, "time") == {"serverTime": tape.at_ms + 12}
    assert answered(rest, "ping") == {}


def test_tickers_come_for_one_some_or_all(rest: Rest, tape: Tape) -> None:
    one = rest.ticker_day({"symbol": "BTCUSDT"})
    assert isinstance(one, dict)
    assert one["lastPrice"] == f"{tape.prices()[0]:.8f}"
    some = rest.ticker_day({"symbols": '["ETHUSDT","BTCUSDT"]', "type": "MINI"})
    assert isinstance(some, list)
    assert [row["symbol"] for row in some] == ["ETHUSDT", "BTCUSDT"]
    assert "bidPrice" not in some[0]
    prices = rest.ticker_price({})
    assert isinstance(prices, list)
    assert len(prices) == 3
    with pytest.raises(Refused, match="Illegal characters"):
        rest.ticker_price({"symbols": "BTCUSDT"})
