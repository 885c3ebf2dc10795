"""Where and when a vehicle is usually seen, against what the readers could have seen."""

from __future__ import annotations

import pandas as pd

from rtcc_analytics.lpr.confusion import plate_of
from rtcc_analytics.lpr.leads import Leads, PlateReads
from rtcc_analytics.lpr.passages import OWN_OF_PLATE, SAME_PASSAGE_S, collapsed
from rtcc_analytics.lpr.period import TIMEZONE, When, period_of
from rtcc_analytics.lpr.readers import reader_performance, reader_sites

_LIFE = (
    "/* lpr pattern_of_life */ WITH"
    + OWN_OF_PLATE
    + collapsed("own", "passages")
    + """
SELECT camera_id, first_at, last_at, reads, parked, CAST(timezone($zone, first_at) AS DATE) AS local_day,
       isodow(timezone($zone, first_at)) - 1 AS weekday, hour(timezone($zone, first_at)) AS hour
FROM passages ORDER BY first_at, camera_id"""
)


def pattern_of_life(reads: PlateReads, *, plate: str, start: When, end: When, timezone: str = TIMEZONE) -> Leads:
    """Readers by which a vehicle usually passes, on what share of the days they were working, and at what hours.

    Parameters
    ----------
    plate : str
    start, end : date or time
        Half-open, local.

    Returns
    -------
    Leads
        ``rows``: camera_id, camera_name, lon, lat, passages, days_seen, days_watched (days on which the reader read
        anybody), share (of days watched), share_low, share_high (Wilson, 95 %), usual_hour (commonest), hour_share (of
        its passages), parked, first_at, last_at; most days first. ``details``: camera_id, weekday (Monday 0), hour,
        passages. Notes name outages; where no reader stands, nothing is known.
    """
    from statsmodels.stats.proportion import proportion_confint

    target, period = plate_of(plate), period_of(start, end, timezone=timezone)
    seen = reads.read(_LIFE, plate=target, zone=timezone, same_passage_s=SAME_PASSAGE_S, **period.bounds)
    watched = reader_performance(reads, start=start, end=end, timezone=timezone)
    sites = reader_sites(reads, period).set_index("camera_id")
    rows = (
        seen.groupby("camera_id")
        .agg(
            passages=("first_at", "size"),
            days_seen=("local_day", "nunique"),
            parked=("parked", "sum"),
            first_at=("first_at", "min"),
            last_at=("last_at", "max"),
        )
        .join(watched.readers.set_index("camera_id")["days"].rename("days_watched"))
    )
    by_hour = seen.groupby(["camera_id", "hour"]).size()
    rows["usual_hour"] = by_hour.groupby("camera_id").idxmax().map(lambda at: at[1])
    rows["hour_share"] = by_hour.groupby("camera_id").max() / rows["passages"]
    rows["share"] = rows["days_seen"] / rows["days_watched"]
    low, high = proportion_confint(rows["days_seen"], rows["days_watched"], method="wilson") if len(rows) else ([], [])
    rows = rows.assign(share_low=low, share_high=high).join(sites[["camera_name", "lon", "lat"]]).reset_index()
    columns = ["camera_id", "camera_name", "lon", "lat", "passages", "days_seen", "days_watched", "share", "share_low",
               "share_high", "usual_hour", "hour_share", "parked", "first_at", "last_at"]  # fmt: skip
    rows = rows.sort_values(["days_seen", "passages", "camera_id"], ascending=[False, False, True], ignore_index=True)
    return Leads(
        "pattern_of_life",
        rows[columns],
        {"plate": target, **period.words},
        details=seen.groupby(["camera_id", "weekday", "hour"]).size().rename("passages").reset_index(),
        notes=_notes(watched.outages, len(watched.readers), len(rows), timezone),
    )


def _notes(outages: pd.DataFrame, readers: int, passed: int, timezone: str) -> tuple[str, ...]:
    notes = [f"Seen by {passed} of the {readers} readers that worked in the period."]
    for outage in outages.itertuples():
        notes.append(
            f"{outage.camera_id} was silent for {outage.hours:.0f} hours from "
            f"{outage.from_at.tz_convert(timezone):%Y-%m-%d %H:%M}, local time: "
            "nothing is known of who passed it."
        )
    return tuple(notes)
