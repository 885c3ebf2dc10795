"""Lines of a text file that has no quoting: fixed-width records and hotlists."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from data_connectors.readers import LoadError, SourceFile

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def text_lines(file: SourceFile, encoding: str = "auto") -> tuple[Iterator[tuple[int, str]], str]:
    """(line number, line) for each line that is not blank, and the encoding they were read with.

    Line ends are taken off, blanks at the end are kept. With ``auto``: byte-order mark, then UTF-8, then Windows-1252.

    Raises
    ------
    LoadError
        A binary file, or bytes that are not in the encoding named.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "list.txt"
    >>> _ = path.write_bytes(b"one \\r\\n\\r\\nJos\\xe9\\r\\n")
    >>> lines, encoding = text_lines(SourceFile(path))
    >>> list(lines), encoding
    ([(1, 'one '), (3, 'José')], 'cp1252')
    """
    content, used = _decoded(file, encoding)
    if "\0" in content[:4096]:
        raise LoadError("is not text: it holds NUL bytes", file=file.name, remedy="Check that this is the file meant.")
    numbered = ((number, line.rstrip("\r")) for number, line in enumerate(content.split("\n"), start=1))
    return ((number, line) for number, line in numbered if line.strip()), used


def _decoded(file: SourceFile, encoding: str) -> tuple[str, str]:
    data = file.data
    if encoding != "auto":
        try:
            return data.decode(encoding), encoding
        except (UnicodeDecodeError, LookupError) as error:
            raise LoadError(
                f"cannot be read as {encoding} ({error})", file=file.name, remedy='Set encoding = "auto" in [reader].'
            ) from error
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace"), name
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "cp1252"
