"""A board sees only what was known, compares pairs, gives a verdict, and goes on where a model cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from rtcc_analytics.evaluation import (
    Board,
    EvaluationError,
    backtest,
    biased_targets,
    compare_units,
    disparity,
    feedback_test,
    leak_test,
    model_card,
    nij_score,
    verdict,
    verdicts,
)
from rtcc_analytics.events import Events
from rtcc_analytics.prediction import (
    AllHistory,
    DecayedCounts,
    Fitted,
    History,
    KernelDensity,
    LastYear,
    Model,
    MultiResolution,
    PredictionError,
    ProMap,
)
from rtcc_analytics.study import StudyArea
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.units import Addresses, Grid
from tests.rtcc_analytics.prediction.made_up import START, burglaries, thefts, town

ORIGINS = [str(np.datetime64("2022-10-03") + 28 * k) for k in range(6)]


@pytest.fixture(scope="module")
def board() -> Board:
    models = [AllHistory(), DecayedCounts(), ProMap(), KernelDensity(), MultiResolution(windows=4)]
    return backtest(models, burglaries(), town(), origins=ORIGINS, companions=thefts(), seed=1)


class Seer(Model):
    """Cheats: its history remembers everything ever known."""

    name = "seer"

    def _learn(self, history: History) -> Fitted:
        return SeerFitted(model=self, history=history, trained_until=history.until)


class SeerFitted(Fitted):
    def expected(self, start: float, horizon_days: float) -> np.ndarray:
        past = self.history
        everything = past.weight if past.weight.base is None else past.weight.base
        return np.full(past.units.size, float(everything.sum()))


class Broken(Model):
    """Fails at every second origin."""

    name = "broken"

    def _learn(self, history: History) -> Fitted:
        if int(history.until) // 28 % 2:
            raise PredictionError("did not settle")
        return DecayedCounts().fit_history(history)


def test_hits_are_those_counted_by_hand(board: Board) -> None:
    grid, events = town(), burglaries()
    found = everyone = 0.0
    for origin in ORIGINS:
        surface = AllHistory().fit(events.known_at(origin), grid).predict(origin, 28)
        after = events.between(origin, str(np.datetime64(origin) + 28))
        unit = grid.assign(after.x, after.y)
        found += surface.top(0.05).fraction[unit].sum()
        everyone += after.size
    row = board.hits[(board.hits["model"] == "all history") & (board.hits["share"] == 0.05)].iloc[0]
    assert board.events == everyone
    assert row["hit_rate"] == pytest.approx(found / everyone, abs=2e-3)
    assert row["pai"] == pytest.approx(row["hit_rate"] / 0.05)
    assert row["pei"] <= 1


def test_gains_are_differences_of_hit_rates(board: Board) -> None:
    rates = board.hits.pivot(index="share", columns="model", values="hit_rate")
    for row in board.paired.itertuples():
        assert row.gain == pytest.approx(rates.loc[row.share, row.model] - rates.loc[row.share, "decayed counts"],
                                         abs=1e-6)
        assert row.low <= row.gain <= row.high
        assert row.q_value >= row.p_value


def test_a_model_that_remembers_the_recent_only_is_told_not_to_be_used(board: Board) -> None:
    judged = verdicts(board, area="Town").set_index("model")
    assert judged.loc["ProMap", "answer"] == "do not use"
    assert "worse than decayed counts" in judged.loc["ProMap", "reason"]
    assert judged.loc["all history", "answer"] == "no better than decayed counts"


def test_a_verdict_ends(board: Board) -> None:
    given = verdict(board, "decayed counts", area="Town", valid_days=30)
    assert given.allows(given.scored_until)
    assert not given.allows(given.valid_until + 1)


def test_weekly_windows_say_that_they_cannot_rank() -> None:
    weekly = backtest([AllHistory()], burglaries(), town(), origins=ORIGINS, horizon_days=7)
    assert "cannot resolve differences under a point" in verdict(weekly, "all history", area="Town").reason


def test_scores_are_the_same_with_processes_and_again(board: Board) -> None:
    models = [AllHistory(), DecayedCounts(), ProMap(), KernelDensity(), MultiResolution(windows=4)]
    with_processes = backtest(models, burglaries(), town(), origins=ORIGINS, companions=thefts(), seed=1, n_jobs=2)
    timed = ["fit_s", "predict_s"]
    assert with_processes.scores.drop(columns=timed).equals(board.scores.drop(columns=timed))
    assert with_processes.paired.equals(board.paired)


def test_another_backend_takes_the_work_without_a_change(board: Board) -> None:
    distributed = pytest.importorskip("distributed", reason="no dask.distributed: pip install distributed")
    from joblib import parallel_config

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster), parallel_config(backend="dask"):
            found = backtest([AllHistory(), DecayedCounts()], burglaries(), town(), origins=ORIGINS, n_jobs=2, seed=1)
    names = found.hits.merge(board.hits, on=["model", "share"])
    assert names["hit_rate_x"].tolist() == pytest.approx(names["hit_rate_y"].tolist())


def test_a_model_that_looks_ahead_is_caught() -> None:
    changes = leak_test([Seer(), DecayedCounts()], burglaries(), town(), origin="2022-10-03")
    assert changes["seer"] > 0
    assert changes["decayed counts"] == 0


def test_late_reports_are_not_known_at_the_origin() -> None:
    told = burglaries()
    at_once = replace(told, reported_at=told.occurred_from)
    late = replace(told, reported_at=told.occurred_from + np.timedelta64(300, "D"))
    early, later = (backtest([LastYear()], events, town(), origins=ORIGINS[:2]) for events in (at_once, late))
    total = "total_ratio"
    assert later.model_scores("last year")[total] > 2 * early.model_scores("last year")[total]


def test_the_board_goes_on_where_a_model_cannot() -> None:
    found = backtest([Broken(), LastYear()], burglaries(), town(), origins=ORIGINS, refit_days=1)
    row = found.model_scores("broken")
    assert row["failed"] > 0 and row["origins"] > 0 and row["failed"] + row["origins"] == len(ORIGINS)
    assert set(found.failures["reason"]) == {"did not settle"}
    assert verdict(found, "broken", area="Town").answer == "do not use"


def test_too_few_events_are_a_row_not_an_end() -> None:
    few = burglaries().where(np.arange(60))
    found = backtest([MultiResolution()], few, town(), origins=ORIGINS)
    assert found.model_scores("multi-resolution mixture")["failed"] == len(found.origins)
    assert found.model_scores("decayed counts")["origins"] == len(found.origins)


def test_origins_outside_the_records_are_left_out_and_said() -> None:
    found = backtest([LastYear()], burglaries(), town(), origins=[*ORIGINS, "2031-01-01", "2001-01-01"])
    assert len(found.origins) == len(ORIGINS)
    assert sum("not within the records" in note for note in found.notes) == 2
    with pytest.raises(EvaluationError, match="none of 1 origins"):
        backtest([LastYear()], burglaries(), town(), origins=["2031-01-01"])


def test_a_reporting_gap_is_left_out_and_said() -> None:
    events = burglaries()
    gap = (events.local_day >= np.datetime64("2022-11-05")) & (events.local_day < np.datetime64("2022-11-25"))
    found = backtest([LastYear()], events.where(~gap), town(), origins=ORIGINS)
    assert any("reporting gap" in note for note in found.notes)
    assert np.datetime64("2022-10-31") not in found.origins


def test_events_without_report_time_are_said() -> None:
    events = replace(burglaries(), reported_at=None)
    assert "do not say when they were reported" in backtest([LastYear()], events, town(), origins=ORIGINS[:1]).notes[0]


def test_units_are_compared_on_the_same_events_and_ground() -> None:
    grid = town()
    places = Addresses.of(burglaries().known_at(ORIGINS[0]), snap_m=50)
    units = [grid, Grid(grid.area, cell_m=100), Grid(grid.area, cell_m=250, kind="hexagon"), places]
    ground = float(grid.area_m2.sum())
    found = compare_units([AllHistory()], burglaries(), units, origins=ORIGINS, ground_m2=ground,
                          footprints_m2={"addresses": 2500.0}, area_shares=(0.05,))
    assert set(found.frame["units"]) == {kind.name for kind in units}
    for name, made in found.boards.items():
        flagged = sum(made.hits["ser_per_km2"] * 0.05 * ground / 1e6 * len(ORIGINS))
        assert flagged == pytest.approx((made.hits["hit_rate"] * made.events).sum()), name
    finer = found.frame.set_index(["units", "model"]).loc[("100 m squares", "all history")]
    assert finer["low"] <= finer["gain"] <= finer["high"]


def test_a_card_is_signed_only_while_its_verdict_holds(board: Board) -> None:
    events = burglaries().known_at(ORIGINS[-1])
    fitted = DecayedCounts().fit(events, town())
    given = verdict(board, "decayed counts", area="Town")
    card = model_card(fitted, events, board, given)
    signed = card.signed("A. Lieutenant, RTCC", until=given.valid_until)
    assert "A. Lieutenant, RTCC" in signed.to_frame()["value"].tolist()
    assert any("never of persons" in limit for limit in card.limits)
    with pytest.raises(EvaluationError, match="is later"):
        card.signed("A. Lieutenant", until="2050-01-01")
    refused = replace(given, answer="do not use", reason="worse")
    with pytest.raises(EvaluationError, match="must not be used"):
        model_card(fitted, events, board, refused).signed("A. Lieutenant", until=given.valid_until)


def test_targets_that_police_make_are_called_biased() -> None:
    drugs = replace(burglaries(), offense=np.full(burglaries().size, "35A"))
    assert "learns where police were" in biased_targets(drugs)
    assert biased_targets(burglaries()) == ""


def test_disparity_counts_ground_people_and_victims() -> None:
    grid = town()
    west = np.where(grid.centroids()[0] < 501_500, "west", "east")
    surface = RiskSurface(np.where(west == "west", 1.0, 0.5), grid, "expected_count", {})
    events = burglaries()
    frame = disparity(surface, events, west, np.where(west == "west", 10, 30), share=0.25).frame.set_index("group")
    assert frame.loc["west", "flagged_share"] == pytest.approx(1.0)
    assert frame.loc["west", "forecast_share"] == pytest.approx(2 / 3)
    assert frame.loc["west", "population_share"] == pytest.approx(0.25)
    assert frame.loc["west", "victim_share"] == pytest.approx((events.x < 501_500).mean(), abs=0.01)
    assert frame.loc["west", "flagged_to_population"] == pytest.approx(4)


def test_recording_where_patrols_go_makes_a_model_run_away_and_none_does_not() -> None:
    grid = Grid(StudyArea(shapely.box(5e5, 4e6, 503_000, 4_003_000), "EPSG:32615", "UTC", "Town"), cell_m=300)
    rate = np.random.default_rng(0).gamma(4.0, 0.01, grid.size)
    short = LastYear()
    looking = feedback_test(short, grid, rate, extra_recording=3.0, history_days=200, rounds=10)
    reported = feedback_test(short, grid, rate, extra_recording=0.0, history_days=200, rounds=10)
    assert looking.runs_away and not reported.runs_away
    assert looking.frame["exaggeration"].iloc[-1] > reported.frame["exaggeration"].iloc[-1]
    assert "runs away" in str(looking)


def test_the_rules_of_the_challenge_are_kept() -> None:
    area = StudyArea(shapely.box(5e5, 4e6, 510_000, 4_010_000), "EPSG:32615", "UTC", "City")
    grid = Grid(area, cell_m=100)
    rng = np.random.default_rng(0)
    events = Events(x=5e5 + rng.uniform(0, 2000, 500), y=4e6 + rng.uniform(0, 2000, 500), crs="EPSG:32615",
                    timezone="UTC", occurred_from=np.full(500, START))
    held = np.bincount(grid.assign(events.x, events.y), minlength=grid.size).astype(float)
    best = nij_score(RiskSurface(held, grid, "expected_count", {}), events)
    assert best.pei_star == pytest.approx(1)
    assert best.cells == 64 and best.flagged_m2 <= 0.25 * 1609.344**2
    assert best.pai == pytest.approx(best.hit_rate * 1e8 / best.flagged_m2)
    with pytest.raises(EvaluationError, match="sq ft"):
        nij_score(RiskSurface(np.ones(Grid(area, cell_m=250).size), Grid(area, cell_m=250), "expected_count", {}),
                  events)
    with pytest.raises(EvaluationError, match="sq mi"):
        nij_score(RiskSurface(held, grid, "expected_count", {}), events, flagged_sqmi=2)
