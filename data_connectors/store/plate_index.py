"""Three tables beside `plate_reads`, so that a search need not read a whole period of it.

`plate_reads` lies by day and plate: right for the history of one. Who passed a reader at some hour is answered from
`reads_by_reader`, the same reads by hour and reader; which plates there are, from `plates_seen`; where the readers
stood, from `readers_seen`. All follow `plate_reads` inside every transaction that changes it: what is removed there is
removed here.
"""

from __future__ import annotations

from .engine import Connection

_READS, _BY_READER = "sightings.main.plate_reads", "sightings.main.reads_by_reader"
_PLATES, _READERS = "sightings.main.plates_seen", "sightings.main.readers_seen"
ROWS_IN_A_GROUP = {"plate_reads": 16_384, "reads_by_reader": 8_192, "plates_seen": 4_096}
_READ = "plate, camera_id, captured_at, is_parked, line, load_id"
_STANDING = "day, camera_id, camera_name, lon, lat"


def reader_number(camera: str) -> str:
    """SQL of the number that stands for a reader in a slot: 40 bits of the MD5 of its name.

    Numbers, because Parquet's statistics cut text after eight characters and would skip little. Two readers may share
    one (one chance in 10^12 for each pair), so a search compares `camera_id` as well.
    """
    return f"CAST('0x' || left(md5({camera}), 10) AS BIGINT)"


def slots(hour: str, number: str) -> str:
    """SQL of the columns slot and daily_slot, from hours since 1970 and the number of a reader.

    Examples
    --------
    >>> slots("h", "n")
    'h * 1099511627776 + n AS slot, CAST(h % 24 * 16777216 + n // 65536 AS INTEGER) AS daily_slot'
    """
    return (
        f"{hour} * 1099511627776 + {number} AS slot, CAST({hour} % 24 * 16777216 + {number} // 65536 AS INTEGER) AS daily_slot"
    )


def by_reader(reads: str) -> str:
    """SQL of the rows of `reads_by_reader`."""
    return (
        f"SELECT day, {slots('hour', 'number')}, {_READ} "
        f"FROM (SELECT *, epoch_us(captured_at) // 3600000000 AS hour FROM {reads}) "
        f"JOIN (SELECT camera_id, {reader_number('camera_id')} AS number FROM (SELECT DISTINCT camera_id FROM {reads})) "
        "USING (camera_id)"
    )


def standing(reads: str) -> str:
    """SQL of the rows of `readers_seen`."""
    return f"SELECT DISTINCT {_STANDING} FROM {reads}"


def readings(reads: str) -> str:
    """SQL of the rows of `plates_seen`: plates read, and what else the reader considered, each with what it was read as."""
    return (
        f"SELECT plate, plate AS read_as FROM (SELECT DISTINCT plate FROM {reads}) UNION ALL "
        "SELECT DISTINCT plate, read_as FROM (SELECT unnest(candidates) AS plate, plate AS read_as "
        f"FROM {reads} WHERE candidates IS NOT NULL) WHERE plate <> read_as"
    )


def lay_out(connection: Connection) -> None:
    """Small row groups, so that a filter skips all but a sliver of a day's file."""
    for table, rows in ROWS_IN_A_GROUP.items():
        connection.run(f"CALL sightings.set_option('parquet_row_group_size', {rows}, table_name => '{table}')")


def follow(connection: Connection) -> None:
    """Bring the tables in step with `plate_reads`, before a transaction ends: days that differ are made again.

    A loader has told by `add` and `forget` what it did; a removal of many rows has not.
    """
    days = days_out_of_step(connection)
    for day in days:
        for table in (_BY_READER, _READERS):
            connection.run(f"DELETE FROM {table} WHERE day = $day", {"day": day})
        _insert(connection, f"(FROM {_READS} WHERE day = $day)", f"(FROM {_READS} WHERE day = $day)", day=day)
    if days:
        _drop_readings(connection, "true")


def add(connection: Connection, reads: str, load_id: int) -> None:
    """Take in the reads of a load just written.

    Parameters
    ----------
    reads : str
        SQL of them, `$load_id` bound; best in the order they came, which is nearly that of `reads_by_reader`.
    """
    _insert(connection, reads, f"(FROM {_READS} WHERE load_id = $load_id)", load_id=load_id)


def forget(connection: Connection, where: str, values: dict[str, object]) -> None:
    """Take single reads out before `plate_reads` loses them, which spares making their whole day again.

    `forget_traces` follows when what takes their place is there.
    """
    connection.run(
        "CREATE OR REPLACE TEMP TABLE forgotten AS SELECT day, load_id, line, camera_id, captured_at, plate "
        f"FROM {_READS} WHERE {where}",
        values,
    )
    connection.run(
        f"DELETE FROM {_BY_READER} AS i USING forgotten AS r WHERE i.day = r.day AND i.load_id = r.load_id "
        "AND i.line = r.line AND i.camera_id = r.camera_id AND i.captured_at = r.captured_at AND i.plate = r.plate"
    )


def forget_traces(connection: Connection) -> None:
    """Take out the readings and the readers of forgotten reads that no read has any more."""
    _drop_readings(connection, "{plate} IN (SELECT plate FROM forgotten)")
    days = "day IN (SELECT day FROM forgotten)"
    same = " AND ".join(f"r.{c} IS NOT DISTINCT FROM h.{c}" for c in _STANDING.split(", "))
    connection.run(
        f"DELETE FROM {_READERS} WHERE rowid IN (SELECT r.rowid FROM {_READERS} AS r "
        f"ANTI JOIN ({standing(f'{_READS} WHERE {days}')}) AS h ON {same} WHERE r.{days})"
    )
    connection.run("DROP TABLE forgotten")


def out_of_step(connection: Connection) -> list[str]:
    """Which of the three tables hold anything but what `plate_reads` gives, by sums of hashes of their rows.

    A sum needs no order and shows what changed where the number of rows did not. Every read is read: 20 seconds for
    100 million, on two cores.
    """
    compared = (
        (_BY_READER, f"day, slot, daily_slot, {_READ}", by_reader(_READS)),
        (_PLATES, "plate, read_as", readings(_READS)),
        (_READERS, _STANDING, standing(_READS)),
    )
    return [
        table.rpartition(".")[2]
        for table, columns, anew in compared
        if connection.value(
            f"SELECT (SELECT sum(hash({columns})) FROM {table}) IS DISTINCT FROM (SELECT sum(hash({columns})) FROM ({anew}))"
        )
    ]


def mend(connection: Connection) -> None:
    """Make the tables anew where they are out of step: in a store that never had them, or that something else wrote."""
    if not out_of_step(connection):
        return
    connection.run("BEGIN")
    for table in (_BY_READER, _PLATES, _READERS):
        connection.run(f"DELETE FROM {table}")
    follow(connection)
    connection.run("COMMIT")


def days_out_of_step(connection: Connection) -> list[object]:
    """Days of which `reads_by_reader` holds more or fewer reads than `plate_reads`; only counted, for every transaction."""
    [(reads, indexed)] = connection.rows(f"SELECT (SELECT count(*) FROM {_READS}), (SELECT count(*) FROM {_BY_READER})")
    if reads == indexed:
        return []
    return [
        day
        for (day,) in connection.rows(
            f"SELECT day FROM (SELECT day, count(*) AS n FROM {_READS} GROUP BY day) AS r FULL JOIN "
            f"(SELECT day, count(*) AS n FROM {_BY_READER} GROUP BY day) AS i USING (day) "
            "WHERE r.n IS DISTINCT FROM i.n ORDER BY day"
        )
    ]


def _insert(connection: Connection, reads: str, written: str, **values: object) -> None:
    """Take in reads; those `written` to the lake are the same, read again where few of their columns are asked."""
    connection.run(f"INSERT INTO {_BY_READER} BY NAME {by_reader(reads)} ORDER BY slot", values)
    connection.run(
        f"INSERT INTO {_PLATES} BY NAME WITH coming AS MATERIALIZED ({readings(written)}), "
        f"known AS MATERIALIZED (SELECT plate, read_as FROM {_PLATES} SEMI JOIN coming USING (plate, read_as)) "
        "FROM coming ANTI JOIN known USING (plate, read_as) ORDER BY plate, read_as",
        values,
    )
    connection.run(
        f"INSERT INTO {_READERS} BY NAME FROM ({standing(written)} EXCEPT SELECT {_STANDING} FROM {_READERS}) "
        "ORDER BY day, camera_id",
        values,
    )


def _drop_readings(connection: Connection, which: str) -> None:
    """Take out readings that no read has, among those that `which` names."""
    held = readings(f"(FROM {_READS} WHERE {which.format(plate='plate')})")
    connection.run(
        f"DELETE FROM {_PLATES} WHERE rowid IN (SELECT p.rowid FROM {_PLATES} AS p ANTI JOIN ({held}) AS h "
        f"ON p.plate = h.plate AND p.read_as = h.read_as WHERE {which.format(plate='p.read_as')})"
    )
