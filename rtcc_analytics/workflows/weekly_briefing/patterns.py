"""Near repeats: after which offenses another nearby is more likely than chance, and where that window is open now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat import NearRepeatError, open_alerts
from rtcc_analytics.offenses import offense_name
from rtcc_analytics.report import TableSection
from rtcc_analytics.workflows.weekly_briefing.words import count, day_name

REPEATING = ("220", "23F", "240", "120")
HISTORY_DAYS = 728
FEWEST_EVENTS = 100
MOST_SHOWN = 6
PERMUTATIONS = 999
SEED = 1
_COLUMNS = ("offense", "place", "happened", "within_m", "open_until", "times_chance")


def near_repeats(mapped: Events, *, until: date) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Windows open on the day `until`, and the offenses that were asked about.

    Parameters
    ----------
    mapped : Events
        Those whose place may leave the store.
    until : date
        The day in question.

    Returns
    -------
    DataFrame, offenses
        offense (name), place (address), happened, within_m, open_until (first day no longer open),
        times_chance; the windows that close last first. Offenses with fewer than 100 events in two
        years are not asked about.
    """
    history = mapped.between(until - timedelta(days=HISTORY_DAYS), until)
    found, asked = [], []
    for code in REPEATING:
        events = history.of(code)
        if events.size < FEWEST_EVENTS:
            continue
        windows = _open_windows(events, until)
        if windows is not None:
            asked.append(offense_name(code))
            found.append(windows.assign(offense=offense_name(code)))
    frame = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(_COLUMNS))
    frame = frame.sort_values(["open_until", "happened", "place"], ascending=[False, False, True], ignore_index=True)
    return frame[list(_COLUMNS)], tuple(asked)


def near_repeats_section(
    frame: pd.DataFrame, asked: Sequence[str], *, until: date, reads: Sequence[str]
) -> TableSection:
    """The windows that are open longest, an address once with how many of its own, and how many there are."""
    # Offenses without an address are not of one place.
    near = frame["place"].where(frame["place"] != "", frame.index.astype(str))
    own = frame.groupby([near, "offense"])["place"].transform("size")
    top = frame.assign(own=own)[~frame.assign(near=near).duplicated(["near", "offense"])].head(MOST_SHOWN)
    shown = pd.DataFrame(
        {
            "Near": top["place"],
            "Offense": top["offense"],
            "Windows": top["own"].map(count),
            "Within": [f"{metres:.0f} m" for metres in top["within_m"]],
            "× chance": [f"{ratio:.1f}" for ratio in top["times_chance"]],
            "Open until": [_short(day - timedelta(days=1)) for day in top["open_until"]],
        }
    )
    named = ", ".join(name.lower() for name in asked)
    kinds = "; ".join(f"{count(n)} after {name.lower()}" for name, n in frame["offense"].value_counts().items())
    return TableSection(
        key="near_repeats",
        title="Near repeats: windows open",
        frame=frame,
        shown=shown,
        width="half",
        reads=tuple(reads),
        caption=f"Around these, another of the kind is likelier than usual until the day named. Open: {kinds}."
        if len(frame)
        else "",
        how=f"Knox test of two years to {until - timedelta(days=1)}, {PERMUTATIONS} permutations ({named}); open where "
        "pairs at that distance and age are at least 1.2 times chance, p ≤ 0.05.",
        empty=f"None: {named} show no near repeats beyond chance here.",
    )


def _short(day: date) -> str:
    return day_name(day).rpartition(" ")[0].replace(" ", "\u00a0")


def _open_windows(events: Events, until: date) -> pd.DataFrame | None:
    """One row an event whose window is open: its widest ring."""
    day = events.local_day.astype(np.int64).astype(float)
    at = float(np.datetime64(until, "D").astype(np.int64))
    try:
        alerts = open_alerts(events.x, events.y, day, at=at, permutations=PERMUTATIONS, seed=SEED)
    except NearRepeatError:
        return None
    rows = pd.DataFrame(
        {
            "event": alerts.event,
            "within_m": alerts.metres_to,
            "expires": alerts.expires_day,
            "times_chance": alerts.ratio,
        }
    )
    rows = rows.sort_values("within_m").drop_duplicates("event", keep="last")
    address = np.full(events.size, "", dtype=object) if events.address is None else events.address.astype(object)
    return rows.assign(
        place=["" if pd.isna(name) else str(name) for name in np.asarray(address)[rows["event"]]],
        happened=_dates(day[rows["event"]]),
        open_until=_dates(rows["expires"].to_numpy()),
    )


def _dates(days: np.ndarray) -> list[date]:
    return list(np.asarray(days).astype(np.int64).astype("datetime64[D]").astype(object))
