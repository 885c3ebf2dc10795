"""What may be told the public about plate searches: counts, small ones suppressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_connectors import Store
    from rtcc_analytics.report import Report


def transparency_report(store: Store) -> Report:
    """A page with the number of searches by month, purpose and kind; counts under five are not shown.

    Counts are of searches made through this software. It holds no plate, case or user.
    """
    from data_connectors.store import audit_report
    from rtcc_analytics.report import Provenance, Report, TableSection, Text

    tables = audit_report.transparency(audit_report.audit_rows(store, reason="transparency page"))
    titles = {"totals": "In all", "by_month": "By month", "by_purpose": "By purpose", "by_kind": "By kind of search"}
    names = {"what": "Count of", "count": "Number", "month": "Month", "searches": "Searches", "cases": "Cases",
             "users": "Users", "reason_code": "Purpose", "search": "Kind"}  # fmt: skip
    sections = [
        TableSection(key=key, title=title, frame=tables[key], shown=tables[key].astype(str).rename(columns=names),
                     width="half", empty="No search was made.")
        for key, title in titles.items()
    ]  # fmt: skip
    note = Text(
        key="how", title="How to read this", paragraphs=(
            "Every search of plate reads needs a reason and a case number and is recorded before its rows are shown. "
            "Counts from one to four are given as 'under 5'; 'suppressed' hides a second count from which the first "
            "could be computed.",
        ),
    )  # fmt: skip
    check = store.verify_ledger()
    return Report(
        title="Searches of license plate reads",
        subtitle=f"{check.rows:,} ledger rows; chain {'holds' if check.holds else 'is BROKEN'}",
        sections=(*sections, note),
        provenance=Provenance(report="transparency", store=store.location),
    )
