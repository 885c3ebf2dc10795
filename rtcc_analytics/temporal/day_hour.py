"""Day of week by hour: when it happens, with uncertain times spread over when they may have been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rtcc_analytics.events import Occurrences
from rtcc_analytics.temporal.aoristic import HOURS, WEEKDAYS, aoristic
from rtcc_analytics.temporal.poisson import FloatArray


@dataclass(frozen=True, eq=False)
class DayHourTable:
    """Events by local day of the week and hour.

    Attributes
    ----------
    counts : array of float, shape (7, 24)
        Monday first; sums to `total`.
    total : float
        Sum of weights of events whose time is known.
    spread : float
        Sum of weights of events of uncertain time, spread over more than one hour.
    unknown : float
        Sum of weights of events without a time, left out.
    label : str
        What is counted.
    """

    counts: FloatArray
    total: float
    spread: float
    unknown: float
    label: str

    def to_frame(self) -> pd.DataFrame:
        """168 rows: weekday (Monday 0), day (its name), hour, count."""
        weekday, hour = np.divmod(np.arange(HOURS), 24)
        names = [WEEKDAYS[number] for number in weekday]
        return pd.DataFrame({"weekday": weekday, "day": names, "hour": hour, "count": self.counts.ravel()})


def day_hour_table(occurrences: Occurrences) -> DayHourTable:
    """Count events in each local hour of the week, each shared over the hours in which it may have happened.

    The rules for spans are those of `aoristic`; spans are taken on the wall clock, so an hour
    lost or gained to daylight saving shortens or lengthens none.

    Examples
    --------
    >>> overnight = Occurrences(occurred_from=["2024-01-01 23:30"], occurred_to=["2024-01-02 01:15"], timezone="UTC")
    >>> table = day_hour_table(overnight)
    >>> table.counts[0, 23].round(3).item(), table.counts[1, :2].round(3).tolist(), table.spread
    (0.286, [0.571, 0.143], 1.0)
    """
    shared = aoristic(occurrences)
    known = shared.start_minute >= 0
    several = known & (shared.start_minute % 60 + shared.length_minutes > 60)
    return DayHourTable(
        counts=shared.hours.reshape(7, 24),
        total=float(occurrences.weights[known].sum()),
        spread=float(occurrences.weights[several].sum()),
        unknown=float(occurrences.weights[~known].sum()),
        label=occurrences.label,
    )
