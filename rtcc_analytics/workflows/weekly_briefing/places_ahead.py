"""Where next week: last week's forecasts of places scored, the next only where their verdict allows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.evaluation.verdict import FEWEST_EVENTS
from rtcc_analytics.events import Events
from rtcc_analytics.offenses import offense_name
from rtcc_analytics.prediction import DecayedCounts, EmpiricalBayes
from rtcc_analytics.report import TableSection
from rtcc_analytics.study import StudyArea
from rtcc_analytics.temporal import DailyWeather
from rtcc_analytics.units import Grid
from rtcc_analytics.workflows.forecast import ForecastView, forecast_grid, forecast_places
from rtcc_analytics.workflows.places import place_names
from rtcc_analytics.workflows.weekly_briefing.words import count, day_name, mean, percent

REPORTED_BY_VICTIMS = ("220", "240", "23F", "120", "13A")
"""Offenses with a place that victims report, in no way found by patrols: the only ones forecast here."""
MOST_OFFENSES, MOST_NAMED = 3, 2
WEEKS, WEEK_DAYS = 13, 7
SHARE = 0.02
MOST_CELLS = 10_000
MODELS = (DecayedCounts(), EmpiricalBayes(windows=6))


def place_forecasts(
    events: Events, study: StudyArea, *, codes: Sequence[str], until: date, late_weeks: int,
    weather: DailyWeather | None = None,
) -> tuple[pd.DataFrame, Grid]:
    """Forecasts by offense for the week from `until`, with how the last complete week's came out.

    Parameters
    ----------
    events : Events
        Those whose place may leave the store.
    study : StudyArea
    codes : sequence of str
        Offenses of the table; of those victims report, the three most frequent of the last 13 weeks are
        forecast, where they are at least 100.
    until : date
        Day after the last day briefed.
    late_weeks : int
        Weeks at the end that reporting lag makes low: no forecast is scored on them.
    weather : DailyWeather, optional
        For how many to expect.

    Returns
    -------
    (DataFrame, Grid)
        One row an offense: offense, model, answer, reason, valid_until; week_start, expected, counted,
        hits (in the flagged ground) of the last scored week; weeks, hit_rate of all scored weeks; next_start,
        next_expected, next_low, next_high (90 %), next_flagged and places, missing where the verdict refuses.
        An offense that cannot be forecast has its reason and nothing else.
    """
    grid = forecast_grid(study, most_cells=MOST_CELLS)
    recent = events.between(until - timedelta(days=WEEKS * WEEK_DAYS), until)
    numbers = pd.Series(recent.offense).value_counts()
    frequent = sorted((c for c in REPORTED_BY_VICTIMS if c in codes and numbers.get(c, 0) >= FEWEST_EVENTS),
                      key=lambda code: -numbers[code])
    rows = []
    for code in frequent[:MOST_OFFENSES]:
        row = {"offense": offense_name(code)}
        try:
            view = forecast_places(
                events, grid, offense=code, models=MODELS, horizon_days=WEEK_DAYS, origins=WEEKS, shares=(SHARE,),
                scored_until=until - timedelta(days=WEEK_DAYS * late_weeks), weather=weather,
            )
        except RtccError as reason:
            rows.append({**row, "answer": "do not use", "reason": str(reason)})
            continue
        rows.append({**row, **_scored(view), **_next(view, events, until)})
    return pd.DataFrame(rows), grid


def places_ahead_section(frame: pd.DataFrame, grid: Grid, *, reads: Sequence[str]) -> list[TableSection]:
    """Last week scored beside next week, why a forecast is withheld; nothing where no offense is frequent enough."""
    if frame.empty:
        return []
    frame = frame.reindex(columns=_COLUMNS).astype({"places": object})
    withheld = frame[frame["answer"] == "do not use"]
    reasons = "".join(f" **{row.offense}: forecast withheld,** {row.reason}." for row in withheld.itertuples())
    shown = pd.DataFrame({
        "Offense": frame["offense"],
        "Forecast": frame["expected"].map(count),
        "Counted": frame["counted"].map(count),
        "In flagged": frame["hits"].map(mean),
        "Hit rate": frame["hit_rate"].map(percent),
        "Forecast (90 %)": [_interval(row) for row in frame.itertuples()],
        " In flagged": frame["next_flagged"].map(mean),
        "Most expected near": frame["places"].where(frame["places"].notna(), "–").astype(str),
        "Verdict": frame["answer"].map(_SHORT),
    })
    weeks, ground = int(frame["weeks"].max() if frame["weeks"].notna().any() else WEEKS), f"{100 * SHARE:g} %"
    heads = (("", 1), (_week("Week from", frame["week_start"]), 3), (f"{weeks} weeks", 1),
             (_week("Next week, from", frame["next_start"]), 3), ("", 1))
    return [TableSection(
        key="places_ahead",
        title="Where next week, and how last week's forecast did",
        frame=frame,
        shown=shown,
        groups=heads,
        caption=f"Flagged: the {ground} of the ground in which most is expected; by chance its hit rate is {ground}. "
        f"What one square sees in one week is mostly chance.{reasons}",
        how=f"{grid.name}; decayed counts, or these shrunk towards their surroundings and other offenses (empirical "
        f"Bayes) where that was better over {weeks} weeks, each forecast from what was known at its start. Sex and "
        "domestic offenses are left out.",
        reads=tuple(reads),
    )]


_COLUMNS = (
    "offense", "model", "answer", "reason", "valid_until", "week_start", "expected", "counted", "hits", "weeks",
    "hit_rate", "next_start", "next_expected", "next_low", "next_high", "next_flagged", "places",
)
_SHORT = {"use": "use", "no better than decayed counts": "as good as counts", "do not use": "do not use"}


def _week(words: str, starts: pd.Series) -> str:
    """A heading with the day the week starts on, where any forecast has one."""
    known = starts.dropna()
    return words.partition(" from")[0] if known.empty else f"{words} {day_name(known.iloc[0]).rpartition(' ')[0]}"


def _interval(row: object) -> str:
    if pd.isna(row.next_expected):
        return "withheld"
    return f"{count(row.next_expected)} ({count(row.next_low)} to {count(row.next_high)})"


def _scored(view: ForecastView) -> dict[str, object]:
    last, rates = view.last, view.board.hits.set_index(["model", "share"])["hit_rate"]
    return {
        "model": view.model, "answer": view.verdict.answer, "reason": view.verdict.reason,
        "valid_until": view.verdict.valid_until, "week_start": last["origin"], "expected": last["expected"],
        "counted": last["observed"], "hits": last["hit_rate"][SHARE] * last["observed"],
        "weeks": len(view.board.origins), "hit_rate": rates[view.model, SHARE],
    }


def _next(view: ForecastView, events: Events, until: date) -> dict[str, object]:
    if view.surface is None or view.total is None:
        return {"next_start": np.datetime64(until, "D")}
    units = view.board.units
    first = view.why["unit"].tolist()[:MOST_NAMED]
    expected, low, high = view.total
    return {
        "next_start": np.datetime64(until, "D"), "next_expected": expected, "next_low": low, "next_high": high,
        "next_flagged": float(view.surface.values @ view.flagged(SHARE)),
        "places": "; ".join(place_names(events, units, first)),
    }
