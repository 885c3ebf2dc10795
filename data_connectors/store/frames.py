"""Query results as pandas DataFrames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas
    import pyarrow


def as_frame(table: pyarrow.Table) -> pandas.DataFrame:
    """An Arrow table as a DataFrame: whole numbers stay whole, dates become datetime64, instants are UTC.

    Columns of whole numbers or booleans with gaps come as pandas' nullable ``Int64`` and
    ``boolean``, so that an identifier never turns into a float.

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_frame(pa.table({"n": pa.array([1, None])})).dtypes["n"]
    Int64Dtype()
    """
    import pandas

    frame = pandas.DataFrame({i: _series(table.column(i)) for i in range(table.num_columns)}, copy=False)
    frame.columns = pandas.Index(table.column_names)
    return frame


def _series(column: pyarrow.ChunkedArray) -> Any:
    import pandas
    import pyarrow as pa

    kind = column.type
    if pa.types.is_decimal(kind):
        column = _number(column)
    elif pa.types.is_date(kind):
        column = column.cast(pa.timestamp("us"))
    kind = column.type
    if column.null_count and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        name = "boolean" if pa.types.is_boolean(kind) else str(kind).replace("i", "I", 1).replace("uI", "UI", 1)
        return column.to_pandas(types_mapper=lambda _: pandas.api.types.pandas_dtype(name))
    return column.to_pandas()


def _number(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    """Sums of integers arrive as DECIMAL(38, 0): whole numbers again where 64 bits hold them, else floats."""
    import pyarrow as pa

    if column.type.scale == 0:
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:
            return column.cast(pa.float64())
    return column.cast(pa.float64())
