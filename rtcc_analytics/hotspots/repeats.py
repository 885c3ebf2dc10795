"""Few places, many events: the 80-20 table and the addresses that come back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events
from rtcc_analytics.hotspots.counting import counts, require_events
from rtcc_analytics.units import Addresses, SpatialUnits


class RepeatError(RtccError):
    """A question about repeats that has no answer."""


@dataclass(frozen=True, eq=False)
class EightyTwenty:
    """Units from most to fewest events, with what they hold together.

    Attributes
    ----------
    table : DataFrame
        One row per unit with events: unit, label, ICOUNT (events), PERC (per cent of all), CUMU_PERC
        (per cent of all, held by this unit and those above).
    units : int
        How many units there are, those without events included.
    total : float
        Sum of weights of events in units.
    outside : float
        Sum of weights of events in no unit, left out of the percentages.
    units_name : str
        What the units are.
    """

    table: pd.DataFrame
    units: int
    total: float
    outside: float
    units_name: str

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table

    def units_holding(self, events_share: float) -> int:
        """The fewest units that together hold at least this share (0-1) of the events.

        Raises
        ------
        RepeatError
            Where the share is not a proportion.
        """
        if not 0 < events_share <= 1:
            raise RepeatError(f"a share of {events_share:g} is not a proportion; 80 % of the events is 0.8")
        held = self.table["ICOUNT"].cumsum().to_numpy()
        return int(np.searchsorted(held, events_share * self.total * (1 - 1e-12)) + 1)

    def statement(self, events_share: float = 0.8) -> str:
        """One sentence that says what share of places holds `events_share` of the events, beside what evenness would.

        With fewer events than units even a perfectly even spread leaves most units empty, so the
        share among units that have any event is given too.
        """
        holding, any_event = self.units_holding(events_share), len(self.table)
        return (
            f"{holding:,} of {self.units:,} {self.units_name} ({holding / self.units:.1%}; {holding / any_event:.0%} "
            f"of the {any_event:,} with any event) hold {events_share:.0%} of {self.total:,.0f} events."
        )


def eighty_twenty(events: Events, units: SpatialUnits | None = None) -> EightyTwenty:
    """How few places hold most events.

    Parameters
    ----------
    events : Events
    units : SpatialUnits, optional
        By default the distinct places of the events themselves (`Addresses`), which has no empty
        ones.

    Returns
    -------
    EightyTwenty
        Columns ICOUNT, PERC and CUMU_PERC are named as in Esri's 80-20 Analysis. Units of equal
        count stand in the order of their numbers.

    Raises
    ------
    HotspotError
        With no event, or none in any unit.

    Examples
    --------
    >>> events = Events(x=[500_000, 500_000, 500_000, 500_900], y=[4e6] * 4, crs="EPSG:32615",
    ...                 occurred_from=["2024-01-01"] * 4, timezone="America/Chicago")
    >>> few = eighty_twenty(events)
    >>> few.table[["ICOUNT", "PERC", "CUMU_PERC"]].values.tolist(), few.units_holding(0.7)
    ([[3.0, 75.0, 75.0], [1.0, 25.0, 100.0]], 1)
    """
    require_events(events)
    units = Addresses.of(events) if units is None else units
    surface = counts(events, units)
    order = np.argsort(-surface.values, kind="stable")
    order = order[surface.values[order] > 0]
    held = surface.values[order]
    total = float(held.sum())
    table = pd.DataFrame({
        "unit": order,
        "label": units.labels[order],
        "ICOUNT": held,
        "PERC": 100 * held / total,
        "CUMU_PERC": 100 * np.cumsum(held) / total,
    })
    return EightyTwenty(table, units.size, total, surface.made_by["outside"], units.name)


@dataclass(frozen=True, eq=False)
class RepeatAddresses:
    """The addresses with most events.

    Attributes
    ----------
    table : DataFrame
        rank, address, count, share (of all events, 0-1), first_at, last_at (local dates), offenses
        (codes, most frequent first), sensitive (any event's exact place must not leave the store),
        x, y (metres, the median of its events).
    total : float
        Events in all.
    without_address : float
        Events without an address, which cannot repeat.
    tied_beyond : int
        Addresses left out that have as many events as the last shown.
    """

    table: pd.DataFrame
    total: float
    without_address: float
    tied_beyond: int

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table


def repeat_addresses(events: Events, *, top: int = 10) -> RepeatAddresses:
    """The addresses at which most events were recorded, at least two each.

    Addresses are compared as written (spaces and capitals apart); where events carry none, their
    coordinates to the metre stand in. Equal counts are ordered by the latest event, then by name.

    Raises
    ------
    HotspotError
        With no event.
    RepeatError
        Where `top` is not positive.

    Examples
    --------
    >>> events = Events(x=[500_000] * 3, y=[4e6] * 3, crs="EPSG:32615", timezone="America/Chicago",
    ...                 occurred_from=["2024-01-01T12", "2024-02-01T12", "2024-03-01T12"],
    ...                 address=["1 Main St", "1  MAIN ST", "2 Oak Ave"])
    >>> repeat_addresses(events).table[["address", "count"]].values.tolist()
    [['1 Main St', 2.0]]
    """
    require_events(events)
    if top < 1:
        raise RepeatError(f"top is {top}: at least one address must be asked for")
    rows = _addressed(events)
    named = rows[rows["key"] != ""]
    by_address = named.groupby("key", sort=False)
    table = by_address.agg(
        address=("address", "first"),
        count=("weight", "sum"),
        first_at=("day", "min"),
        last_at=("day", "max"),
        x=("x", "median"),
        y=("y", "median"),
        sensitive=("sensitive", "max"),
    )
    table = table[table["count"] >= 2].reset_index()
    table = table.sort_values(["count", "last_at", "key"], ascending=[False, False, True])
    shown = table.head(top).reset_index(drop=True)
    tied = int((table["count"].iloc[top:] == shown["count"].min()).sum())
    shown.insert(0, "rank", shown["count"].rank(method="min", ascending=False).astype(int))
    shown["share"] = shown["count"] / events.total
    shown["offenses"] = [_most_frequent(named.loc[by_address.indices[key]]) for key in shown["key"]]
    columns = ["rank", "address", "count", "share", "first_at", "last_at", "offenses", "sensitive", "x", "y"]
    return RepeatAddresses(
        shown[columns], events.total, float(rows.loc[rows["key"] == "", "weight"].sum()), tied
    )


def _addressed(events: Events) -> pd.DataFrame:
    rows = pd.DataFrame({"x": events.x, "y": events.y, "weight": events.weights, "day": events.local_day})
    rows["offense"] = events.offense if events.offense is not None else ""
    rows["sensitive"] = events.sensitive if events.sensitive is not None else False
    if events.address is None:
        rows["address"] = [f"{x:.0f}, {y:.0f}" for x, y in zip(events.x, events.y, strict=True)]
        rows["key"] = rows["address"]
        return rows
    written = pd.Series(events.address.categories.astype(str))
    if written.empty:  # a feed without addresses: every event is counted as without one
        return rows.assign(address="", key="")
    key = written.str.upper().str.split().str.join(" ").to_numpy(dtype=object)
    code = events.address.codes
    rows["address"] = np.where(code >= 0, written.to_numpy(dtype=object)[code], "")
    rows["key"] = np.where(code >= 0, key[code], "")
    return rows


def _most_frequent(rows: pd.DataFrame) -> tuple[str, ...]:
    weights = rows.groupby(rows["offense"].astype(str))["weight"].sum()
    return tuple(weights.sort_values(ascending=False, kind="stable").index)
