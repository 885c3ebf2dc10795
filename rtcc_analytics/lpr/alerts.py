"""Alerts: a read of a wanted plate, taken up by someone, and closed with what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from rtcc_analytics.lpr.hotlists import VERIFY
from rtcc_analytics.lpr.leads import LEAD_ONLY, LprError, PlateReads

if TYPE_CHECKING:
    from data_connectors import Store

DISPOSITIONS = {
    "verified": "the plate, its state and the entry were right",
    "misread": "the plate was read wrongly",
    "wrong_state": "a vehicle of another state",
    "stale_entry": "no longer wanted: the list was old",
    "not_located": "the vehicle was not found",
    "other": "see the note",
}
FALSE = ("misread", "wrong_state", "stale_entry")
_OPEN = """/* lpr alerts */
SELECT *, date_diff('second', captured_at, made_at) AS seconds_after_capture,
       date_diff('hour', listed_at, made_at) AS list_age_hours
FROM alerts WHERE ($every OR closed_at IS NULL) ORDER BY made_at DESC LIMIT $most"""
_COUNTS = """/* lpr hit_counts */
SELECT list_name, count(*) AS alerts, count(acknowledged_at) AS acknowledged, count(closed_at) AS closed,
       count(*) FILTER (disposition = 'verified') AS verified,
       count(*) FILTER (disposition IN ('misread', 'wrong_state', 'stale_entry')) AS false_hits
FROM alerts GROUP BY list_name ORDER BY alerts DESC, list_name"""


def alerts(reads: PlateReads, *, every: bool = False, most: int = 500) -> pd.DataFrame:
    """Alerts not closed yet, newest first, with the age of the list and "verify before stop".

    Parameters
    ----------
    every : bool
        Closed ones too.
    most : int
        Newest so many.
    """
    return reads.read(_OPEN, every=every, most=int(most)).assign(action=VERIFY, statement=LEAD_ONLY)


def hit_counts(reads: PlateReads) -> pd.DataFrame:
    """For each list: alerts, acknowledged, closed, verified, false_hits, and false_share of those closed one way or
    the other, with its 95 % interval (Wilson): how far a list can be trusted."""
    from statsmodels.stats.proportion import proportion_confint

    counts = reads.read(_COUNTS)
    told = (counts["verified"] + counts["false_hits"]).clip(lower=1)
    low, high = proportion_confint(counts["false_hits"], told, method="wilson") if len(counts) else ([], [])
    return counts.assign(false_share=counts["false_hits"] / told, false_low=low, false_high=high)


def acknowledge(store: Store, alert_id: str) -> None:
    """Take an alert up: who and when is kept. LprError where there is none, or someone else has it."""
    _change(store, alert_id, "acknowledged_at IS NULL", "acknowledged_at = now(), acknowledged_by = $who", "taken up")


def close(store: Store, alert_id: str, *, disposition: str, note: str = "") -> None:
    """Close an alert with what became of it.

    Parameters
    ----------
    disposition : str
        One of `DISPOSITIONS`.
    note : str
        Needed for ``other``.
    """
    if disposition not in DISPOSITIONS:
        raise LprError(f"{disposition!r} is no disposition; there are: {', '.join(DISPOSITIONS)}")
    if disposition == "other" and not note.strip():
        raise LprError("the disposition 'other' needs a note that says what happened")
    _change(
        store, alert_id, "closed_at IS NULL",
        "closed_at = now(), closed_by = $who, disposition = $disposition, note = $note", "closed",
        disposition=disposition, note=note,
    )  # fmt: skip


def _change(store: Store, alert_id: str, still: str, what: str, word: str, **values: str) -> None:
    from data_connectors.store import policy

    policy.require(store, "close_alerts")
    who = policy.asking(store._place)
    with store.loading("sightings") as session:

        def job(s: object) -> int:
            table = session.table("alerts")
            found = session.rows(f"SELECT {still} FROM {table} WHERE alert_id = $id", id=alert_id)  # noqa: S608
            if not found:
                raise LprError(f"there is no alert {alert_id!r}: rtcc alerts list names them")
            if not found[0][0]:
                raise LprError(f"alert {alert_id!r} was {word} already")
            session.run(f"UPDATE {table} SET {what} WHERE alert_id = $id", id=alert_id, who=who, **values)  # noqa: S608
            return 1

        session.commit(job, note=f"alert {word}")
