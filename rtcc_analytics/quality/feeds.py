"""Checks of loading itself: columns that came or went, rows refused."""

from __future__ import annotations

import json

import pandas as pd

from rtcc_analytics.quality.findings import Finding
from rtcc_analytics.quality.scope import Scope

_LAST_TWO_LOADS = """
SELECT source, load_id, loaded_at, receipt FROM loads
WHERE table_name = $table AND undone_at IS NULL AND ($source::VARCHAR IS NULL OR source = $source)
QUALIFY row_number() OVER (PARTITION BY source ORDER BY load_id DESC) <= 2
ORDER BY source, load_id
"""
_REJECTS = """
SELECT r.source, reason, column_name, count(*) AS rows, any_value(file_name) AS example_file, min(line) AS first_line
FROM rejects r JOIN loads l USING (load_id)
WHERE l.table_name = $table AND l.undone_at IS NULL AND ($source::VARCHAR IS NULL OR r.source = $source)
GROUP BY r.source, reason, column_name ORDER BY r.source, rows DESC, reason
"""


def check_feeds(scope: Scope, measures: pd.DataFrame) -> list[Finding]:
    """Findings about schema drift against the load before, and about rejects by reason."""
    found: list[Finding] = []
    loads = scope.read(_LAST_TWO_LOADS, table=scope.table, source=scope.source)
    for source, pair in loads.groupby("source"):
        if len(pair) == 2:
            before, after = (json.loads(text) for text in pair["receipt"])
            found += schema_drift(str(source), before.get("columns_seen") or [], after.get("columns_seen") or [])
    kept = measures.set_index("source")["rows"]
    for source, rejects in scope.read(_REJECTS, table=scope.table, source=scope.source).groupby("source"):
        found.append(_rejected(str(source), rejects.drop(columns="source"), int(kept.get(source, 0))))
    return found


def schema_drift(source: str, before: list[str], after: list[str]) -> list[Finding]:
    """A finding where two loads of one feed did not see the same columns; empty where they did.

    Examples
    --------
    >>> schema_drift("beats", ["id", "date"], ["id", "when"])[0].what
    'the last load saw 2 columns, the one before 2: gone: date; new: when'
    """
    gone, new = [c for c in before if c not in after], [c for c in after if c not in before]
    if not before or not after or not (gone or new):
        return []
    parts = [f"{word}: {', '.join(names)}" for word, names in (("gone", gone), ("new", new)) if names]
    return [Finding(
        "schema_drift", "warning" if gone else "note", source,
        f"the last load saw {len(after)} columns, the one before {len(before)}: {'; '.join(parts)}",
        len(after), len(before), "columns",
        "ask the sender whether the meaning changed too; add a [[layout]] to the profile where both are to be read",
        pd.DataFrame({"column": gone + new, "change": ["gone"] * len(gone) + ["new"] * len(new)}),
    )]


def _rejected(source: str, rejects: pd.DataFrame, kept: int) -> Finding:
    refused = int(rejects["rows"].sum())
    top = rejects.iloc[0]
    share = refused / (refused + kept)
    return Finding(
        "rejects", "warning" if share > 0.01 else "note", source,
        f"{refused:,} rows were refused, {kept:,} kept; most often: {top['reason']} ({int(top['rows']):,}, "
        f"e.g. {top['example_file']} line {int(top['first_line'])})",
        refused, 0, "rows",
        "read them in the table rejects (reason, file, line, the row itself); mend the profile or tell the "
        "sender, load again",
        rejects.reset_index(drop=True),
    )
