"""Which encoding a file is in, and its text as UTF-8 in blocks.

A byte-order mark decides; then UTF-8, if every byte fits; then the legacy encoding whose characters make the best
words. Files that agencies send from Windows are nearly always cp1252, so it wins ties.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

from data_connectors.readers import LoadError, ReaderOptions, SourceFile, read_block

BLOCK_BYTES = 32 << 20

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LEGACY = ("cp1252", "mac_roman", "cp437", "latin-1")
_BINARY = {
    b"PK\x03\x04": ("an Excel workbook or a zip archive", 'Name it .zip, or set format = "spreadsheet".'),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook (.xls)", "Save it as .xlsx or CSV."),
    b"%PDF": ("a PDF", "Ask for the table behind it as CSV."),
    b"\x1f\x8b": ("a gzip archive", "Give it a name that ends in .gz."),
    b"PAR1": ("a Parquet file", "Export it as CSV."),
    b"SQLite format 3": ("an SQLite database", "Export its table as CSV."),
}


def guessed_encoding(data: bytes) -> str:
    """The encoding of bytes that are not UTF-8: the legacy one whose characters sit best among their neighbours.

    A letter beside letters of its own case speaks for an encoding, as does punctuation beside a blank or a letter;
    a control character or a symbol inside a word speaks against it.

    Examples
    --------
    >>> guessed_encoding(b"RESIDENCE \\x96 OCCUPIED"), guessed_encoding(b"CAF\\x83 ROYALE,Jos\\x8e")
    ('cp1252', 'mac_roman')
    """
    scores = {encoding: _score(data, encoding) for encoding in _LEGACY}
    return max(_LEGACY, key=lambda encoding: scores[encoding])


def _score(data: bytes, encoding: str) -> float:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return float("-inf")
    places = [found.start() for found in islice(re.finditer(r"[^\x00-\x7f]", text), 2000)]
    return sum(_fits(text, place) for place in places) / max(len(places), 1)


def _fits(text: str, place: int) -> float:
    character = text[place]
    kind = unicodedata.category(character)
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    letters = [c for c in (before, after) if c.isalpha()]
    if kind in ("Lu", "Ll"):
        alike = all(c.isupper() == (kind == "Lu") or (kind == "Ll" and c == before) for c in letters)
        return 1.0 if letters and alike else -0.5
    if kind[0] == "P":
        return 1.0 if before.isspace() or after.isspace() or letters else 0.0
    return -1.0 if kind in ("Cc", "Co") or len(letters) == 2 else 0.0


def utf8_blocks(file: SourceFile, options: ReaderOptions) -> Iterator[tuple[bytes, str]]:
    """The file's text as UTF-8 bytes in blocks of about 32 MB, cut anywhere, with the encoding found so far.

    Raises
    ------
    LoadError
        The file is binary, holds NUL bytes, or is not in the encoding that the profile names.
    """
    with file.open() as stream:
        first = read_block(stream, BLOCK_BYTES, file.name)
        if not first:
            raise LoadError("the archive holds an empty file", file=file.name, remedy="Ask for the export again.")
        _refuse_binary(file, first)
        encoding = options.encoding if options.encoding != "auto" else _marked(first)
        if encoding in (None, "utf-8", "utf-8-sig"):
            yield from _checked(file, _blocks(file, stream, first), sure=encoding is not None)
        else:
            yield from _recoded(file, _blocks(file, stream, first), encoding)


def _blocks(file: SourceFile, stream: BinaryIO, first: bytes) -> Iterator[bytes]:
    block = first
    while block:
        yield block
        block = read_block(stream, BLOCK_BYTES, file.name)


def _marked(first: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if first.startswith(mark):
            return encoding
    head = first[:4000]
    for encoding, nul in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if len(nul) > 2 and nul.count(0) > 0.8 * len(nul) and head.count(0) < 0.6 * len(head):
            return encoding
    return None


def _refuse_binary(file: SourceFile, first: bytes) -> None:
    for start, (what, remedy) in _BINARY.items():
        if first.startswith(start):
            raise LoadError(f"this is {what}, not text", file=file.name, remedy=remedy)
    head = first[:4000]
    odd = sum(byte < 9 or 13 < byte < 32 for byte in head) - head.count(0)
    if odd > 0.05 * len(head):
        raise LoadError("this is not text: every twentieth byte or more is a control character", file=file.name,
                        remedy="Check that the right file was given.")


def _checked(file: SourceFile, blocks: Iterator[bytes], *, sure: bool) -> Iterator[tuple[bytes, str]]:
    """UTF-8 as it is; from the first block that is not UTF-8, the legacy encoding that fits it."""
    lines, held, plain = 0, b"", True
    for number, block in enumerate(blocks):
        block = held + (block.removeprefix(codecs.BOM_UTF8) if number == 0 else block)
        _refuse_nul(file, block, lines)
        held = b""
        if not block.isascii():
            whole, held = _cut_character(block)
            if not _is_utf8(whole):
                if sure or not plain:
                    raise _not_in(file, whole, lines, "utf-8")
                encoding = guessed_encoding(whole + held)
                yield from _recoded(file, chain((whole + held,), blocks), encoding, lines)
                return
            block, plain = whole, False
        yield block, "utf-8"
        lines += block.count(b"\n")
    if held:
        raise _not_in(file, held, lines, "utf-8")


def _cut_character(block: bytes) -> tuple[bytes, bytes]:
    """The block without a character cut at its end, and that start of a character."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte >= 0xC0:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return (block[:-back], block[-back:]) if size > back else (block, b"")
        if byte < 0x80:
            break
    return block, b""


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _recoded(file: SourceFile, blocks: Iterator[bytes], encoding: str, lines: int = 0) -> Iterator[tuple[bytes, str]]:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError as error:
        raise LoadError(f"no encoding {encoding!r}", file=file.name,
                        remedy="Name one that Python knows, such as utf-8 or cp1252, in [reader] encoding.") from error
    name = "utf-16" if encoding.startswith("utf-16") else encoding
    for block in chain(blocks, (b"",)):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise _not_in(file, block, lines, encoding) from error
        made = text.encode("utf-8")
        _refuse_nul(file, made, lines)
        lines += made.count(b"\n")
        if made:
            yield made, name


def _refuse_nul(file: SourceFile, block: bytes, lines: int) -> None:
    place = block.find(b"\0")
    if place >= 0:
        raise LoadError(
            "a NUL byte, which no text holds", file=file.name, line=lines + block.count(b"\n", 0, place) + 1,
            remedy="The file is damaged, often cut off while copying: copy or export it again.",
        )


def _not_in(file: SourceFile, block: bytes, lines: int, encoding: str) -> LoadError:
    try:
        block.decode(encoding)
        place = len(block)
    except UnicodeDecodeError as error:
        place = error.start
    shown = block[place : place + 1].hex()
    problem = f"byte 0x{shown} is not {encoding}" if shown else f"the text ends within a character of {encoding}"
    return LoadError(
        f"{problem}, which the file is in so far", file=file.name, line=lines + block.count(b"\n", 0, place) + 1,
        remedy='Name the encoding in the profile, e.g. [reader] encoding = "cp1252".',
    )
