"""How the values of a column read as times, and whether a Z in them can be believed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

NEARLY_ALL = 0.97
_OFFSET = re.compile(r".*\d{1,2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$")
_DIGITS = re.compile(r"\d{1,4}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?(\.\d+)?( ?[AaPp]\.?[Mm]\.?)?")

_FORMATS = tuple(
    f"{date}{clock}"
    for clock in ("", " %I:%M:%S %p", " %I:%M %p", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %H%M")
    for date in ("%m/%d/%Y", "%m/%d/%y", "%d/%m/%Y", "%d/%m/%y", "%m-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%b-%Y",
                 "%d-%b-%y", "%b %d %Y", "%b %d, %Y", "%Y%m%d")
)  # fmt: skip
_FIRST, _LAST = datetime(1950, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TimeLook:
    """How a column reads as a time.

    Attributes
    ----------
    formats : tuple of str
        As a profile names them: strptime formats, or ``iso``; empty for a clock alone or epochs.
    stamped : str
        ``local``, ``offset``, ``epoch_ms`` or ``epoch_s``.
    kind : "instant", "date" or "clock"
        A date with a clock, a date alone, a clock alone.
    digits : bool
        A clock of digits without colon: 115 is 01:15.
    half_lost : bool
        A clock that says AM or PM on some rows only: the rest cannot be told.
    hours : tuple of int
        The hours that the sample shows, as written.
    doubt : str
        What is not sure, in words; blank where nothing is.
    """

    formats: tuple[str, ...]
    stamped: str = "local"
    kind: str = "instant"
    digits: bool = False
    half_lost: bool = False
    hours: tuple[int, ...] = ()
    doubt: str = ""


def look_at_times(values: Sequence[str]) -> TimeLook | None:
    """How the values read as times; None where too many do not.

    Examples
    --------
    >>> look_at_times(["1/31/2019 13:45", "2/1/2019 0:05"]).formats
    ('%m/%d/%Y %H:%M',)
    >>> look_at_times(["2019-03-05T21:40:47.000Z"]).stamped, look_at_times(["1696185691000"]).stamped
    ('offset', 'epoch_ms')
    >>> look_at_times(["12:02:16 AM", "1:41:31"]).half_lost
    True
    """
    if not values:
        return None
    return _epoch(values) or _iso(values) or _formatted(values) or _clock(values)


def _epoch(values: Sequence[str]) -> TimeLook | None:
    for stamped, digits, unit in (("epoch_ms", 13, 1000), ("epoch_s", 10, 1)):
        if all(v.isdigit() and len(v) == digits for v in values):
            return TimeLook((), stamped, hours=tuple(int(v) // unit // 3600 % 24 for v in values))
    return None


def _iso(values: Sequence[str]) -> TimeLook | None:
    read = []
    for value in values:
        if not (len(value) >= 7 and value[4:5] == "-"):
            continue
        try:
            read.append((value, datetime.fromisoformat(f"{value}-01" if len(value) == 7 else value)))
        except ValueError:
            continue
    if len(read) < NEARLY_ALL * len(values):
        return None
    clocks = [(value, at) for value, at in read if len(value) > 10]
    stamped = "offset" if clocks and all(_OFFSET.match(value) for value, _ in clocks) else "local"
    if not clocks:
        return TimeLook(("iso",), kind="date")
    return TimeLook(("iso",), stamped, hours=tuple(at.hour for _, at in clocks))


def _formatted(values: Sequence[str]) -> TimeLook | None:
    fitting = [(format, read) for format in _FORMATS if (read := _read(values, format))]
    if not fitting:
        return None
    # Among formats that fit, the one that puts the dates into the fewest years is likeliest: 01/02/03 is no year 3.
    best = max(len(read) for _, read in fitting)
    format, read = next((f, r) for f, r in fitting if len(r) == best)
    swapped = format.replace("%m", "%?").replace("%d", "%m").replace("%?", "%d")
    doubt = ""
    if any(f == swapped for f, r in fitting if f != format and len(r) == best):
        doubt = "every value also reads with day and month exchanged; month first was taken"
    clock = "%H" in format or "%I" in format
    hours = tuple(at.hour for at in read) if clock else ()
    formats = (format, format.split(" ")[0]) if clock and best < len(values) else (format,)
    return TimeLook(formats, kind="instant" if clock else "date", hours=hours, doubt=doubt)


def _read(values: Sequence[str], format: str) -> list[datetime]:
    allowed = len(values) * (1 - NEARLY_ALL)
    read: list[datetime] = []
    for position, value in enumerate(values):
        try:
            at = datetime.strptime(value.replace(" 24:00", " 00:00"), format).replace(tzinfo=UTC)
        except ValueError:
            at = None
        if at is not None and _FIRST <= at < _LAST:
            read.append(at)
        elif position + 1 - len(read) > allowed:
            return []
    return read


def _clock(values: Sequence[str]) -> TimeLook | None:
    if all(_DIGITS.fullmatch(v) and int(v) % 100 < 60 and int(v) <= 2400 for v in values):
        return TimeLook((), kind="clock", digits=True, hours=tuple(int(v) // 100 % 24 for v in values))
    if sum(bool(_CLOCK.fullmatch(v)) for v in values) < NEARLY_ALL * len(values):
        return None
    half = [v for v in values if v.upper().rstrip(".").endswith("M")]
    seconds = sum(v.count(":") == 2 for v in values) > len(values) / 2
    twelve = "%I:%M:%S %p" if seconds else "%I:%M %p"
    plain = "%H:%M:%S" if seconds else "%H:%M"
    formats = (twelve,) if len(half) == len(values) else (plain,) if not half else (twelve, plain)
    hours = tuple(int(v.split(":")[0]) for v in values) if not half else ()
    return TimeLook(formats, kind="clock", half_lost=0 < len(half) < len(values), hours=hours)


def hours_are_local(hours: Sequence[int], longitude: float) -> bool | None:
    """Whether hours that are marked as UTC are those of a wall clock; None where they do not tell.

    Police work has its quietest hours before dawn nearly everywhere. Where those fall between 2 and 7 as written, the
    hours are local; where they do so only after the sun's own offset is taken off, they are UTC.

    Parameters
    ----------
    hours : sequence of int
        Hours of the day as written, 0-23; fewer than 200 do not tell.
    longitude : float
        Where they were recorded, degrees.

    Examples
    --------
    >>> local = [h for h in range(24) for _ in range(20 if 3 <= h <= 6 else 60)]
    >>> later = [(h + 5) % 24 for h in local]
    >>> hours_are_local(local, -77.0), hours_are_local(later, -77.0), hours_are_local([1, 2], -77.0)
    (True, False, None)
    """
    if len(hours) < 200:
        return None
    counts = np.bincount(np.asarray(hours) % 24, minlength=24)
    window = np.array([counts[(start + np.arange(4)) % 24].sum() for start in range(24)])
    quietest = (int(window.argmin()) + 2) % 24
    if window.min() > 0.8 * window.mean():
        return None
    solar = (quietest + round(longitude / 15)) % 24
    written, moved = 2 <= quietest <= 7, 2 <= solar <= 7
    return written if written != moved else None
