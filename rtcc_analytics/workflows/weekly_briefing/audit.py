"""The week's searches of plate data, counted from the audit ledger: how many, for how many cases, how well reasoned."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from data_connectors.store.audit_report import FAULTS, audit_rows, reason_quality
from rtcc_analytics.events import instant
from rtcc_analytics.report import Text
from rtcc_analytics.workflows.weekly_briefing.words import count

if TYPE_CHECKING:
    from data_connectors import Store

WEEK_DAYS = 7


def audit_section(store: Store, *, until: date, timezone: str) -> list[Text]:
    """Searches of the week before `until`; nothing where plates were never searched.

    The ledger lies outside the snapshots: it is only added to, and this look at it is an entry too.
    """
    checked = store.verify_ledger()
    if not checked.rows:
        return []
    rows = audit_rows(store, reason="weekly briefing")
    first, last = (f"{instant(day, timezone)}" for day in (until - timedelta(days=WEEK_DAYS), until))
    week = rows[(rows["ts_utc"] >= first) & (rows["ts_utc"] < last)]
    asked = week[(week["action"] == "view") & (week["object"] != "ledger")]
    done = asked[asked["outcome"] == "ok"]
    chain = "holds" if checked.holds else f"is BROKEN at entry {checked.broken_at}"
    weak = reason_quality(week)
    people, cases = done["user"].nunique(), done["case_no"].nunique()
    items = [
        f"{count(len(done))} searches of plates; people: {people}, cases: {cases}, "
        f"refused: {count((week['outcome'] == 'denied').sum())}.",
        *(f"{count(n)}: {FAULTS[fault]}." for fault, n in weak["fault"].value_counts().sort_index().items()),
        f"The ledger's chain {chain} ({count(checked.rows)} entries).",
    ]
    return [Text(key="audit", title="Plate searches this week", items=tuple(items), width="half")]
