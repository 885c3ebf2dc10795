"""Staged rows against the store's: what is new, changed, unchanged, gone; and the one transaction that writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from data_connectors.loading.identity import identity
from data_connectors.loading.receipt import LoadReceipt
from data_connectors.loading.staging import REFUSED, STAGED, Intake
from data_connectors.mapping import PRIMARY_TIME
from data_connectors.profile import Profile
from data_connectors.readers import LoadError
from data_connectors.schemas import LOADS, REJECTS, UNKNOWN_OFFENSE
from data_connectors.store import LoadingSession, apply_corrections, plate_index, quoted
from data_connectors.store.locking import current_user

KEPT_SHARE = 0.8
_FEW = 20
_SHOWN = 5


@dataclass(frozen=True)
class _Difference:
    new: int
    changed: int
    unchanged: int
    removed: int

    @property
    def any(self) -> bool:
        return bool(self.new or self.changed or self.removed)


def look(session: LoadingSession, profile: Profile, intake: Intake, *, allow_shrink: bool) -> LoadReceipt:
    """The receipt of a load that is not written."""
    difference = _compare(session, profile, allow_shrink)
    return _receipt(session, profile, intake, difference, dry_run=True)


def write(session: LoadingSession, profile: Profile, intake: Intake, *, allow_shrink: bool) -> LoadReceipt:
    """Write what differs, what was refused and the load's own row; nothing where all is known. Called inside a job."""
    difference = _compare(session, profile, allow_shrink)
    if not difference.any and not _newly_refused(session):
        return _receipt(session, profile, intake, difference)
    load_id = session.next_load_id()
    receipt = _receipt(session, profile, intake, difference, load_id=load_id)
    if difference.any:
        _write_rows(session, profile, load_id, difference)
    _book(session, profile, receipt)
    return receipt


def _write_rows(session: LoadingSession, profile: Profile, load_id: int, difference: _Difference) -> None:
    target = session.table(profile.table.name)
    outdated = profile.strategy == "replace_window" or bool(difference.changed or difference.removed)
    if outdated:
        if profile.table.name == "plate_reads":
            plate_index.forget(session.connection, _outdated(profile), _only_source(profile))
        session.run(f"DELETE FROM {target} WHERE {_outdated(profile)}", **_only_source(profile))
    names = [c.name for c in profile.table.all_columns if c.name != "load_id"]
    listed = ", ".join(map(quoted, names))
    incoming = f"SELECT {listed} FROM {STAGED}" + (f" WHERE {_wanted(profile)}" if difference.unchanged else "")
    corrected = profile.table.lake == "records"  # plate reads are no places that a person corrects: no copy of them
    if corrected:
        session.run(f"CREATE OR REPLACE TEMP TABLE incoming AS {incoming}")
        apply_corrections(session, profile.table.name, "incoming")
        incoming = "FROM incoming"
    order = ", ".join(map(quoted, (*profile.table.partition, *profile.table.sort)))
    session.run(
        f"INSERT INTO {target} ({listed}, load_id) SELECT {listed}, $load_id FROM ({incoming}"
        + (f" ORDER BY {order})" if order else ")"),
        load_id=load_id,
    )
    if profile.table.name == "plate_reads":
        plate_index.add(session.connection, f"(SELECT {listed}, $load_id AS load_id FROM ({incoming}))", load_id)
        if outdated:
            plate_index.forget_traces(session.connection)
    if corrected:
        session.run("DROP TABLE incoming")


def _newly_refused(session: LoadingSession) -> bool:
    """Whether a row was refused that the store does not hold as refused already."""
    [(found,)] = session.rows(
        f"SELECT EXISTS (FROM {REFUSED} AS r ANTI JOIN {session.table('rejects')} AS k "
        "ON k.source = r.source AND k.file_hash = r.file_hash AND k.line = r.line AND k.reason = r.reason)"
    )
    return bool(found)


def _only_source(profile: Profile) -> dict[str, str]:
    return {"source": profile.source}


# What differs --------------------------------------------------------------------------------------------------------


def _compare(session: LoadingSession, profile: Profile, allow_shrink: bool) -> _Difference:
    if profile.strategy == "replace_window":
        return _compare_windows(session, profile, allow_shrink)
    return _compare_records(session, profile, allow_shrink)


def _compare_windows(session: LoadingSession, profile: Profile, allow_shrink: bool) -> _Difference:
    """Rows have no identifier, so a window's rows are compared as a multiset."""
    session.run(
        f"CREATE OR REPLACE TEMP TABLE window_rows AS "
        f"SELECT window_key, row_hash, sum(staged) AS staged, sum(held) AS held FROM ("
        f"SELECT window_key, row_hash, 1 AS staged, 0 AS held FROM {STAGED} UNION ALL "
        f"SELECT window_key, row_hash, 0, 1 FROM {session.table(profile.table.name)} WHERE source = $source "
        f"AND window_key IN (SELECT window_key FROM {STAGED})) GROUP BY ALL",
        **_only_source(profile),
    )
    session.run(
        "CREATE OR REPLACE TEMP TABLE differing AS SELECT DISTINCT window_key FROM window_rows WHERE staged <> held"
    )
    if not allow_shrink:
        shrunk = session.rows(
            "SELECT window_key, sum(held), sum(staged) FROM window_rows GROUP BY 1 "
            "HAVING sum(held) >= $few AND sum(staged) < $share * sum(held) ORDER BY 1",
            few=_FEW, share=KEPT_SHARE,
        )
        for window, held, staged in shrunk:
            raise _shrinking(profile, f" for {window}", int(held), int(staged), len(shrunk))
    [(new, unchanged, removed)] = session.rows(
        "SELECT coalesce(sum(greatest(staged - held, 0)), 0), coalesce(sum(least(staged, held)), 0), "
        "coalesce(sum(greatest(held - staged, 0)), 0) FROM window_rows"
    )
    return _Difference(int(new), 0, int(unchanged), int(removed))


def _compare_records(session: LoadingSession, profile: Profile, allow_shrink: bool) -> _Difference:
    """Rows have an identifier: each is new, changed or unchanged; a register's others are removed."""
    keys = ", ".join(map(quoted, profile.key))
    within = f" AND day BETWEEN (SELECT min(day) FROM {STAGED}) AND (SELECT max(day) FROM {STAGED})"
    within = within if "day" in profile.table.partition else ""
    session.run(
        f"CREATE OR REPLACE TEMP TABLE present AS "
        f"SELECT rowid AS row_number, {keys}, row_hash, {identity(profile)} AS identity "
        f"FROM {session.table(profile.table.name)} WHERE source = $source{within}",
        **_only_source(profile),
    )
    same_key = " AND ".join(f"s.{quoted(k)} IS NOT DISTINCT FROM p.{quoted(k)}" for k in profile.key)
    session.run(
        f"CREATE OR REPLACE TEMP TABLE matched AS "
        f"SELECT s.rowid AS staged_row, p.row_number, s.row_hash = p.row_hash AS same "
        f"FROM {STAGED} AS s JOIN present AS p ON s.identity = p.identity AND {same_key}"
    )
    [(staged, held, unchanged, changed)] = session.rows(
        f"SELECT (SELECT count(*) FROM {STAGED}), (SELECT count(*) FROM present), "
        "count(*) FILTER (same), count(*) FILTER (NOT same) FROM matched"
    )
    removed = held - unchanged - changed if profile.strategy == "replace_all" else 0
    if removed and not allow_shrink and held >= _FEW and staged < KEPT_SHARE * held:
        raise _shrinking(profile, "", held, staged, 1)
    return _Difference(int(staged - unchanged - changed), int(changed), int(unchanged), int(removed))


def _shrinking(profile: Profile, where: str, held: int, staged: int, windows: int) -> LoadError:
    more = f" (and {windows - 1} more windows)" if windows > 1 else ""
    whole = (f"A feed without identifiers replaces its whole {_period_of(profile)}: rows that these files lack would "
             "be removed. Load the files that make it whole together, or name in the profile the column that numbers "
             "the records." if profile.strategy == "replace_window" else
             "A register is replaced whole: what these files lack would be removed. Load all of it together.")
    return LoadError(
        f"{profile.table.name} of {profile.source} holds {held:,} rows{where}{more}, and these files would leave "
        f"{staged:,}: fewer than {KEPT_SHARE:.0%}. Nothing was written",
        remedy=f"{whole} Only where the source itself took the rows back, and you checked it: --allow-shrink "
        "(allow_shrink=True).",
    )


def _period_of(profile: Profile) -> str:
    windows = [layout.window for layout in profile.layouts if layout.window]
    return windows[0].period if windows else "window"


def _outdated(profile: Profile) -> str:
    """Which of the lake's rows go."""
    if profile.strategy == "replace_window":
        return "source = $source AND window_key IN (FROM differing)"
    gone = "SELECT row_number FROM matched WHERE NOT same"
    if profile.strategy == "replace_all":
        gone += " UNION ALL SELECT row_number FROM present WHERE row_number NOT IN (SELECT row_number FROM matched)"
    return f"source = $source AND rowid IN ({gone})"


def _wanted(profile: Profile) -> str:
    """Which of the staged rows are written."""
    if profile.strategy == "replace_window":
        return "window_key IN (FROM differing)"
    return "rowid NOT IN (SELECT staged_row FROM matched WHERE same)"


# The books -----------------------------------------------------------------------------------------------------------


def _book(session: LoadingSession, profile: Profile, receipt: LoadReceipt) -> None:
    columns = ", ".join(c.name for c in LOADS if c.name != "undone_at")
    session.run(
        f"INSERT INTO {session.table('loads')} ({columns}) "
        "VALUES ($load_id, now(), $who, $table, $source, $profile, $receipt)",
        load_id=receipt.load_id, who=current_user(), table=profile.table.name, source=profile.source,
        profile=f"{profile.name} {profile.version}", receipt=receipt.to_json(),
    )
    fields = ", ".join(c.name for c in REJECTS if c.name != "load_id")
    session.run(
        f"INSERT INTO {session.table('rejects')} (load_id, {fields}) SELECT $load_id, {fields} FROM {REFUSED}",
        load_id=receipt.load_id,
    )


def _receipt(
    session: LoadingSession, profile: Profile, intake: Intake, difference: _Difference, *,
    load_id: int | None = None, dry_run: bool = False,
) -> LoadReceipt:
    first, last = _period(session, profile, intake)
    offenses = session.rows(
        f"SELECT coalesce(offense_raw, offense_description, '(none)'), count(*) FROM {STAGED} WHERE offense = $unknown "
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_SHOWN}", unknown=UNKNOWN_OFFENSE,
    ) if profile.table.name == "incidents" else []
    return LoadReceipt(
        profile=profile.name, version=profile.version, source=profile.source, table=profile.table.name,
        lake=profile.table.lake, dry_run=dry_run, files=intake.files, read=intake.read,
        new=difference.new, changed=difference.changed, unchanged=difference.unchanged, removed=difference.removed,
        skipped=intake.skipped, repeated=intake.repeated, load_id=load_id, rejected=intake.rejected,
        time_rules=_shares(session, profile, "time_rule"), time_quality=_shares(session, profile, "time_quality"),
        locations=_shares(session, profile, "location_quality"), unknown_offenses=dict(offenses), zones=intake.zones,
        first_at=first, last_at=last, notes=(*intake.notes, *_drift(session, profile, intake)),
    )


def _period(session: LoadingSession, profile: Profile, intake: Intake) -> tuple[datetime | None, datetime | None]:
    """Earliest and latest time on the feed's own clock: the local column, else the zone of the profile, else UTC."""
    time = PRIMARY_TIME.get(profile.table.name)
    if time is None:
        return None, None
    local = {"occurred_from": "occurred_local", "received_at": "received_local"}.get(time)
    clock = f"coalesce({local}, timezone($zone, {time}))"
    ends = f"min({clock}), max({clock})" if local else f"timezone($zone, min({time})), timezone($zone, max({time}))"
    zone = profile.timezone or next(iter(intake.zones), "UTC")
    [(first, last)] = session.rows(f"SELECT {ends} FROM {STAGED}", zone=zone)
    return first, last


def _shares(session: LoadingSession, profile: Profile, column: str) -> dict[str, int]:
    if column not in {c.name for c in profile.table.columns}:
        return {}
    found = session.rows(
        f"SELECT {column}, count(*) FROM {STAGED} WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return dict(found)


def _drift(session: LoadingSession, profile: Profile, intake: Intake) -> Iterator[str]:
    """Columns that came or went since the feed's last load, layout by layout."""
    found = session.rows(
        f"SELECT receipt FROM {session.table('loads')} WHERE source = $source AND table_name = $table "
        "AND undone_at IS NULL ORDER BY load_id DESC LIMIT 1", source=profile.source, table=profile.table.name,
    )
    if not found:
        return
    before = {f["layout"]: set(f["columns"]) for f in json.loads(found[0][0]).get("files", [])}
    now = {f.layout: set(f.columns) for f in intake.files}
    for layout in now.keys() & before.keys():
        for said, columns in (("new", now[layout] - before[layout]), ("gone", before[layout] - now[layout])):
            if columns:
                yield f"columns {said} since the last load: {', '.join(sorted(columns))}"
