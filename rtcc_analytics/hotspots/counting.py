"""How many events each unit holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.units import SpatialUnits, require_same_crs


class HotspotError(RtccError):
    """A hot spot method that cannot answer: no events, none near, or a parameter that makes no sense."""


def counts(events: Events, units: SpatialUnits) -> RiskSurface:
    """How many events (sum of weights) each unit holds; zeros included.

    Parameters
    ----------
    events : Events
        May be empty: every unit then holds 0.
    units : SpatialUnits
        In the same projection.

    Returns
    -------
    RiskSurface
        Kind ``"count"``; ``made_by["outside"]`` is the sum of weights of events in no unit, so
        that values and outside add up to ``events.total``.

    Raises
    ------
    HotspotError
        Where there are events and none falls in any unit, showing both extents.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.units import Areas
    >>> beat = Areas([shapely.box(500_000, 0, 500_500, 1_000)], ["West"], "EPSG:32615")
    >>> events = Events(x=[500_100.0, 500_200.0, 509_000.0], y=[10.0, 20.0, 30.0], crs="EPSG:32615",
    ...                 occurred_from=["2024-01-01"] * 3, timezone="America/Chicago")
    >>> surface = counts(events, beat)
    >>> surface.values.tolist(), surface.made_by["outside"]
    ([2.0], 1.0)
    """
    require_same_crs(units, events.crs)
    unit = units.assign(events.x, events.y)
    held = unit >= 0
    if events.size and not held.any():
        x, y = units.centroids()
        raise HotspotError(
            f"none of the {events.size:,} events falls in any of the {units.size:,} {units.name}: events span "
            f"x {events.x.min():,.0f} to {events.x.max():,.0f}, y {events.y.min():,.0f} to {events.y.max():,.0f}, "
            f"units x {x.min():,.0f} to {x.max():,.0f}, y {y.min():,.0f} to {y.max():,.0f} ({events.crs}, metres)"
        )
    values = np.bincount(unit[held], weights=events.weights[held], minlength=units.size)
    made_by = {**made_from(events, units), "model": "counts", "outside": float(events.weights[~held].sum())}
    return RiskSurface(values, units, "count", made_by, events.covered, events.timezone)


def made_from(events: Events, units: SpatialUnits) -> dict[str, Any]:
    """What every surface says of its making: the events, their number, what was left out, the units."""
    return {
        "events": events.label,
        "n_events": events.size,
        "total": events.total,
        "notes": events.notes,
        "units": units.name,
        "crs": units.crs,
    }


def require_events(events: Events) -> None:
    """Raise `HotspotError` where there is no event to look at, or where those taken back outweigh the rest."""
    what = f" of {events.label}" if events.label else ""
    if events.size and not events.total > 0:
        raise HotspotError(
            f"the {events.size:,} records{what} add up to {events.total:g} offenses; "
            "widen the period, the area or the offenses"
        )
    if not events.size:
        raise HotspotError(f"no events{what} in this selection; widen the period, the area or the offenses")
