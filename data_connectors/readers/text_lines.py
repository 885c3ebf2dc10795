"""Lines of a text file that has no quoting: fixed-width records and hotlists."""

from __future__ import annotations

from collections.abc import Iterator

from data_connectors.readers import ReaderOptions, SourceFile
from data_connectors.readers.encodings import utf8_blocks


def text_lines(file: SourceFile, options: ReaderOptions) -> Iterator[tuple[int, str, str]]:
    """(line number, line, encoding) for each line that is not blank.

    Line ends are taken off, blanks at the end are kept.

    Raises
    ------
    LoadError
        A binary file, or bytes that are not in the encoding named.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "list.txt"
    >>> _ = path.write_bytes(b"one \\r\\n\\r\\nJos\\xe9\\r\\n")
    >>> list(text_lines(SourceFile(path), ReaderOptions()))
    [(1, 'one ', 'cp1252'), (3, 'José', 'cp1252')]
    """
    number, rest, encoding = 0, b"", "utf-8"
    for block, found in utf8_blocks(file, options):
        encoding = found
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            number += 1
            if line.strip():
                yield number, line.decode("utf-8").rstrip("\r"), encoding
    if rest.strip():
        yield number + 1, rest.decode("utf-8").rstrip("\r"), encoding
