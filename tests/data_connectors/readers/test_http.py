"""Paging, retries, resuming and refusals, against a local server that speaks the real wire formats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_connectors.readers import ReaderOptions, SourceFile, reader_for
from data_connectors.readers.http import FetchError, fetch, transport

from . import portal as wire


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("RTCC_APP_TOKEN", raising=False)


@pytest.fixture
def portal() -> Iterator[wire.Portal]:
    records = [
        {"id": n, "kind": "burglary" if n % 3 else "robbery", "lon": -73.9 + n / 1000, "lat": 41.7,
         "at_ms": 1767322800000 + n * 60_000, "note": "x" if n % 2 else None}
        for n in range(1, 48)
    ]  # fmt: skip
    portal = wire.Portal(records)
    server = wire.serve(portal)
    yield portal
    server.shutdown()
    server.server_close()


def rows_of(files: tuple[Path, ...]) -> list[dict]:
    read = reader_for("json")
    batches = (batch for path in files for batch in read(SourceFile(path), ReaderOptions("json")))
    return [row for batch in batches for row in batch.columns.to_pylist()]


def ids(files: tuple[Path, ...], name: str) -> list[int]:
    return [int(row[name]) for row in rows_of(files)]


def test_every_socrata_record_comes_once_in_order(portal: wire.Portal, tmp_path: Path) -> None:
    seen = []
    got = fetch(portal.socrata, tmp_path, page_size=10, progress=lambda *step: seen.append(step))
    assert ids(got.files, "id") == list(range(1, 48))
    assert (got.rows, got.pages_fetched, got.pages_kept, got.retries) == (47, 5, 0, 0)
    assert seen[0][:2] == (10, 47) and seen[-1][:2] == (47, 47)
    assert "47 records" in str(got)


def test_a_filter_in_the_address_is_kept_and_counted(portal: wire.Portal, tmp_path: Path) -> None:
    got = fetch(f"{portal.socrata}?$where=kind='robbery'", tmp_path, page_size=4)
    assert ids(got.files, "id") == list(range(3, 48, 3))


def test_a_server_that_gives_shorter_pages_than_asked_is_followed(portal: wire.Portal, tmp_path: Path) -> None:
    portal.max_record_count = 7
    got = fetch(portal.socrata, tmp_path, page_size=40)
    assert ids(got.files, "id") == list(range(1, 48))


def test_arcgis_pages_by_its_own_limit_in_degrees(portal: wire.Portal, tmp_path: Path) -> None:
    portal.max_record_count = 20
    got = fetch(portal.arcgis, tmp_path, page_size=1000)
    rows = rows_of(got.files)
    assert [int(r["OBJECTID"]) for r in rows] == list(range(1, 48))
    assert float(rows[0]["geometry.x"]) == pytest.approx(-73.899)
    assert rows[0]["REPORTED"] == "1767322860000"
    assert len(got.files) == 3
    assert any("epoch_ms" in note and "REPORTED" in note for note in got.notes)


@pytest.mark.parametrize("fault", [wire.busy, wire.too_many, wire.reset, wire.truncated])
def test_passing_trouble_costs_a_retry_and_no_record(portal: wire.Portal, tmp_path: Path, fault: wire.Fault) -> None:
    portal.page_faults = {0: [fault], 20: [fault, fault]}
    got = fetch(portal.socrata, tmp_path, page_size=10)
    assert ids(got.files, "id") == list(range(1, 48))
    assert got.retries == 3


def test_trouble_that_arcgis_reports_with_http_200_is_tried_again(portal: wire.Portal, tmp_path: Path) -> None:
    portal.page_faults = {0: [lambda h: wire.send(h, {"error": {"code": 504, "message": "Timed out", "details": []}})]}
    got = fetch(portal.arcgis, tmp_path)
    assert (got.rows, got.retries) == (47, 1)


def test_a_killed_download_goes_on_where_it_stopped(portal: wire.Portal, tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(done: int, total: int, what: str) -> None:
        if done >= 30:
            raise Killed

    with pytest.raises(Killed):
        fetch(portal.socrata, tmp_path, page_size=10, progress=kill)
    (tmp_path / "page-00004.json.part").write_bytes(b'[{"id"')
    before = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("page-*.json")}
    got = fetch(portal.socrata, tmp_path, page_size=10)
    assert (got.pages_kept, got.pages_fetched) == (3, 2)
    assert ids(got.files, "id") == list(range(1, 48))
    assert all((tmp_path / name).stat().st_mtime_ns == at for name, at in before.items())
    assert not list(tmp_path.glob("*.part"))


def test_a_page_altered_on_disk_is_fetched_again(portal: wire.Portal, tmp_path: Path) -> None:
    fetch(portal.socrata, tmp_path, page_size=10)
    (tmp_path / "page-00003.json").write_text("[]")
    got = fetch(portal.socrata, tmp_path, page_size=10)
    assert (got.pages_kept, got.pages_fetched) == (2, 3)
    assert ids(got.files, "id") == list(range(1, 48))


def test_an_unchanged_feed_is_not_fetched_twice_and_a_changed_one_is(portal: wire.Portal, tmp_path: Path) -> None:
    fetch(portal.socrata, tmp_path, page_size=10)
    again = fetch(portal.socrata, tmp_path, page_size=10)
    assert (again.pages_fetched, again.rows) == (0, 47)
    portal.edited = "2026-01-06T10:00:00Z"
    portal.records = portal.records[5:25]
    changed = fetch(portal.socrata, tmp_path, page_size=10)
    assert ids(changed.files, "id") == list(range(6, 26))
    assert {p.name for p in tmp_path.glob("page-*")} == {p.name for p in changed.files}


def test_a_complete_download_without_a_mark_of_change_is_made_afresh(portal: wire.Portal, tmp_path: Path) -> None:
    portal.edited = None
    fetch(portal.arcgis, tmp_path, page_size=10)
    portal.records[0] = {**portal.records[0], "kind": "arson"}
    got = fetch(portal.arcgis, tmp_path, page_size=10)
    assert rows_of(got.files)[0]["kind"] == "arson"


def test_records_added_while_reading_are_fetched_too(portal: wire.Portal, tmp_path: Path) -> None:
    extra = {**portal.records[-1], "id": 48}

    def grow(offset: int) -> None:
        if offset == 40 and extra not in portal.records:
            portal.records.append(extra)

    portal.before_page = grow
    got = fetch(portal.socrata, tmp_path, page_size=10)
    assert ids(got.files, "id") == list(range(1, 49))


def test_records_taken_away_at_the_end_are_an_error_and_the_next_call_is_whole(
    portal: wire.Portal, tmp_path: Path
) -> None:
    def shrink(offset: int) -> None:
        if offset == 40:
            portal.records = portal.records[:30]
            portal.before_page = lambda _: None

    portal.before_page = shrink
    with pytest.raises(FetchError, match="the server counts 30 records .* 40 came.* changed while they were read"):
        fetch(portal.socrata, tmp_path, page_size=10)
    got = fetch(portal.socrata, tmp_path, page_size=10)
    assert ids(got.files, "id") == list(range(1, 31))


def test_a_change_that_the_count_cannot_show_is_told_and_mended_by_the_next_call(
    portal: wire.Portal, tmp_path: Path
) -> None:
    def shrink(offset: int) -> None:
        # Five records of the first page go: the count agrees in the end, yet five later ones were passed over.
        if offset == 20:
            portal.records = [r for r in portal.records if r["id"] > 5]
            portal.edited = "2026-01-07T00:00:00Z"
            portal.before_page = lambda _: None

    portal.before_page = shrink
    got = fetch(portal.socrata, tmp_path, page_size=10)
    assert any("Call again for a clean copy" in note for note in got.notes)
    clean = fetch(portal.socrata, tmp_path, page_size=10)
    assert ids(clean.files, "id") == list(range(6, 48))
    assert not any("Call again" in note for note in clean.notes)


def test_giving_up_says_so_and_keeps_what_came(portal: wire.Portal, tmp_path: Path) -> None:
    portal.page_faults = {20: [wire.busy] * 1000}
    with pytest.raises(FetchError, match="HTTP 503.*What came is kept"):
        fetch(portal.socrata, tmp_path, page_size=10, wait_s=0.2)
    portal.page_faults = {}
    got = fetch(portal.socrata, tmp_path, page_size=10)
    assert (got.pages_kept, got.rows) == (2, 47)


def test_the_pause_that_a_server_names_is_kept(portal: wire.Portal, tmp_path: Path) -> None:
    portal.page_faults = {0: [lambda h: wire.send(h, {}, 429, Retry_After="3600")]}
    with pytest.raises(FetchError, match="asks to wait 3,600 s"):
        fetch(portal.socrata, tmp_path, wait_s=1.0)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("{socrata}?$limit=5", r"\$limit in the address"),
        ("{base}/resource/zzzz-9999.json", "HTTP 404 Not Found: Not found. Check the address"),
        ("{arcgis}?where=nonsense", "error 400: Unable to complete operation.; Invalid query"),
        ("{base}/data.csv", "neither a Socrata resource"),
        ("file:///etc/passwd", "neither a Socrata resource"),
    ],
)
def test_refusals_name_what_is_wrong(portal: wire.Portal, tmp_path: Path, address: str, said: str) -> None:
    base = f"http://127.0.0.1:{portal.port}"
    with pytest.raises(FetchError, match=said):
        fetch(address.format(socrata=portal.socrata, arcgis=portal.arcgis, base=base), tmp_path / "pages")


def test_a_layer_that_needs_a_token_gets_it_in_a_header_and_nowhere_else(portal: wire.Portal, tmp_path: Path) -> None:
    portal.token = "s3cret-token"
    with pytest.raises(FetchError, match="499.*Give a token"):
        fetch(portal.arcgis, tmp_path)
    fetch(portal.arcgis, tmp_path, token="s3cret-token")
    assert not any("s3cret" in path for path in portal.asked)
    assert not any(b"s3cret" in path.read_bytes() for path in tmp_path.iterdir())


def test_the_token_comes_from_the_environment(
    portal: wire.Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTCC_APP_TOKEN", "from-the-environment")
    fetch(portal.socrata, tmp_path)
    assert {h.get("X-App-Token") for h in portal.headers} == {"from-the-environment"}


def test_a_token_never_travels_unencrypted(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="unencrypted"):
        fetch("http://data.example.gov/resource/abcd-1234.json", tmp_path, token="t")


def test_a_redirect_to_another_server_does_not_take_the_token_along(portal: wire.Portal, tmp_path: Path) -> None:
    other = wire.Portal(portal.records)
    server = wire.serve(other)
    away = f"http://localhost:{other.port}/resource/abcd-1234.json?$limit=1"
    portal.faults = {0: lambda h: wire.send(h, {}, 302, Location=away)}
    fetch(portal.socrata, tmp_path, token="t")
    server.shutdown()
    server.server_close()
    assert other.headers and all("X-App-Token" not in {k.title() for k in h} for h in other.headers)


def test_one_folder_holds_one_feed(portal: wire.Portal, tmp_path: Path) -> None:
    fetch(portal.socrata, tmp_path)
    with pytest.raises(FetchError, match="Give another folder"):
        fetch(portal.arcgis, tmp_path)


def test_a_layer_that_does_not_page_is_refused(portal: wire.Portal, tmp_path: Path) -> None:
    portal.pages = False
    with pytest.raises(FetchError, match="does not page"):
        fetch(portal.arcgis, tmp_path)


def test_the_manifest_names_every_page_with_its_hash(portal: wire.Portal, tmp_path: Path) -> None:
    got = fetch(portal.socrata, tmp_path, page_size=20)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["complete"] is True
    assert [p["sha256"] for p in manifest["pages"]] == [hashlib.sha256(f.read_bytes()).hexdigest() for f in got.files]
