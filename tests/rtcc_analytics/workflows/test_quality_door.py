"""What `rtcc quality` and the notebook ask of a store, and how a wrong question is answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_connectors import Store
from data_connectors.errors import RtccError
from rtcc_analytics.cli.app import app
from rtcc_analytics.workflows.quality import addresses_at, check_quality, correct_place
from tests.notebooks.small_county import ROWS, STACK, make_small_county


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_small_county(tmp_path_factory.mktemp("county"))


def test_the_command_says_what_the_workflow_found(store: Store) -> None:
    done = CliRunner().invoke(app, ["quality", "--store", store.location])
    assert done.exit_code == 0
    (report,) = check_quality(store)
    assert done.stdout.strip().splitlines()[0] == str(report).splitlines()[0]
    assert all(finding.check in done.stdout for finding in report.findings)


def test_a_date_narrows_what_is_assessed(store: Store) -> None:
    (late,) = check_quality(store, since="2023-06-01")
    counted = store.read("SELECT count(*) AS n FROM incidents WHERE occurred_from >= '2023-06-01 00:00:00+00'")["n"]
    assert late.measures["rows"].sum() == counted.iloc[0] < ROWS


def test_a_date_after_the_data_drops_no_table_unsaid(store: Store) -> None:
    done = CliRunner().invoke(app, ["quality", "--store", store.location, "--since", "2030-01-01"])
    assert done.exit_code == 0 and "incidents: 0 rows" in done.stdout
    assert "simulated_beats  every check: no row since 2030-01-01; the newest is of " in done.stdout


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"since": "1 June"}, "write it as 2024-01-31"),
        ({"source": "beets"}, "they hold: simulated_beats$"),
        ({"table": "streets"}, "incidents, calls, cameras"),
    ],
)
def test_a_wrong_question_is_answered_with_what_there_is(store: Store, question: dict, said: str) -> None:
    with pytest.raises(RtccError, match=said):
        check_quality(store, **question)


def test_an_empty_store_is_said_to_be_empty(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["quality", "--store", Store.create(str(tmp_path / "empty")).location])
    assert done.exit_code == 0 and "load a file first" in done.stdout


def test_addresses_on_a_point_and_on_none(store: Store) -> None:
    on = addresses_at(store, table="incidents", source="simulated_beats", lon=STACK[0], lat=STACK[1])
    none = addresses_at(store, table="incidents", source="simulated_beats", lon=None, lat=None)
    assert (on["records"].sum(), none["records"].sum()) == (60, 40)
    assert on["records"].is_monotonic_decreasing


def test_a_place_out_of_range_is_refused_and_nothing_changes(store: Store) -> None:
    before = store.snapshot()
    with pytest.raises(RtccError):
        correct_place(store, table="incidents", source="simulated_beats", lon=-73.9, lat=417.2, reason="typed",
                      record_id="A70")  # fmt: skip
    assert store.snapshot() == before
