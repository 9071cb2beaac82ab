from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.candle_history import JANUARY_MS, REAL, a_history, binance_lines, same, zipped

from aitrader.model.candle import ROW_FIELDS
from aitrader.model.errors import ConfigError
from aitrader.storage.candles_archive import arrow, write_table
from aitrader.storage.candles_import import FileCandles, field_of, read_content, read_file
from aitrader.storage.candles_names import FORMATS, Subject
from aitrader.storage.candles_table import QUOTE_VOLUME, VOLUME, CandleTable

NAME = "BTCUSDT-5m.csv"
NOTHING_TOLD = Subject()


def read_text(text: str, name: str = NAME) -> CandleTable:
    return read_one(name, text.encode())


def read_one(name: str, content: bytes) -> CandleTable:
    (found,) = read_content(name, content, told=NOTHING_TOLD)
    return found.table


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(sep=" ")


def lines_of(table: CandleTable, times: list[str], *, separator: str = ",") -> str:
    rows = (row[: VOLUME + 1] for row in table.values.T.tolist())
    return "".join(
        separator.join([at, *map(str, row)]) + "\n" for at, row in zip(times, rows, strict=True)
    )


def only_prices(table: CandleTable) -> CandleTable:
    values = table.values.copy()
    values[QUOTE_VOLUME:] = np.nan
    return CandleTable(table.open_ms, values)


# -- Binance's own files --------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1, 1000])
def test_the_archives_rows_are_read_in_milliseconds_and_in_microseconds(unit: int) -> None:
    table = a_history()
    assert same(read_text(binance_lines(table, unit=unit)), table)


def test_the_archives_header_is_a_header() -> None:
    header = (
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
        "taker_buy_volume,taker_buy_quote_volume,ignore\n"
    )
    table = a_history()
    assert same(read_text(header + binance_lines(table)), table)


def test_every_member_of_a_zip_file_is_read() -> None:
    table = a_history()
    content = zipped("BTCUSDT-5m-2025-01.csv", binance_lines(table))
    (found,) = read_content("x.zip", content, told=NOTHING_TOLD)
    assert found.source == "x.zip:BTCUSDT-5m-2025-01.csv"
    assert (found.symbol, found.interval) == ("BTCUSDT", "5m")
    assert same(found.table, table)


def test_a_zip_files_own_name_says_what_its_members_do_not() -> None:
    content = zipped("rows.csv", binance_lines(a_history()))
    (found,) = read_content("ETHUSDT-5m-2025-01.zip", content, told=NOTHING_TOLD)
    assert found.symbol == "ETHUSDT"


def test_other_members_of_a_zip_file_are_left_alone() -> None:
    assert not list(read_content("x.zip", zipped("notes.txt", "hello"), told=NOTHING_TOLD))


def test_times_may_count_from_the_midnight_of_the_files_day() -> None:
    table = only_prices(a_history())
    times = [str(at - JANUARY_MS) for at in table.open_ms.tolist()]
    name = "20250101_btcusdt_minute_trade.csv"
    content = zipped(name, lines_of(table, times))
    (found,) = read_content("BTCUSDT_5m_2025-01-01.zip", content, told=NOTHING_TOLD)
    assert same(found.table, table)


# -- CSV of others --------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["open_time", "Open Time", "date", "timestamp", "ts"])
def test_a_header_may_call_the_time_in_many_ways(header: str) -> None:
    table = only_prices(a_history())
    times = list(map(str, table.open_ms.tolist()))
    text = f"{header},Open,High,Low,Close,Volume\n" + lines_of(table, times)
    assert same(read_text(text), table)


@pytest.mark.parametrize("form", ["{}", '"{}"'])
@pytest.mark.parametrize("zone", ["+00:00", "Z", ""])
def test_dates_are_read_as_utc(zone: str, form: str) -> None:
    table = only_prices(a_history())
    times = [form.format(iso(at).replace("+00:00", zone)) for at in table.open_ms.tolist()]
    text = "date,open,high,low,close,volume\n" + lines_of(table, times)
    assert same(read_text(text), table)


@pytest.mark.parametrize(
    "form", [lambda at: str(at // 1000), lambda at: f"{at / 1000:.3f}", lambda at: f"{at}000000"]
)
def test_times_may_be_seconds_or_nanoseconds(form: object) -> None:
    assert callable(form)
    table = only_prices(a_history())
    text = lines_of(table, [form(at) for at in table.open_ms.tolist()])
    assert same(read_text(text), table)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_may_be_parted_in_other_ways(separator: str) -> None:
    table = only_prices(a_history())
    times = list(map(str, table.open_ms.tolist()))
    text = separator.join(["time", *ROW_FIELDS[:5]]) + "\n"
    assert same(read_text(text + lines_of(table, times, separator=separator)), table)


def test_a_byte_order_mark_and_carriage_returns_are_no_matter() -> None:
    table = only_prices(a_history())
    times = list(map(str, table.open_ms.tolist()))
    text = "time,open,high,low,close,volume\n" + lines_of(table, times)
    content = ("\ufeff" + text.replace("\n", "\r\n")).encode()
    assert same(read_one(NAME, content), table)


def test_an_empty_number_is_unknown() -> None:
    text = "time,open,high,low,close,volume,trades\n" + f"{JANUARY_MS},1,2,0.5,,9,\n"
    table = read_text(text)
    assert np.isnan(table.values[3, 0])
    assert np.isnan(table.values[6, 0])


def test_columns_nobody_knows_are_left_out() -> None:
    text = f"time,open,high,low,close,volume,mood\n{JANUARY_MS},1,2,0.5,1,9,good\n"
    assert read_text(text).values[: VOLUME + 1, 0].tolist() == [1, 2, 0.5, 1, 9]


def test_headers_are_known_by_many_names() -> None:
    assert field_of("Quote asset volume") == "quote_volume"
    assert field_of(" Number of trades ") == "trades"
    assert field_of("taker_base_volume") == "taker_buy_volume"
    assert field_of("close_time") == ""


# -- freqtrade and our own ------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".json", ".json.gz"])
def test_freqtrades_json_is_read(ending: str) -> None:
    table = only_prices(a_history())
    rows = np.vstack((table.open_ms, table.values[: VOLUME + 1])).T.tolist()
    content = json.dumps(rows).encode()
    content = gzip.compress(content) if ending.endswith("gz") else content
    assert same(read_one(f"BTC_USDT-5m{ending}", content), table)


@pytest.mark.parametrize("ending", [".feather", ".parquet", ".arrow"])
@pytest.mark.parametrize("unit", ["ms", "ns"])
def test_freqtrades_feather_and_parquet_are_read(tmp_path: Path, ending: str, unit: str) -> None:
    pyarrow = arrow()
    table = only_prices(a_history())
    dates = pyarrow.array(table.open_ms).cast(pyarrow.timestamp("ms", tz="UTC"))
    dates = dates.cast(pyarrow.timestamp(unit, tz="UTC"))
    columns = [dates, *map(pyarrow.array, table.values[: VOLUME + 1])]
    frame = pyarrow.table(columns, names=["date", *ROW_FIELDS[: VOLUME + 1]])
    path = tmp_path / f"BTC_USDT-5m{ending}"
    if ending == ".parquet":
        arrow("parquet").write_table(frame, path)
    else:
        arrow("feather").write_feather(frame, str(path), compression="lz4")
    (found,) = read_file(path)
    assert same(found.table, table)
    assert (found.symbol, found.interval) == ("BTCUSDT", "5m")


def test_our_own_files_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_5m.parquet"
    write_table(path, a_history())
    (found,) = read_file(path)
    assert same(found.table, a_history())


def test_a_packed_csv_is_read() -> None:
    content = gzip.compress(binance_lines(a_history()).encode())
    assert same(read_one("BTCUSDT-5m.csv.gz", content), a_history())


# -- what the person says -------------------------------------------------------------------------


def test_what_the_person_says_is_believed_before_the_name(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-1h.csv"
    path.write_text(binance_lines(a_history()))
    (found,) = read_file(path, symbol="ethusdt", interval="5m")
    assert (found.symbol, found.interval) == ("ETHUSDT", "5m")


def test_a_file_of_another_interval_is_refused() -> None:
    for name in ("BTCUSDT-1h.csv", "BTCUSDT-1m.csv"):
        with pytest.raises(ConfigError, match="candles, found one every 300 seconds"):
            read_text(binance_lines(a_history()), name)


def test_of_a_few_rows_the_interval_cannot_be_told() -> None:
    assert len(read_text(binance_lines(a_history(3)), "BTCUSDT-1m.csv")) == 3


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("BTCUSDT-5m.txt", b"", r"expected a file that ends in one of \.csv"),
        ("candles.csv", b"1,2,3,4,5,6\n", "give --symbol and --interval"),
        ("BTCUSDT-5m.csv", b"", "expected a header, or the 6 or 12 columns"),
        ("BTCUSDT-5m.csv", b"1,2,3\n", "expected a header, or the 6 or 12 columns"),
        ("BTCUSDT-5m.csv", b"a,b,c,d,e,f\n1,2,3,4,5,6\n", "found no column for time among"),
        (
            "BTCUSDT-5m.csv",
            b"time,open,high,low,close,size\n1,2,3,4,5,6\n",
            "found no column for volume among time, open, high, low, close",
        ),
        ("BTCUSDT-5m.csv", b"1,2,3,4,5,6\n1,2,3\n", "is not a readable CSV file"),
        ("BTCUSDT-5m.csv", b"1,2,3,4,5,6\n1,x,3,4,5,6\n", "is not a readable CSV file"),
        ("BTCUSDT-5m.csv", b"soon,2,3,4,5,6\n", "expected numbers or dates in open_time"),
        ("BTCUSDT-5m.csv", b"\xff\xfe\x00\x00,\xff,,,,\n", "found no column for time"),
        ("BTCUSDT-5m.json", b'{"a": 1}', "expected rows of time, open, high, low, close, volume"),
        ("BTCUSDT-5m.json", b"[[1, 2]]", "expected rows of time, open, high, low, close, volume"),
        ("BTCUSDT-5m.json.gz", b"no", "is not a whole gzip file"),
        ("BTCUSDT-5m.csv.gz", gzip.compress(b"1" * 99)[:-9], "is not a whole gzip file"),
        ("BTCUSDT-5m.feather", b"no", "is not readable"),
        ("BTCUSDT-5m.parquet", b"no", "is not readable"),
        ("BTCUSDT-5m.zip", b"no", "is not a whole zip file"),
        (
            "BTCUSDT-5m.zip",
            zipped("BTCUSDT-5m.csv", binance_lines(a_history()))[:-40],
            "is not a whole zip file",
        ),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else value,
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    name: str, content: bytes, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        list(read_content(name, content, told=NOTHING_TOLD))
    assert "\n" not in str(caught.value)


def test_a_member_that_would_fill_the_memory_is_refused() -> None:
    content = bytearray(zipped("BTCUSDT-5m.csv", "1,2,3,4,5,6\n"))
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (2**32 - 2).to_bytes(4, "little")
    with pytest.raises(ConfigError, match="is too large"):
        list(read_content("x.zip", bytes(content), told=NOTHING_TOLD))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        list(read_file(tmp_path / NAME))


@given(st.sampled_from(FORMATS), st.binary(max_size=200), st.integers(0, 400), st.booleans())
def test_any_bytes_are_candles_or_one_sentence(
    ending: str, noise: bytes, place: int, is_damaged: bool
) -> None:
    text = binance_lines(a_history(4)).encode()
    content = text[:place] + noise + text[place:] if is_damaged else noise
    try:
        found: list[FileCandles] = list(
            read_content(f"BTCUSDT-5m{ending}", content, told=NOTHING_TOLD)
        )
    except ConfigError:
        return
    for each in found:
        assert each.table.values.shape == (len(ROW_FIELDS), len(each.table))


# -- real files -----------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL.is_dir(), reason="the real candles are not beside the repository")
def test_a_real_month_is_read_whole() -> None:
    (found,) = read_file(REAL / "ETHUSDT_5m_2024-12.csv")
    assert (found.symbol, found.interval, len(found.table)) == ("ETHUSDT", "5m", 8641)
    assert found.table.open_ms[0] == 1_733_011_200_000
    assert found.table.values[:, 0].tolist() == [
        3703.59, 3715.47, 3703.5, 3713.32, 1321.842, 4903501.283286, 12651.0, 730.1675,
    ]  # fmt: skip


@pytest.mark.skipif(not REAL.is_dir(), reason="the real candles are not beside the repository")
def test_a_real_day_that_counts_from_midnight_is_read_whole() -> None:
    (found,) = read_file(REAL / "BTCBUSD_1m_2022-12-13.zip")
    assert (found.symbol, found.interval, len(found.table)) == ("BTCBUSD", "1m", 1440)
    assert found.table.open_ms[0] == 1_670_889_600_000
    assert np.isnan(found.table.values[QUOTE_VOLUME:]).all()
