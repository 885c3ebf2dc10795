"""Genetec AutoVu hotlists as text: one entry a line, delimited.

Evidence: attribute names, their order and the delimiters as the vendor's administrator guides give them
(Security Center 5.9 to 5.12). No real list was loaded. Which attributes a list has is set per list in the
vendor's Config Tool, so `attributes` in [reader] must say the same; fixed-length lists are read with
format = "fixed_width" and a layout.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from data_connectors.readers import LoadError, RawBatch, RawReject, ReaderOptions, SourceFile
from data_connectors.readers.records import WITHHELD, Item, batches, peeked
from data_connectors.readers.text_lines import text_lines

ATTRIBUTES = ("Category", "PlateState", "PlateNumber", "EffectiveDate", "ExpiryDate", "PermitID")
DELIMITERS = (";", ",", ":", "\t")
_NAMES = {";": "semicolon", ",": "comma", ":": "colon", "\t": "tab"}
_LOOKED_AT = 200


def read_genetec(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """Entries of a delimited hotlist. One file may carry several lists: ``Category`` says which an entry is of.

    Attributes at the end of a line may be left out; more fields than attributes is a reject. A first line
    that names ``PlateNumber`` is a header: it says the attributes and their order.

    Parameters
    ----------
    file : SourceFile
        The ``.txt`` or ``.csv`` file.
    options : ReaderOptions
        ``settings["delimiter"]``: ``;`` (the vendor's default), ``,``, ``:`` or a tab.
        ``settings["attributes"]``: the list's attributes in order; the vendor's default set where left out.

    Raises
    ------
    LoadError
        The delimiter does not occur where another one does: the message names it.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "hotlist.txt"
    >>> _ = path.write_text("Stolen;NY;ABC1234;2026-01-31;2026-05-31\\nAmber;NJ;XYZ9876\\n")
    >>> [batch] = read_genetec(SourceFile(path), ReaderOptions("genetec"))
    >>> batch.columns.select(["Category", "PlateNumber", "ExpiryDate"]).to_pylist()[1]
    {'Category': 'Amber', 'PlateNumber': 'XYZ9876', 'ExpiryDate': None}
    """
    delimiter = options.settings.get("delimiter", ";")
    attributes = tuple(options.settings.get("attributes", ATTRIBUTES))
    _check_settings(delimiter, attributes, file.name)
    first, lines = peeked(text_lines(file, options), _LOOKED_AT)
    _check_delimiter([line for _, line, _ in first], delimiter, attributes, file.name)
    header = [field.strip().strip('"') for field in first[0][1].split(delimiter)] if first else []
    if "PlateNumber" in header:
        attributes = tuple(header)
        next(lines)
    columns = [name for name in attributes if name not in options.drop]
    encoding = first[0][2] if first else "utf-8"
    yield from batches(_entries(lines, delimiter, attributes, options), columns, encoding=encoding)


def _check_settings(delimiter: str, attributes: Sequence[str], name: str) -> None:
    if delimiter not in DELIMITERS:
        known = ", ".join(_NAMES[d] for d in DELIMITERS)
        raise LoadError(
            f"delimiter {delimiter!r} is none that the vendor writes", file=name, remedy=f"Use one of: {known}."
        )
    if "PlateNumber" not in attributes:
        raise LoadError(
            f"attributes has no PlateNumber: {', '.join(attributes)}", file=name,
            remedy="Name the list's attributes in their order; PlateNumber is the one that every list has.",
        )


def _check_delimiter(lines: Sequence[str], delimiter: str, attributes: Sequence[str], name: str) -> None:
    """Refuse a file in which the delimiter does not occur, while another divides the lines alike."""
    if len(attributes) == 1 or not lines or any(delimiter in line for line in lines):
        return
    for other in DELIMITERS:
        counts = Counter(line.count(other) + 1 for line in lines)
        fields, alike = counts.most_common(1)[0]
        if fields > 1 and alike >= 0.9 * len(lines):
            raise LoadError(
                f"no {_NAMES[delimiter]} in the first {len(lines)} lines, while {_NAMES[other]}s give {fields} fields",
                file=name, line=1, remedy=f"Set delimiter = {other!r} in [reader] of a copy of the profile.",
            )
    raise LoadError(
        f"no {_NAMES[delimiter]} in the first {len(lines)} lines, where {len(attributes)} attributes are expected",
        file=name, line=1, remedy="Set the list's delimiter and attributes, or use a fixed-width layout.",
    )


def _entries(
    lines: Iterable[tuple[int, str, str]], delimiter: str, attributes: Sequence[str], options: ReaderOptions
) -> Iterator[Item]:
    for number, line, _ in lines:
        fields = [field.strip().strip('"') for field in line.split(delimiter)]
        if len(fields) > len(attributes):
            yield RawReject(
                number, f"{len(fields)} fields where {len(attributes)} attributes are expected",
                WITHHELD if options.drop else line,
            )
            continue
        row = dict(zip(attributes, (field or None for field in fields), strict=False))
        yield number, {k: v for k, v in row.items() if k not in options.drop}
