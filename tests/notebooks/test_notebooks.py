"""Each notebook runs headless under papermill with its parameters, and says what its store holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest

from data_connectors import Store
from tests.notebooks.small_county import HOT, ROWS, make_small_county

NAMES = ("00_start_here", "01_load_and_check", "02_hotspots")
PLACES = """place_id,name,kind,lon,lat
1,Court,county_site,-73.93,41.70
2,School,school,-73.90,41.72
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_small_county(tmp_path_factory.mktemp("county"))


@pytest.fixture
def run(root: Path, store: Store, tmp_path: Path) -> Callable[..., str]:
    """`run(name, parameter=value…)` executes a notebook in an empty folder, and gives the text of its outputs."""

    def executed(name: str, **parameters: object) -> str:
        out = tmp_path / f"{name}.ipynb"
        papermill.execute_notebook(
            str(root / "notebooks" / f"{name}.ipynb"), str(out), {"store": store.location, **parameters},
            cwd=str(tmp_path), progress_bar=False,
        )  # fmt: skip
        outputs = [o for cell in json.loads(out.read_text())["cells"] for o in cell.get("outputs", ())]
        assert not [o for o in outputs if o.get("name") == "stderr"], "a notebook warns"
        return "\n".join("".join(o.get("text", "") or o["data"].get("text/html", "")) for o in outputs)

    return executed


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_valid_notebook_with_one_cell_of_parameters_and_a_kernel_found_everywhere(
    root: Path, name: str
) -> None:
    notebook = nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert [("parameters" in cell.metadata.get("tags", ())) for cell in notebook.cells].count(True) == 1
    known = papermill.inspect_notebook(str(root / "notebooks" / f"{name}.ipynb"))
    assert "store" in known and all(parameter["help"] for parameter in known.values())


def test_start_here_shows_the_store_and_the_line_asked_for(run: Callable[..., str], store: Store) -> None:
    said = run("00_start_here", offense="240", weeks=26)
    assert f">{ROWS:,}<" in said and "incidents" in said
    assert "Motor vehicle theft" in said and "<svg" in said
    top = store.read("SELECT sum(offense_count) AS n FROM incidents GROUP BY offense ORDER BY n DESC LIMIT 1")["n"]
    assert f"{int(top.iloc[0])}" in said


def test_load_and_check_tries_a_file_and_writes_nothing(run: Callable[..., str], store: Store, tmp_path: Path) -> None:
    before = store.snapshot()
    file = tmp_path / "places.csv"
    file.write_text(PLACES)
    said = run("01_load_and_check", profile="places_csv", files=[str(file)])
    assert "2 rows read" in said and "dry run, nothing written" in said
    assert "stacked_points" in said and "a geocoder's centroid" in said and "60 of" in said
    assert store.snapshot() == before


def test_hotspots_finds_what_was_planted_under_the_parameters_given(run: Callable[..., str]) -> None:
    said = run("02_hotspots", area="Westville", offense="burglary", start="2022-06-06", end="2023-06-05",
               cell_m=200, bandwidth_m=600, hours=[22, 4])  # fmt: skip
    view = re.search(r"Burglary.* · ([\d,]+) records used \(([\d,]+) within the hours\) · .* bandwidth 600 m", said)
    records, within = (int(n.replace(",", "")) for n in view.groups())
    assert 0 < within < records < ROWS
    lon, lat = map(float, re.search(r"<td>(-73\.\d+)</td>\s*<td>(41\.\d+)</td>", said).groups())
    assert np.hypot((lon - HOT["220"][0]) * 83_000, (lat - HOT["220"][1]) * 111_000) < 400
    assert "same_ground_share" in said
