"""How far the numbers can be trusted: state of the feeds, published counts, definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rtcc_analytics.offenses import UNKNOWN, offense_name
from rtcc_analytics.quality import QualityReport
from rtcc_analytics.report import TableSection, Text
from rtcc_analytics.workflows.weekly_briefing.reading import Records
from rtcc_analytics.workflows.weekly_briefing.words import ALL, count, percent, signed

LATE_AFTER_DAYS = 7
MOST_SAID = 4
UNKNOWN_DAYS = 28
PUBLISHED_TOTALS = ("index_total", "violent_total", "property_total")
# Findings that name a place or repeat the table stay out: the briefing leaves the store.
_SAID = {
    "days_without_records",
    "feed_late",
    "rejects",
    "reporting_lag",
    "schema_drift",
    "takings_back_unmatched",
    "unknown_offenses",
    "volume_drop",
}


def sections(
    quality: QualityReport, records: Records, groups: Mapping[str, Sequence[str]], *, remarks: Sequence[str]
) -> list[TableSection | Text]:
    """What to keep in mind, published counts and definitions, as far as there are any."""
    start, end = records.days(UNKNOWN_DAYS)
    unknown = records.unknown.between(start, end).total if records.unknown.size else 0.0
    cautions = cautions_section(quality, [*_absences(records), *remarks, *_silences(records)], width="half")
    published = published_section(quality, reads=("quality",), width="half")
    defined = definitions_section(groups, unknown_counted=unknown, width="half")
    return [*cautions, *published, defined]


def _absences(records: Records) -> list[str]:
    """Which rows of the table no feed carries, where any."""
    if not records.absent:
        return []
    return [
        f"**Not in these feeds:** {', '.join(name.lower() for name in records.absent)}. No record of any date has such "
        "an offense, so a dash is not a zero: whether any happened is not known here."
    ]


def _silences(records: Records) -> list[str]:
    """What the feeds do not say, and what that does to the places shown."""
    silent = records.silent_on_domestic
    notes = list(dict.fromkeys((*records.together.notes, *records.placed.notes)))
    if silent:
        notes.insert(
            0,
            f"{', '.join(silent)}: no offense is said to be domestic or not, so only sex offenses could be kept off "
            "map and addresses.",
        )
    return [note if note.endswith(".") else f"{note}." for note in notes]


def feeds_section(quality: QualityReport, records: Records, *, reads: Sequence[str]) -> TableSection:
    """One row per feed: how far it reaches, and what it lacks."""
    measures = quality.measures
    last = pd.to_datetime(measures["last_at"], utc=True).dt.tz_convert(records.study.timezone)
    behind = [(records.until - day.date()).days - 1 for day in last]
    frame = measures.assign(days_behind=behind)
    shown = pd.DataFrame(
        {
            "Feed": measures["source"],
            "Newest": [f"{day.day} {day:%b %Y}" for day in last],
            "State": [f"LATE {n} days" if n > LATE_AFTER_DAYS else "in time" for n in behind],
            "Records": measures["rows"].map(count),
            "No coordinates": measures["share_without_coordinates"].map(percent),
            "Unknown offense": (measures["unknown_offenses"] / measures["rows"]).map(percent),
            "No clock time": (measures["share_date_only"] + measures["share_no_time"]).map(percent),
            "Known in 7 days": measures["known_7d"].map(percent),
        }
    )
    return TableSection(
        key="feeds",
        title="Data quality",
        frame=frame,
        shown=shown,
        reads=tuple(reads),
        strong=tuple((i, 2) for i, n in enumerate(behind) if n > LATE_AFTER_DAYS),
        caption="Records of the last 13 months. Known in 7 days: share that the agency knew within a week; – where the "
        "feed does not say when.",
        how="rtcc quality says more, with what to do.",
    )


def cautions_section(quality: QualityReport, notes: Sequence[str], *, width: str) -> list[Text]:
    """What in the data would mislead, worst first."""
    worrying = [f for f in quality.findings if f.severity != "note" and f.check in _SAID]
    said = [f"**{f.source}:** {f.what}." for f in worrying[:MOST_SAID]]
    left = len([f for f in quality.findings if f.severity != "note"]) - len(said)
    items = (*said, *notes, *((f"{left} more findings in rtcc quality.",) if left > 0 else ()))
    return [Text(key="cautions", title="Keep in mind", items=items, style="box", width=width)] if items else []


def published_section(quality: QualityReport, *, reads: Sequence[str], width: str) -> list[TableSection]:
    """Yearly totals beside published ones, newest year that both have; nothing where they do not meet."""
    both = quality.published
    if both.empty:
        return []
    year = int(both["year"].max())
    newest = both[(both["year"] == year) & both["measure"].isin(PUBLISHED_TOTALS)]
    shown = pd.DataFrame(
        {
            "Agency": newest["agency"],
            "Measure": newest["measure"].str.replace("_", " "),
            "Here": newest["own"].map(count),
            "Published": newest["published"].map(count),
            "Difference": newest["difference"].map(signed),
        }
    )
    partial = newest["months_reported"].fillna(12).min() < 12
    by = ", ".join(sorted(set(newest["publisher"])))
    return [
        TableSection(
            key="published",
            title=f"Beside published counts, {year}",
            frame=newest,
            shown=shown,
            reads=tuple(reads),
            width=width,
            caption=f"Published by {by}. An index counts an incident once, under its gravest offense; here each "
            + ("offense counts. Some agencies reported fewer than 12 months." if partial else "offense counts."),
            how="By report date where known.",
        )
    ]


def definitions_section(groups: Mapping[str, Sequence[str]], *, unknown_counted: float, width: str) -> Text:
    """What each row of the table counts."""
    items = [
        f"**{name}:** {', '.join(f'{offense_name(code)} ({code})' for code in codes)}"
        for name, codes in groups.items()
        if name != ALL and (len(codes) > 1 or offense_name(codes[0]) != name)
    ]
    codes = ", ".join(f"{name} {codes[0]}" for name, codes in groups.items() if name != ALL and len(codes) == 1)
    paragraphs = (
        "Offenses by NIBRS code, counted by the local date they happened (the earliest, where a range is known); a row "
        "that takes an offense back counts −1." + (f" {codes}." if codes else ""),
        *(
            [f"{offense_name(UNKNOWN)}: {count(unknown_counted)} records of the {UNKNOWN_DAYS} days are in no row."]
            if unknown_counted
            else []
        ),
    )
    return Text(key="definitions", title="Definitions", paragraphs=paragraphs, items=tuple(items), width=width)
