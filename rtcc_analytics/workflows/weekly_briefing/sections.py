"""From results to sections: the comparison table, the weekly line, the clock and the addresses."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from rtcc_analytics import charts
from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import EightyTwenty, RepeatAddresses
from rtcc_analytics.offenses import offense_name
from rtcc_analytics.quality import Finding
from rtcc_analytics.report import ChartSection, TableSection, Text
from rtcc_analytics.temporal import DayHourTable, PeriodComparison, WeeklySeries
from rtcc_analytics.temporal.lag import COMPLETE_SHARE
from rtcc_analytics.workflows.weekly_briefing.words import (
    ALL,
    baseline_words,
    count,
    day_name,
    difference,
    mean,
    percent,
    window_words,
)

MANY_OUTSIDE = 5
HEAPED_HOURS = {"midnight_heaping": "00:00", "noon_heaping": "12:00"}
NOT_CARRIED = "not in these feeds"


def words_section(given: str, generated: Sequence[str]) -> Text:
    """The bottom line: the analyst's own words first, then the sentences that the numbers make."""
    own = tuple(f"**Analyst:** {part.strip()}" for part in given.split("\n") if part.strip())
    return Text(key="bottom_line", title="Bottom line", style="lead", paragraphs=(*own, *generated))


def follow_up_section(follow_up: Sequence[str], notes: str) -> list[Text]:
    """Last week's asks with what came of them, and the analyst's notes; each only where given, side by side if both."""
    width = "half" if follow_up and notes.strip() else "full"
    made = []
    if follow_up:
        items = tuple(_asked(item) for item in follow_up)
        made.append(Text(key="follow_up", title="Last week's asks", items=items, style="box", width=width))
    if notes.strip():
        paragraphs = tuple(part.strip() for part in notes.split("\n") if part.strip())
        made.append(Text(key="notes", title="Analyst's notes", paragraphs=paragraphs, style="box", width=width))
    return made


def comparison_section(
    comparison: PeriodComparison,
    *,
    order: Sequence[str],
    absent: Sequence[str],
    against: str,
    years: int,
    reads: Sequence[str],
) -> TableSection:
    """Each window's count beside the same dates of last year and of earlier years, differences with intervals.

    The rows stand in `order`; those in `absent` are in no feed, so they have dashes where a zero would mislead.
    """
    rows = comparison.to_frame()
    windows = list(dict.fromkeys(rows["window"]))
    by_name = rows.set_index(["offense", "window"])
    with_mean = against == "multi_year_mean"
    heads = ["Now", "Last yr", *([f"{years}-yr mean"] if with_mean else []), "Difference (95 %)"]
    cells, strong = [], []
    for i, offense in enumerate(order):
        if offense in absent:
            cells.append([f"{offense}: {NOT_CARRIED}", *["–"] * (len(heads) * len(windows))])
            continue
        line = [offense]
        for window in windows:
            row = by_name.loc[(offense, window)]
            line += [count(row["current"]), count(row["same_period_last_year"])]
            line += [mean(row["multi_year_mean"])] if with_mean else []
            if row["flagged"]:
                strong.append((i, len(line)))
            line.append(difference(row))
        cells.append(line)
    late = _late_windows(rows)
    groups = (("", 1), *((_window_head(window, by_name, late), len(heads)) for window in windows))
    return TableSection(
        key="comparison",
        title="This year beside earlier years",
        frame=rows,
        width="full",
        shown=pd.DataFrame(cells, columns=["Offense", *heads * len(windows)]),
        groups=groups,
        strong=tuple(strong),
        caption=_comparison_caption(
            against, years, late, starred=any(cell.startswith("*") for line in cells for cell in line)
        ),
        how=comparison.statement(),
        reads=tuple(reads),
    )


def weeks_section(series: WeeklySeries, *, reads: Sequence[str]) -> ChartSection:
    """The weekly line with its band."""
    frame = series.to_frame()
    last = frame.iloc[-1]
    outside = int(frame["outside"].sum())
    late = int(frame["lag_affected"].sum())
    caption = (
        f"Grey: {series.band}. {outside} of {frame['count'].notna().sum()} weeks lie outside it; chance alone would "
        f"put {series.outside_expected:.1f} there."
    )
    if outside >= MANY_OUTSIDE:
        caption += " So many say that the level moves with the season: one week outside is no alarm."
    if late:
        last_weeks = "last week" if late == 1 else f"last {late} weeks"
        caption += f" Hatched: the {last_weeks}, low while under {percent(COMPLETE_SHARE)} of reports are usually in."
    alt_text = (
        f"Line of offenses a week over {len(frame)} weeks, between {count(frame['count'].min())} and "
        f"{count(frame['count'].max())}; the last, from {day_name(last['week_start'])}, has {count(last['count'])}. "
        f"{caption}"
    )
    return ChartSection(
        key="weeks",
        title=f"{len(frame)} weeks, {ALL.lower()}",
        chart=charts.weekly_series(series, height=150),
        frame=frame,
        alt_text=alt_text,
        caption=caption,
        how=f"{series.band}.",
        reads=tuple(reads),
    )


def clock_section(
    table: DayHourTable, *, days: int, heaps: Sequence[Finding], reads: Sequence[str]
) -> ChartSection:
    """Day of the week by hour, with the hours that stand for an unknown one where the quality findings `heaps` say so.
    """
    frame = table.to_frame()
    by_day = frame.groupby("day", sort=False)["count"].sum()
    top = frame.loc[frame["count"].idxmax()]
    caption = f"{count(table.total)} offenses of the last {days} days; darker is more."
    if table.spread:
        caption += f" {count(table.spread)} of uncertain time are shared over the hours they may have happened in."
    if table.unknown:
        caption += f" {count(table.unknown)} without a time are left out."
    if heaps:
        caption += f" Not to be trusted: {'; '.join(_heaped(heap) for heap in heaps)}; such an hour often stands "
        caption += "for one nobody knows."
    alt_text = (
        f"Offenses by day of the week and hour: most on {by_day.idxmax()} ({count(by_day.max())}); the busiest hour is "
        f"{top['day']} from {int(top['hour'])}:00. {caption}"
    )
    return ChartSection(
        key="clock",
        title="When",
        chart=charts.day_hour(table),
        frame=frame,
        alt_text=alt_text,
        caption=caption,
        how="Local hours; a time known as a range counts by its share in each hour (Ratcliffe 2000).",
        reads=tuple(reads),
        width="half",
    )


def addresses_section(
    repeats: RepeatAddresses,
    concentration: EightyTwenty,
    now: Events,
    *,
    days: int,
    unplaced: int,
    reads: Sequence[str],
) -> TableSection:
    """The addresses that come back, with how concentrated the rest is.

    Parameters
    ----------
    repeats, concentration
        Of the 12 months, from events whose address may leave the store.
    now : Events
        The same of the last so many days.
    unplaced : int
        Offenses of the 12 months without coordinates, which none of these holds.
    """
    table = repeats.to_frame()
    current = _by_address(now)
    frame = table.drop(columns=["x", "y"]).assign(
        current=[int(current.get(_spelled(address), 0)) for address in table["address"]],
        offenses=[" ".join(codes) for codes in table["offenses"]],
    )
    shown = pd.DataFrame(
        {
            "": [str(rank) for rank in table["rank"]],
            "Address": table["address"],
            "12 months": [count(n) for n in table["count"]],
            f"{days} days": [count(n) for n in frame["current"]],
            "Most often": [offense_name(codes[0]) if codes else "" for codes in table["offenses"]],
        }
    )
    few = concentration.units_holding(0.8)
    caption = (
        f"80 % of {count(concentration.total)} offenses in 12 months were at {few:,} of the "
        f"{len(concentration.table):,} addresses with any ({percent(few / len(concentration.table))}); these ten hold "
        f"{percent(table['share'].sum())}."
    )
    if repeats.tied_beyond:
        caption += f" {repeats.tied_beyond} more have as many as the last."
    if unplaced:
        caption += f" {count(unplaced)} without coordinates are left out."
    return TableSection(
        key="addresses",
        title="Ten addresses with most offenses",
        frame=frame,
        shown=shown,
        caption=caption,
        how="Addresses as recorded, 364 days; sex and domestic offenses are left out.",
        reads=tuple(reads),
        width="half",
        empty="No address has more than one.",
    )


def _heaped(heap: Finding) -> str:
    """The hour, whose records heap on it, and how much: as quality found it."""
    # Quality names an agency before the number where one heaps more than the feed.
    agency = heap.what.partition(" records ")[0].rpartition(": ")[0]
    times = f"{heap.seen / heap.expected:.1f} times" if heap.expected else "far more than"
    return f"{HEAPED_HOURS[heap.check]} in {agency or heap.source}, {times} the records of the hours around it"


def _by_address(events: Events) -> pd.Series:
    """Events by address, written alike whatever the spaces and capitals."""
    written = pd.Series(events.address.categories).map(_spelled).to_numpy()
    known = events.address.codes >= 0
    return pd.Series(events.weights[known]).groupby(written[events.address.codes[known]]).sum()


def _spelled(address: str) -> str:
    return " ".join(str(address).upper().split())


def _asked(item: str) -> str:
    """An ask with its state set strong, where it is written as ``state: ask``."""
    state, colon, ask = item.partition(":")
    return f"**{state.strip().capitalize()}:** {ask.strip()}" if colon and len(state) <= 20 else item


def _late_windows(rows: pd.DataFrame) -> dict[str, float]:
    """Windows that reporting lag keeps low, with the share of reports usually in by now."""
    total = rows[(rows["offense"] == ALL) & rows["lag_affected"].fillna(False).astype(bool)]
    return dict(zip(total["window"], total["completeness"], strict=True))


def _window_head(window: str, by_name: pd.DataFrame, late: dict[str, float]) -> str:
    first = pd.Timestamp(by_name.loc[(ALL, window), "window_from"])
    words = window_words(window) if window == "ytd" else f"{window_words(window)} from {first.day} {first:%b}"
    return f"{words} *" if window in late else words


def _comparison_caption(against: str, years: int, late: dict[str, float], *, starred: bool) -> str:
    with_mean = against == "multi_year_mean"
    caption = (
        f"Counts of offenses recorded. Difference: from {baseline_words(against, years)}, with its 95 % interval; "
    )
    caption += "▲ or ▼ where it stands out."
    if with_mean:
        caption += " A mean over years with a 29 February is scaled to as many days as now."
    if late or starred:
        usual = ", ".join(f"{window_words(window).lower()} {percent(share)}" for window, share in late.items())
        caption += f" * Reports are still arriving, under {percent(COMPLETE_SHARE)} of them usually in by now"
        caption += f" ({usual})" if usual else ""
        caption += ": a fall is not marked."
    return caption
