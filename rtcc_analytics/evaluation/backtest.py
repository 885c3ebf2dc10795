"""Rolling origins: every model forecasts from what was known at each, and is held against what happened."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data_connectors.errors import RtccError
from rtcc_analytics.evaluation.board import Board, Forecasted, Outcome, score
from rtcc_analytics.evaluation.ranking import EvaluationError
from rtcc_analytics.events import Events, When, instant
from rtcc_analytics.prediction import DecayedCounts, Fitted, History, Model
from rtcc_analytics.prediction.contract import require_horizon
from rtcc_analytics.prediction.history import local_day
from rtcc_analytics.units import SpatialUnits

if TYPE_CHECKING:
    from rtcc_analytics.temporal import DailyWeather

GAP_DAYS = 7
GAP_EXPECTED = 15.0


def backtest(
    models: Sequence[Model],
    events: Events,
    units: SpatialUnits,
    *,
    origins: Sequence[When],
    horizon_days: int = 28,
    area_shares: Sequence[float] = (0.005, 0.01, 0.02, 0.05),
    refit_days: int = 91,
    companions: Events | None = None,
    assumed_lag_days: float | None = None,
    weather: DailyWeather | None = None,
    ground_m2: float | None = None,
    footprint_m2: float | None = None,
    n_jobs: int = 1,
    seed: int = 0,
) -> Board:
    """Score models on rolling origins, each seeing only what was known there.

    Parameters
    ----------
    models : sequence of Model
        `DecayedCounts` is added where it is missing: it is in every board.
    events : Events
        What is to be forecast, later ones as well: they are the outcomes. `reported_at` says when
        each became known; events without it count as known when they happened, unless
        `assumed_lag_days` says otherwise, and ``Board.notes`` says how many.
    units : SpatialUnits
        Fixed before the first origin: units made of later events would tell where they fell.
    origins : sequence of date
        Local dates; each forecast starts at the beginning of its origin.
    horizon_days : int
        Days ahead.
    area_shares : sequence of float
        Shares of the ground flagged, 0-1.
    refit_days : int
        A model learns anew this long after its last fit; between, its history moves on.
    companions : Events, optional
        Other offenses that models may learn from, cut at each origin like the rest.
    weather : DailyWeather, optional
        For how many to expect in all; at each origin only days before it are read.
    ground_m2 : float, optional
        The ground shares refer to; by default that of the units.
    footprint_m2 : float, optional
        Ground that flagging one unit takes, where `units.area_m2` does not say (addresses).
    n_jobs : int
        Processes, by joblib; inside ``joblib.parallel_config(backend=...)`` another backend (a Dask
        cluster) takes the work.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Board

    Raises
    ------
    EvaluationError
        With no origin, or none with an outcome to hold a forecast against.

    Notes
    -----
    A model that cannot forecast at an origin has its reason in ``Board.failures`` and is scored on
    the others; nothing is filled in. Origins whose outcome window has a reporting gap (a week
    without any event where 15 or more are usual) are left out for all.
    """
    models = _with_the_bar(models)
    whole = History.of(events, units, companions=companions, assumed_lag_days=assumed_lag_days, weather=weather)
    days = sorted({local_day(origin, events.timezone) for origin in origins})
    if not days:
        raise EvaluationError("no origin to forecast from: give at least one date")
    area = np.full(units.size, footprint_m2) if footprint_m2 else units.area_m2
    outcomes = _outcomes(whole, days, horizon_days)
    if not any(outcome.scored for outcome in outcomes):
        reasons = "; ".join(sorted({outcome.left_out for outcome in outcomes}))
        raise EvaluationError(f"none of {len(days)} origins has an outcome to hold forecasts against: {reasons}")
    if not sum(outcome.weight.sum() for outcome in outcomes if outcome.scored):
        raise EvaluationError(f"nothing happened in any of {len(days)} windows of {horizon_days} days: no hit to count")
    at = [outcome.origin for outcome in outcomes if outcome.scored]
    jobs = [(model, block) for model in models for block in _blocks(at, refit_days)]
    forecasts = _run(jobs, _everything_by(whole, events), horizon_days, n_jobs)
    notes = _unreported(events, assumed_lag_days) + [o.left_out for o in outcomes if not o.scored]
    return score(
        forecasts, [outcome for outcome in outcomes if outcome.scored], names=[model.name for model in models],
        units=units, area_m2=area, ground_m2=ground_m2 or float(area.sum()), shares=tuple(area_shares),
        horizon_days=horizon_days, offense=whole.kinds[0], timezone=events.timezone, seed=seed,
        notes=tuple(notes),
    )


def forecasts_of(
    model: Model, history: History, origins: Sequence[float], horizon_days: float
) -> list[Forecasted]:
    """One model's forecasts from a few origins: fitted at the first, its history moved on for the others."""
    made: list[Forecasted] = []
    fitted: Fitted | None = None
    for origin in origins:
        known = history.known_at(origin)
        begin = time.perf_counter()
        fit_s = 0.0
        try:
            require_horizon(known, origin, horizon_days)
            if fitted is None:
                fitted = model.fit_history(known)
                fit_s = time.perf_counter() - begin
            else:
                fitted = fitted.updated(known)
            expected = fitted.expected(origin, horizon_days)
            if not np.isfinite(expected).all():
                raise EvaluationError(f"{model.name} did not reach a finite forecast")
        except (RtccError, np.linalg.LinAlgError) as reason:
            made.append(Forecasted(model.name, origin, None, fit_s, 0.0, str(reason)))
            continue
        took = time.perf_counter() - begin - fit_s
        made.append(Forecasted(model.name, origin, expected.astype(np.float32), fit_s, took, ""))
    return made


def leak_test(
    models: Sequence[Model],
    events: Events,
    units: SpatialUnits,
    *,
    origin: When,
    horizon_days: int = 28,
    companions: Events | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """Largest change in any unit's forecast when everything not yet known at `origin` is scrambled; must be 0.

    Later events, and earlier ones not yet reported, get other places, other weights and other times.
    """
    day, at = local_day(origin, events.timezone), instant(origin, events.timezone)
    given = [part for part in (events, companions) if part is not None]
    pair = []
    for parts in (given, [_scrambled(part, at, seed) for part in given]):
        history = History.of(parts[0], units, companions=parts[1] if len(parts) > 1 else None)
        pair.append({m.name: forecasts_of(m, history.known_at(day), [day], horizon_days)[0] for m in models})
    changes = {}
    for model in models:
        before, after = pair[0][model.name], pair[1][model.name]
        if before.expected is None or after.expected is None:
            raise EvaluationError(f"{model.name} made no forecast at {origin}: {before.failure or after.failure}")
        changes[model.name] = float(np.abs(before.expected - after.expected).max())
    return changes


def _with_the_bar(models: Sequence[Model]) -> list[Model]:
    names = [model.name for model in models]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise EvaluationError(f"several models are called {', '.join(twice)}: give each its own name")
    bar = DecayedCounts()
    return list(models) if bar.name in names else [bar, *models]


def _blocks(origins: Sequence[float], refit_days: int) -> list[tuple[float, ...]]:
    """Origins that share a fit."""
    blocks: list[list[float]] = []
    for origin in origins:
        if blocks and origin - blocks[-1][0] < refit_days:
            blocks[-1].append(origin)
        else:
            blocks.append([origin])
    return [tuple(block) for block in blocks]


def _run(
    jobs: list[tuple[Model, tuple[float, ...]]], history: History, horizon_days: float, n_jobs: int
) -> list[Forecasted]:
    from joblib import Parallel, delayed

    done = Parallel(n_jobs=n_jobs)(
        delayed(forecasts_of)(model, history.known_at(block[-1]), block, horizon_days) for model, block in jobs
    )
    return [forecast for part in done for forecast in part]


def _everything_by(history: History, events: Events) -> History:
    """The history up to the last event known at all: `known_at` cuts it for each origin."""
    return replace(history, until=float(max(history.until, history.known[-1])))


def _outcomes(history: History, origins: Sequence[float], horizon_days: int) -> list[Outcome]:
    target = history.target
    per_day = target.total / max(target.days, 1.0)
    made = []
    for origin in origins:
        label = str(np.datetime64(int(origin), "D"))
        chosen = np.flatnonzero((target.day >= origin) & (target.day < origin + horizon_days))
        unit, weight = target.unit[chosen], target.weight[chosen]
        left_out = ""
        if origin < target.first or origin + horizon_days > target.until:
            first, last = (str(np.datetime64(int(day), "D")) for day in (target.first, target.until))
            left_out = f"origin {label}: its {horizon_days} days are not within the records ({first} to {last})"
        elif _has_gap(target.day[chosen], origin, horizon_days, per_day):
            left_out = f"origin {label}: a week or more without any event follows, which looks like a reporting gap"
        made.append(Outcome(origin, unit, weight, left_out))
    return made


def _has_gap(day: NDArray[np.float64], start: float, horizon_days: int, per_day: float) -> bool:
    days = max(GAP_DAYS, int(np.ceil(GAP_EXPECTED / max(per_day, 1e-9))))
    marks = np.concatenate([[start], np.sort(day), [start + horizon_days]])
    return bool(days <= horizon_days and np.diff(marks).max() >= days)


def _unreported(events: Events, assumed_lag_days: float | None) -> list[str]:
    silent = int(np.isnat(events.reported_at).sum())
    if not silent:
        return []
    how = "when they happened" if assumed_lag_days is None else f"{assumed_lag_days:g} days after they happened"
    return [f"{silent:,} of {events.size:,} events do not say when they were reported: taken as known {how}"]


def _scrambled(events: Events, origin: np.datetime64, seed: int) -> Events:
    """Everything not known at `origin` with other places, weights and, where it lies ahead, other times."""
    rng = np.random.default_rng(seed)
    happened, reported = events.occurred_from, events.reported_at
    known = np.where(np.isnat(reported), happened, np.maximum(reported, happened))
    later, ahead = np.flatnonzero(known > origin), np.flatnonzero(happened > origin)
    x, y, weights, moved = events.x.copy(), events.y.copy(), events.weights.copy(), happened.copy()
    x[later], y[later] = events.x[rng.permutation(later)], events.y[rng.permutation(later)]
    weights[later] = rng.integers(1, 5, later.size)
    moved[ahead] = happened[rng.permutation(ahead)]
    late = np.where(np.isnat(reported), reported, np.maximum(reported, moved))
    return replace(events, x=x, y=y, weights=weights, occurred_from=moved, occurred_to=None, reported_at=late)
