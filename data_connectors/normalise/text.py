r"""Text, numbers, yes and no: what blank means, and how a number is read.

Rules
-----
- Spaces, tabs, line ends and no-break spaces at either end are no part of a value; what is left empty is null.
- A number may carry thousands separators (``1,189,995``); anything else that is not a number is null,
  as are ``NaN`` and infinity.
- A whole number written ``832.0`` is 832; ``8.5`` is no whole number.
- Yes is true, t, yes, y, 1; no is false, f, no, n, 0; anything else is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa

from data_connectors.store import quoted

_ENDS = r"(' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(65279))"


def tidy(expression: str) -> str:
    """The text without blanks at its ends; null where nothing is left.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {tidy(chr(39) + ' MAIN ST ' + chr(39))}, {tidy(chr(39) + '  ' + chr(39))}").fetchone()
    ('MAIN ST', None)
    """
    return f"nullif(trim({expression}, {_ENDS}), '')"


def is_tidy(values: pa.ChunkedArray) -> bool:
    """Whether every value starts and ends in a visible ASCII character, or is empty: `tidy` would trim nothing.

    Looking at two bytes of each value costs a twentieth of trimming them.

    Examples
    --------
    >>> is_tidy(pa.chunked_array([["MAIN ST", "", None], ["OAK"]])), is_tidy(pa.chunked_array([["OAK", " ELM"]]))
    (True, False)
    """
    return pa.types.is_string(values.type) and all(_ends_visible(chunk) for chunk in values.chunks)


def _ends_visible(chunk: pa.StringArray) -> bool:
    _, offsets, data = chunk.buffers()
    if data is None or not len(chunk):
        return True
    ends = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    filled = ends[1:] > ends[:-1]
    text = np.frombuffer(data, np.uint8)
    at = np.concatenate([text[ends[:-1][filled]], text[ends[1:][filled] - 1]])
    return bool(((at > 0x20) & (at < 0x7F)).all())


def single_spaced(expression: str) -> str:
    """The text with every run of blanks made one space; for addresses.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {single_spaced('$a')}", params={"a": "12  MAIN   ST"}).fetchone()
    ('12 MAIN ST',)
    """
    return (f"CASE WHEN contains({expression}, '  ') OR contains({expression}, chr(9)) "
            rf"THEN regexp_replace({expression}, '\s+', ' ', 'g') ELSE {expression} END")


def number(expression: str) -> str:
    """The text as DOUBLE; null where it is no finite number.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {number('$a')}, {number('$b')}", params={"a": "1,189,995", "b": "1,5"}).fetchone()
    (1189995.0, None)
    """
    grouped = rf"regexp_full_match({expression}, '[-+]?\d{{1,3}}(,\d{{3}})+(\.\d*)?')"
    grouped = f"contains({expression}, ',') AND {grouped}"
    ungrouped = f"CASE WHEN {grouped} THEN TRY_CAST(replace({expression}, ',', '') AS DOUBLE) END"
    parsed = f"coalesce(TRY_CAST({expression} AS DOUBLE), {ungrouped})"  # hardly any has separators
    return f"CASE WHEN isfinite({parsed}) THEN {parsed} END"


def whole(number_expression: str, type: str = "BIGINT") -> str:
    """A DOUBLE as a whole number; null where it has a fraction or does not fit.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {whole('832.0::DOUBLE')}, {whole('8.5::DOUBLE')}").fetchone()
    (832, None)
    """
    integral = f"{number_expression} = floor({number_expression})"
    return f"CASE WHEN {integral} THEN TRY_CAST({number_expression} AS {type}) END"


def yes_no(expression: str) -> str:
    """The text as BOOLEAN by the usual words; null for anything else.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql("SELECT " + ", ".join(yes_no(f"'{word}'") for word in ("Y", "False", "maybe"))).fetchone()
    (True, False, None)
    """
    return (f"CASE WHEN lower({expression}) IN ('true', 't', 'yes', 'y', '1') THEN true "
            f"WHEN lower({expression}) IN ('false', 'f', 'no', 'n', '0') THEN false END")


def row_as_json(columns: Iterable[str], alias: str) -> str:
    """The row as a JSON object of texts.

    Joining texts is an order of magnitude faster than `to_json`, which is kept for rows that hold what JSON escapes.

    Examples
    --------
    >>> import duckdb
    >>> sql = row_as_json(["a", "b"], "r")
    >>> duckdb.sql(f"SELECT {sql} FROM (VALUES ('1', 'x'), ('2', 'say \\"no\\"'), ('3', NULL)) AS r(a, b)").fetchall()
    [('{"a":"1","b":"x"}',), ('{"a":"2","b":"say \\\\"no\\\\""}',), ('{"a":"3","b":null}',)]
    """
    names = list(columns)
    if not names:
        return "'{}'"
    cells = [f"{alias}.{quoted(name)}" for name in names]
    packed = ", ".join(f"{quoted(name)} := {cell}" for name, cell in zip(names, cells, strict=True))
    slow = f"CAST(to_json(struct_pack({packed})) AS VARCHAR)"
    if any('"' in name or "\\" in name or "'" in name for name in names):
        return slow
    parts = ", ',', ".join(f"'\"{name}\":\"', {cell}, '\"'" for name, cell in zip(names, cells, strict=True))
    special = rf"regexp_matches(concat({', '.join(cells)}), '[\x00-\x1f\\\\\"]')"
    missing = " OR ".join(f"{cell} IS NULL" for cell in cells)
    return f"CASE WHEN {missing} OR {special} THEN {slow} ELSE concat('{{', {parts}, '}}') END"


def renamed(expression: str, names: Mapping[str, str]) -> str:
    """The text with some values renamed; keys and values are SQL expressions such as ``$a``.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql(f"SELECT {renamed('$x', {'$a': '$b'})}", params={"x": "M", "a": "M", "b": "male"}).fetchone()
    ('male',)
    """
    if not names:
        return expression
    cases = " ".join(f"WHEN {old} THEN {new}" for old, new in names.items())
    return f"CASE {expression} {cases} ELSE {expression} END"
