"""How long plates are kept, by a policy file; purging what is older, and proving that it is gone.

A policy is TOML. Every plate-bearing table must be named, so that none is forgotten::

    name = "County policy 2026-3"
    [keep]
    plate_reads = "48 hours"            # since the capture
    rejects = "48 hours"                # since the load that refused them
    hotlist_entries = "30 days"         # since their expiry; an entry without one stays
    alerts = "30 days"                  # since the capture
    alerts_under_case = "5 years"       # the exemption: alerts whose list entry names a case

Copies elsewhere (backups, exports, case packets) are not reached: their keeping is yours to limit.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .engine import Attach, Connection, connected, sweep_spill
from .errors import StoreError
from .ledger import Ledger
from .location import Location, literal, quoted
from .locking import Deadline, server_session, writer
from .migrations import catalog_schema, check_version, software_version, tables_of
from .session import LoadingSession
from .settling import forget_history, forget_statistics, remove_orphans, vacuum_catalog

if TYPE_CHECKING:
    from .store import Store

KEPT = ("plate_reads", "rejects", "hotlist_entries", "alerts", "alerts_under_case")
_UNITS = {"hour": 1, "day": 24, "week": 168, "year": 8766}
_OVERDUE = {
    "plate_reads": "plate_reads t WHERE t.captured_at < $plate_reads",
    "rejects": "rejects t WHERE t.load_id IN (SELECT load_id FROM {lake}.loads WHERE loaded_at < $rejects)",
    "hotlist_entries": "hotlist_entries t WHERE t.expires_at < $hotlist_entries",
    "alerts": "alerts t WHERE coalesce(t.case_number, '') = '' AND t.captured_at < $alerts",
    "alerts_under_case": "alerts t WHERE coalesce(t.case_number, '') <> '' AND t.captured_at < $alerts_under_case",
}
_SINCE = {
    "plate_reads": "t.captured_at",
    "rejects": "NULL::TIMESTAMPTZ",
    "hotlist_entries": "t.expires_at",
    "alerts": "t.captured_at",
    "alerts_under_case": "t.captured_at",
}


@dataclass(frozen=True)
class RetentionPolicy:
    """How many hours each kind of plate-bearing row is kept.

    Attributes
    ----------
    name : str
    hours : dict
        One entry for each of `KEPT`.
    sha256 : str
        Of the policy's text: the certificate names it.

    Examples
    --------
    >>> policy = RetentionPolicy.parse('name = "x"\\n[keep]\\n' + "\\n".join(f'{k} = "48 hours"' for k in KEPT))
    >>> policy.hours["plate_reads"]
    48
    """

    name: str
    hours: dict[str, int]
    sha256: str

    @classmethod
    def read(cls, path: str | Path) -> RetentionPolicy:
        """The policy in a file; StoreError says what is wrong with it."""
        try:
            return cls.parse(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise StoreError(f"cannot read the retention policy {path}: {error.strerror or error}") from error

    @classmethod
    def parse(cls, text: str) -> RetentionPolicy:
        """The policy in TOML."""
        try:
            given = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise StoreError(f"the retention policy is no TOML: {error}") from error
        keep = given.get("keep", {})
        missing = [k for k in KEPT if k not in keep]
        unknown = [k for k in keep if k not in KEPT]
        if missing or unknown:
            what = f"does not say how long to keep {', '.join(missing)}" if missing else f"names {', '.join(unknown)}"
            raise StoreError(f"the retention policy {what}; [keep] needs exactly: {', '.join(KEPT)}")
        hours = {name: _hours(name, str(keep[name])) for name in KEPT}
        return cls(str(given.get("name", "")), hours, hashlib.sha256(text.encode()).hexdigest())

    def cutoffs(self, now: datetime) -> dict[str, datetime]:
        """For each kind, the instant before which it goes."""
        return {name: now - timedelta(hours=hours) for name, hours in self.hours.items()}


def _hours(name: str, text: str) -> int:
    found = re.fullmatch(r"\s*(\d+)\s*(hour|day|week|year)s?\s*", text)
    if not found:
        raise StoreError(f'the retention policy keeps {name} {text!r}: write it as "48 hours", "30 days" or "5 years"')
    return int(found[1]) * _UNITS[found[2]]


@dataclass(frozen=True)
class Overdue:
    """What a policy would remove of one kind: rows, different plates, and the span of their times."""

    kind: str
    before: str
    rows: int
    plates: int
    first_at: str | None
    last_at: str | None


@dataclass(frozen=True)
class Certificate:
    """What a purge removed and how that was checked. Counts, windows and files, never plates.

    Attributes
    ----------
    certificate_id, made_at, made_by_version, policy, policy_sha256 : str
    removed : tuple of Overdue
    files_before, files_after : int
        Data files of the lake.
    files_removed : tuple of str
        Names of data files that no longer exist.
    files_checked : int
        Files searched for the plates that are nowhere kept any more: data files by reading every value, the catalog
        by its bytes (a shared store's by its rows).
    plates_gone : int
        Plates removed that no remaining row holds.
    plates_found : int
        Of those, how many were found in any file. 0, or the purge would have failed.
    ledger_hash : str
        The ledger row that records this purge.
    """

    certificate_id: str
    made_at: str
    made_by_version: str
    policy: str
    policy_sha256: str
    removed: tuple[Overdue, ...]
    files_before: int
    files_after: int
    files_removed: tuple[str, ...]
    files_checked: int
    plates_gone: int
    plates_found: int
    ledger_hash: str = ""

    def to_json(self) -> str:
        """The certificate for a file."""
        return json.dumps(asdict(self), indent=2)


def plan(store: Store, policy: RetentionPolicy, *, now: datetime | None = None) -> tuple[Overdue, ...]:
    """What `purge` would remove now; nothing is changed.

    Examples
    --------
    >>> plan.__name__
    'plan'
    """
    with connected(store._place, Attach("sightings"), masked=True) as connection:
        check_version(connection, "sightings")
        return _overdue(connection, policy, now or datetime.now(UTC))


def purge(store: Store, policy: RetentionPolicy, *, now: datetime | None = None) -> Certificate:
    """Remove everything older than the policy keeps, from every file of `sightings`, and check that it is gone.

    Parameters
    ----------
    now : datetime, optional
        As of when; the clock where left out.

    Returns
    -------
    Certificate
        Also kept in the audit ledger, so that `certificates` can give it again.

    Raises
    ------
    StoreError
        A removed plate is still found in a file (named): something reads the store; run it again. Rows are out of every
        table by then.
    """
    location, lake, now = store._place, "sightings", now or datetime.now(UTC)
    deadline = Deadline.after(store.wait_s)
    attach = Attach(lake, read_only=False)
    sweep_spill(location)
    with connected(location, attach, masked=True) as connection, writer(connection, lake, deadline):
        check_version(connection, lake)
        connection.run("USE sightings")
        removed = _overdue(connection, policy, now)
        before = _data_files(location)
        _note_plates(connection, policy, now)
        session = LoadingSession(connection, lake, store.wait_s)
        session.run_held(lambda s: _delete(s.connection, policy, now), note="retention", deadline=deadline)
        forget_history(connection, lake)
        remove_orphans(connection, lake)
        forget_statistics(connection, lake)
        vacuum_catalog(connection, lake)
        after = _data_files(location)
        checked, gone, found = _search(connection, sorted(after))
    certificate = Certificate(
        str(uuid.uuid4()), now.isoformat(timespec="seconds"), software_version(), policy.name, policy.sha256, removed,
        len(before), len(after), tuple(sorted(p.name for p in before - after)), checked, gone, len(found),
    )  # fmt: skip
    ledger_hash = Ledger(location, store.wait_s).append(
        action="purge",
        object="retention",
        outcome="error" if found else "ok",
        rows_returned=sum(o.rows for o in removed),
        query_params=certificate.to_json(),
        reason=f"retention policy {policy.name}",
    )
    if found:
        raise StoreError(
            f"rows are removed, but a removed plate is still in {found[0]}: close what reads the store and purge again"
        )
    return Certificate(**{**certificate.__dict__, "ledger_hash": ledger_hash})


def certificates(store: Store) -> tuple[Certificate, ...]:
    """Every certificate that the audit ledger holds, oldest first."""
    made = []
    for row in Ledger(store._place, store.wait_s).rows():
        if row["action"] == "purge" and row["object"] == "retention":
            kept = json.loads(row["query_params"]) | {"ledger_hash": row["hash"]}
            kept["removed"] = tuple(Overdue(**o) for o in kept["removed"])
            made.append(Certificate(**kept | {"files_removed": tuple(kept["files_removed"])}))
    return tuple(made)


def _overdue_sql(kind: str) -> str:
    return _OVERDUE[kind].replace("{lake}", "sightings")


def _table(kind: str) -> str:
    return "alerts" if kind.startswith("alerts") else kind


def _overdue(connection: Connection, policy: RetentionPolicy, now: datetime) -> tuple[Overdue, ...]:
    rows = []
    for kind in KEPT:
        cutoff = policy.cutoffs(now)[kind]
        plates = "0" if kind == "rejects" else "count(DISTINCT t.plate)"
        [(number, different, first, last)] = connection.rows(
            f"SELECT count(*), {plates}, min({_SINCE[kind]})::VARCHAR, max({_SINCE[kind]})::VARCHAR "
            f"FROM sightings.{_overdue_sql(kind)}",
            {kind: cutoff},
        )
        rows.append(Overdue(kind, cutoff.isoformat(timespec="seconds"), number, different, first, last))
    return tuple(rows)


def _plate_columns(table: str) -> list[str]:
    return [c.name for c in tables_of("sightings")[table] if c.name in ("plate", "plate_raw")]


def _note_plates(connection: Connection, policy: RetentionPolicy, now: datetime) -> None:
    """A temporary table of the plates about to go, in memory only; those still kept somewhere are taken out later."""
    connection.run("CREATE OR REPLACE TEMP TABLE leaving (plate VARCHAR)")
    for kind in KEPT:
        for column in _plate_columns(_table(kind)):
            connection.run(
                f"INSERT INTO leaving SELECT DISTINCT t.{column} FROM sightings.{_overdue_sql(kind)}",
                {kind: policy.cutoffs(now)[kind]},
            )


def _delete(connection: Connection, policy: RetentionPolicy, now: datetime) -> None:
    for kind in KEPT:
        where = _overdue_sql(kind).split(" WHERE ", 1)[1].replace("t.", "")
        connection.run(f"DELETE FROM sightings.{_table(kind)} WHERE {where}", {kind: policy.cutoffs(now)[kind]})


def _data_files(location: Location) -> set[Path]:
    return set(location.data("sightings").rglob("*.parquet"))


def _search(connection: Connection, files: list[Path]) -> tuple[int, int, list[str]]:
    """Files searched, plates that no row holds any more, and files in which one of those still is."""
    kept = " UNION ALL ".join(
        f"SELECT {column} AS plate FROM sightings.{_table(kind)}"
        for kind in KEPT
        if kind != "alerts_under_case"
        for column in _plate_columns(_table(kind))
    )
    kept += " UNION ALL SELECT unnest(candidates) FROM sightings.plate_reads"  # another vehicle's second reading
    connection.run(
        f"CREATE OR REPLACE TEMP TABLE gone AS SELECT DISTINCT plate FROM leaving ANTI JOIN ({kept}) USING (plate)"
    )
    gone = int(connection.value("SELECT count(*) FROM gone"))
    found = [file.name for file in files if gone and _file_holds(connection, file)]
    catalog_texts = list(_catalog_texts(connection))
    tokens = {token for text in catalog_texts for token in re.findall(rb"[A-Za-z0-9][A-Za-z0-9 -]{2,14}", text)}
    plates = {plate.encode() for (plate,) in connection.rows("SELECT plate FROM gone WHERE length(plate) > 3")}
    if plates & tokens:
        found.append("the catalog")
    return len(files) + len(catalog_texts), gone, found


def _file_holds(connection: Connection, file: Path) -> bool:
    """Whether any text of a data file is one of the plates gone."""
    columns = connection.rows(f"DESCRIBE SELECT * FROM read_parquet({literal(str(file))})")
    texts = [quoted(name) for name, kind, *_ in columns if kind == "VARCHAR" and name in ("plate", "plate_raw", "read_as")]
    texts += [f"regexp_replace({quoted(name)}, '[^A-Z0-9]', '', 'g')" for name, *_ in columns if name == "raw"]
    texts += ["unnest(candidates)" for name, *_ in columns if name == "candidates"]
    return any(
        connection.value(
            f"SELECT count(*) FROM (SELECT {text} AS plate FROM read_parquet({literal(str(file))})) SEMI JOIN gone USING (plate)"
        )
        for text in texts
    )


def _catalog_texts(connection: Connection) -> Iterable[bytes]:
    location = connection.location
    if location.server is None:
        for end in ("", "-wal", "-journal"):
            path = Path(f"{location.catalog('sightings')}{end}")
            if path.exists():
                yield path.read_bytes()
        return
    schema = catalog_schema(connection, "sightings")
    with server_session(connection, "searched"):
        for table in ("ducklake_file_column_stats", "ducklake_table_column_stats"):
            rows = connection.rows(f"SELECT min_value, max_value FROM {schema}.{table}")
            yield "\n".join(str(value) for row in rows for value in row).encode()


def policy_frame(removed: tuple[Overdue, ...]) -> Any:
    """A plan as a DataFrame."""
    import pandas

    return pandas.DataFrame([asdict(o) for o in removed])
