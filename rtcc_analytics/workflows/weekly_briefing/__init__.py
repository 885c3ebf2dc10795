"""The weekly briefing of command staff: two pages, every number with how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rtcc_analytics import hotspots, temporal
from rtcc_analytics.maps import Ground
from rtcc_analytics.offenses import INDEX_GROUPS, offense_codes, offense_name
from rtcc_analytics.quality import QualityReport, assess
from rtcc_analytics.report import ReadLog, Report, Section
from rtcc_analytics.units import Grid
from rtcc_analytics.workflows.ground import read_ground
from rtcc_analytics.workflows.weekly_briefing import (
    ahead,
    audit,
    patterns,
    places_ahead,
    reading,
    sections,
    trust,
    where,
)
from rtcc_analytics.workflows.weekly_briefing.words import ALL, bottom_line_sentences, span_words

if TYPE_CHECKING:
    from data_connectors import Store

WINDOWS = ("7d", "28d", "ytd")
LEVEL_WINDOW = "28d"
CURRENT_DAYS, HISTORY_DAYS = 28, 364
QUALITY_DAYS = 396
NO_STREETS = "No streets are loaded here, so the map shows the outline alone."
SIMULATED = "SIMULATED DATA: no real incident, address or person"


def weekly_briefing(
    store: Store,
    *,
    until: date | None = None,
    area: str | None = None,
    source: str | None = None,
    offenses: tuple[str, ...] = (),
    years: int = 3,
    cell_m: float = 250.0,
    bottom_line: str = "",
    notes: str = "",
    follow_up: tuple[str, ...] = (),
) -> Report:
    """The weekly briefing: what changed, where, when, and how far the numbers can be trusted.

    Parameters
    ----------
    store : Store
        Its records are read at one snapshot throughout.
    until : date, optional
        Day after the last day briefed; the Monday after the last complete week of the data where left out.
    area : str, optional
        Name of an area in the store (city, beat, zone ...); everything where left out.
    source : str, optional
        One feed; all of them where left out.
    offenses : list of text, optional
        Rows of the table: everyday words or NIBRS codes, such as burglary; the eight index crimes where left out.
    years : int
        Earlier years that make up the mean, 2 or more; 3 and 5 are usual.
    cell_m : float
        Side of the squares in which hot places are sought, metres.
    bottom_line : text
        Your own bottom line; it stands first, and a rerun keeps it.
    notes : text
        Your own notes, in a box of their own.
    follow_up : list of text
        Last week's asks with what came of them, such as "done: extra patrols on Main Street".

    Returns
    -------
    Report

    Raises
    ------
    RtccError
        No record to brief on, an unknown offense or area, or dates that the records do not reach.

    Notes
    -----
    Counts include every record of the area. Map, names and addresses leave out sex and domestic
    offenses, whose place would point at a victim.

    Examples
    --------
    >>> from data_connectors import Store
    >>> report = weekly_briefing(Store("demo/store"), area="Poughkeepsie")        # doctest: +SKIP
    """
    groups = offense_groups(offenses)
    with ReadLog(store).reading() as log:
        records = reading.read_records(log, groups, area=area, source=source, until=until, years=years)
        comparison, against = _compared(records, years=years)
        weeks = temporal.weekly_series(records.together, until=records.until)
        hot = _hot_places(log, records, cell_m=cell_m)
        quality = _quality(log, records)
        unplaced = reading.account(log, records, days=HISTORY_DAYS).unplaced
        made_by = reading.provenance(log, store, records, {
            "until": records.until, "area": area, "source": source, "offenses": offenses, "years": years,
            "cell_m": cell_m, "bottom_line": bottom_line, "notes": notes, "follow_up": follow_up,
        })
    return Report(
        title=f"Weekly crime briefing: {records.name}",
        subtitle=f"Week of {span_words(records.until - timedelta(days=7), records.until)}",
        sections=(
            sections.words_section(bottom_line, bottom_line_sentences(comparison, hot.found, window=LEVEL_WINDOW)),
            *sections.follow_up_section(follow_up, notes),
            sections.comparison_section(
                comparison, absent=records.absent, order=(*records.by_group, ALL), against=against, years=years,
                reads=("incidents",),
            ),
            sections.weeks_section(weeks, reads=("incidents",)),
            *_beside([*_next_week(records, weeks), *_patterns(records)]),
            *_beside(_times_and_addresses(records, quality, unplaced=unplaced)),
            *_beside(_hot_places_sections(hot)),
            *_where_next_week(records, weeks, groups),
            trust.feeds_section(quality, records, reads=("quality",)),
            *_beside([
                *audit.audit_section(store, until=records.until, timezone=records.study.timezone),
                *trust.sections(quality, records, groups, remarks=hot.remarks),
            ]),
        ),
        provenance=made_by,
        banner=SIMULATED if records.simulated else "",
        most_pages=2,
    )


def offense_groups(offenses: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Rows of the table by name, each with its NIBRS codes: those asked for, or the eight index crimes.

    Raises
    ------
    OffenseError
        A word that nobody knows.

    Examples
    --------
    >>> offense_groups(["burglary", "23F"])
    {'Burglary': ('220',), 'Theft from motor vehicle': ('23F',)}
    """
    if not offenses:
        return dict(INDEX_GROUPS)
    named = {}
    for word in offenses:
        codes = offense_codes(word)
        named[offense_name(codes[0]) if len(codes) == 1 else word.strip().capitalize()] = codes
    return named


def _compared(records: reading.Records, *, years: int) -> tuple[temporal.PeriodComparison, str]:
    """Against the mean of earlier years; against last year alone where the records hold no more."""
    counted = {name: found for name, found in records.by_group.items() if name not in records.absent}
    series = {**counted, ALL: records.together}
    for against in ("multi_year_mean", "last_year"):
        comparison = temporal.compare_periods(
            series, until=records.until, windows=WINDOWS, years=years, against=(against,)
        )
        if comparison.comparisons:
            break
    return comparison, against


@dataclass(frozen=True)
class _HotPlaces:
    """Hot places and the ground they are drawn on, with the account of what is on the map; why not, where none."""

    found: where.HotPlacesFound | None
    ground: Ground | None
    account: reading.Account
    remarks: tuple[str, ...] = ()


def _hot_places(log: ReadLog, records: reading.Records, *, cell_m: float) -> _HotPlaces:
    accounted = reading.account(log, records, days=CURRENT_DAYS)
    mapped = records.mapped
    try:
        grid = Grid(records.study, cell_m=cell_m)
        classes = hotspots.place_classes(
            mapped, grid, until=records.until, current_days=CURRENT_DAYS, history_days=HISTORY_DAYS
        )
    except hotspots.HotspotError as reason:
        return _HotPlaces(None, None, accounted, (f"No map of hot places: {reason}.",))
    with log.named("cameras"):
        cameras = reading.cameras(log, records.study)
    found = where.hot_places(classes, mapped, cameras, lonlat=records.study.unproject)
    with log.named("ground"):
        ground = read_ground(log, records.study, near=found.geometry)
        if ground.names.empty:
            ground = replace(ground, names=reading.districts(log, records))
    if records.simulated:
        ground = _marked(ground)
    return _HotPlaces(found, ground, accounted, () if len(ground.streets) else (NO_STREETS,))


def _marked(ground: Ground) -> Ground:
    """The ground with the banner on the map, so that the mark need not stand in every name too."""
    banner = SIMULATED.partition(":")[0]
    names = ground.names["name"].astype(str).str.replace(r"\s*\(SIMULATED\)", "", regex=True)
    return replace(ground, names=ground.names.assign(name=names), banner=banner)


def _beside(made: Sequence[Section]) -> list[Section]:
    """Sections of half width two by two; an odd one at the end takes the whole width."""
    if len(made) % 2 == 0:
        return list(made)
    return [*made[:-1], replace(made[-1], width="full")]


def _next_week(records: reading.Records, weeks: temporal.WeeklySeries) -> list[Section]:
    """What comes next, beside how past forecasts did."""
    expected = ahead.forecasts(records.together, weeks, until=records.until, weather=records.weather)
    return [*ahead.forecast_section(expected, reads=_read_ahead(records))]


def _where_next_week(
    records: reading.Records, weeks: temporal.WeeklySeries, groups: Mapping[str, Sequence[str]]
) -> list[Section]:
    """Forecasts of places, each with its verdict."""
    frame, grid = places_ahead.place_forecasts(
        records.mapped, records.study, codes=[code for codes in groups.values() for code in codes],
        until=records.until, late_weeks=int(weeks.lag_affected.sum()), weather=records.weather,
    )
    return [*places_ahead.places_ahead_section(frame, grid, reads=_read_ahead(records))]


def _read_ahead(records: reading.Records) -> tuple[str, ...]:
    """What forecasts read."""
    return ("incidents", "weather") if records.weather else ("incidents",)


def _patterns(records: reading.Records) -> list[Section]:
    """Near-repeat windows, where there are enough offenses of a kind that repeats to ask."""
    windows, asked = patterns.near_repeats(records.mapped, until=records.until)
    if not asked:
        return []
    return [patterns.near_repeats_section(windows, asked, until=records.until, reads=("incidents",))]


def _hot_places_sections(hot: _HotPlaces) -> list[Section]:
    """The map and the places it marks."""
    if hot.found is None or hot.ground is None:
        return []
    return [
        where.map_section(hot.found, hot.ground, hot.account, reads=("incidents", "ground")),
        where.places_section(hot.found, reads=("incidents", "cameras")),
    ]


def _times_and_addresses(records: reading.Records, quality: QualityReport, *, unplaced: int) -> list[Section]:
    """The clock of the last 28 days and the addresses that come back."""
    made: list[Section] = []
    start, end = records.days(CURRENT_DAYS)
    now = records.together.between(start, end)
    if now.size:
        heaps = [heap for check in sections.HEAPED_HOURS for heap in quality.of(check)]
        made.append(
            sections.clock_section(
                temporal.day_hour_table(now), days=CURRENT_DAYS, heaps=heaps, reads=("incidents", "quality")
            )
        )
    mapped = records.mapped
    year = mapped.between(*records.days(HISTORY_DAYS))
    if year.address is not None and (year.address.codes >= 0).any():
        made.append(
            sections.addresses_section(
                hotspots.repeat_addresses(year),
                hotspots.eighty_twenty(year),
                mapped.between(start, end),
                days=CURRENT_DAYS,
                unplaced=unplaced,
                reads=("incidents",),
            )
        )
    return made


def _quality(log: ReadLog, records: reading.Records) -> QualityReport:
    """The state of the feeds, as it was on the day of the briefing."""
    as_of = datetime.combine(records.until, datetime.min.time(), ZoneInfo(records.study.timezone))
    with log.named("quality"):
        return assess(log, source=records.source, since=as_of - timedelta(days=QUALITY_DAYS), as_of=as_of)
