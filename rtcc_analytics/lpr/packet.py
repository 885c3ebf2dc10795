"""A case packet: every search made under a case number, its question, its answer, and how to check both later."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtcc_analytics.lpr.leads import COVERAGE, LEAD_ONLY, LprError

if TYPE_CHECKING:
    from data_connectors import Purpose, Store

FORMAT = 1
_AUDIT = ("sequence", "event_id", "ts_utc", "user", "role", "reason_code", "reason_text", "case_no", "supervisor",
          "rows_returned", "result_hash", "outcome", "data_asof", "software_version", "prev_hash", "hash")  # fmt: skip


@dataclass(frozen=True)
class Packet:
    """Where a packet's files are: for machines, and for people."""

    json: Path
    pdf: Path


def case_packet(store: Store, purpose: Purpose, folder: str | Path) -> Packet:
    """Write ``packet_CASE.json`` and ``.pdf``: every search under the purpose's case, asked again now.

    What was asked several times is answered once, with every ledger row of its asking.

    A search whose rows are no longer the same (reads purged, reads added since) says so: its first answer is not
    kept anywhere but in its hash. Make the packet while the reads are kept. So does one that an earlier version of this
    software asked of a table that has another form now.

    Raises
    ------
    LprError
        No search was made under this case number, or the packet exists.
    """
    from data_connectors.store import audit_report

    case = purpose.case_number
    rows = audit_report.searches_of(store, case)
    if not rows:
        raise LprError(f"the ledger has no search under case {case!r}: a packet holds what was asked under its number")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    name = "packet_" + "".join(c if c.isalnum() or c in "-_" else "_" for c in case)
    packet = Packet(folder / f"{name}.json", folder / f"{name}.pdf")
    if packet.json.exists():
        raise LprError(f"{packet.json} exists; give another folder, nothing is overwritten")
    with store.sightings(purpose) as sightings:
        searches = [_search(sightings, row) | {"asked_again": again} for row, *again in _questions(rows)]
    check = store.verify_ledger()
    content: dict[str, Any] = {
        "format": FORMAT,
        "case_number": case,
        "statement": LEAD_ONLY,
        "coverage": COVERAGE,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "software_version": rows[-1]["software_version"],
        "ledger": {"holds": check.holds, "rows": check.rows, "head": check.head},
        "searches": searches,
    }
    content["sha256"] = _digest(content)
    packet.json.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    from rtcc_analytics.lpr.packet_pages import packet_report
    from rtcc_analytics.report import render_pdf

    render_pdf(packet_report(content), packet.pdf)
    for path in (packet.json, packet.pdf):
        path.chmod(0o600)
    audit_report.record(store, action="export", what=f"packet {content['sha256']}", purpose=purpose, rows=len(searches))
    return packet


def verify_packet(path: str | Path, store: Store | None = None, purpose: Purpose | None = None) -> pd.DataFrame:
    """What of a packet still matches: its own bytes, the ledger, and, where a store is given, each search asked again.

    Returns
    -------
    DataFrame
        what, matches (True, False), detail.
    """
    content = read_packet(path)
    given = content.pop("sha256")
    lines = [("the packet's own content", given == _digest(content), "SHA-256 of everything in it")]
    for number, search in enumerate(content["searches"], 1):
        same = search["audit"]["result_hash"] == search["result_hash"]
        lines.append((f"search {number}: same rows when packed as when first asked", same, search["search"]))
    if store is not None and purpose is not None:
        lines += _against_store(content, store, purpose)
    return pd.DataFrame(lines, columns=["what", "matches", "detail"])


def read_packet(path: str | Path) -> dict[str, Any]:
    """The content of a packet's JSON; LprError where it is none."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LprError(f"{path} is no case packet: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or "sha256" not in content:
        raise LprError(f"{path} is no case packet of format {FORMAT}")
    return content


def _against_store(content: dict[str, Any], store: Store, purpose: Purpose) -> list[tuple[str, bool, str]]:
    from data_connectors.store import audit_report

    hashes = {row["hash"] for row in audit_report.searches_of(store, content["case_number"])}
    lines = [("the ledger's chain", store.verify_ledger().holds, "every row as it was written")]
    head = content["ledger"]["head"]
    lines.append(("the ledger as it was then", audit_report.head_is_in(store, head), "its head is still a row of it"))
    with store.sightings(purpose) as sightings:
        for number, search in enumerate(content["searches"], 1):
            audited = {row["hash"] for row in (search["audit"], *search["asked_again"])}
            lines.append((f"search {number}: in the ledger", audited <= hashes, search["search"]))
            now = _search(sightings, search["audit"] | {"query_params": json.dumps(search["asked"])})
            same = not now["failed"] and now["result_hash"] == search["result_hash"]
            lines.append((f"search {number}: same rows now", same, now["failed"] or search["search"]))
    return lines


def _search(sightings: Any, row: dict[str, Any]) -> dict[str, Any]:
    """One search asked again, with its rows and the ledger's row; ``failed`` says why there are none."""
    from data_connectors.store import StoreError, audit_report
    from data_connectors.store import sightings as reading

    asked = json.loads(row["query_params"])
    values = {name: reading.reread(value) for name, value in asked["parameters"].items()}
    try:
        frame, result_hash, failed = sightings.read(asked["sql"], **values), sightings.last_hash, ""
    except StoreError as error:
        if error.transient:
            raise
        words = str(error).splitlines()[0].rstrip(".")
        frame, result_hash, failed = pd.DataFrame(), "", f"cannot be asked again: {words}."
    found = audit_report._KIND.search(asked["sql"])
    return {
        "search": found[1] if found else "other",
        "asked": asked,
        "result_hash": result_hash,
        "rows": len(frame),
        "results_csv": "" if failed else frame.map(_listed).to_csv(index=False),
        "failed": failed,
        "audit": {name: row.get(name) for name in _AUDIT},
    }


def _questions(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The ledger's rows by what they asked, in order of first asking; later ones as the packet keeps them."""
    asked: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        same = asked.setdefault(row["query_params"], [])
        same.append({name: row.get(name) for name in _AUDIT} if same else row)
    return list(asked.values())


def _listed(value: Any) -> Any:
    """Lists as JSON: pandas shortens long ones."""
    return json.dumps(list(value), default=float) if isinstance(value, list | tuple | np.ndarray) else value


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
