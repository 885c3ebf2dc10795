"""The plate notebook runs for a stated purpose, refuses without one, shows no plate by itself; its explorer answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import papermill
import pytest

from data_connectors import Purpose, Store
from data_connectors.store.ledger import Ledger
from rtcc_analytics.widgets.plates_explorer import PlatesExplorer
from tests.rtcc_analytics.lpr.conftest import write_plates

PURPOSE = Purpose("investigation", "26-5", text="two burglaries")
SPAN = {"start": "2025-11-03", "end": "2025-11-24"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two invented vehicles that travel together at odd hours among four hundred that do not."""
    rng = np.random.default_rng(2)
    monday = pd.Timestamp("2025-11-03T05:00Z")
    rows = []
    pair = (("C1O1N1V", 0), ("C2O2N2V", 12))
    for trip in range(5):
        at = trip * 3 * 86_400 + rng.uniform(0, 4) * 3600
        rows += [(plate, f"SIM-{k}", at + 300 * k + gap) for k in range(4) for plate, gap in pair]
    for vehicle in range(400):
        for day in rng.choice(21, 6, replace=False):
            at = day * 86_400 + rng.uniform(6, 22) * 3600
            rows += [(f"V{vehicle:03d}X1", f"SIM-{k}", at + 300 * k) for k in rng.permutation(6)[:3]]
    table = pd.DataFrame(rows, columns=["plate", "camera_id", "s"])
    at = (monday + pd.to_timedelta(table.pop("s"), unit="s")).astype("datetime64[us, UTC]")
    number = table["camera_id"].str[-1].astype(int)
    table = table.assign(
        captured_at=at, lon=-73.9 + 0.02 * number, lat=41.7 + 0.01 * (number % 3), confidence=0.9, region="NY"
    )
    made = Store.create(tmp_path_factory.mktemp("plates") / "store")
    write_plates(made, "plate_reads", table)
    return made


def run(root: Path, store: Store, out: Path, **parameters: str) -> str:
    papermill.execute_notebook(
        str(root / "notebooks" / "05_plates.ipynb"), str(out / "05.ipynb"),
        {"store": store.location, **SPAN, **parameters}, cwd=str(out), progress_bar=False,
    )  # fmt: skip
    return (out / "05.ipynb").read_text()


def test_it_runs_for_a_purpose_and_shows_no_plate(root: Path, store: Store, tmp_path: Path) -> None:
    said = run(root, store, tmp_path, case_number="26-5", reason_code="investigation", reason="two burglaries")
    assert "6 readers, outages: 0" in said and "C1O1N1V" not in said and "V001X1" not in said
    assert {row["case_no"] for row in Ledger(store._place, 5).rows()} == {"26-5"}
    cells = json.loads(said)["cells"]
    assert not [o for cell in cells for o in cell.get("outputs", ()) if o.get("name") == "stderr"]


def test_without_a_purpose_it_stops(root: Path, store: Store, tmp_path: Path) -> None:
    with pytest.raises(papermill.PapermillExecutionError, match="a purpose needs a"):
        run(root, store, tmp_path)


def test_every_question_redraws_map_timeline_table_and_caveats(store: Store, tmp_path: Path) -> None:
    explorer = PlatesExplorer(store, PURPOSE, **SPAN, folder=tmp_path)
    before = len(Ledger(store._place, 5).rows())
    explorer.plate.value = "c1o1n1v"
    assert len(Ledger(store._place, 5).rows()) == before, "a search before Search was pressed"
    for question in ("history", "similar", "with", "life"):
        explorer.search.value = question
        explorer.go.click()
        assert "lead only, not probable cause" in explorer.caveats.value.lower() and explorer.view is not None
        assert "<table" in explorer.table.value and "C1O1N1V" not in explorer.status.value
    explorer.search.value = "with"
    explorer.go.click()
    assert explorer.view.leads.rows.query("stands_out")["plate"].tolist() == ["C2O2N2V"]
    assert len(explorer.marks.layers) == 4 and explorer.timeline.value.count("<rect") == 20
    assert "expected by chance" in explorer.caveats.value
    explorer.export.click()
    [saved] = tmp_path.glob("travels_with_*.csv")
    assert "lead only, not probable cause" in saved.read_text()
    assert Ledger(store._place, 5).rows()[-1]["action"] == "export"


def test_what_cannot_be_searched_says_why_and_greys_the_rest(store: Store) -> None:
    explorer = PlatesExplorer(store, PURPOSE, **SPAN)
    explorer.go.click()
    assert "give a plate" in explorer.status.value and "rtcc-stale" in explorer._dom_classes
    explorer.plate.value, explorer.end.value = "C1O1N1V", "2020-01-01"
    explorer.go.click()
    assert "not after its start" in explorer.status.value
