"""Wall-clock times of the simulated county: whole seconds since 1970-01-01 00:00 on a local clock."""

from __future__ import annotations

import numpy as np
import pandas as pd

DAY = 86_400
ZONE = "America/New_York"


def day_number(day: object) -> int:
    """Days since 1970-01-01 of a date.

    Examples
    --------
    >>> day_number("1970-02-01")
    31
    """
    return int(np.datetime64(day, "D").astype(int))


def weekday(days: np.ndarray) -> np.ndarray:
    """Monday 0 to Sunday 6 of day numbers.

    Examples
    --------
    >>> int(weekday(np.array([day_number("2025-11-24")]))[0])
    0
    """
    return (np.asarray(days) + 3) % 7


def day_of_year(days: np.ndarray) -> np.ndarray:
    """Days since the first of January, 0 based.

    Examples
    --------
    >>> int(day_of_year(np.array([day_number("2024-03-01")]))[0])
    60
    """
    date = np.asarray(days).astype("datetime64[D]")
    return (date - date.astype("datetime64[Y]").astype("datetime64[D]")).astype(int)


def to_utc(local: np.ndarray) -> np.ndarray:
    """UTC seconds of local seconds; an hour that occurs twice is taken as daylight time in even minutes.

    Examples
    --------
    >>> summer, winter = np.array(["2025-07-01T12:00", "2025-12-01T12:00"], "datetime64[s]").astype(int)
    >>> (to_utc(np.array([summer, winter])) - [summer, winter]).tolist()
    [14400, 18000]
    """
    local = np.asarray(local, np.int64)
    stamps = pd.DatetimeIndex(local.astype("datetime64[s]"))
    placed = stamps.tz_localize(ZONE, ambiguous=local // 60 % 2 == 0, nonexistent=pd.Timedelta(hours=1))
    return placed.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)


def existing(local: np.ndarray) -> np.ndarray:
    """Local seconds with those in an hour that daylight saving skips moved to its end; order is kept.

    Examples
    --------
    >>> skipped = np.array(["2025-03-09T02:30", "2025-03-09T03:10"], "datetime64[s]").astype(int)
    >>> existing(skipped).astype("datetime64[s]").astype(str).tolist()
    ['2025-03-09T03:00:00', '2025-03-09T03:10:00']
    """
    local = np.asarray(local, np.int64)
    hour = local // 3600 * 3600
    return np.where(to_utc(hour) == to_utc(hour + 3600), hour + 3600, local)


def written(local: np.ndarray, form: str) -> np.ndarray:
    """Local (or UTC) seconds as text: `form` is ``date`` (MM/DD/YYYY), ``clock`` (HH:MM) or ``iso`` (to the second).

    Examples
    --------
    >>> [str(written(np.array([0]), form)[0]) for form in ("date", "clock", "iso")]
    ['01/01/1970', '00:00', '1970-01-01T00:00:00']
    """
    text = np.datetime_as_string(np.asarray(local, np.int64).astype("datetime64[s]"), unit="s")
    if form == "iso":
        return text
    if form == "clock":
        return np.array([t[11:16] for t in text], "U5")
    return np.array([f"{t[5:7]}/{t[8:10]}/{t[:4]}" for t in text], "U10")


def sample_seconds(rng: np.random.Generator, n: int, hours: tuple[float, ...]) -> np.ndarray:
    """Seconds of the day drawn from an hourly profile, even within the hour.

    Examples
    --------
    >>> seconds = sample_seconds(np.random.default_rng(1), 100, (0,) * 23 + (1,))
    >>> bool((seconds >= 23 * 3600).all() and (seconds < 86400).all())
    True
    """
    hour = draw(rng, n, np.asarray(hours, float))
    return hour * 3600 + rng.integers(0, 3600, n)


def draw(rng: np.random.Generator, n: int, weights: np.ndarray) -> np.ndarray:
    """`n` indices drawn with probabilities proportional to `weights` (which may be empty where `n` is 0).

    Examples
    --------
    >>> draw(np.random.default_rng(1), 3, np.array([0.0, 2.0, 0.0])).tolist()
    [1, 1, 1]
    """
    if n == 0:
        return np.zeros(0, np.int64)
    steps = np.cumsum(weights)
    return np.searchsorted(steps, rng.random(n) * steps[-1], side="right").clip(0, len(weights) - 1)
