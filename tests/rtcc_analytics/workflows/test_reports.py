"""The contract of every report: it runs from its notebook, says how it was made, comes out the same again."""

from __future__ import annotations

import hashlib
import json
import re
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from data_connectors import Store
from rtcc_analytics.cli.app import app
from rtcc_analytics.report import ReportError
from rtcc_analytics.report.parameters import parameters_of
from rtcc_analytics.report.running import ReportRun, rerun, run_report
from rtcc_analytics.workflows import REPORTS

WORDS = {
    "bottom_line": "In my own words: quiet, <b>but</b> watch Market Street & the station",
    "notes": "First line of my notes\nand the second",
    "follow_up": ["done: extra patrols on Market Street", "not done: lighting at the station"],
}


@pytest.fixture(scope="module", params=list(REPORTS))
def run(request: pytest.FixtureRequest, county: Store, tmp_path_factory: pytest.TempPathFactory) -> ReportRun:
    return run_report(request.param, county, parameters=WORDS, out=tmp_path_factory.mktemp("out") / "first")


def provenance(run: ReportRun) -> dict:
    return json.loads(run.provenance.read_text(encoding="utf-8"))


def test_the_page_asks_for_nothing_and_draws_its_map(run: ReportRun) -> None:
    text = run.html.read_text(encoding="utf-8")
    whole = unescape(unescape(text))
    asks = r"""(?:\bsrc|srcset|<link[^>]*href|@import|url\()\s*=?\s*["'(]?\s*(?:https?:)?//[^"') ]+"""
    fetched = re.findall(asks, whole)
    assert fetched == [] and "default-src 'none'" in text
    assert "L.map(" in whole and "L.tileLayer" not in whole.split("L.map(")[-1]


def test_the_print_is_two_tagged_pages_that_say_simulated(run: ReportRun) -> None:
    reader = PdfReader(run.pdf)
    assert len(reader.pages) == 2
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in reader.trailer["/Root"]
    assert all("SIMULATED" in sheet.extract_text() for sheet in reader.pages)


def test_words_stand_in_page_and_print(run: ReportRun) -> None:
    page = re.sub(r"<[^>]+>", "", run.html.read_text(encoding="utf-8"))
    sheet = " ".join("".join(sheet.extract_text() for sheet in PdfReader(run.pdf).pages).split())
    for said in (WORDS["bottom_line"], "First line of my notes", "lighting at the station"):
        assert said in unescape(page) and said in sheet


def test_every_number_says_how_it_was_made(run: ReportRun, county: Store) -> None:
    made = provenance(run)
    assert made["store"] == {"location": county.location, "snapshot": county.snapshot()}
    assert made["parameters"]["until"] and made["data_as_of"]["newest_report_at"] and made["software"]["rtcc-workbench"]
    assert made["run"]["kernel_start_s"] > 0 and made["sources"][0]["files"] == ["simulated_county"]
    for table in made["tables"]:
        content = (run.html.parent / table["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == table["sha256"]
    assert {path.stem for path in run.data.iterdir()} == {table["name"] for table in made["tables"]}
    read = {entry["name"] for entry in made["reads"]}
    named = set(re.findall(r"Read: ([a-z, ]+)\.", run.html.read_text(encoding="utf-8")))
    assert named and {name for names in named for name in names.split(", ")} <= read


def test_a_rerun_gives_the_same_bytes_though_the_store_grew(
    run: ReportRun, county: Store, in_county, incidents: pd.DataFrame, tmp_path: Path
) -> None:
    store = Store.restore(*(_copied(county, tmp_path)))
    later = incidents.tail(300).assign(incident_id=[f"L{i}" for i in range(300)], line=range(10**6, 10**6 + 300))
    in_county(store, incidents=later)
    again = rerun(run.provenance, tmp_path / "again", store=store)
    for path in run.data.iterdir():
        assert (again.data / path.name).read_bytes() == path.read_bytes()
    assert provenance(again)["parameters"] == provenance(run)["parameters"]
    page = re.sub(r"<[^>]+>", "", again.html.read_text(encoding="utf-8"))
    assert WORDS["bottom_line"] in unescape(page)


def _copied(store: Store, folder: Path) -> tuple[Path, Path]:
    store.backup(folder / "backup")
    return folder / "backup", folder / "store"


def test_places_of_sex_and_domestic_offenses_are_nowhere(run: ReportRun, incidents: pd.DataFrame) -> None:
    at_secret = incidents[incidents["address"] == "9 SECRET LN"]
    assert len(at_secret) > 100, "the address would lead every list"
    files = [path for path in run.html.parent.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        content = path.read_bytes()
        if path.suffix == ".pdf":
            content = "".join(sheet.extract_text() for sheet in PdfReader(path).pages).encode()
        assert b"SECRET" not in content, path.name
        assert b"73.812" not in content and b"41.712" not in content, f"{path.name} points at the place"


def test_reports_and_parameters_are_listed_and_documented(root: Path) -> None:
    listed = CliRunner().invoke(app, ["report", "list"])
    text = (root / "docs" / "reports.md").read_text(encoding="utf-8")
    for name, workflow in REPORTS.items():
        assert name in listed.stdout and f"`{name}`" in text
        assert (root / "reports" / f"{name}.ipynb").is_file()
        for parameter in parameters_of(workflow):
            assert parameter.meaning, f"{parameter.name} of {name} has no meaning in the docstring"
            assert parameter.name in listed.stdout and f"`{parameter.name}`" in text


def test_the_notebook_names_every_parameter_and_no_other(root: Path) -> None:
    for name, workflow in REPORTS.items():
        cells = json.loads((root / "reports" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        first = next(cell for cell in cells if "parameters" in cell["metadata"].get("tags", ()))
        assigned = set(re.findall(r"^(\w+) = ", "".join(first["source"]), re.M))
        assert assigned - {"store", "snapshot", "out"} == {p.name for p in parameters_of(workflow)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["weekly_breifing"], "did you mean 'weekly_briefing'"),
        (["weekly_briefing", "-p", "untill=2024-11-25"], "did you mean 'until'"),
        (["weekly_briefing", "-p", "until=25/11/2024"], "2026-11-23"),
    ],
)
def test_what_is_asked_wrongly_is_an_error_that_names_the_nearest(
    county: Store, tmp_path: Path, arguments: list[str], said: str
) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["report", "run", *arguments, "--store", county.location, "--out", str(out)])
    assert result.exit_code != 0 and said in str(result.exception) and not out.exists()


def test_a_failed_run_leaves_a_page_that_says_so_and_nothing_of_an_earlier_one(county: Store, tmp_path: Path) -> None:
    (tmp_path / "weekly_briefing.pdf").write_text("of an earlier run")
    arguments = ["report", "run", "weekly_briefing", "-p", "area=Marketown", "--store", county.location]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path)])
    assert result.exit_code != 0 and "did you mean 'Marketon'" in str(result.exception)
    page = unescape((tmp_path / "weekly_briefing.html").read_text(encoding="utf-8"))
    assert "failed" in page and "did you mean 'Marketon'" in page
    assert not (tmp_path / "weekly_briefing.pdf").exists()
    with pytest.raises(ReportError, match="a run that failed"):
        rerun(tmp_path / "provenance.json", tmp_path / "again")
