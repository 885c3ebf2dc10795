"""Reading the audit ledger: who asked what, how good the reasons are, what may be published.

Reading the ledger is itself in the ledger. The tables made here hold no plate: a search is told by its kind.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import StoreError
from .ledger import COLUMNS, START, Ledger, LedgerCheck, row_hash
from .policy import Policy
from .purpose import Purpose

if TYPE_CHECKING:
    import pandas

    from .store import Store

SMALL_CELL = 5
_EMPTY = re.compile(
    r"^(inv(estigation|est)?|case|test|testing|check|search|police|pd|leo|n/?a|none|misc|x+|\.+|-+)?$", re.I
)
_KIND = re.compile(r"/\* (lpr [\w ,-]+?) \*/")
FAULTS = {
    "no_case": "no case number, or one without a digit",
    "empty_reason": "no reason in words, or one that says nothing",
    "repeated_reason": "the same words for many cases",
    "long_look_back": "looks further back than the policy allows without an explanation",
}
_MANY_CASES = 5


def audit_rows(store: Store, *, reason: str = "review of the ledger") -> pandas.DataFrame:
    """Every row of the ledger, oldest first, with the kind of search; looking is recorded too.

    Returns
    -------
    DataFrame
        The ledger's columns without ``query_params``, which hold plates; ``search``, ``looks_back_days``.
    """
    import pandas

    ledger = Ledger(store._place, store.wait_s)
    rows = ledger.rows()
    ledger.append(action="view", object="ledger", outcome="ok", rows_returned=len(rows), reason=reason)
    frame = pandas.DataFrame(rows, columns=list(COLUMNS))
    asked = [_asked(row["query_params"]) for row in rows]
    frame["search"] = [_search_kind(row, a) for row, a in zip(rows, asked, strict=True)]
    frame["looks_back_days"] = [_look_back(row["ts_utc"], a) for row, a in zip(rows, asked, strict=True)]
    return frame.drop(columns="query_params")


def _asked(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _search_kind(row: dict[str, Any], asked: dict[str, Any]) -> str:
    found = _KIND.search(str(asked.get("sql", "")))
    return found[1] if found else f"{row['action']} {row['object'] or ''}".strip()


def _look_back(ts_utc: str, asked: dict[str, Any]) -> float | None:
    start = (asked.get("parameters") or {}).get("start")
    start = start.get("timestamp") if isinstance(start, dict) else start
    try:
        return (datetime.fromisoformat(ts_utc) - datetime.fromisoformat(str(start))).total_seconds() / 86_400
    except (TypeError, ValueError):
        return None


def reason_quality(rows: pandas.DataFrame, *, policy: Policy | None = None) -> pandas.DataFrame:
    """Searches whose reason would not convince an auditor: one row a search and fault.

    Parameters
    ----------
    rows : DataFrame
        From `audit_rows`.
    policy : Policy, optional
        Its ``look_back_days``; 365 where it says nothing.

    Returns
    -------
    DataFrame
        sequence, ts_utc, user, case_no, reason_code, reason_text, search, fault, what.
    """
    import pandas

    limit = (policy.look_back_days if policy else None) or 365
    searches = rows[(rows["action"] == "view") & (rows["object"] != "ledger")]
    text = searches["reason_text"].fillna("").str.strip()
    words = text.str.lower().str.replace(r"\W+", " ", regex=True).str.strip()
    cases = searches.assign(words=words).groupby(["user", "words"])["case_no"].transform("nunique")
    found = {
        "no_case": ~searches["case_no"].fillna("").str.contains(r"\d"),
        "empty_reason": words.map(lambda w: bool(_EMPTY.match(w)) or len(w) < 5),
        "repeated_reason": (cases >= _MANY_CASES) & (words != ""),
        "long_look_back": searches["looks_back_days"] > limit,
    }
    columns = ["sequence", "ts_utc", "user", "case_no", "reason_code", "reason_text", "search"]
    parts = [searches.loc[bad.astype(bool), columns].assign(fault=f, what=FAULTS[f]) for f, bad in found.items()]
    return pandas.concat(parts, ignore_index=True).sort_values(["sequence", "fault"], ignore_index=True)


def transparency(rows: pandas.DataFrame, *, least: int = SMALL_CELL) -> dict[str, pandas.DataFrame]:
    """Counts for publication: searches by month, by purpose and by kind, refusals, purges. Small cells are suppressed.

    A count below `least` is shown as ``under 5``, and where that would leave one suppressed cell in a column that is
    published with its total, the next smallest goes too, so that it cannot be computed.

    Returns
    -------
    dict of DataFrame
        ``by_month``: month, searches, cases, users; ``by_purpose``: reason_code, searches; ``by_kind``: search, searches;
        ``totals``: what, count.
    """
    import pandas

    searches = rows[(rows["action"] == "view") & (rows["object"] != "ledger") & (rows["outcome"] == "ok")]
    month = searches["ts_utc"].str.slice(0, 7)
    by_month = searches.groupby(month).agg(
        searches=("sequence", "size"), cases=("case_no", "nunique"), users=("user", "nunique")
    )
    by_month.index.name = "month"
    by_purpose = searches.groupby("reason_code").size().rename("searches").reset_index()
    by_kind = searches.groupby("search").size().rename("searches").reset_index()
    totals = pandas.DataFrame({
        "what": ["searches", "cases", "refused", "purges"],
        "count": [
            len(searches), searches["case_no"].nunique(), int((rows["outcome"] == "denied").sum()),
            int((rows["action"] == "purge").sum()),
        ],
    })  # fmt: skip
    tables = {"by_month": by_month.reset_index(), "by_purpose": by_purpose, "by_kind": by_kind, "totals": totals}
    for name, table in tables.items():
        for column in [c for c in table.columns if c in ("searches", "cases", "users", "count")]:
            table[column] = suppressed(table[column].tolist(), least=least, with_total=name != "totals")
    return tables


def suppressed(counts: list[int], *, least: int = SMALL_CELL, with_total: bool = True) -> list[str]:
    """Counts as text, small ones hidden, and one more where a total would give a single hidden one away.

    Examples
    --------
    >>> suppressed([3, 40, 7]), suppressed([2, 3, 40]), suppressed([0, 40])
    (['under 5', '40', 'suppressed'], ['under 5', 'under 5', '40'], ['0', '40'])
    """
    hidden = {i for i, count in enumerate(counts) if 0 < count < least}
    shown = ["under " + str(least) if i in hidden else f"{count:,}" for i, count in enumerate(counts)]
    if with_total and len(hidden) == 1 and len(counts) > 1:
        others = [i for i in range(len(counts)) if i not in hidden and counts[i] > 0]
        if others:
            shown[min(others, key=lambda i: counts[i])] = "suppressed"
    return shown


def export_ledger(store: Store, path: str | Path, *, reason: str) -> LedgerCheck:
    """Write the whole ledger as JSON lines, the head of its chain last; what an auditor takes away.

    The file holds what was searched, plates included: keep it as the searches themselves.

    Raises
    ------
    StoreError
        The file exists, or no reason is given.
    """
    path = Path(path)
    if path.exists():
        raise StoreError(f"{path} exists; nothing is overwritten")
    if not reason.strip():
        raise StoreError("exporting the ledger needs a reason, such as the audit's number")
    ledger = Ledger(store._place, store.wait_s)
    ledger.append(action="export", object="ledger", outcome="ok", reason=reason)
    check = ledger.verify()
    lines = [json.dumps(row, ensure_ascii=False) for row in ledger.rows()]
    head = {"head": check.head, "rows": check.rows, "exported_at": datetime.now(UTC).isoformat(timespec="seconds")}
    path.write_text("\n".join([*lines, json.dumps(head)]) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return check


def verify_export(path: str | Path) -> LedgerCheck:
    """Whether an exported ledger's chain holds, without the store it came from."""
    try:
        rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line]
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} is no exported ledger: {error}") from error
    if not rows or "head" not in rows[-1]:
        raise StoreError(f"{path} is no exported ledger: its last line has no head")
    head, previous = rows.pop(), START
    for position, row in enumerate(rows, start=1):
        if row["sequence"] != position or row["prev_hash"] != previous or row["hash"] != row_hash(row):
            return LedgerCheck(False, len(rows), position, head["head"])
        previous = row["hash"]
    return LedgerCheck(previous == head["head"], len(rows), None, previous)


def searches_of(store: Store, case_number: str) -> list[dict[str, Any]]:
    """The ledger's rows of one case that read plates and succeeded, oldest first, plates and all."""
    return [
        row
        for row in Ledger(store._place, store.wait_s).rows()
        if row["case_no"] == case_number
        and row["action"] == "view"
        and row["outcome"] == "ok"
        and row["object"] != "ledger"
    ]


def record(store: Store, *, action: str, what: str, purpose: Purpose, rows: int | None = None) -> str:
    """Write to the ledger that something made from plates left the store; returns the row's hash."""
    return Ledger(store._place, store.wait_s).append(
        action=action, object=what, outcome="ok", purpose=purpose, rows_returned=rows
    )


def head_is_in(store: Store, head: str) -> bool:
    """Whether a head copied out earlier is still in the ledger: false where the ledger was rewritten or cut short."""
    return any(row["hash"] == head for row in Ledger(store._place, store.wait_s).rows())
