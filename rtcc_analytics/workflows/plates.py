"""Exploring plate reads: one search as a map, a timeline and a table that speak of the same rows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import shapely

from data_connectors.errors import RtccError
from rtcc_analytics import lpr
from rtcc_analytics.from_store import read_study_area
from rtcc_analytics.lpr.readers import reader_sites
from rtcc_analytics.maps import Ground
from rtcc_analytics.study import StudyArea
from rtcc_analytics.workflows.ground import read_ground

if TYPE_CHECKING:
    from data_connectors import Purpose, Store

SEARCHES = {
    "history": "Where was it?",
    "similar": "Which plates may be misread?",
    "with": "Who travels with it?",
    "life": "Where is it usually?",
    "hits": "Which wanted plates passed?",
}
MOSTLY_INSIDE = 0.9
_OF_A_PLATE = ("history", "similar", "with", "life")


@dataclass(frozen=True, eq=False)
class PlateView:
    """One search's answer for the screen.

    Attributes
    ----------
    leads : Leads
        The search's own result.
    points : DataFrame
        camera_id, lon, lat, passages: what the map shows.
    moments : DataFrame
        at (local wall clock), camera_id, who: what the timeline shows.
    shown : str
        What map and timeline speak of, in words.
    elapsed_ms : float
    """

    leads: lpr.Leads
    points: pd.DataFrame
    moments: pd.DataFrame
    shown: str
    elapsed_ms: float

    @property
    def status(self) -> str:
        """One line without a plate."""
        out = int(self.leads.rows["stands_out"].sum()) if "stands_out" in self.leads.rows else None
        standing = "" if out is None else f", {out} stand out"
        if out is not None and len(self.leads.chance):
            least = self.leads.chance.iloc[0]
            standing += f"; {least['expected']:.3g} with {least['matched']:g} or more matches are expected by chance"
        return f"{len(self.leads)} rows{standing} · {self.elapsed_ms:,.0f} ms · {self.leads.statement}"


def explore_plates(
    store: Store,
    purpose: Purpose,
    *,
    search: str = "history",
    plate: str = "",
    start: str,
    end: str,
    window_s: int = 60,
    most_cost: float = 2.8,
) -> PlateView:
    """Make one search under a purpose, and lay it out for map, timeline and table.

    Parameters
    ----------
    search : str
        One of `SEARCHES`.
    plate : str
        Not needed for ``hits``.
    start, end : date or time
        Half-open, local.
    window_s, most_cost
        As in `lpr.travels_with` and `lpr.search_similar`.

    Raises
    ------
    RtccError
        An unknown search, a plate missing, or what the search itself refuses.
    """
    began = time.perf_counter()
    if search not in SEARCHES:
        raise RtccError(f"there is no search {search!r}; there are: {', '.join(SEARCHES)}")
    if search in _OF_A_PLATE and not plate.strip():
        raise RtccError("give a plate: letters and digits as on the vehicle")
    period = lpr.period_of(start, end)
    with store.sightings(purpose) as reads:
        asked = {"start": start, "end": end}
        if search == "history":
            leads = lpr.history(reads, plate=plate, **asked)
        elif search == "similar":
            leads = lpr.search_similar(reads, plate=plate, most_cost=most_cost, **asked)
        elif search == "with":
            leads = lpr.travels_with(reads, plate=plate, window_s=window_s, **asked)
        elif search == "life":
            leads = lpr.pattern_of_life(reads, plate=plate, **asked)
        else:
            leads = lpr.hotlist_matches(reads, **asked)
        sites = reader_sites(reads, period).set_index("camera_id")
    moments = _moments(leads, period.timezone)
    counted = moments.groupby("camera_id").size() if len(moments) else pd.Series(dtype=int)
    if search == "life":
        counted = leads.rows.set_index("camera_id")["passages"]
    points = sites.join(counted.rename("passages"), how="inner")[["lon", "lat", "passages"]].dropna().reset_index()
    return PlateView(leads, points, moments, _shown(leads), (time.perf_counter() - began) * 1000)


def _moments(leads: lpr.Leads, timezone: str) -> pd.DataFrame:
    """When and where, of the rows themselves or of the meetings behind them."""
    rows, at = (leads.details, "target_at") if leads.search == "travels_with" else (leads.rows, "first_at")
    if not {at, "camera_id", "plate"} <= set(rows):
        return pd.DataFrame({"at": pd.Series(dtype="datetime64[us]"), "camera_id": [], "who": []})
    if leads.search == "travels_with":
        rows = rows[rows["plate"].isin(_of_interest(leads))]
    local = rows[at].dt.tz_convert(timezone).dt.tz_localize(None)
    return pd.DataFrame({"at": local, "camera_id": rows["camera_id"], "who": rows["plate"]}).reset_index(drop=True)


def _of_interest(leads: lpr.Leads) -> pd.Series:
    """The companions that stand out; where none does, all of them."""
    out = leads.rows["stands_out"]
    return leads.rows.loc[out if out.any() else out | True, "plate"]


def _shown(leads: lpr.Leads) -> str:
    if leads.search == "search_similar":
        return "Map and timeline are empty: of each plate listed, ask where it was."
    if leads.search == "pattern_of_life":
        return "The map shows the readers passed, the strip the days and hours of all passages."
    if leads.search != "travels_with":
        return "Map and timeline show the passages."
    if leads.rows["stands_out"].any():
        return "Map and timeline show the meetings with vehicles that stand out."
    return "No vehicle stands out: map and timeline show the meetings with all that are listed."


def plates_ground(store: Store, purpose: Purpose, *, start: str, end: str) -> Ground:
    """The readers' surroundings as a map's ground; LprError where no reader has a place."""
    period = lpr.period_of(start, end)
    with store.sightings(purpose) as reads:
        sites = reader_sites(reads, period).dropna(subset=["lon", "lat"])
    if sites.empty:
        raise RtccError(f"no reader with a place read anything from {start} to {end}: choose another period")
    area = _county(store, sites) or StudyArea.from_points(
        sites["lon"], sites["lat"], timezone=period.timezone, name="Readers"
    )
    simulated = sites["camera_id"].str.startswith("SIM-").any()
    return read_ground(store, area, banner="SIMULATED" if simulated else "")


def _county(store: Store, sites: pd.DataFrame) -> StudyArea | None:
    """The store's own area where nearly all readers stand in it; a hull of readers looks like a border and is none."""
    try:
        area = read_study_area(store)
    except RtccError:
        return None
    x, y = area.project(sites["lon"].to_numpy(), sites["lat"].to_numpy())
    return area if shapely.contains_xy(area.polygon, x, y).mean() >= MOSTLY_INSIDE else None
