"""What an assessment hands back: findings, measures by source, and what could not be checked."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import pandas as pd

Severity = Literal["note", "warning", "serious"]

SEVERITIES: dict[str, str] = {
    "serious": "results are wrong until this is mended",
    "warning": "some results mislead; read the remedy before mapping",
    "note": "true of the data; choose methods that allow for it",
}
_ORDER = tuple(SEVERITIES)


@dataclass(frozen=True)
class Finding:
    """One thing about the data that would mislead, with both numbers and what to do.

    Attributes
    ----------
    check : str
        Name of the check (`stacked_points`, `midnight_heaping` ...).
    severity : "note", "warning" or "serious"
        See `SEVERITIES`.
    source : str
        The feed it is about.
    what : str
        One sentence with the numbers in it.
    seen, expected : float
        What the data holds and what it should or usually would; `unit` names both.
    remedy : str
        What to do next.
    details : DataFrame
        The rows behind it (coordinates, weeks, codes ...); may be empty.

    Examples
    --------
    >>> Finding("gap", "warning", "beats", "no record on 3 days", 3, 0, "days", "ask for the file").check
    'gap'
    """

    check: str
    severity: Severity
    source: str
    what: str
    seen: float
    expected: float
    unit: str
    remedy: str
    details: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False, repr=False)


@dataclass(frozen=True)
class Unchecked:
    """A check that these data cannot answer, and why: silence would read as a clean bill."""

    check: str
    source: str
    why: str


@dataclass(frozen=True)
class QualityReport:
    """What `assess` found in one table.

    Attributes
    ----------
    table : str
        Table assessed.
    source : str or None, since : datetime or None, as_of : datetime
        The scope asked for, and the instant against which a feed is late.
    snapshot : int
        Store snapshot that was read.
    measures : DataFrame
        One row per source: rows, first and last instant, shares, lag. Always filled, also where
        nothing is amiss.
    findings : tuple of Finding
        Worst first.
    unchecked : tuple of Unchecked
        What could not be checked, with the reason.
    published : DataFrame
        The store's totals beside `published_counts`, one row per agency, year and measure;
        empty where the two do not meet.
    """

    table: str
    source: str | None
    since: datetime | None
    as_of: datetime
    snapshot: int
    measures: pd.DataFrame = field(compare=False)
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    published: pd.DataFrame = field(compare=False)

    def to_frame(self) -> pd.DataFrame:
        """The findings, worst first: severity, source, check, what, seen, expected, unit, remedy."""
        columns = ("severity", "source", "check", "what", "seen", "expected", "unit", "remedy")
        return pd.DataFrame([[getattr(f, name) for name in columns] for f in self.findings], columns=list(columns))

    def of(self, check: str, source: str | None = None) -> tuple[Finding, ...]:
        """The findings of one check, for one source or for all."""
        return tuple(f for f in self.findings if f.check == check and source in (None, f.source))

    @property
    def worst(self) -> Severity | None:
        """Severity of the worst finding; None where there is none."""
        return self.findings[0].severity if self.findings else None

    def __str__(self) -> str:
        rows = int(self.measures["rows"].sum()) if len(self.measures) else 0
        counts = ", ".join(f"{n} {s}" for s in _ORDER if (n := sum(f.severity == s for f in self.findings)))
        nothing = "nothing found" if rows else "nothing assessed"
        lines = [f"{self.table}: {rows:,} rows of {len(self.measures)} source(s); {counts or nothing}"]
        for finding in self.findings:
            lines.append(f"\n{finding.severity.upper():<8}{finding.source}  {finding.check}")
            lines += textwrap.wrap(finding.what, 100, initial_indent="        ", subsequent_indent="        ")
            lines += textwrap.wrap("do: " + finding.remedy, 100, initial_indent="        ",
                                   subsequent_indent="            ")
        if self.unchecked:
            lines.append("\nnot checked")
            lines += [f"        {u.source}  {u.check}: {u.why}" for u in self.unchecked]
        return "\n".join(lines)


def worst_first(findings: list[Finding]) -> tuple[Finding, ...]:
    """The findings ordered by severity, then source, then check.

    Examples
    --------
    >>> a = Finding("x", "note", "s", "", 0, 0, "", "")
    >>> b = Finding("y", "serious", "s", "", 0, 0, "", "")
    >>> [f.severity for f in worst_first([a, b])]
    ['serious', 'note']
    """
    return tuple(sorted(findings, key=lambda f: (_ORDER.index(f.severity), f.source, f.check)))
