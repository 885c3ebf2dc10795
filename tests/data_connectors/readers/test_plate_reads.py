"""Plate reads in the vendors' shapes; every plate, place and person here is invented."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

READ = {
    "id": "r-1", "capturedAt": "2026-01-02T03:04:05.123Z",
    "device": {"id": "d-1", "type": "camera", "name": "Main @ Market NB",
               "location": {"name": "Main St", "latitude": 41.7, "longitude": -73.92},
               "network": {"id": "n-1", "name": "Invented PD"}},
    "plate": {"plate": "ABC1234", "confidence": 0.93}, "state": {"state": "new_york", "confidence": 0.88},
    "link": "https://share.example.com/lookup/1",
}  # fmt: skip
HIT = {
    "deviceLat": 41.71, "deviceLong": -73.93, "deviceName": "Main @ Market NB", "deviceExternalId": "d-1",
    "networkName": "Invented PD", "networkExternalId": "n-1", "objectId": "r-2", "eventTime": "2026-11-01T05:30:00Z",
    "imageUrl": "https://bucket.example.com/x.jpg?signature=s3cr3t", "imageExpiration": "2026-11-02T05:30:00Z",
    "detailsUrl": "https://example.com/d", "ocr": {"label": "XYZ9876", "labelConfidence": 0.9, "state": "NY"},
    "sources": [{"name": "NCIC", "reason": "Stolen Vehicle"},
                {"name": "Own list", "reason": "Burglary", "caseNumber": "26-1"}],
}  # fmt: skip


def test_flock_reads_and_hits_have_the_same_columns(read: Callable) -> None:
    page = read("page.json", json.dumps({"results": [READ], "totalItems": 1, "nextPageId": "p2"}), "flock")
    hit = read("hit.json", json.dumps(HIT), "flock")
    assert page.columns == hit.columns
    assert page.rows[0] == {
        "read_id": "r-1", "captured_at": "2026-01-02T03:04:05.123Z", "plate": "ABC1234", "confidence": "0.93",
        "state": "new_york", "state_confidence": "0.88", "camera_id": "d-1", "camera_name": "Main @ Market NB",
        "lat": "41.7", "lon": "-73.92", "network": "Invented PD", "sources": None, "shape": "read",
    }  # fmt: skip
    assert (hit.rows[0]["plate"], hit.rows[0]["state"], hit.rows[0]["shape"]) == ("XYZ9876", "NY", "hit")
    assert (hit.rows[0]["lon"], hit.rows[0]["lat"]) == ("-73.93", "41.71")


def test_a_hit_of_two_hotlists_is_one_passage(read: Callable) -> None:
    [row] = read("hit.json", json.dumps(HIT), "flock").rows
    assert [source["name"] for source in json.loads(row["sources"])] == ["NCIC", "Own list"]


def test_a_hit_without_a_plate_is_rejected_and_no_signed_address_is_kept(read: Callable) -> None:
    lines = [*map(json.dumps, [HIT, {**HIT, "ocr": None}, {"hello": 1}]), "{broken imageUrl s3cr3t"]
    got = read("log.ndjson", "\n".join(lines), "flock")
    assert got.lines == [1]
    assert [(r.line, r.reason.split(" (")[0].split(":")[0]) for r in got.rejects] == [
        (2, "no plate was read"), (3, "neither a read"), (4, "not JSON"),
    ]  # fmt: skip
    assert "ocr is null" in got.rejects[0].reason
    assert got.rejects[0].raw["camera_id"] == "d-1"
    assert "s3cr3t" not in str(got)


GROUP = {
    "data_type": "alpr_group", "version": 4, "epoch_start": 1767322800123, "epoch_end": 1767322801000,
    "camera_id": 1234, "agent_uid": "AGENT", "gps_latitude": 41.7, "gps_longitude": -73.9,
    "best_plate_number": "ABC1234",
    "best_confidence": 92.94, "best_region": "us-ny", "best_region_confidence": 57.2, "best_uuid": "AGENT-1234-1",
    "best_plate": {"plate": "ABC1234", "confidence": 92.94, "region": "us-ny"}, "travel_direction": 187.4,
    "is_parked": False, "is_preview": False, "vehicle_crop_jpeg": "AAAA" * 1000,
    "candidates": [{"plate": "A8C1234", "confidence": 80.1, "matches_template": 0},
                   {"plate": "ABC1234", "confidence": 92.94, "matches_template": 1},
                   {"plate": "ABCI234", "confidence": 84.0, "matches_template": 0}],
    "vehicle": {"color": [{"name": "silver-gray", "confidence": 40.0}, {"name": "black", "confidence": 59.0}],
                "make": [{"name": "honda", "confidence": 90.0}],
                "make_model": [{"name": "honda_civic", "confidence": 80.0}],
                "body_type": [], "year": [{"name": "2015-2019", "confidence": 60.0}]},
    "web_server_config": {"camera_label": "North lot", "agent_label": "HQ"},
}  # fmt: skip


def test_rekor_takes_the_likeliest_and_keeps_the_other_readings_best_first(read: Callable) -> None:
    [row] = read("g.json", json.dumps(GROUP), "rekor").rows
    assert (row["plate"], row["confidence"], row["region"]) == ("ABC1234", "92.94", "us-ny")
    assert json.loads(row["candidates"]) == ["ABCI234", "A8C1234"]
    assert (row["color"], row["make"], row["make_model"], row["body_type"]) == ("black", "honda", "honda_civic", None)
    assert (row["epoch_start_ms"], row["camera_id"], row["direction_deg"]) == ("1767322800123", "1234", "187.4")
    assert (row["is_parked"], row["camera_name"]) == ("false", "North lot")


@pytest.mark.parametrize("shape", ["object", "array", "lines"])
def test_rekor_comes_in_three_shapes(read: Callable, shape: str) -> None:
    groups = [GROUP] if shape == "object" else [GROUP, {**GROUP, "best_uuid": "AGENT-1234-2"}]
    content = {
        "object": json.dumps(GROUP, indent=2), "array": json.dumps(groups),
        "lines": "\n".join(map(json.dumps, groups)) + "\n",
    }[shape]  # fmt: skip
    assert [row["read_id"] for row in read("g.json", content, "rekor").rows] == [g["best_uuid"] for g in groups]


def test_rekor_counts_what_is_no_read_and_rejects_what_is_unknown(read: Callable) -> None:
    log = [
        GROUP, {**GROUP, "is_preview": True}, {"data_type": "heartbeat", "video_streams": [{"camera_id": 1, "fps": 9}]},
        {"data_type": "heartbeat"}, {"data_type": "alpr_results", "results": []}, {"data_type": "weather"}, 5,
        {**GROUP, "best_plate_number": "", "best_plate": {}, "candidates": []},
    ]  # fmt: skip
    got = read("log.ndjson", "\n".join(map(json.dumps, log)), "rekor")
    assert got.lines == [1]
    assert [r.line for r in got.rejects] == [6, 7, 8]
    assert "data_type is 'weather'" in got.rejects[0].reason
    counted = [note.split(" passed")[0] for note in got.notes]
    assert counted == ["1 preview groups", "2 heartbeat records", "1 alpr_results"]


def test_an_older_rekor_group_is_understood(read: Callable) -> None:
    old = {
        "version": 1, "site_id": "SITE", "camera_id": 7, "epoch_start": 1767322800000, "best_confidence": 88.5,
        "best_plate": {"plate": "XYZ9876", "confidence": 88.5},
        "candidates": [{"plate": "XYZ9876", "confidence": 88.5}],
    }  # fmt: skip
    [row] = read("g.json", json.dumps(old), "rekor").rows
    assert (row["plate"], row["confidence"], row["agent"], row["lat"]) == ("XYZ9876", "88.5", "SITE", None)


PR_HEADER = (
    "timestamp,plate,score,dscore,file,box,model_make,color,vehicle,region,orientation,candidates,source_url,"
    "position_sec,direction\n"
)


def pr_line(**cells: str) -> str:
    told = {
        "timestamp": "2026-10-27 06:20:43.970337+00:00", "plate": "abc1234", "score": "0.781", "dscore": "0.441",
        "file": "/camera-1_screenshots/26-10-27/06-20-43.jpg", "box": "{'xmin': 847, 'ymin': 80}",
        "model_make": "[{'make': 'Opel', 'model': 'Corsa', 'score': 0.006}, "
                      "{'make': 'Ford', 'model': 'F-150', 'score': 0.4}]",
        "color": "[{'color': 'white', 'score': 0.672}]", "vehicle": "{'score': 0.267, 'type': 'Big Truck'}",
        "region": "{'code': 'us-ny', 'score': 0.9}", "orientation": "[{'orientation': 'Front', 'score': 0.6}]",
        "candidates": "[{'plate': 'abc1234'}, {'plate': 'a8c1234'}]",
        "source_url": "rtsp://admin:hunter2@10.0.0.9/stream7", "position_sec": "4", "direction": "90", **cells,
    }  # fmt: skip
    return ",".join('"' + value.replace('"', '""') + '"' for value in told.values()) + "\n"


def test_plate_recognizer_cells_are_taken_apart(read: Callable) -> None:
    [row] = read("out.csv", PR_HEADER + pr_line(), "plate_recognizer").rows
    assert (row["make"], row["model"], row["color"], row["body_type"]) == ("Ford", "F-150", "white", "Big Truck")
    assert (row["region"], row["camera_id"], json.loads(row["candidates"])) == ("us-ny", "camera-1", ["a8c1234"])
    assert (row["plate"], row["timestamp"]) == ("abc1234", "2026-10-27 06:20:43.970337+00:00")


def test_plate_recognizer_passes_no_stream_password_on(read: Callable) -> None:
    content = PR_HEADER + pr_line(file="x.jpg") + pr_line() + "one,two\n"
    got = read("out.csv", content, "plate_recognizer")
    assert [row["camera_id"] for row in got.rows] == ["stream7", "camera-1"]
    assert [reject.line for reject in got.rejects] == [4]
    assert "hunter2" not in str(got)


def test_plate_recognizer_executes_nothing_and_counts_what_it_cannot_read(read: Callable) -> None:
    evil = "__import__('os').system('touch /tmp/never')"
    got = read("out.csv", PR_HEADER + pr_line(region=evil, color="[{'color': 'red'") + pr_line(), "plate_recognizer")
    assert [row["region"] for row in got.rows] == [None, "us-ny"]
    assert got.rows[0]["plate"] == "abc1234"
    assert got.notes == ["2 nested cells could not be read and are left empty"]


SYNONYMS = {"plate": ["plate", "tag", "lp"], "read_time": ["timestamp", "read time"], "confidence": ["conf", "score"]}


@pytest.mark.parametrize(
    ("values", "shares", "scale"),
    [
        (["0.93", "1", ""], ["0.93", "1", None], "0-1, as it stands"),
        (["93", "1", ""], ["0.93", "0.01", None], "0-100, divided by 100"),
        (["93%", "1 %", "n/a"], ["0.93", "0.01", "n/a"], "0-100, divided by 100"),
        (["1", "0", "1"], ["1", "0", "1"], "0-1, as it stands"),
    ],
)
def test_confidence_comes_on_one_scale_decided_by_the_whole_file(
    read: Callable, values: list[str], shares: list[str | None], scale: str
) -> None:
    content = "Tag,Read Time,CONF\n" + "".join(f"ABC{n}234,2026-01-02 03:04:05,{v}\n" for n, v in enumerate(values))
    got = read("reads.csv", content, "synonyms", synonyms=SYNONYMS, share=["confidence"])
    assert [row["confidence"] or None for row in got.rows] == shares
    assert f"confidence is on the scale {scale}" in got.notes
    assert "'Tag' read as plate" in got.notes


def test_a_header_that_already_bears_the_name_is_set_apart(read: Callable) -> None:
    got = read("reads.csv", "plate,tag\nNEW1234,OLD1234\n", "synonyms", synonyms={"plate": ["tag", "plate"]})
    assert got.rows == [{"plate (as headed)": "NEW1234", "plate": "OLD1234"}]


def test_columns_that_look_sensitive_leave_rejects_too(read: Callable) -> None:
    content = "Name,Pass Word,Lat\nGate,hunter2,41.7\nGate,hunter2\n"
    got = read("cams.csv", content, "synonyms", synonyms={"name": ["name"]}, drop_like=["password"])
    assert "hunter2" not in str(got)
    assert "left out as sensitive: Pass Word" in got.notes
