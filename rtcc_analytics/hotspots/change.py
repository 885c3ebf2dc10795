"""Which places are stable hot spots, which are new, which are cooling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import pdtrc

from rtcc_analytics.events import Events, When
from rtcc_analytics.hotspots.counting import HotspotError, counts, require_events
from rtcc_analytics.temporal.daily import ONE_DAY, covered_days, local_date
from rtcc_analytics.temporal.poisson import FloatArray, false_discovery_q, poisson_compare
from rtcc_analytics.units import SpatialUnits

CLASSES = ("stable", "new", "cooling")
FEWEST_EVENTS = 3


@dataclass(frozen=True, eq=False)
class PlaceClasses:
    """Every unit's class; arrays of shape (units.size,).

    Attributes
    ----------
    units : SpatialUnits
    place_class : array of str
        ``"stable"``, ``"new"``, ``"cooling"``, or ``""`` for places that are no hot spot.
    current, history : array of float
        Events in the current window and in the history before it.
    expected : array of float
        History scaled to the length of the current window.
    low, high : array of float
        95 % interval for ``current - expected``.
    q_change, q_hot : array of float
        Benjamini-Hochberg q-values of the change, and of holding more than an average place over
        both windows; NaN where a place has too few events to be asked.
    tested : int
        Places asked about.
    current_days, history_days : (datetime64[D], datetime64[D])
        Half-open spans of local days.
    least_for_new, least_for_cooling : int
        Fewest current events at a place without history, and fewest earlier events at a place
        without current ones, that could show as a change were it the only place asked about.
    """

    units: SpatialUnits
    place_class: NDArray[np.object_]
    current: FloatArray
    history: FloatArray
    expected: FloatArray
    low: FloatArray
    high: FloatArray
    q_change: FloatArray
    q_hot: FloatArray
    tested: int
    current_days: tuple[np.datetime64, np.datetime64]
    history_days: tuple[np.datetime64, np.datetime64]
    least_for_new: int
    least_for_cooling: int

    def to_frame(self) -> pd.DataFrame:
        """One row per classed place, busiest class members first.

        Columns: unit, label, place_class, current, history, expected, low, high, q_change, q_hot,
        x, y (metres).
        """
        x, y = self.units.centroids()
        frame = pd.DataFrame({
            "unit": np.arange(self.units.size),
            "label": self.units.labels,
            "place_class": self.place_class,
            **{n: getattr(self, n) for n in ("current", "history", "expected", "low", "high", "q_change", "q_hot")},
            "x": x,
            "y": y,
        })
        frame = frame[frame["place_class"] != ""]
        order = frame["place_class"].map({name: rank for rank, name in enumerate(CLASSES)})
        frame = frame.assign(order=order, held=frame["current"] + frame["history"])
        frame = frame.sort_values(["order", "held", "unit"], ascending=[True, False, True])
        return frame.drop(columns=["order", "held"]).reset_index(drop=True)


def place_classes(
    events: Events,
    units: SpatialUnits,
    *,
    until: When,
    current_days: int = 28,
    history_days: int = 364,
    flag_below_q: float = 0.05,
) -> PlaceClasses:
    """Class places by the current window against the history just before it.

    A place is *hot* where it holds more events over both windows together than a place of its
    size with the average rate would (Poisson), and its rate *changed* where the e-test says so;
    both under false-discovery control over all places with at least three events. Then

    - **new**: risen, and not already hot in the history alone;
    - **cooling**: fallen, and hot;
    - **stable**: hot, not fallen, and enough to say so: something in the current window, and over both windows
      together at least one event for each length of the current one (14 where that is 28 days and the history 364);
      a place that has risen needs neither.

    Small counts rarely prove a change: ``least_for_new`` and ``least_for_cooling`` say what it
    takes. A place that is hot now by one bad night and had a quiet year is not yet called new.

    Parameters
    ----------
    events : Events
    units : SpatialUnits
        Places of about a street block (150-250 m cells, segments) suit the question.
    until : date
        Local date; the current window ends the day before.
    current_days, history_days : int
        Lengths of the two windows, days; a year of history evens out the seasons.
    flag_below_q : float
        False-discovery rate allowed.

    Raises
    ------
    HotspotError
        With no event, windows that are not positive, or records that do not cover both windows.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.units import Areas
    >>> row = Areas([shapely.box(500_000 + 100 * i, 0, 500_100 + 100 * i, 100) for i in range(20)],
    ...             [f"Block {i}" for i in range(20)], "EPSG:32615")
    >>> days = np.arange("2023-01-02", "2024-01-29", dtype="datetime64[D]")
    >>> quiet = np.arange(days.size) % 20            # one event a day, block after block
    >>> x = np.r_[quiet * 100 + 500_050, np.full(15, 500_750.0)]    # and 15 in a week at Block 7
    >>> when = np.r_[days, np.repeat(days[-5:], 3)].astype("datetime64[s]")
    >>> events = Events(x=x, y=np.full(x.size, 50.0), occurred_from=when, crs="EPSG:32615", timezone="UTC")
    >>> place_classes(events, row, until="2024-01-29").to_frame()[["label", "place_class", "current"]].values.tolist()
    [['Block 7', 'new', 17.0]]
    """
    require_events(events)
    now, before = _windows(events, until, current_days, history_days)
    current = _counted(events, units, now)
    history = _counted(events, units, before)
    both = current + history
    asked = both >= FEWEST_EVENTS
    compared = poisson_compare(
        np.where(asked, current, np.nan),
        history,
        exposure_current=current_days,
        exposure_baseline=history_days,
        variant="score",  # against a longer history Wald hardly sees a rise
    )
    q_change = false_discovery_q(compared.p_value)
    q_hot, q_hot_before = _hot(both, units, asked), _hot(history, units, asked)
    changed = np.nan_to_num(q_change, nan=1.0) <= flag_below_q
    risen, fallen = changed & (compared.difference > 0), changed & (compared.difference < 0)
    hot, hot_before = (np.nan_to_num(q, nan=1.0) <= flag_below_q for q in (q_hot, q_hot_before))
    enough = (current > 0) & (both >= (current_days + history_days) / current_days)
    place_class = np.select(
        [risen & ~hot_before, fallen & hot, hot & ~fallen & (enough | risen)], ["new", "cooling", "stable"], default=""
    ).astype(object)
    return PlaceClasses(
        units, place_class, current, history, history * current_days / history_days, compared.low, compared.high,
        q_change, q_hot, int(asked.sum()), now, before,
        *_least(current_days, history_days, flag_below_q),
    )


def _windows(
    events: Events, until: When, current_days: int, history_days: int
) -> tuple[tuple[np.datetime64, np.datetime64], tuple[np.datetime64, np.datetime64]]:
    if current_days < 1 or history_days < 1:
        raise HotspotError(f"windows of {current_days} and {history_days} days: both need at least one day")
    end = local_date(until)
    middle = end - current_days * ONE_DAY
    start = middle - history_days * ONE_DAY
    first, last = covered_days([events])
    if start < first or end > last:
        raise HotspotError(
            f"classes until {end} need records from {start} to {end - ONE_DAY}, and these cover {first} to "
            f"{last - ONE_DAY}; choose a later or earlier date, shorter windows, or load more months"
        )
    return (middle, end), (start, middle)


def _counted(events: Events, units: SpatialUnits, span: tuple[np.datetime64, np.datetime64]) -> FloatArray:
    inside = (events.local_day >= span[0]) & (events.local_day < span[1])
    if not inside.any():
        return np.zeros(units.size)
    return counts(events.where(inside), units).values


def _hot(held: FloatArray, units: SpatialUnits, asked: NDArray[np.bool_]) -> FloatArray:
    """q-values of holding at least so many where the average rate over all ground would be at work."""
    expected = held.sum() * units.area_m2 / units.area_m2.sum()
    p = np.where(held > 0, pdtrc(np.maximum(held - 1, 0), expected), 1.0)
    return false_discovery_q(np.where(asked, p, np.nan))


def _least(current_days: int, history_days: int, flag_below_q: float) -> tuple[int, int]:
    most = np.arange(1, 1001)
    none = np.zeros(most.size)
    exposure = {"exposure_current": current_days, "exposure_baseline": history_days, "variant": "score"}
    rising = poisson_compare(most, none, **exposure).p_value <= flag_below_q
    falling = poisson_compare(none, most, **exposure).p_value <= flag_below_q
    least = [int(most[shown][0]) if shown.any() else int(most[-1]) for shown in (rising, falling)]
    return max(least[0], FEWEST_EVENTS), max(least[1], FEWEST_EVENTS)
