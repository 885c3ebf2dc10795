"""What a report is made of: ordered sections and how every number in them was made."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.report.provenance import Provenance

if TYPE_CHECKING:
    import altair as alt
    import folium

Width = Literal["full", "half"]
_RANDOM_ID = re.compile(r"\b([a-z_]+_)?([0-9a-f]{32})\b")


class ReportError(RtccError):
    """A report that cannot be made: unknown name or parameter, sections that clash, a failed run."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """Words. A pair of double asterisks makes what is between them strong; nothing else is markup.

    Attributes
    ----------
    key : str
        Short name, unique in the report.
    title : str
        Heading.
    paragraphs, items : tuple of str
        Paragraphs, then a list.
    style : "plain", "lead" or "box"
        ``lead`` is set larger, ``box`` in a frame.
    width : "full" or "half"
        Two halves that follow one another stand side by side.

    Examples
    --------
    >>> Text(key="notes", title="Notes", paragraphs=("**Two** new places.",)).tables()
    ()
    """

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    style: Literal["plain", "lead", "box"] = "plain"
    width: Width = "full"

    def tables(self) -> tuple[tuple[str, pd.DataFrame], ...]:
        """The data behind the section: none."""
        return ()


@dataclass(frozen=True, kw_only=True)
class TableSection:
    """A table: the data as they are, and the cells as they are shown.

    Attributes
    ----------
    frame : DataFrame
        The data, written beside the report as CSV.
    shown : DataFrame
        The same as text, one column per column on the page; the first one heads the row.
    groups : tuple of (label, columns)
        Headings over neighbouring columns, from the left; "" leaves a gap.
    strong : tuple of (row, column)
        Positions of cells to be set strong; their text must say why without it.
    caption, how : str
        What it shows; how it was made.
    reads : tuple of str
        Names of the reads of the store it rests on (`ReadLog`).
    empty : str
        What to say in place of a table without rows.
    """

    key: str
    title: str
    frame: pd.DataFrame
    shown: pd.DataFrame
    groups: tuple[tuple[str, int], ...] = ()
    strong: tuple[tuple[int, int], ...] = ()
    caption: str = ""
    how: str = ""
    reads: tuple[str, ...] = ()
    width: Width = "full"
    empty: str = "None."

    def __post_init__(self) -> None:
        covered = sum(columns for _, columns in self.groups)
        if self.groups and covered != self.shown.shape[1]:
            raise ReportError(
                f"{self.key}: headings cover {covered} columns, the table has {self.shown.shape[1]}; make them meet"
            )

    def tables(self) -> tuple[tuple[str, pd.DataFrame], ...]:
        """The data behind the section, by name."""
        return ((self.key, self.frame),)


@dataclass(frozen=True, kw_only=True)
class ChartSection:
    """A chart with the words that say what it shows and the data behind it.

    Attributes
    ----------
    chart : altair chart
        Drawn without a font of its own: the renderer brings one.
    alt_text : str
        What a reader who cannot see it needs to know; required.
    """

    key: str
    title: str
    chart: alt.TopLevelMixin
    frame: pd.DataFrame
    alt_text: str
    caption: str = ""
    how: str = ""
    reads: tuple[str, ...] = ()
    width: Width = "full"

    def __post_init__(self) -> None:
        _require_alt_text(self.key, self.alt_text)

    def tables(self) -> tuple[tuple[str, pd.DataFrame], ...]:
        """The data behind the section, by name."""
        return ((self.key, self.frame),)


@dataclass(frozen=True, kw_only=True)
class MapSection:
    """A map, live on the page (`live`, folium) and still in print (`printed`, altair)."""

    key: str
    title: str
    live: folium.Map
    printed: alt.TopLevelMixin
    frame: pd.DataFrame
    alt_text: str
    caption: str = ""
    how: str = ""
    reads: tuple[str, ...] = ()
    width: Width = "full"

    def __post_init__(self) -> None:
        _require_alt_text(self.key, self.alt_text)

    @cached_property
    def live_page(self) -> str:
        """The live map as a page of its own. Drawn once: folium does not draw a map twice alike."""
        return stable_ids(self.live.get_root().render())

    def tables(self) -> tuple[tuple[str, pd.DataFrame], ...]:
        """The data behind the section, by name."""
        return ((self.key, self.frame),)


Section = Text | TableSection | ChartSection | MapSection


@dataclass(frozen=True, kw_only=True)
class Report:
    """Ordered sections with their provenance: what the notebook shows and the renderers draw.

    Attributes
    ----------
    title, subtitle : str
        What it is; for where and when.
    sections : tuple of Section
        In reading order.
    provenance : Provenance
        Store snapshot, parameters, reads and versions.
    banner : str
        Stands on every page, e.g. that the data are simulated; none where empty.
    language : str
        BCP 47 tag of the text.
    most_pages : int, optional
        How many pages the print should keep to; it is set smaller where it would not.

    Examples
    --------
    >>> made = Report(title="Note", subtitle="", sections=(Text(key="a", title="A", paragraphs=("Words.",)),),
    ...               provenance=Provenance(report="note"))
    >>> [section.key for section in made.sections]
    ['a']
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    provenance: Provenance
    banner: str = ""
    language: str = "en"
    most_pages: int | None = None

    def __post_init__(self) -> None:
        keys = [section.key for section in self.sections]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ReportError(
                f"two sections of {self.title!r} are called {', '.join(twice)}; keys name files, so use others"
            )

    def tables(self) -> dict[str, pd.DataFrame]:
        """The data behind every section, by name."""
        return dict(pair for section in self.sections for pair in section.tables())

    def _repr_html_(self) -> str:
        from rtcc_analytics.report.page import framed, page

        return framed(page(self), title=self.title, height_px=900)


def runs(text: str) -> list[dict[str, Any]]:
    """The text in runs of {text, strong}: what stands between double asterisks is strong.

    Examples
    --------
    >>> runs("**Up**: 45")
    [{'text': 'Up', 'strong': True}, {'text': ': 45', 'strong': False}]
    """
    pieces = re.split(r"\*\*(.+?)\*\*", text)
    return [{"text": piece, "strong": bool(i % 2)} for i, piece in enumerate(pieces) if piece]


def rows_of(sections: Iterable[Section]) -> list[list[Section]]:
    """Sections in rows: two halves that follow one another share a row, all else stands alone.

    Examples
    --------
    >>> a, b, c = (Text(key=k, title=k, width=w) for k, w in (("a", "half"), ("b", "half"), ("c", "full")))
    >>> [[s.key for s in row] for row in rows_of([a, b, c])]
    [['a', 'b'], ['c']]
    """
    rows: list[list[Section]] = []
    for section in sections:
        waiting = rows and len(rows[-1]) == 1 and rows[-1][0].width == "half"
        if section.width == "half" and waiting:
            rows[-1].append(section)
        else:
            rows.append([section])
    return rows


def stable_ids(text: str) -> str:
    """The text with random 32-digit identifiers numbered in order of first appearance.

    Examples
    --------
    >>> stable_ids("map_0123456789abcdef0123456789abcdef = map_0123456789abcdef0123456789abcdef")
    'map_1 = map_1'
    """
    seen: dict[str, str] = {}
    return _RANDOM_ID.sub(lambda found: f"{found[1] or ''}{seen.setdefault(found[2], str(len(seen) + 1))}", text)


def _require_alt_text(key: str, alt_text: str) -> None:
    if not alt_text.strip():
        raise ReportError(f"{key}: a picture needs alt_text, words for a reader who cannot see it")
