"""JSON and NDJSON: every shape a feed comes in, and every way it comes broken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_connectors.readers import LoadError
from data_connectors.readers.records import flatten


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ('[{"a": 1}, {"b": "x"}]', [{"a": "1", "b": None}, {"a": None, "b": "x"}]),
        ('{"results": [{"a": 1}], "totalItems": 1}', [{"a": "1"}]),
        ('{"a": 1, "b": {"c": null, "d": false}}', [{"a": "1", "b.c": None, "b.d": "false"}]),
        ('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"a": 1}, "geometry": null}]}',
         [{"a": "1", "geometry": None}]),
        ('{"fields": [{"name": "A"}], "features": [{"attributes": {"A": 7}, "geometry": {"x": -73.5, "y": 41.5}}]}',
         [{"A": "7", "geometry.x": "-73.5", "geometry.y": "41.5"}]),
        ('{"a": 1}\n{"a": 2}\n', [{"a": "1"}, {"a": "2"}]),
        ("[]", []),
    ],
)  # fmt: skip
def test_a_shape_is_understood_without_being_told(read: Callable, content: str, rows: list[dict]) -> None:
    assert read("a.json", content, "json").rows == rows


def test_lists_stay_json_and_numbers_stay_as_written(read: Callable) -> None:
    content = '[{"id": 12345678901234567890, "x": 41.5168886, "tags": ["a", {"b": 1}]}]'
    [row] = read("a.json", content, "json").rows
    assert row["id"] == "12345678901234567890"
    assert row["x"] == "41.5168886"
    assert json.loads(row["tags"]) == ["a", {"b": 1}]


def test_a_record_path_finds_the_list_and_a_wrong_one_is_told(read: Callable) -> None:
    content = '{"meta": {"a": 1}, "data": {"items": [{"id": 1}], "old": []}}'
    assert read("a.json", content, "json", record_path="data.items").rows == [{"id": "1"}]
    with pytest.raises(LoadError, match="record_path 'data.rows': no 'rows' among items, old"):
        read("a.json", content, "json", record_path="data.rows")
    with pytest.raises(LoadError, match="'meta' is an object, not a list"):
        read("a.json", content, "json", record_path="meta")


def test_records_that_are_no_objects_are_rejected_with_their_number(read: Callable) -> None:
    got = read("a.json", '[{"a": 1}, 7, "x", [1], null, {"a": 2}]', "json")
    assert got.lines == [1, 6]
    assert [(r.line, r.reason) for r in got.rejects] == [
        (2, "the record is a number, not an object"), (3, "the record is text, not an object"),
        (4, "the record is a list, not an object"), (5, "the record is null, not an object"),
    ]  # fmt: skip


def test_a_broken_line_costs_that_line_only(read: Callable) -> None:
    got = read("a.ndjson", '{"a": 1}\n{"a": \n\n{"a": 3}\n', "ndjson")
    assert (got.lines, [r.line for r in got.rejects]) == ([1, 4], [2])
    assert got.rejects[0].raw == '{"a":'


def test_ndjson_given_as_json_keeps_its_lines(read: Callable) -> None:
    assert read("a.json", '{"a": 1}\n\n{"a": 2}', "json").lines == [1, 3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"a": 1}, {"a"', "line 1: the JSON ends in the middle of a record. Download or export it again."),
        ('[{"a": 1},\n{"a": "x', "line 2: the JSON ends in the middle of a record"),
        ('[{"a": 1} {"a": 2}]', "line 1: not JSON"),
        ("Date,Time\n1,2\n", "line 1: not JSON"),
        ('{"a": [{"x": 1}], "b": [{"x": 1}]}', "holds several lists: a, b"),
        ('"just text"', "is text, not records"),
        ("   \n ", "the file is blank"),
        ("", "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_read_names_line_and_remedy(read: Callable, content: str, said: str) -> None:
    with pytest.raises(LoadError, match=said):
        read("feed.json", content, "json")


def test_a_truncated_archive_is_named(read: Callable) -> None:
    whole = gzip.compress(json.dumps([{"a": n} for n in range(5000)]).encode())
    for format in ("json", "ndjson"):
        with pytest.raises(LoadError, match="damaged or cut short"):
            read("a.json.gz", whole[: len(whole) // 2], format)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
@pytest.mark.parametrize("format", ["json", "ndjson"])
def test_other_encodings_are_read(read: Callable, encoding: str, format: str) -> None:
    content = '{"street": "Rue Saint-André"}' if format == "ndjson" else '[{"street": "Rue Saint-André"}]'
    assert read("a.json", content.encode(encoding), format).rows == [{"street": "Rue Saint-André"}]


def test_a_nesting_bomb_is_refused(read: Callable) -> None:
    with pytest.raises(LoadError, match="nested too deeply"):
        read("a.json", "[" * 100_000 + "]" * 100_000, "json")


def test_a_number_of_too_many_digits_is_refused(read: Callable) -> None:
    with pytest.raises(LoadError, match="more digits than can be read"):
        read("a.json", '[{"id": ' + "9" * 6000 + "}]", "json")
    found = read("a.ndjson", '{"id": ' + "9" * 6000 + '}\n{"id": 1}\n', "ndjson")
    assert found.rows == [{"id": "1"}] and "digits" in found.rejects[0].reason


def test_sensitive_values_go_wherever_they_stand(read: Callable) -> None:
    content = json.dumps([
        {"id": 1, "caller": {"phone": "845-555-0100", "city": "Beacon"}, "log": [{"Phone": "845-555-0100", "n": 1}]},
    ])  # fmt: skip
    got = read("a.json", content, "json", drop=("phone",))
    assert "0100" not in json.dumps(got.rows)
    assert got.rows[0]["caller.city"] == "Beacon"
    broken = read("a.ndjson", '{"id": 1}\n{"phone": "845-555-0100", \n', "ndjson", drop=("phone",))
    assert "0100" not in str(broken.rejects)


def test_half_a_surrogate_pair_does_not_stop_the_load(read: Callable) -> None:
    assert read("a.json", '[{"a": "x\\ud800y", "b": "ok"}]', "json").rows == [{"a": "x?y", "b": "ok"}]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1).filter(lambda key: "." not in key), json_values, max_size=5))
def test_flattening_loses_no_value_and_drops_by_name(record: dict) -> None:
    flat = flatten(record)
    assert all(value is None or isinstance(value, str) for value in flat.values())
    for key, value in record.items():
        if not isinstance(value, dict):
            assert key in flat
            if isinstance(value, str):
                assert flat[key] == value
            elif isinstance(value, list):
                assert json.loads(flat[key]) == value
            elif isinstance(value, float):
                assert float(flat[key]) == value
    assert flatten(record, drop=list(record)) == {}
