"""Files to mapped rows: batches of text are mapped by the profile's SQL into the temporary table ``staged``.

Rows that cannot be used go to ``staged_rejects``. Nothing here touches the lake.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from data_connectors.errors import rows_said
from data_connectors.faults import BETWEEN, WITHIN
from data_connectors.layouts import choose_layout, require_columns
from data_connectors.loading.identity import IDENTIFIERS, identity
from data_connectors.loading.receipt import FileReceipt
from data_connectors.mapping import FOLDED, LAT, LON, Statement, compile_mapping, plate_column
from data_connectors.normalise import places, plates, text, times
from data_connectors.profile import OPEN_ZONE, Layout, Profile
from data_connectors.readers import BATCH_ROWS, LoadError, RawBatch, SourceFile, reader_for
from data_connectors.schemas import REJECTS
from data_connectors.store import LoadingSession, quoted

Report = Callable[[int, int, str], None]

STAGED, REFUSED = "staged", "staged_rejects"
_HELD = "staged_rows"
_PLACE = "row(file_hash, line)"  # in the order of the files: hashes are an enumeration, and joins keep no order of rows
_CHECKS = ("file_name", "fault", "fault_value", "unread")
_OF_THE_LOAD = ("source", "file_name", "file_hash")
_FEW_UNREAD = 20
_MOST_SHOWN = 40


@dataclass(frozen=True)
class Intake:
    """What the files held: their receipts, rows read and skipped, zones used, notes for the receipt.

    `unusable` names, where rows are refused one by one, the files of which none is left, with the reasons.
    """

    files: tuple[FileReceipt, ...]
    read: int
    skipped: int
    repeated: int
    rejected: dict[str, int]
    zones: tuple[str, ...]
    notes: tuple[str, ...]
    unusable: dict[str, str] = field(default_factory=dict)


def stage(
    session: LoadingSession,
    profile: Profile,
    files: Sequence[SourceFile],
    report: Report,
    *,
    row_by_row: bool = False,
) -> Intake:
    """Read and map every file into the session's ``staged`` and ``staged_rejects``.

    Parameters
    ----------
    row_by_row : bool
        Refuse rows one by one, however many; files of which no row can be used are told in `Intake.unusable`.

    Raises
    ------
    LoadError
        A file cannot be read or holds no row, more rows are refused than the table tolerates, or the profile leaves
        its time zone open.
    """
    if profile.timezone == OPEN_ZONE:
        raise LoadError(
            f"the profile {profile.name!r} leaves open in which time zone its clocks are (timezone = \"{OPEN_ZONE}\")",
            remedy='Write the zone into it, e.g. timezone = "America/New_York". Nothing was loaded.',
        )
    for file in files:
        _require_readable_name(file)
    make_tables(session, profile, files)
    staging = Staging(session, profile, sum(file.path.stat().st_size for file in files), report, row_by_row=row_by_row)
    for file in files:
        staging.take(file)
    staging.flush()
    staging.set_aside()
    unusable = _unusable(session, staging.files) if row_by_row else {}
    repeated = 0 if profile.strategy == "replace_window" else _collapse(session, profile)
    intake = replace(staging.intake(repeated), unusable=unusable)
    if "fault" in staging.held:  # not where the reader took no row apart
        session.run(f"DELETE FROM {_HELD} WHERE fault IS NOT NULL")
    if not row_by_row:
        _refuse_when_too_many(session, profile, intake)
    return intake


def _require_readable_name(file: SourceFile) -> None:
    try:
        file.name.encode()
    except UnicodeEncodeError as error:
        shown = file.name.encode(errors="surrogateescape").decode(errors="backslashreplace")
        raise LoadError("the file's name is not UTF-8", file=shown, remedy="Give it another name.") from error


def make_tables(session: LoadingSession, profile: Profile, files: Sequence[SourceFile]) -> None:
    """Make ready to stage rows of these files: where the refused go, and what the statements look things up in."""
    words = dict.fromkeys([profile.source, *(file.name for file in files), *(file.sha256 for file in files)])
    session.register("words_of_the_load", pa.table({"word": list(words)}))
    session.run("CREATE OR REPLACE TYPE word_of_the_load AS ENUM (SELECT word FROM words_of_the_load)")
    refused = ", ".join(f"{c.name} {c.type}" for c in REJECTS if c.name != "load_id")
    session.run(f"CREATE OR REPLACE TEMP TABLE {REFUSED} ({refused}, said VARCHAR)")
    if profile.table.lake == "sightings":
        codes = plates.region_codes()
        session.register("region_codes", pa.table({"key": list(codes), "code": list(codes.values())}))


@dataclass
class Staging:
    """Gathers batches of like columns until there are enough for one statement.

    Rows are held in ``staged_rows``, which has only columns that some file fills, and names and hashes of files as
    numbers: a text that is the same in a million rows is dear to keep and to sort. ``staged``, a view of it, has all.
    """

    session: LoadingSession
    profile: Profile
    total_bytes: int
    report: Report
    done_bytes: int = 0
    read: int = 0
    skipped: int = 0
    files: list[FileReceipt] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    zones: dict[str, None] = field(default_factory=dict)
    layout: Layout | None = None
    gathered: list[pa.Table] = field(default_factory=list)
    refused: list[dict[str, object]] = field(default_factory=list)
    held: tuple[str, ...] = ()
    always_identified: bool = True
    row_by_row: bool = False

    def take(self, file: SourceFile) -> None:
        """Read one file; its rows are mapped when enough are gathered."""
        twin = next((f.name for f in self.files if f.sha256 == file.sha256), None)
        if twin:
            self.notes[f"{file.name} is the same file as {twin}: read once"] += 1
            return
        size, seen = file.path.stat().st_size, 0
        receipt = FileReceipt(file.name, file.sha256, 0, 0, "utf-8", "", ())
        for batch in reader_for(self.profile.reader.format)(file, self.profile.reader):
            receipt = self._add(file, batch, receipt)
            seen = min(size, seen + batch.columns.nbytes)
            self.report(self.done_bytes + seen, self.total_bytes, file.name)
        if not receipt.rows + receipt.rejected:
            raise LoadError("the file has no rows" + (" below its header" if receipt.columns else ""), file=file.name,
                            remedy="Ask for the export again; nothing was loaded.")
        self.done_bytes += size
        self.files.append(receipt)

    def add_alone(self, file: SourceFile, batch: RawBatch) -> Layout:
        """Map one batch by itself; the layout that it has."""
        self._add(file, batch, FileReceipt(file.name, file.sha256, 0, 0, "utf-8", "", ()))
        self.flush()
        self._hold(())
        assert self.layout is not None
        return self.layout

    def _add(self, file: SourceFile, batch: RawBatch, receipt: FileReceipt) -> FileReceipt:
        """Take one batch in; the file's receipt with it counted."""
        names = batch.columns.column_names
        layout = choose_layout(self.profile, names, file.name)
        if not receipt.layout:
            require_columns(self.profile, layout, names, file.name)
        self.refused += [
            {"source": self.profile.source, "file_name": file.name, "file_hash": file.sha256, "line": r.line,
             "column_name": r.column, "reason": r.reason, "raw": _as_json(r.raw)} for r in batch.rejects
        ]
        for note in batch.notes:
            self.notes[note] += 1
        if self.gathered and (layout != self.layout or self.gathered[0].column_names[: len(names)] != names):
            self.flush()
        self.layout = layout
        self.always_identified &= bool({*IDENTIFIERS} & {*layout.columns})
        rows = batch.columns.num_rows
        if rows:
            self.gathered.append(_with_origin(batch, file))
        if sum(table.num_rows for table in self.gathered) >= BATCH_ROWS:
            self.flush()
        self.read += rows + len(batch.rejects)
        return replace(
            receipt, rows=receipt.rows + rows, rejected=receipt.rejected + len(batch.rejects),
            encoding=batch.encoding if batch.encoding != "utf-8" else receipt.encoding,
            layout=layout.name or "only", columns=tuple(names),
        )

    def flush(self) -> None:
        """Map what is gathered into ``staged``."""
        if not self.gathered or self.layout is None:
            return
        rows = pa.concat_tables(self.gathered)
        self.gathered = []
        columns = rows.column_names[:-3]
        if self.profile.unpivot:
            columns = self._unpivoted(rows, columns)
        else:
            self.session.register("raw_rows", self._with_folded_plates(self._located(rows)))
        tidy = [c for c in columns if c in rows.column_names and text.is_tidy(rows[c])]
        statement = compile_mapping(self.profile, self.layout, columns, tidy=tidy)
        for alias, zone in statement.zones.items():
            self.session.register(alias, times.zone_days(zone))
            self.zones[zone] = None
        self._insert(statement)
        self.session.unregister("raw_rows")

    def _insert(self, statement: Statement) -> None:
        filled = [name for name in self._types() if name not in statement.blank]
        self._hold(filled)
        same = identity(self.profile) if self.profile.strategy != "replace_window" else "NULL"
        self.session.run(
            f"INSERT INTO {_HELD} BY NAME SELECT {', '.join(map(quoted, filled))}, {same} AS identity "
            f"FROM ({statement.sql})",
            **statement.parameters,
        )
        if statement.skipped_sql:
            [(skipped,)] = self.session.rows(statement.skipped_sql, **statement.skipped_parameters)
            self.skipped += int(skipped)

    def _types(self) -> dict[str, str]:
        """The columns of ``staged`` but ``identity``, with their types."""
        types = {c.name: c.type for c in self.profile.table.all_columns if c.name != "load_id"}
        return types | dict.fromkeys(_CHECKS, "VARCHAR") | dict.fromkeys(_OF_THE_LOAD, "word_of_the_load")

    def _hold(self, filled: Sequence[str]) -> None:
        """Let ``staged_rows`` have these columns too, and ``staged`` show all that there are."""
        types, more = self._types(), [name for name in filled if name not in self.held]
        if self.held and not more:
            return
        if self.held:
            for name in more:
                self.session.run(f"ALTER TABLE {_HELD} ADD COLUMN {quoted(name)} {types[name]}")
        else:
            columns = [f"{quoted(name)} {types[name]}" for name in more] + ["identity UBIGINT"]
            self.session.run(f"CREATE OR REPLACE TEMP TABLE {_HELD} ({', '.join(columns)})")
        self.held = (*self.held, *more)
        shown = [quoted(name) if name in self.held else f"NULL::{types[name]} AS {quoted(name)}" for name in types]
        listed = ", ".join(["rowid", *shown, "identity"])
        self.session.run(f"CREATE OR REPLACE TEMP VIEW {STAGED} AS SELECT {listed} FROM {_HELD}")

    def _unpivoted(self, rows: pa.Table, columns: list[str]) -> list[str]:
        """Register one row for each of the profile's named columns; the columns that this leaves."""
        spec = self.profile.unpivot
        assert spec is not None
        wanted = [c for c in spec.columns if c in columns]
        self.session.register("raw_wide", self._with_folded_plates(rows))
        self.session.run(
            f"CREATE OR REPLACE TEMP TABLE raw_long AS FROM (UNPIVOT raw_wide ON {', '.join(map(quoted, wanted))} "
            f"INTO NAME {quoted(spec.name)} VALUE {quoted(spec.value)}) WHERE trim({quoted(spec.value)}) <> ''"
        )
        self.session.unregister("raw_wide")
        self.session.run("CREATE OR REPLACE TEMP VIEW raw_rows AS FROM raw_long")
        return [c for c in columns if c not in wanted] + [spec.name, spec.value]

    def _located(self, rows: pa.Table) -> pa.Table:
        """Rows with ``_lon`` and ``_lat`` where the layout has projected coordinates."""
        assert self.layout is not None
        place = self.layout.location
        if place is None or place.x is None or place.y is None or place.crs is None:
            return rows
        absent = [c for c in (place.x, place.y) if c not in rows.column_names]
        blank = pa.chunked_array([pa.nulls(rows.num_rows, pa.string())]) if absent else None
        x, y = (blank if c in absent else rows[c] for c in (place.x, place.y))
        lon, lat = places.degrees_from(x, y, place.crs, place.missing)
        return rows.append_column(LON, lon).append_column(LAT, lat)

    def _with_folded_plates(self, rows: pa.Table) -> pa.Table:
        """Rows of plates with ``_folded``: the cell that the plate is read from, folded."""
        assert self.layout is not None
        column = plate_column(self.layout)
        if column is None:
            return rows
        blank = pa.chunked_array([pa.nulls(rows.num_rows, pa.string())])
        return rows.append_column(FOLDED, plates.folded_cells(rows[column]) if column in rows.column_names else blank)

    def set_aside(self) -> None:
        """Copy rows with a fault to ``staged_rejects``, beside those that no reader could take apart."""
        self._hold(())
        fields = [c.name for c in REJECTS if c.name != "load_id"]
        if self.refused:
            kinds = {"line": pa.int64()}
            made = {name: pa.array([r[name] for r in self.refused], kinds.get(name, pa.string())) for name in fields}
            self.session.register("refused_rows", pa.table(made))
            self.session.run(f"INSERT INTO {REFUSED} SELECT *, NULL FROM refused_rows")
            self.session.unregister("refused_rows")
        raw = "raw" if self.profile.table.keeps_raw else "NULL"
        self.session.run(
            f"INSERT INTO {REFUSED} SELECT source, file_name, file_hash, line, "
            f"nullif(regexp_extract(fault, '^([^:]+): ', 1), ''), fault, {raw}, fault_value "
            f"FROM {STAGED} WHERE fault IS NOT NULL"
        )

    def intake(self, repeated: int) -> Intake:
        """What was read, once all is staged and faulty rows are still to be told apart."""
        reasons = self.session.rows(f"SELECT reason, count(*) FROM {REFUSED} GROUP BY 1 ORDER BY 2 DESC, 1")
        encodings = Counter(f.encoding for f in self.files if f.encoding != "utf-8")
        said = tuple(f"{n} file{'s' * (n > 1)} read as {encoding}, not UTF-8" for encoding, n in encodings.items())
        notes = tuple(note if n == 1 else f"{note} ({n} times)" for note, n in self.notes.items())
        read = self.read if not self.profile.unpivot else self._long_rows()
        if self.profile.unpivot:
            notes = (f"{rows_said(self.read)} of the files became {read:,}, one for each filled column of "
                     f"{len(self.profile.unpivot.columns)} (unpivot): all counts here are of those", *notes)
        notes = (*self._unread(), *self._without_identifier(), *said, *notes)
        return Intake(tuple(self.files), read, self.skipped, repeated, dict(reasons), tuple(self.zones), notes)

    def _unread(self) -> Iterator[str]:
        """A note for each column whose values are there but cannot be read; `LoadError` where that is most times."""
        found = self.session.rows(
            f"SELECT one[1], count(*), min_by(file_name, place), min_by(line, place), min_by(one[2], place), "
            f"min_by(one[3], place) FROM (SELECT {_PLACE} AS place, file_name, line, "
            f"string_split(unnest(string_split(unread, $between)), $within) AS one FROM {STAGED} "
            f"WHERE unread IS NOT NULL AND fault IS NULL) GROUP BY 1 ORDER BY 2 DESC, 1",
            between=BETWEEN, within=WITHIN,
        )
        for column, n, file, line, source, said in found:
            limits = self.profile.table.column(column).limits
            kind = "coordinate" if column in ("lon", "lat") else "measurement" if limits else "time"
            shown = f": {said[:_MOST_SHOWN]!r}" if said else ""
            first = f"{file}, line {line}, column {source!r}{shown}"
            tolerated = self.profile.table.tolerated_reject_share
            if not self.row_by_row and kind != "coordinate" and n >= _FEW_UNREAD and n > tolerated * self.read:
                raise LoadError(
                    f"{column} of {n:,} of {rows_said(self.read)} could not be read, more than the {tolerated:.0%} "
                    f"that {self.profile.table.name} tolerates, so nothing was loaded (first: {first})",
                    remedy=f"Mend the file, or give the profile {self.profile.name!r} that format.",
                )
            yield f"{n:,} {kind}{'s' * (n > 1)} could not be read, blanks not counted: {column} (first: {first})"

    def _without_identifier(self) -> Iterator[str]:
        """A note on records whose identifier is blank, where the feed has one."""
        column = next((c.name for c in self.profile.table.columns if c.name in IDENTIFIERS), None)
        if column is None or not self.always_identified:
            return
        [(blank,)] = self.session.rows(
            f"SELECT count(*) FROM {STAGED} WHERE {quoted(column)} IS NULL AND fault IS NULL"
        )
        if blank:
            rests = ("rows are compared whole, window by window, as all rows of this feed"
                     if self.profile.strategy == "replace_window" else
                     "identity is the whole row, so two alike count once and one that changes comes again as new")
            yield f"{rows_said(blank)} without {column}: {rests}"

    def _long_rows(self) -> int:
        [(rows,)] = self.session.rows(f"SELECT (SELECT count(*) FROM {STAGED}) + (SELECT count(*) FROM {REFUSED})")
        return int(rows)


def _with_origin(batch: RawBatch, file: SourceFile) -> pa.Table:
    rows = batch.columns.num_rows
    table = batch.columns.append_column("_line", batch.lines)
    for name, value in (("_file_name", file.name), ("_file_hash", file.sha256)):
        first = pa.repeat(pa.scalar(0, pa.int32()), rows)
        table = table.append_column(name, pa.DictionaryArray.from_arrays(first, pa.array([value])))
    return table


def _as_json(raw: dict[str, str] | str) -> str:
    return json.dumps(raw, ensure_ascii=False)


def _collapse(session: LoadingSession, profile: Profile) -> int:
    """Leave the last row of each identifier; rows that differ from it are refused unless the feed repeats to update."""
    session.run(
        f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT identity FROM {STAGED} WHERE fault IS NULL "
        "GROUP BY 1 HAVING count(*) > 1"
    )
    [(doubled,)] = session.rows("SELECT count(*) FROM doubled")
    if not doubled:
        return 0
    keys = ", ".join(quoted(k) for k in profile.key)
    last_first = f"(PARTITION BY identity, {keys} ORDER BY {_PLACE} DESC, rowid DESC)"
    session.run(
        f"CREATE OR REPLACE TEMP TABLE superseded AS SELECT * FROM (SELECT rowid AS row_number, "
        f"row_number() OVER {last_first} AS place, row_hash = first_value(row_hash) OVER {last_first} AS same "
        f"FROM {STAGED} WHERE fault IS NULL AND identity IN (FROM doubled)) WHERE place > 1"
    )
    if profile.duplicates == "refuse":
        raw = "raw" if profile.table.keeps_raw else "NULL"
        session.run(
            f"INSERT INTO {REFUSED} SELECT source, file_name, file_hash, line, $column, $reason, {raw}, NULL "
            f"FROM {STAGED} WHERE rowid IN (SELECT row_number FROM superseded WHERE NOT same)",
            column=profile.key[0],
            reason=f"{', '.join(profile.key)}: a later row of the same key differs; the last is kept",
        )
    session.run(f"DELETE FROM {_HELD} WHERE rowid IN (SELECT row_number FROM superseded)")
    counted = "same" if profile.duplicates == "refuse" else "true"
    [(repeated,)] = session.rows(f"SELECT count(*) FROM superseded WHERE {counted}")
    return int(repeated)


def _unusable(session: LoadingSession, files: Sequence[FileReceipt]) -> dict[str, str]:
    """The files of which no row can be used, each with the reasons."""
    found = session.rows(
        f"SELECT file_hash, count(*), string_agg(DISTINCT reason, '; ' ORDER BY reason) FROM {REFUSED} GROUP BY 1"
    )
    refused = {file_hash: (rows, reasons) for file_hash, rows, reasons in found}
    return {
        file.name: f"{file.name}: no row can be used ({reasons})"
        for file in files
        for rows, reasons in [refused.get(file.sha256, (0, ""))]
        if rows == file.rows + file.rejected
    }


def _refuse_when_too_many(session: LoadingSession, profile: Profile, intake: Intake) -> None:
    refused, tolerated = sum(intake.rejected.values()), profile.table.tolerated_reject_share
    if refused <= tolerated * intake.read:
        return
    raw = "NULL" if profile.table.lake == "sightings" else "raw"  # a row of plates is not for a screen or a log
    examples = session.rows(
        f"SELECT file_name, line, reason, coalesce('it says ' || said, {raw}) FROM {REFUSED} "
        "ORDER BY file_name, line LIMIT 3"
    )
    said = "; ".join(f"{n:,} × {reason}" for reason, n in intake.rejected.items())
    shown = "".join(f"\n  {name}, line {line}: {reason}{_shortened(more)}" for name, line, reason, more in examples)
    verb = "is" if refused == 1 else "are"
    raise LoadError(
        f"{refused:,} of {rows_said(intake.read)} {verb} refused ({said}), more than the {tolerated:.0%} that "
        f"{profile.table.name} tolerates, so nothing was loaded",
        remedy=f"Mend the file, or the profile {profile.name!r}. The first:{shown}",
    )


def _shortened(said: str | None) -> str:
    return f": {said[:200]}" if said else ""
