"""The command line and the case packet: what an investigator, an auditor and a prosecutor use."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from data_connectors import Purpose, Store
from data_connectors.errors import RtccError
from rtcc_analytics import lpr
from rtcc_analytics.cli.app import app
from rtcc_analytics.lpr.packet import case_packet, read_packet, verify_packet
from rtcc_analytics.lpr.packet_pages import packet_report, told

PURPOSE = Purpose(reason_code="investigation", case_number="26-000777", text="series of shop burglaries")


@pytest.fixture
def county(simulated, tmp_path: Path) -> Store:
    """A copy of the simulated store, to write to."""
    shutil.copytree(simulated.store.location, tmp_path / "county")
    return Store(tmp_path / "county")


def run(store: Store, *arguments: str, fails: bool = False) -> str:
    done = CliRunner().invoke(app, [*arguments, "--store", store.location])
    assert (done.exit_code != 0) == fails, (done.output, done.exception)
    return done.output


def test_an_investigation_from_search_to_packet(county: Store, simulated, tmp_path: Path) -> None:
    plate, friend = simulated.plates("convoys")[0][:2]
    asked = ["--case", "26-000777", "--reason", "investigation", "--start", simulated.start, "--end", simulated.end]
    assert plate in run(county, "lpr", "history", plate, *asked)
    shown = run(county, "lpr", "with", plate, *asked)
    assert friend in shown and "lead only, not probable cause" in shown.lower() and "expected by chance" in shown
    saved = tmp_path / "rows.csv"
    assert plate not in run(county, "lpr", "similar", plate, *asked, "--out", str(saved))
    assert "lead only, not probable cause" in saved.read_text()
    packet = case_packet(county, PURPOSE, tmp_path / "packets")
    assert packet.pdf.read_bytes()[:5] == b"%PDF-"
    content = json.loads(packet.json.read_text())
    kinds = [s["search"] for s in content["searches"]]
    assert kinds == [
        "lpr history", "lpr travels_with", "lpr travels_with, meetings", "lpr search_similar",
        "lpr search_similar, plates in use",
    ]  # fmt: skip
    assert verify_packet(packet.json, county, PURPOSE)["matches"].all()
    assert "search_similar" in run(county, "audit", "show", "--reason", "review")


def test_a_packet_shows_what_no_longer_matches(county: Store, simulated, tmp_path: Path) -> None:
    plate = simulated.plates("convoys")[0][0]
    with county.sightings(PURPOSE) as sightings:
        lpr.history(sightings, plate=plate, start=simulated.start, end=simulated.end)
    packet = case_packet(county, PURPOSE, tmp_path)
    with county.loading("sightings") as session:
        session.commit(lambda s: s.run(f"DELETE FROM {s.table('plate_reads')} WHERE plate = $p", p=plate))
    found = verify_packet(packet.json, county, PURPOSE).set_index("what")["matches"]
    assert not found["search 1: same rows now"] and found["search 1: in the ledger"] and found["the ledger's chain"]
    edited = packet.json.read_text().replace(plate, "X" * len(plate))
    packet.json.write_text(edited)
    assert not verify_packet(packet.json).set_index("what")["matches"]["the packet's own content"]
    with pytest.raises(RtccError, match="no search under case"):
        case_packet(county, Purpose("investigation", "26-none"), tmp_path)


def test_the_auditors_commands(county: Store, simulated, tmp_path: Path) -> None:
    plate = simulated.plates("convoys")[0][0]
    run(
        county,
        "lpr",
        "history",
        plate,
        "--case",
        "x",
        "--reason",
        "inv",
        "--start",
        "2025-11-01",
        "--end",
        "2025-11-02",
    )
    assert "chain holds" in run(county, "audit", "verify")
    assert "no_case" in run(county, "audit", "reasons", "--reason", "weekly review")
    ledger = tmp_path / "ledger.jsonl"
    run(county, "audit", "export", str(ledger), "--reason", "audit 1")
    assert "chain holds" in CliRunner().invoke(app, ["audit", "verify", "--exported", str(ledger)]).output
    page = run(county, "audit", "transparency", "--out", str(tmp_path / "page"))
    text = Path(page.strip().splitlines()[-1]).read_text()
    assert "under 5" in text and plate not in text
    run(county, "audit", "verify", "--head", "0" * 64, fails=True)


def test_retention_from_the_command_line(county: Store, tmp_path: Path) -> None:
    policy = tmp_path / "keep.toml"
    kinds = ("plate_reads", "rejects", "hotlist_entries", "alerts", "alerts_under_case")
    policy.write_text("[keep]\n" + "\n".join(f'{k} = "48 hours"' for k in kinds))
    assert "plate_reads" in run(county, "retention", "plan", "--policy", str(policy))
    done = run(county, "retention", "purge", "--policy", str(policy), "--yes", "--out", str(tmp_path / "c.json"))
    assert "are in none of" in done
    assert json.loads((tmp_path / "c.json").read_text())["plates_found"] == 0
    assert "plates_gone" in run(county, "retention", "certificate")


def test_readers_lists_and_roles(county: Store, simulated) -> None:
    asked = ["--case", "26-1", "--reason", "audit"]
    span = ["--start", simulated.start, "--end", simulated.end]
    assert simulated.truth["readers"]["outage"]["reader"] in run(county, "lpr", "readers", *asked, *span)
    assert "expired" in run(county, "lpr", "hygiene", *asked)
    assert "two vehicles" in run(county, "lpr", "impossible", *asked, *span)
    assert "investigator" in CliRunner().invoke(app, ["policy", "roles"]).output
    run(county, "policy", "start")
    refused = CliRunner().invoke(app, ["lpr", "hygiene", *asked, "--store", county.location])
    assert isinstance(refused.exception, RtccError)


def test_a_packet_for_people_says_what_chance_gives_and_what_was_asked_twice_once(county, simulated, tmp_path) -> None:
    plate, friend = simulated.plates("convoys")[0][:2]
    span = {"start": simulated.start, "end": simulated.end}
    with county.sightings(PURPOSE) as sightings:
        found = lpr.travels_with(sightings, plate=plate, **span)
        similar = lpr.search_similar(sightings, plate=plate, **span)
        hits = lpr.hotlist_matches(sightings, retro=True, **span)
        lpr.history(sightings, plate=plate, **span)
        lpr.history(sightings, plate=plate, **span)
    first = case_packet(county, PURPOSE, tmp_path / "first")
    second = read_packet(case_packet(county, PURPOSE, tmp_path / "second").json)
    content = read_packet(first.json)
    kinds = [s["search"] for s in content["searches"]]
    assert kinds.count("lpr history") == 1 and kinds == [s["search"] for s in second["searches"]]
    assert [len(s["asked_again"]) for s in content["searches"]][-1] == 1
    answers = {a.question: a for a in told(content["searches"]).values()}
    companions = answers[f"Who travels with {plate}?"]
    assert companions.rows["Plate"].tolist() == found.rows["plate"].tolist()
    assert companions.rows["Stands out"].eq("yes").tolist() == found.rows["stands_out"].tolist()
    assert f"{found.chance['expected'].iloc[0]:.3g} expected by chance" in companions.heed
    expected = similar.rows["chance_vehicles"].iloc[0]
    assert f"{expected:.3g} unrelated plates" in answers[f"Which plates may be {plate}, misread?"].heed
    assert len(answers["Which wanted plates passed?"].rows) == len(hits)
    history = answers[f"Where was {plate}?"].rows
    assert (
        history["First read"].is_monotonic_increasing
        and not history["First read"].str.contains("+00", regex=False).any()
    )
    shown = packet_report(content)
    assert "Lead only, not probable cause" in shown.subtitle
    assert all("ead only, not probable cause" in s.caption for s in shown.sections if s.key.startswith("search"))


def test_a_packet_tells_of_a_query_that_the_store_no_longer_answers(county: Store, simulated, tmp_path: Path) -> None:
    """As after an upgrade that changed a table which is no source's own."""
    with county.sightings(PURPOSE) as sightings:
        asked = {"plate": simulated.plates("convoys")[0][0], "start": simulated.start, "end": simulated.end}
        lpr.history(sightings, **asked)
        lpr.travels_with(sightings, **asked)
    whole = case_packet(county, PURPOSE, tmp_path / "before")
    with county.loading("sightings") as session:
        session.run(f"ALTER TABLE {session.table('reads_by_reader')} DROP COLUMN daily_slot")
    packet = case_packet(county, PURPOSE, tmp_path / "after")
    [history, gone] = told(read_packet(packet.json)["searches"]).values()
    assert len(history.rows) and gone.rows.empty and "cannot be asked again" in gone.unanswered
    sections = {s.key: s for s in packet_report(read_packet(packet.json)).sections}
    assert "cannot be asked again" in sections["search2"].empty
    for path in (whole.json, packet.json):
        checked = verify_packet(path, county, PURPOSE).set_index("what")["matches"]
        assert checked["search 1: same rows now"] and not checked["search 2: same rows now"]


def test_a_packet_leaves_out_who_only_stood_there(store_of, tmp_path: Path) -> None:
    days = pd.date_range("2025-10-21 14:00", periods=4, freq="D", tz="UTC")
    stood = [("STOOD11", day + pd.Timedelta(m, "min")) for day in days for m in range(-30, 1, 5)]
    reads = pd.DataFrame([("TARGET1", day) for day in days] + stood, columns=["plate", "captured_at"])
    reads["captured_at"] = reads["captured_at"].dt.as_unit("us")
    store = store_of(reads.assign(camera_id="c1", lon=-73.9, lat=41.7))
    with store.sightings(PURPOSE) as sightings:
        found = lpr.travels_with(sightings, plate="TARGET1", start="2025-10-20", end="2025-11-03")
    assert found.rows.empty
    content = read_packet(case_packet(store, PURPOSE, tmp_path).json)
    assert told(content["searches"])[1].rows.empty


def test_an_export_is_safe_in_a_spreadsheet_and_private(tmp_path: Path) -> None:
    leads = lpr.Leads("history", pd.DataFrame({"plate": ["A1"], "camera_name": ["=HYPERLINK(1)"]}), {})
    leads.write_csv(tmp_path / "rows.csv")
    assert "A1,'=HYPERLINK(1)," in (tmp_path / "rows.csv").read_text()
    assert (tmp_path / "rows.csv").stat().st_mode & 0o077 == 0
