"""Hotlists: Genetec text, fixed width by a written layout, Flock entries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from data_connectors.readers import LoadError
from data_connectors.readers.fixed_width import Layout

LINES = [
    ("Stolen", "NY", "ABC1234", "2026-01-31", "2026-05-31"), ("Stolen", "", "XYZ9876", "", ""),
    ("Amber", "NJ", "DEF228", "2026-01-31", "2026-05-31", "Permit_1"),
]  # fmt: skip


@pytest.mark.parametrize("delimiter", [";", ",", ":", "\t"])
def test_every_delimiter_of_the_vendor_gives_the_same_entries(read: Callable, delimiter: str) -> None:
    content = "\r\n".join(delimiter.join(line) for line in LINES)
    got = read("list.txt", content, "genetec", delimiter=delimiter)
    assert [(r["Category"], r["PlateState"], r["PlateNumber"], r["ExpiryDate"], r["PermitID"]) for r in got.rows] == [
        ("Stolen", "NY", "ABC1234", "2026-05-31", None), ("Stolen", None, "XYZ9876", None, None),
        ("Amber", "NJ", "DEF228", "2026-05-31", "Permit_1"),
    ]  # fmt: skip


@pytest.mark.parametrize(("used", "name"), [(",", "comma"), ("\t", "tab"), (":", "colon")])
def test_a_wrong_delimiter_is_named_with_the_right_one(read: Callable, used: str, name: str) -> None:
    content = "\n".join(used.join(line[:5]) for line in LINES)
    with pytest.raises(LoadError, match=rf"line 1: no semicolon in the first 3 lines, while {name}s give 5 fields"):
        read("list.txt", content, "genetec")


def test_a_file_that_is_no_delimited_list_is_refused(read: Callable) -> None:
    with pytest.raises(LoadError, match="no semicolon .* where 6 attributes are expected"):
        read("list.txt", "NYABC1234   20260131\nNJDEF228    20260131\n", "genetec")


def test_a_header_says_the_attributes_and_their_order(read: Callable) -> None:
    got = read("list.txt", "PlateNumber;VIN;Category\nABC1234;V1;Stolen\n", "genetec")
    assert got.rows == [{"PlateNumber": "ABC1234", "VIN": "V1", "Category": "Stolen"}]
    assert got.lines == [2]


def test_too_many_fields_are_rejected_with_both_counts(read: Callable) -> None:
    got = read("list.txt", "A;NY;ABC1234\nA;NY;ABC1234;;;;;x\n", "genetec")
    assert (got.lines, got.rejects[0].reason) == ([1], "8 fields where 6 attributes are expected")


def test_other_alphabets_survive(read: Callable) -> None:
    got = read("list.txt", "Разыскивается;ЕУ;А123ВС77;2026-01-31\nDiebstahl;DE;BÖ-AB 12\n".encode(), "genetec")
    assert [r["PlateNumber"] for r in got.rows] == ["А123ВС77", "BÖ-AB 12"]


LAYOUT = """
record_length = 24
[[field]]
name = "PlateState"
start = 1
length = 2
[[field]]
name = "PlateNumber"
start = 3
length = 10
[[field]]
name = "EffectiveDate"
start = 15
length = 8
"""


def test_fields_are_cut_by_a_layout_file(read: Callable, tmp_path: Path) -> None:
    (tmp_path / "layout.toml").write_text(LAYOUT)
    content = "NYABC1234   xx20260131yy\nNJDEF228    xx        yy\n\nNYSHORT\n" + "X" * 30 + "\n"
    got = read("list.txt", content, "fixed_width", layout=str(tmp_path / "layout.toml"))
    assert got.rows == [
        {"PlateState": "NY", "PlateNumber": "ABC1234", "EffectiveDate": "20260131"},
        {"PlateState": "NJ", "PlateNumber": "DEF228", "EffectiveDate": None},
    ]
    assert [(r.line, r.reason) for r in got.rejects] == [
        (4, "the record has 7 characters, the layout says 24"), (5, "the record has 30 characters, the layout says 24"),
    ]  # fmt: skip


def test_characters_are_counted_not_bytes(read: Callable) -> None:
    fields = [{"name": "Plate", "start": 1, "length": 4}, {"name": "Note", "start": 5, "length": 3}]
    assert read("l.txt", "BÖ12é b\n".encode(), "fixed_width", field=fields).rows == [{"Plate": "BÖ12", "Note": "é b"}]
    assert read("l.txt", "BÖ12é b\n".encode("cp1252"), "fixed_width", field=fields).rows[0]["Plate"] == "BÖ12"
    mainframe = read("l.txt", "AB12x y\n".encode("cp037"), "fixed_width", field=fields, encoding="cp037")
    assert mainframe.rows[0]["Note"] == "x y"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "the layout names no field"),
        ({"field": [{"name": "A", "start": 0, "length": 2}]}, "not a field of a layout"),
        ({"field": [{"name": "A", "start": 1}]}, "not a field of a layout"),
        ({"field": [{"name": "A", "start": 1, "length": 5}, {"name": "B", "start": 4, "length": 2}]},
         "fields overlap: 'A' ends at 5, 'B' starts at 4"),
        ({"record_length": 3, "field": [{"name": "A", "start": 1, "length": 5}]},
         "record_length is 3, but 'A' ends at 5"),
    ],
)  # fmt: skip
def test_a_layout_that_cannot_be_says_why(spec: dict, said: str) -> None:
    with pytest.raises(LoadError, match=said):
        Layout.of(spec, "layout.toml")


def test_a_fixed_width_file_without_a_layout_says_how_to_write_one(read: Callable, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"needs a layout.*\[\[field\]\]"):
        read("l.txt", "x\n", "fixed_width")
    with pytest.raises(LoadError, match="no such layout file"):
        read("l.txt", "x\n", "fixed_width", layout=str(tmp_path / "none.toml"))


ENTRY = {"id": "e1", "plate": "ABC1234", "reason": "Burglary", "caseNumber": "26-1", "state": "new_york",
         "expiry": "2026-12-31T00:00:00Z", "note": {"message": "call the desk"}}  # fmt: skip


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"id": "h", "name": "Cars", "entries": [ENTRY]}, ["Cars"]),
        ({"entries": [ENTRY], "totalResults": 1}, ["given"]),
        ([{"name": "Cars", "entries": [ENTRY]}, {"name": "Vans", "entries": [ENTRY, ENTRY]}], ["Cars", "Vans", "Vans"]),
        ([ENTRY], ["given"]),
    ],
)
def test_flock_hotlists_in_each_shape(read: Callable, document: object, names: list[str]) -> None:
    got = read("list.json", json.dumps(document), "flock_entries", list_name="given")
    assert [row["list_name"] for row in got.rows] == names
    first = got.rows[0]
    assert (first["plate"], first["note"], first["case_number"]) == ("ABC1234", "call the desk", "26-1")
