"""Reads as they arrive: alerted before they are stored, once, and nothing lost whatever is sent."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from data_connectors import Purpose, Store
from data_connectors.errors import RtccError
from data_connectors.store import StoreError
from rtcc_analytics.lpr import alerts as alerting
from rtcc_analytics.lpr.leads import LprError
from rtcc_analytics.lpr.watching import Handled, Watcher, put
from rtcc_analytics.lpr.webhook import MOST_BODY, webhook

PURPOSE = Purpose(reason_code="live", case_number="LIVE-1")
TOKEN = "an-invented-token-of-length"
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


def body(*plates: str, state: str = "new_york", at: datetime = NOW) -> bytes:
    return json.dumps([
        {"id": f"r{n}-{p}", "capturedAt": (at + timedelta(seconds=n)).isoformat().replace("+00:00", "Z"),
         "device": {"id": "c1", "name": "Main NB", "location": {"latitude": 41.7, "longitude": -73.9}},
         "plate": {"plate": p, "confidence": 0.9}, "state": {"state": state, "confidence": 0.9}}
        for n, p in enumerate(plates)
    ]).encode()  # fmt: skip


@pytest.fixture
def watcher(store_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watcher:
    """A watcher on a store with three wanted plates, one of them no longer."""
    monkeypatch.setattr("rtcc_analytics.lpr.watching.SETTLED_S", 0.0)
    entries = pd.DataFrame({
        "list_name": "BOLO", "plate": ["W4N7E2D", "O1D9X3Y", "M1S5I6N"], "region": ["NY", "NY", None],
        "category": ["Stolen Vehicle", "Stolen Vehicle", "Missing Person"], "case_number": ["26-1", "26-2", None],
        "issued_at": pd.Timestamp(NOW - timedelta(days=9)),
        "expires_at": pd.to_datetime([NOW + timedelta(days=d) for d in (9, -1, 9)], utc=True),
    })  # fmt: skip
    old = pd.DataFrame({"plate": ["A1A1A1A"], "camera_id": ["c1"], "captured_at": pd.to_datetime([NOW], utc=True)})
    return Watcher(store_of(old, bolo=entries), PURPOSE, tmp_path / "spool")


def held(store: Store) -> pd.DataFrame:
    with store.sightings(PURPOSE) as sightings:
        return alerting.alerts(sightings, every=True)


def test_wanted_plates_alert_once_and_every_read_is_stored(watcher: Watcher) -> None:
    put(watcher.spool, "flock_reads", body("W4N7E2D", "B2B2B2B", "O1D9X3Y", "m1s-5i6n"), suffix=".json")
    done = watcher.once()
    assert (done.files, done.reads, done.alerts, done.refused) == (1, 4, 2, 0)
    found = held(watcher.store)
    assert set(found["plate"]) == {"W4N7E2D", "M1S5I6N"} and (found["action"] == "verify before stop").all()
    assert found["list_age_hours"].notna().all()
    put(watcher.spool, "flock_reads", body("W4N7E2D", "B2B2B2B", "O1D9X3Y", "m1s-5i6n"), suffix=".json")
    again = watcher.once()
    assert (again.reads, again.alerts) == (0, 0) and not list(watcher.spool.glob("flock_reads/*"))


def test_another_state_does_not_alert_and_the_allow_list_holds(watcher: Watcher) -> None:
    put(watcher.spool, "flock_reads", body("W4N7E2D", state="connecticut"), suffix=".json")
    assert watcher.once().alerts == 0
    only = Watcher(watcher.store, PURPOSE, watcher.spool, categories=("missing person",))
    put(watcher.spool, "flock_reads", body("W4N7E2D", "M1S5I6N", at=NOW + timedelta(minutes=1)), suffix=".json")
    assert only.once().alerts == 1


def test_a_bad_file_is_set_aside_with_its_reason_and_the_good_ones_go_in(watcher: Watcher) -> None:
    put(watcher.spool, "flock_reads", b"{ no json", suffix=".json")
    put(watcher.spool, "flock_reads", body("W4N7E2D"), suffix=".json")
    put(watcher.spool, "flock_reads", body("F8U7T6R", at=datetime.now(UTC) + timedelta(days=40)), suffix=".json")
    put(watcher.spool, "no_such_profile", b"[]", suffix=".json")
    done = watcher.once()
    assert (done.alerts, done.reads, done.refused) == (1, 1, 3)
    reasons = [p.read_text() for p in sorted(watcher.spool.glob("refused/*/*.reason"))]
    assert len(reasons) == 3 and any("future" in r for r in reasons) and any("no_such_profile" in r for r in reasons)
    assert len([p for p in watcher.spool.glob("refused/*/*") if p.suffix != ".reason"]) == 3


def test_a_crash_between_alert_and_store_loses_nothing(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    put(watcher.spool, "flock_reads", body("W4N7E2D", "B2B2B2B"), suffix=".json")

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("data_connectors.loading.write", crash)
        with pytest.raises(KeyboardInterrupt):
            watcher.once()
    assert len(held(watcher.store)) == 1 and len(list(watcher.spool.glob("flock_reads/*"))) == 1
    done = watcher.once()
    assert (done.reads, done.alerts) == (2, 0) and len(held(watcher.store)) == 1


def test_alerts_do_not_wait_while_reads_are_stored(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storing the first file takes until the alert of the second is told; no file is read twice for alerts."""
    monkeypatch.setattr("rtcc_analytics.lpr.watching.KEEP_EVERY_S", 0.0)
    rounds: list[Handled] = []
    keep, alerted = Watcher._keep, threading.Event()

    def slowly(self: Watcher, profile: str, paths: list[Path]) -> Handled:
        assert alerted.wait(30)
        return keep(self, profile, paths)

    def tell(done: Handled) -> None:
        rounds.append(done)
        if len(rounds) == 1:
            put(watcher.spool, "flock_reads", body("M1S5I6N"), suffix=".json")
        else:
            alerted.set()

    monkeypatch.setattr(Watcher, "_keep", slowly)
    put(watcher.spool, "flock_reads", body("W4N7E2D"), suffix=".json")
    watcher.run(stop=lambda: sum(r.reads for r in rounds) == 2, pause_s=0.0, tell=tell)
    assert [(r.files, r.alerts, r.reads) for r in rounds[:2]] == [(1, 1, 0), (1, 1, 0)]
    assert not list(watcher.spool.glob("flock_reads/*")) and len(held(watcher.store)) == 2


def test_what_is_being_stored_when_it_is_stopped_is_stored_to_the_end(watcher: Watcher, monkeypatch) -> None:
    keep, stopped, told = Watcher._keep, threading.Event(), []

    def slowly(self: Watcher, profile: str, paths: list[Path]) -> Handled:
        assert stopped.wait(30)
        return keep(self, profile, paths)

    def stop() -> bool:
        if told:
            threading.Timer(0.05, stopped.set).start()
            raise KeyboardInterrupt
        return False

    monkeypatch.setattr(Watcher, "_keep", slowly)
    put(watcher.spool, "flock_reads", body("W4N7E2D"), suffix=".json")
    with pytest.raises(KeyboardInterrupt):
        watcher.run(stop=stop, pause_s=0.0, tell=told.append)
    assert not list(watcher.spool.glob("flock_reads/*"))


def test_what_fails_while_reads_are_stored_ends_the_watch_unless_it_passes(watcher: Watcher, monkeypatch) -> None:
    monkeypatch.setattr("rtcc_analytics.lpr.watching.KEEP_EVERY_S", 0.0)
    faults = [StoreError("held", transient=True), StoreError("the disk is full")]

    def failing(_: Watcher) -> Handled:
        raise faults.pop(0)

    monkeypatch.setattr(Watcher, "keep", failing)
    path = put(watcher.spool, "flock_reads", body("W4N7E2D"), suffix=".json")
    with pytest.raises(StoreError, match="disk is full"):
        watcher.run(stop=lambda: False, pause_s=0.0)
    assert not faults and path.exists()


def test_a_lost_session_is_opened_again_and_no_file_is_blamed(watcher: Watcher) -> None:
    watcher.refresh()
    watcher._session.connection.run("DETACH sightings")
    put(watcher.spool, "flock_reads", body("W4N7E2D"), suffix=".json")
    done = watcher.match()
    assert (done.alerts, done.refused) == (1, 0)
    assert watcher.keep().reads == 1


def test_a_file_that_grows_after_it_was_matched_is_alerted_before_it_is_stored(watcher: Watcher) -> None:
    path = put(watcher.spool, "flock_reads", body("A1A1A1A"), suffix=".json")
    assert watcher.match().alerts == 0
    path.write_bytes(body("A1A1A1A", "W4N7E2D"))
    kept = watcher.keep()
    assert (kept.reads, kept.alerts) == (2, 1) and not path.exists()


def test_a_file_written_while_it_is_stored_is_not_lost(watcher: Watcher, monkeypatch) -> None:
    path = put(watcher.spool, "flock_reads", body("A1A1A1A"), suffix=".json")
    watcher.match()
    alert = Watcher._alert

    def meanwhile(self: Watcher, *given: object) -> int:
        path.write_bytes(body("A1A1A1A", "W4N7E2D"))
        return alert(self, *given)

    with monkeypatch.context() as busy:
        busy.setattr(Watcher, "_alert", meanwhile)
        assert watcher.keep().reads == 1 and path.exists()
    assert (done := watcher.once()).alerts == 1 and done.reads == 1 and not path.exists()


def test_a_file_taken_away_by_hand_stops_nothing(watcher: Watcher) -> None:
    gone = put(watcher.spool, "flock_reads", body("B2B2B2B"), suffix=".json")
    put(watcher.spool, "flock_reads", body("A1A1A1A"), suffix=".json")
    assert watcher.match().files == 2
    gone.unlink()
    assert watcher.keep().reads == 1
    assert watcher.once() == Handled()


def test_a_store_held_in_the_middle_of_single_files_is_tried_again(watcher: Watcher, monkeypatch) -> None:
    for plate in ("A1A1A1A", "B2B2B2B", "C3C3C3C"):
        put(watcher.spool, "flock_reads", body(plate), suffix=".json")
    watcher.match()
    keep, faults = Watcher._keep, [LprError("together at fault"), None, StoreError("held", transient=True)]

    def flaky(self: Watcher, *given: object) -> Handled:
        if fault := (faults.pop(0) if faults else None):
            raise fault
        return keep(self, *given)

    monkeypatch.setattr(Watcher, "_keep", flaky)
    with pytest.raises(StoreError, match="held"):
        watcher.keep()
    assert len(list(watcher.spool.glob("flock_reads/*"))) == 2
    assert watcher.once().reads == 2 and not list(watcher.spool.glob("flock_reads/*"))


def test_a_new_list_is_in_force_at_once(watcher: Watcher) -> None:
    from tests.rtcc_analytics.lpr.conftest import write_plates

    watcher.once()
    entry = pd.DataFrame({"list_name": ["BOLO2"], "plate": ["B2B2B2B"], "region": ["NY"], "category": ["BOLO"]})
    write_plates(watcher.store, "hotlist_entries", entry, source="bolo2")
    assert watcher.refresh(every_s=0.0)
    put(watcher.spool, "flock_reads", body("B2B2B2B"), suffix=".json")
    assert watcher.once().alerts == 1


def test_each_entry_of_a_plate_is_found_and_none_of_a_longer_or_shorter_one(watcher: Watcher) -> None:
    from tests.rtcc_analytics.lpr.conftest import write_plates

    plates = ["W4N7E2D", "W4N7E2", "A1", "ЯB1", "Z9"]
    write_plates(watcher.store, "hotlist_entries", pd.DataFrame({"list_name": "L", "plate": plates}), source="l")
    watcher.refresh()

    def found(*asked: str) -> list[str]:
        return sorted(watcher._listed(list(asked))["plate"].to_pylist())

    assert found("W4N7E2D") == ["W4N7E2D", "W4N7E2D"] and found("W4N7E2", "ЯB1", "A2", "A1") == ["A1", "W4N7E2", "ЯB1"]
    assert found() == found("W4N7", "Z99", "0", "ЯB2") == []
    put(watcher.spool, "flock_reads", body("W4N7E2DX"), suffix=".json")
    assert watcher.once().alerts == 0


def test_a_list_taken_back_alerts_no_more(watcher: Watcher) -> None:
    watcher.refresh()
    loads = watcher.store.loads().query("table_name == 'hotlist_entries'")
    with pytest.warns(UserWarning, match="are gone"):
        watcher.store.undo(int(loads["load_id"].iloc[0]), "sightings")
    assert watcher.refresh(every_s=0.0)
    put(watcher.spool, "flock_reads", body("W4N7E2D"), suffix=".json")
    assert watcher.match().alerts == 0


def test_alerts_are_taken_up_and_closed_once(watcher: Watcher) -> None:
    put(watcher.spool, "flock_reads", body("W4N7E2D", "M1S5I6N"), suffix=".json")
    watcher.once()
    first, second = held(watcher.store)["alert_id"]
    alerting.acknowledge(watcher.store, first)
    with pytest.raises(LprError, match="taken up already"):
        alerting.acknowledge(watcher.store, first)
    alerting.close(watcher.store, first, disposition="misread")
    alerting.close(watcher.store, second, disposition="verified", note="stopped and checked")
    for bad, message in (({"disposition": "gone"}, "no disposition"), ({"disposition": "other"}, "needs a note")):
        with pytest.raises(LprError, match=message):
            alerting.close(watcher.store, first, **bad)
    with pytest.raises(LprError, match="no alert"):
        alerting.acknowledge(watcher.store, "nope")
    with watcher.store.sightings(PURPOSE) as sightings:
        [counts] = alerting.hit_counts(sightings).to_dict("records")
    assert (counts["alerts"], counts["verified"], counts["false_hits"], counts["false_share"]) == (2, 1, 1, 0.5)


@pytest.fixture
def address(watcher: Watcher) -> Iterator[tuple[str, int]]:
    """A running webhook."""
    server = webhook(watcher.spool, token=TOKEN, profiles=("flock_reads",), port=0, most_spool=20_000)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[:2]
    server.shutdown()
    server.server_close()


def post(address: tuple[str, int], content: bytes, *, path: str = "/flock_reads", **headers: str) -> int:
    connection = http.client.HTTPConnection(*address, timeout=10)
    given = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    connection.putrequest("POST", path)
    for name, value in given.items():
        connection.putheader(name, value)
    if "Content-Length" not in given:
        connection.putheader("Content-Length", str(len(content)))
    connection.endheaders()
    connection.send(content)
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_webhook_takes_what_it_should_and_nothing_else(watcher: Watcher, address: tuple[str, int]) -> None:
    good = body("W4N7E2D")
    assert post(address, good, Authorization="Bearer wrong") == 401
    assert post(address, good, Authorization="") == 401
    assert post(address, good, path="/../secrets") == 404
    assert post(address, good, Content_Type="application/zip") == 415
    assert [post(address, b"", Content_Length=odd) for odd in ("0", "\u00b2", "-1", "1_0", "9" * 5000)] == [411] * 5
    assert post(address, b"", Content_Length=str(100_000_000)) == 413
    assert not list(watcher.spool.glob("*/*"))
    assert post(address, good) == 202
    assert watcher.once().alerts == 1 and MOST_BODY < 100_000_000


def test_a_burst_is_queued_or_refused_and_nothing_taken_is_lost(watcher: Watcher, address: tuple[str, int]) -> None:
    plates = [f"B{n:03d}X{n % 10}Y" for n in range(120)]
    statuses: list[int] = []

    def send(some: list[str]) -> None:
        statuses.extend(post(address, body(plate)) for plate in some)

    threads = [threading.Thread(target=send, args=(plates[k::6],)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {202, 503} and len(statuses) == 120
    stored = 0
    while (done := watcher.once()).files:
        stored += done.reads
    assert stored == statuses.count(202)


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LprError, match="at least 16"):
        webhook(tmp_path, token="short", profiles=(), port=0)


@pytest.mark.parametrize(
    ("name", "words"), [("nosuch", "nosuch"), ("../x", "no profile's name"), ("places_csv", "fills places")]
)
def test_a_profile_that_fills_no_reads_is_refused_at_the_start(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(RtccError, match=words):
        webhook(tmp_path, token=TOKEN, profiles=("flock_reads", name), port=0)
