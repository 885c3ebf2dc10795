"""The forecast notebook runs headless under its parameters; its controls drive board, map and reasons."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest

from data_connectors import Store
from data_connectors.errors import RtccError
from rtcc_analytics.evaluation import Board, Verdict, model_card
from rtcc_analytics.prediction import DecayedCounts, LastYear, RiskTerrainForecast
from rtcc_analytics.units import Grid
from rtcc_analytics.widgets.forecast_explorer import ForecastExplorer
from rtcc_analytics.workflows import forecast
from rtcc_analytics.workflows.exploration import Exploration, read_exploration
from rtcc_analytics.workflows.forecast import MODEL_SETS, forecast_grid, forecast_places, named_set
from rtcc_analytics.workflows.layers import read_layers
from tests.notebooks.small_county import make_small_county

NAME = "04_forecast.ipynb"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_small_county(tmp_path_factory.mktemp("county"))


@pytest.fixture(scope="module")
def held(store: Store) -> Exploration:
    return read_exploration(store)


def test_it_runs_headless_and_answers_the_parameters(root: Path, tmp_path: Path, store: Store) -> None:
    out = tmp_path / NAME
    asked = {"store": store.location, "offense": "240", "models": "simple", "horizon_days": 14, "share": 0.02}
    papermill.execute_notebook(str(root / "notebooks" / NAME), str(out), asked, cwd=str(tmp_path), progress_bar=False)
    outputs = [o for cell in json.loads(out.read_text())["cells"] for o in cell.get("outputs", ())]
    assert not [o for o in outputs if o.get("name") == "stderr"], "a notebook warns"
    said = "\n".join("".join(o.get("text", "") or o["data"].get("text/html", "")) for o in outputs)
    assert "Motor vehicle theft: next 14 days by" in said
    assert "decayed counts" in said and "ProMap" in said
    assert "cannot resolve differences under a point" in said


def test_it_is_valid_and_has_one_cell_of_parameters(root: Path) -> None:
    notebook = nbformat.read(root / "notebooks" / NAME, as_version=4)
    nbformat.validate(notebook)
    known = papermill.inspect_notebook(str(root / "notebooks" / NAME))
    assert "store" in known and all(parameter["help"] for parameter in known.values())


def test_controls_drive_board_map_and_reasons(held: Exploration) -> None:
    explorer = ForecastExplorer(held, models="simple", horizon_days=28, share=0.05)
    first, picture = explorer.board.value, explorer.map.overlay.url
    board = explorer.view.board
    row = board.hits[(board.hits["model"] == "decayed counts") & (board.hits["share"] == 0.05)].iloc[0]
    assert f"{row['hit_rate']:.1%}" in first
    explorer.share.value = 0.01
    explorer.redraw()
    assert explorer.view.board is board, "another share needs no new board"
    assert explorer.board.value != first and explorer.map.overlay.url != picture
    flagged = explorer.view.flagged(0.01)
    area = explorer.grid.area_m2
    assert (flagged * area).sum() == pytest.approx(0.01 * area.sum())
    explorer.offense.value = ("240",)
    explorer.redraw()
    assert "Motor vehicle theft" in explorer.status.value


def test_the_forecast_is_of_the_window_after_the_records(held: Exploration) -> None:
    view = forecast_places(held.events, forecast_grid(held.ground.area), offense="burglary", models="simple", origins=6)
    last = view.board.origins[-1] + np.timedelta64(28, "D")
    assert view.surface.period[0].astype("datetime64[D]") == last
    expected, low, high = view.total
    assert low < expected < high and expected == pytest.approx(view.surface.values.sum())
    drivers = view.why.drop(columns=["rank", "unit", "label", "expected", "low", "high"])
    assert drivers.sum(axis=1).to_numpy() == pytest.approx(view.why["expected"].to_numpy())
    assert view.last["observed"] == view.board.outcomes[-1].weight.sum()


def test_a_refused_model_draws_no_map(held: Exploration) -> None:
    few = held.events.where(np.flatnonzero(held.events.offense == "13A")[::10])
    view = forecast_places(few, forecast_grid(held.ground.area), offense="13A", models="simple", origins=4)
    assert view.verdict.answer == "do not use" and view.surface is None and view.total is None
    assert not view.flagged(0.05).any()


@pytest.mark.parametrize(("bar", "other", "chosen"), [
    ("use", "no better than decayed counts", "decayed counts"),
    ("do not use", "no better than decayed counts", "last year"),
    ("do not use", "do not use", "decayed counts"),
    ("use", "use", "last year"),
])
def test_a_model_that_may_be_used_stands_in_where_decayed_counts_are_refused(
    held: Exploration, monkeypatch: pytest.MonkeyPatch, bar: str, other: str, chosen: str
) -> None:
    answers = {"decayed counts": bar, "last year": other}
    judged = forecast.verdict

    def answered(board: Board, name: str, *, area: str) -> Verdict:
        return replace(judged(board, name, area=area), answer=answers[name])

    monkeypatch.setattr(forecast, "verdict", answered)
    view = forecast_places(held.events, Grid(held.ground.area, cell_m=500), offense="burglary", origins=3,
                           models=[DecayedCounts(), LastYear()])
    assert view.model == chosen and (view.surface is None) == (bar == other == "do not use")


def test_scores_end_where_reports_are_complete(held: Exploration) -> None:
    grid = Grid(held.ground.area, cell_m=500)
    whole = forecast_places(held.events, grid, offense="burglary", origins=3, models=[LastYear()], horizon_days=7)
    end = whole.board.origins[-1] + np.timedelta64(7, "D")
    early = forecast_places(held.events, grid, offense="burglary", origins=3, models=[LastYear()], horizon_days=7,
                            scored_until=str(end - np.timedelta64(14, "D")))
    assert early.board.origins[-1] == end - np.timedelta64(21, "D") == early.last["origin"]
    assert early.surface is None or early.surface.period[0].astype("datetime64[D]") == end


def test_nothing_to_forecast_is_said(held: Exploration) -> None:
    grid = forecast_grid(held.ground.area)
    with pytest.raises(RtccError, match="no record of"):
        forecast_places(held.events, grid, offense="arson")
    with pytest.raises(RtccError, match="no set of models called 'best'"):
        forecast_places(held.events, grid, offense="burglary", models="best")


def test_layers_add_a_risk_terrain_to_the_full_set_alone(store: Store, held: Exploration) -> None:
    assert read_layers(store, held.ground.area) == {}, "this county has no places and no main roads"
    busy = held.events.of("220")
    layers = {"bar": np.column_stack([busy.x, busy.y])[::40]}
    assert [m.name for m in named_set("all", layers)][-1] == "risk terrain"
    assert "risk terrain" not in {m.name for kind in MODEL_SETS for m in named_set(kind, None)}
    assert named_set("recommended", layers) == MODEL_SETS["recommended"]
    view = forecast_places(held.events, Grid(held.ground.area, cell_m=500), offense="burglary", origins=3,
                           models=[DecayedCounts(), RiskTerrainForecast(layers)])
    assert view.board.model_scores("risk terrain")["origins"] == 3
    card = model_card(RiskTerrainForecast(layers).fit(busy, view.board.units), busy, view.board, view.verdict)
    assert card.parameters["layers"]["bar"] == len(layers["bar"]) and "relative_risk" in card.learned
