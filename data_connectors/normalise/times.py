r"""Times: how text on a wall clock becomes an instant, and what is said about it.

Rules (FIELD: one instant per event, the zone rule kept beside it)
------------------------------------------------------------------
- A wall clock without a zone is read in the profile's zone: rule ``assumed``.
- The hour that occurs twice in autumn is taken as standard time: ``ambiguous``.
- An hour that daylight saving skips is moved on by one hour: ``nonexistent``.
- Text with an offset or Z, epoch seconds and milliseconds are instants already: ``as_given``.
- A source that writes Z or +00:00 on local hours is read as local: ``unstamped``.
- 24:00 is 00:00 of the next day.
- A clock of digits has lost its leading zeros: 5 is 00:05, 115 is 01:15.
- A date without a clock, or a month, means its first or its last instant (to the second), as the column needs.
- Times before 1900 or after 2100 are no times.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

Precision = Literal["instant", "day", "month"]

_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
_POSSIBLE = f"BETWEEN TIMESTAMP '{_FIRST_DAY}' AND TIMESTAMP '{_LAST_DAY} 23:59:59.999999'"
_PROBE = timedelta(days=4)  # no zone has changed its offset and changed it back within four days
_24 = r"(^|[T ])24:00(:00)?(\.0+)?($|[^0-9:])"


def precision_of(format: str) -> Precision:
    """How exactly a strptime format tells the time; ``iso`` is told row by row (`iso_precision`).

    Examples
    --------
    >>> precision_of("%m/%d/%Y %H:%M"), precision_of("%m/%d/%Y"), precision_of("%Y-%m")
    ('instant', 'day', 'month')
    """
    if any(mark in format for mark in ("%H", "%I", "%-H", "%-I", "%X", "%c", "%T")):
        return "instant"
    return "day" if any(mark in format for mark in ("%d", "%-d", "%j", "%x")) else "month"


def date_part(format: str) -> str | None:
    """The format of the date alone, where a format of date and clock starts with the date.

    Examples
    --------
    >>> date_part("%m/%d/%Y %H:%M"), date_part("%H:%M %d.%m.%Y")
    ('%m/%d/%Y', None)
    """
    head = format.split(" ")[0]
    return head if precision_of(head) == "day" and precision_of(format) == "instant" else None


def clock_from_digits(clock: str) -> str:
    """A clock of digits with its leading zeros and colon back; anything else stays.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql("SELECT " + ", ".join(clock_from_digits(f"'{c}'") for c in ("5", "115", "2400", "1:15"))).fetchone()
    ('00:05', '01:15', '24:00', '1:15')
    """
    padded = f"lpad({clock}, 4, '0')"
    return (rf"CASE WHEN regexp_full_match({clock}, '\d{{1,4}}') "
            f"THEN left({padded}, 2) || ':' || right({padded}, 2) ELSE {clock} END")


def is_24(text: str) -> str:
    """Whether the text says 24:00.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql("SELECT " + ", ".join(is_24(f"'{t}'") for t in ("1/2/2024 24:00", "1/2/2024 14:24:00"))).fetchone()
    (True, False)
    """
    return f"(contains({text}, '24:00') AND regexp_matches({text}, '{_24}'))"


def without_24(text: str) -> str:
    """The text with 24:00 as 00:00; the day is added after parsing where `is_24` holds.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {without_24('$t')}", params={"t": "2024-01-02T24:00:00"}).fetchone()
    ('2024-01-02T00:00:00',)
    """
    return rf"CASE WHEN {is_24(text)} THEN regexp_replace({text}, '{_24}', '\100:00\2\3\4') ELSE {text} END"


def has_offset(text: str) -> str:
    """Whether ISO text ends in Z or an offset from UTC.

    Examples
    --------
    >>> import duckdb
    >>> texts = ("2024-01-02T03:04:05Z", "2024-01-02 03:04-05:00", "2024-01-02 03:04", "2024-01-02")
    >>> duckdb.sql("SELECT " + ", ".join(has_offset(f"'{t}'") for t in texts)).fetchone()
    (True, True, False, False)
    """
    tail = f"substr({text}, 12)"
    signed = f"contains({tail}, '+') OR contains({tail}, '-')"
    return f"(length({text}) > 15 AND (suffix({text}, 'Z') OR suffix({text}, 'z') OR {signed}))"


def parsed(text: str, format: str) -> str:
    """The wall clock that the text shows, as TIMESTAMP; null where it does not fit.

    `format` is an SQL expression, or the word ``iso``: there any offset is left aside.

    Examples
    --------
    >>> import duckdb
    >>> sql = f"SELECT {parsed('$t', '$f')}, {parsed('$u', 'iso')}"
    >>> duckdb.sql(sql, params={"t": "1/2/2024", "f": "%m/%d/%Y", "u": "2024-01-02T03:04:05.250Z"}).fetchone()
    (datetime.datetime(2024, 1, 2, 0, 0), datetime.datetime(2024, 1, 2, 3, 4, 5, 250000))
    """
    return f"TRY_CAST({text} AS TIMESTAMP)" if format == "iso" else f"try_strptime({text}, {format})"


def given_instant(text: str) -> str:
    """ISO text with an offset as UTC, in a TIMESTAMP without zone.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {given_instant('$t')}", params={"t": "2024-01-02T03:04:05-05:00"}).fetchone()
    (datetime.datetime(2024, 1, 2, 8, 4, 5),)
    """
    return f"make_timestamp(epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)))"


def epoch_instant(text: str, unit: Literal["epoch_s", "epoch_ms"]) -> str:
    """Epoch seconds or milliseconds as UTC, in a TIMESTAMP without zone; null outside 1970 to 2100.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {epoch_instant('$t', 'epoch_ms')}", params={"t": "1696136536000"}).fetchone()
    (datetime.datetime(2023, 10, 1, 5, 2, 16),)
    """
    factor = 1_000_000 if unit == "epoch_s" else 1_000
    micros = f"round(TRY_CAST({text} AS DOUBLE) * {factor})"
    return f"CASE WHEN {micros} BETWEEN 0 AND 4133980800000000 THEN make_timestamp(CAST({micros} AS BIGINT)) END"


def possible(timestamp: str) -> str:
    """The time where it is one that can be, 1900 to 2100; else null.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {possible(chr(39) + '0002-01-01' + chr(39) + '::TIMESTAMP')}").fetchone()
    (None,)
    """
    return f"CASE WHEN {timestamp} {_POSSIBLE} THEN {timestamp} END"


def at_edge(timestamp: str, precision: str, edge: Literal["start", "end"]) -> str:
    """A time known to the day or month at that end of it; the last instant is the last second.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {at_edge('TIMESTAMP $$2024-02-01$$', '$p', 'end')}", params={"p": "month"}).fetchone()
    (datetime.datetime(2024, 2, 29, 23, 59, 59),)
    """
    if edge == "start":
        return timestamp
    return (f"CASE {precision} WHEN 'day' THEN {timestamp} + INTERVAL 1 DAY - INTERVAL 1 SECOND "
            f"WHEN 'month' THEN {timestamp} + INTERVAL 1 MONTH - INTERVAL 1 SECOND ELSE {timestamp} END")


def instant(wall: str, zone: str) -> str:
    """A wall clock as UTC, in a TIMESTAMP without zone.

    `zone` is the alias of a table made by `zone_days`, joined on ``day = CAST(wall AS DATE)``.

    Examples
    --------
    >>> import duckdb
    >>> connection = duckdb.connect()
    >>> _ = connection.register("ny", zone_days("America/New_York"))
    >>> sql = f"SELECT {instant('w', 'ny')} FROM (SELECT TIMESTAMP '2024-07-01 12:00' AS w) JOIN ny ON ny.day = w::DATE"
    >>> connection.sql(sql).fetchone()
    (datetime.datetime(2024, 7, 1, 16, 0),)
    """
    offset = (f"CASE WHEN {zone}.turn_at IS NULL OR {wall} < {zone}.turn_at "
              f"THEN {zone}.offset_us ELSE {zone}.later_offset_us END")
    return f"make_timestamp(epoch_us({wall}) - {offset})"


def zone_rule(wall: str, zone: str, otherwise: str) -> str:
    """``ambiguous`` or ``nonexistent`` where the wall clock is, else the text `otherwise`.

    Examples
    --------
    >>> import duckdb
    >>> connection = duckdb.connect()
    >>> _ = connection.register("ny", zone_days("America/New_York"))
    >>> clocks = "(VALUES (TIMESTAMP '2024-11-03 01:30'), (TIMESTAMP '2024-03-10 02:30')) AS v(w)"
    >>> sql = f"SELECT {zone_rule('w', 'ny', 'assumed')} FROM {clocks} JOIN ny ON ny.day = w::DATE"
    >>> sorted(connection.sql(sql).fetchall())
    [('ambiguous',), ('nonexistent',)]
    """
    return (f"CASE WHEN {zone}.change IS NOT NULL AND {wall} >= {zone}.odd_from AND {wall} < {zone}.odd_to "
            f"THEN {zone}.change ELSE '{otherwise}' END")


def wall_on(wall: str, zone: str) -> str:
    """The wall clock itself, moved on by what daylight saving skipped where it does not exist."""
    moved = f"{wall} + ({zone}.odd_to - {zone}.odd_from)"
    return f"CASE WHEN {zone_rule(wall, zone, 'assumed')} = 'nonexistent' THEN {moved} ELSE {wall} END"


@lru_cache(maxsize=8)
def zone_days(zone: str) -> pa.Table:
    """One row per local day 1900-2100 with its offset from UTC, and what changes within the day.

    Joining a million rows to this is some thirty times faster than asking DuckDB's calendar for each, and says
    which rule applied.

    Returns
    -------
    pyarrow.Table
        ``day``; ``offset_us`` in force when the day begins; ``turn_at`` the wall clock from which
        ``later_offset_us`` holds; ``change`` ``ambiguous`` or ``nonexistent`` with the odd hours
        ``odd_from`` (included) to ``odd_to`` (not included). Null where nothing changes.

    Examples
    --------
    >>> days = zone_days("America/New_York")
    >>> days.num_rows, days.schema.names
    (73414, ['day', 'offset_us', 'later_offset_us', 'turn_at', 'change', 'odd_from', 'odd_to'])
    """
    total = (_LAST_DAY - _FIRST_DAY).days + 1
    transitions = _transitions(ZoneInfo(zone))
    offsets = np.full(total, _micros(_offset(ZoneInfo(zone), datetime(1899, 12, 30, tzinfo=UTC))), "int64")
    later, turn, odd_from, odd_to = (np.zeros(total, "int64") for _ in range(4))
    change = np.full(total, -1, "int64")
    for at, before, after in transitions:
        first, last = at + min(before, after), at + max(before, after)
        begins = max((last.date() - _FIRST_DAY).days + (last.time() != datetime.min.time()), 0)
        offsets[begins:] = _micros(after)
        within = slice(
            max((first.date() - _FIRST_DAY).days, 0), ((last - timedelta(microseconds=1)).date() - _FIRST_DAY).days + 1
        )
        forward = after > before
        change[within] = forward
        later[within], turn[within] = _micros(after), _since_1970(last if forward else first)
        odd_from[within], odd_to[within] = _since_1970(first), _since_1970(last)
    plain, stamp = change < 0, pa.timestamp("us")
    words = np.array(["ambiguous", "nonexistent"], dtype=object)[np.maximum(change, 0)]
    return pa.table({
        "day": np.datetime64(_FIRST_DAY, "D") + np.arange(total), "offset_us": offsets,
        "later_offset_us": pa.array(later, mask=plain), "turn_at": pa.array(turn, stamp, mask=plain),
        "change": pa.array(words, pa.string(), mask=plain), "odd_from": pa.array(odd_from, stamp, mask=plain),
        "odd_to": pa.array(odd_to, stamp, mask=plain),
    })


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _since_1970(wall: datetime) -> int:
    return _micros(wall - datetime(1970, 1, 1))


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _transitions(zone: ZoneInfo) -> list[tuple[datetime, timedelta, timedelta]]:
    """(naive UTC instant, offset before, offset after) of every change of offset, to the second."""
    found = []
    at = datetime(_FIRST_DAY.year - 1, 12, 30, tzinfo=UTC)
    end = datetime(_LAST_DAY.year + 1, 1, 2, tzinfo=UTC)
    before = _offset(zone, at)
    while at < end:
        following = at + _PROBE
        after = _offset(zone, following)
        if after != before:
            low, high = at, following
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            found.append((high.replace(tzinfo=None), before, after))
        at, before = following, after
    return found
