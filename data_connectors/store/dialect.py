"""DuckDB's SQL as Spark's: one statement, another engine. Translated by sqlglot, and where that falls short, here.

Values become literals of the tree, never text joined to text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from .errors import StoreError

if TYPE_CHECKING:
    from sqlglot import exp


def spark_sql(sql: str, parameters: Mapping[str, Any]) -> str:
    """One SELECT of DuckDB's dialect, its values put in, in Spark's.

    What has no counterpart (DuckDB's own `hash`, for one) raises `StoreError`, so that no search is answered
    differently in silence.

    Examples
    --------
    >>> spark_sql("SELECT epoch_us(captured_at) AS us FROM plate_reads WHERE plate = $plate", {"plate": "O'NE1"})
    "SELECT UNIX_MICROS(captured_at) AS us FROM plate_reads WHERE plate = 'O\\\\'NE1'"
    """
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(sql, read="duckdb")
    for cte in tree.find_all(exp.CTE):
        cte.set("materialized", None)
    for query in list(tree.find_all(exp.Select)):
        _one_generator(query)
    for value in list(tree.find_all(exp.Placeholder)):
        value.replace(_literal(parameters[value.name]))
    for function in reversed(list(tree.find_all(exp.Anonymous, exp.ToDays, exp.DayOfWeekIso))):  # the innermost first
        function.replace(_function(function))
    for cast in list(tree.find_all(exp.Cast)):
        _hexadecimal(cast)
    return tree.sql("spark", comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)


def _function(node: exp.Func) -> exp.Expression:
    """DuckDB's functions that sqlglot does not translate."""
    from sqlglot import exp

    if isinstance(node, exp.ToDays):
        return exp.func("MAKE_DT_INTERVAL", node.this)
    if isinstance(node, exp.DayOfWeekIso):  # sqlglot's own counts from Sunday
        return exp.paren(exp.Anonymous(this="WEEKDAY", expressions=[node.this]) + 1)
    name, given = node.name.lower(), node.expressions
    if name == "epoch_us":
        return exp.Anonymous(this="UNIX_MICROS", expressions=given)
    if name == "to_seconds":
        zero = exp.Literal.number(0)
        return exp.func("MAKE_DT_INTERVAL", zero, zero.copy(), zero.copy(), given[0])
    if name == "timezone":  # of an instant, unless the SQL says TIMESTAMP: then of a wall clock
        zone, time = given
        wall = isinstance(time, exp.Cast) and time.to.this in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ)
        return exp.Anonymous(this="TO_UTC_TIMESTAMP" if wall else "FROM_UTC_TIMESTAMP", expressions=[time, zone])
    if name in ("bit_count", "inline"):  # Spark's own; `_one_generator` makes the second
        return node
    raise StoreError(f"the SQL uses {name}(), which has no counterpart on Spark: ask with the engine duckdb")


def _hexadecimal(cast: exp.Cast) -> None:
    """A text after '0x' that is cast to a number is one in hexadecimal digits, for DuckDB alone."""
    from sqlglot import exp

    text = cast.this
    if isinstance(text, exp.DPipe) and text.this.is_string and text.this.name == "0x":
        digits = exp.Anonymous(this="CONV", expressions=[text.expression, *map(exp.Literal.number, (16, 10))])
        cast.set("this", digits)


def _one_generator(query: exp.Select) -> None:
    """Several unnest() side by side are one inline(arrays_zip()) in Spark, which takes one a SELECT."""
    from sqlglot import exp

    several = [p for p in query.expressions if isinstance(p, exp.Alias) and isinstance(p.this, exp.Explode)]
    if len(several) < 2:
        return
    zipped = exp.func("ARRAYS_ZIP", *(p.this.this for p in several))
    together = exp.Aliases(this=exp.Anonymous(this="INLINE", expressions=[zipped]),
                           expressions=[exp.to_identifier(p.alias) for p in several])  # fmt: skip
    query.set("expressions", [p for p in query.expressions if p not in several] + [together])


def _literal(value: Any) -> exp.Expression:
    from sqlglot import exp

    if isinstance(value, list | tuple):
        return exp.Array(expressions=[_literal(one) for one in value])
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.isoformat()), "TIMESTAMPTZ" if value.tzinfo else "TIMESTAMPNTZ")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    return exp.convert(value)
