"""The repeats notebook runs headless under its parameters, and says what the store holds."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import papermill

from tests.notebooks.small_county import make_small_county

NAME = "03_repeats_and_time.ipynb"


def test_it_runs_headless_and_answers_the_parameters(root: Path, tmp_path: Path) -> None:
    store = make_small_county(tmp_path)
    out = tmp_path / NAME
    asked = {"store": store.location, "offense": "240", "start": "2022-06-01", "end": "2023-06-01", "band_m": 150,
             "band_days": 3, "permutations": 99}  # fmt: skip
    papermill.execute_notebook(str(root / "notebooks" / NAME), str(out), asked, cwd=str(tmp_path), progress_bar=False)
    outputs = [o for cell in json.loads(out.read_text())["cells"] for o in cell.get("outputs", ())]
    assert not [o for o in outputs if o.get("name") == "stderr"], "a notebook warns"
    said = "\n".join("".join(o.get("text", "") or o["data"].get("text/html", "")) for o in outputs)
    assert "450 to under 600 m" in said and "9 to under 12 days" in said
    assert "days_left" in said and "radius_m" in said and "are linked to another within" in said
    assert ">Monday<" in said and ">23<" in said


def test_it_is_valid_has_one_cell_of_parameters_and_asks_the_network_for_nothing(root: Path) -> None:
    notebook = nbformat.read(root / "notebooks" / NAME, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert [("parameters" in cell.metadata.get("tags", ())) for cell in notebook.cells].count(True) == 1
    known = papermill.inspect_notebook(str(root / "notebooks" / NAME))
    assert "store" in known and all(parameter["help"] for parameter in known.values())
    assert "charts" not in "".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
