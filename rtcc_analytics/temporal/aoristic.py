"""When did it happen, if all that is known is from when to when? Ratcliffe's aoristic weights.

An event that can have happened any time between two instants is spread over the hours of the week between them.
The clock is local wall time: an hour of the week means what people there call it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.events import Occurrences
from rtcc_analytics.temporal.poisson import PeriodError

HOURS = 168
NAT = np.iinfo(np.int64).min
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Aoristic:
    """Events spread over the hours of the week.

    Attributes
    ----------
    hours : ndarray, shape (168,)
        Expected events in each hour, 0 = Monday 00:00-00:59. Sums to the events' total weight.
    start_minute, length_minutes : ndarray of int32, shape (n,)
        Where each event's range starts in the week, and how long it is: 0 where it counts for its start hour
        alone, 10080 where it covers the whole week.
    weights : ndarray, shape (n,)
        What each event counts for.
    unknown : int
        Events without a start, left out.
    reversed_ranges, missing_ends : int
        Events counted at their start because the end lay before it, or was not given.
    """

    hours: NDArray[np.float64]
    start_minute: NDArray[np.int32]
    length_minutes: NDArray[np.int32]
    weights: NDArray[np.float64]
    unknown: int
    reversed_ranges: int
    missing_ends: int

    def weights_in(self, hours: Iterable[int]) -> NDArray[np.float64]:
        """How much of each event falls in these hours of the week: weights for a density or a Knox test.

        Parameters
        ----------
        hours : iterable of int
            Hours of the week, 0-167.

        Returns
        -------
        ndarray, shape (n,)
            Between 0 and the event's weight; 0 for an event without a start.

        Examples
        --------
        >>> spread = aoristic(["2024-01-01T01:00"], ["2024-01-01T02:30"])
        >>> spread.weights_in([2]).round(3).tolist()
        [0.333]
        """
        chosen = np.zeros(HOURS, dtype=bool)
        chosen[list(hours)] = True
        inside = np.append(0.0, np.cumsum(np.repeat(np.tile(chosen, 2), 60)))
        start, length = self.start_minute, self.length_minutes
        span = np.maximum(length, 1)
        share = (inside[np.maximum(start, 0) + span] - inside[np.maximum(start, 0)]) / span
        return np.where(start < 0, 0.0, np.where(length == 0, chosen[start // 60 % HOURS], share)) * self.weights

    def table(self) -> pd.DataFrame:
        """Weekdays down, hours across: expected events, shape (7, 24)."""
        return pd.DataFrame(self.hours.reshape(7, 24), index=list(WEEKDAYS), columns=range(24))

    def to_frame(self) -> pd.DataFrame:
        """One row an hour of the week: weekday (0 = Monday), hour, events."""
        hour = np.arange(HOURS)
        return pd.DataFrame({"weekday": hour // 24, "hour": hour % 24, "events": self.hours})


def aoristic(
    start: ArrayLike | Occurrences,
    end: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    compat: Literal["crimepy"] | None = None,
) -> Aoristic:
    """Spread events over the 168 hours of the week in proportion to the minutes each can have happened in.

    Parameters
    ----------
    start, end : array_like of datetime64, shape (n,), or Events
        Local wall time; NaT where unknown. Events bring their own range and weights.
    weights : array_like, shape (n,), optional
        What each event counts for; 1 by default.
    compat : "crimepy", optional
        A range that ends before it starts counts whole in its start hour (Ratcliffe). The Python library crimepy
        turns it round and spreads it instead; ``"crimepy"`` does so too.

    Returns
    -------
    Aoristic

    Raises
    ------
    PeriodError
        Starts, ends or weights of different length, a missing weight, an unknown `compat`.

    Examples
    --------
    >>> spread = aoristic(["2024-01-01T23:30"], ["2024-01-02T01:15"])
    >>> spread.hours[[23, 24, 25]].round(4).tolist()
    [0.2857, 0.5714, 0.1429]

    Notes
    -----
    Rules of Ratcliffe's own R package: seconds are cut off; a missing end, or a range of a minute or less, counts
    1 in the start hour; a range of a week or more counts 1/168 in every hour. Ratcliffe, J. H. (2002). Aoristic
    signatures and the spatio-temporal analysis of high volume crime patterns. Journal of Quantitative Criminology
    18, 23-43. One pass over the events, whatever the length of their ranges.
    """
    from rtcc_analytics.temporal._aoristic_kernels import place, spread

    if compat not in (None, "crimepy"):
        raise PeriodError(f"compat {compat!r} is not known; leave it out for Ratcliffe's rules, or use 'crimepy'")
    if isinstance(start, Occurrences):
        start, end, weights = start.local_from, start.local_to, start.weights
    begin = _minutes(start)
    stop = np.full(begin.shape, NAT) if end is None else _minutes(end)
    if begin.shape != stop.shape:
        raise PeriodError(f"{begin.size} starts but {stop.size} ends; give one of each for every event")
    weight = np.ones(begin.size) if weights is None else np.asarray(weights, dtype=float)
    if weight.shape != begin.shape or not np.isfinite(weight).all():
        raise PeriodError(f"{begin.size} events need as many weights, none missing; given are {weight.size}")
    turned = (begin != NAT) & (stop != NAT) & (stop < begin)
    if compat == "crimepy":
        begin, stop = np.where(turned, stop, begin), np.where(turned, begin, stop)
    first, length = place(begin, stop)
    return Aoristic(
        spread(first, length, weight),
        first,
        length,
        weight,
        int((begin == NAT).sum()),
        0 if compat == "crimepy" else int(turned.sum()),
        int(((begin != NAT) & (stop == NAT)).sum()),
    )


def _minutes(instants: ArrayLike) -> NDArray[np.int64]:
    return np.asarray(instants, dtype="datetime64[m]").ravel().astype(np.int64)
