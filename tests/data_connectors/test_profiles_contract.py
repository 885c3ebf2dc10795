"""What every profile in the folder must hold, shipped today or added tomorrow."""

from __future__ import annotations

import tomllib
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from data_connectors.layouts import choose_layout, require_columns
from data_connectors.mapping import FOLDED, LAT, LON, compile_mapping
from data_connectors.normalise import plates, times
from data_connectors.profile import PROFILES, Layout, Profile, profile_names
from data_connectors.readers import READERS, LoadError, SourceFile, reader_for
from data_connectors.readers.credentials import is_secret
from rtcc_analytics.offenses import NIBRS_NAMES

# Worked out from other columns or always said, whatever the profile maps.
ALWAYS = {"location_quality", "time_quality", "reported_precision", "offense", "offense_count"}
DERIVED = {"plate": "plate_raw", "plate_folded": "plate_raw", "day": "captured_at"}
LAYOUTS = [(name, layout.name) for name in profile_names() for layout in Profile.named(name).layouts]


def layout_of(name: str, layout: str) -> tuple[Profile, Layout]:
    profile = Profile.named(name)
    return profile, next(one for one in profile.layouts if one.name == layout)


def raw_columns(profile: Profile, layout: Layout) -> list[str]:
    """A file's columns as the reader hands them on: those the layout reads, and what an unpivot makes them from."""
    made = {profile.unpivot.name, profile.unpivot.value} if profile.unpivot else set()
    wide = profile.unpivot.columns if profile.unpivot else ()
    names = [c for c in layout.raw_columns if c not in made]
    return list(dict.fromkeys([*layout.when, *names, *wide, *(skip.column for skip in profile.skips)]))


def run(profile: Profile, layout: Layout, columns: list[str], values: list[str | None]) -> list[dict[str, object]]:
    """The mapping of one row for each value, which every column of the row says."""
    connection = duckdb.connect()
    n = len(values)
    rows = {c: pa.array(values, pa.string()) for c in columns}
    rows |= {"_line": pa.array(range(n)), "_file_name": pa.array(["f.csv"] * n), "_file_hash": pa.array(["0"] * n)}
    rows |= {name: pa.nulls(n, pa.float64()) for name in (LON, LAT)} | {FOLDED: pa.nulls(n, pa.string())}
    statement = compile_mapping(profile, layout, columns)
    connection.register("raw_rows", pa.table(rows))
    codes = plates.region_codes()
    connection.register("region_codes", pa.table({"key": list(codes), "code": list(codes.values())}))
    for alias, zone in statement.zones.items():
        connection.register(alias, times.zone_days(zone))
    made = connection.execute(statement.sql, statement.parameters).to_arrow_table().to_pylist()
    return sorted(made, key=lambda row: row["line"])


@pytest.mark.parametrize("name", profile_names())
def test_says_what_it_is_and_what_it_rests_on(name: str, root: Path) -> None:
    profile = Profile.named(name)
    document = tomllib.loads((PROFILES / f"{name}.toml").read_text(encoding="utf-8"))
    assert document["name"] == profile.name == name
    assert len(profile.title) > 10
    assert len(profile.evidence) > 10
    assert profile.reader.format in READERS
    pages = "".join((root / "docs" / page).read_text(encoding="utf-8") for page in ("feeds.md", "simulated_county.md"))
    assert f"`{name}`" in pages or name.startswith("simulated_"), f"docs/feeds.md does not list {name}"


@pytest.mark.parametrize("name", profile_names())
def test_simulated_feeds_say_so(name: str) -> None:
    profile = Profile.named(name)
    assert name.startswith("simulated_") == ("SIMULATED" in profile.title) == profile.source.startswith("simulated_")


@pytest.mark.parametrize("name", profile_names())
def test_offenses_are_known_codes(name: str) -> None:
    profile = Profile.named(name)
    for layout in profile.layouts:
        spec = layout.columns.get("offense")
        if spec and spec.crosswalk:
            assert profile.crosswalks[spec.crosswalk].results <= set(NIBRS_NAMES)
            assert profile.crosswalks[spec.crosswalk].results


@pytest.mark.parametrize("name", profile_names())
def test_every_crosswalk_is_used(name: str) -> None:
    profile = Profile.named(name)
    used = {spec.crosswalk for layout in profile.layouts for spec in layout.columns.values()}
    assert set(profile.crosswalks) <= used


@pytest.mark.parametrize(("name", "layout"), LAYOUTS)
def test_required_columns_are_produced(name: str, layout: str) -> None:
    profile, chosen = layout_of(name, layout)
    mapped = {*chosen.columns, *chosen.times} | ({"lon", "lat"} if chosen.location else set())
    for column in profile.table.columns:
        if column.required:
            source = DERIVED.get(column.name, column.name)
            assert source in mapped or source in ALWAYS, f"{profile.table.name}.{column.name} comes from nowhere"
    assert set(mapped) <= {c.name for c in profile.table.columns}


@pytest.mark.parametrize(("name", "layout"), LAYOUTS)
def test_compiles_and_runs_on_a_file_with_its_columns(name: str, layout: str) -> None:
    profile, chosen = layout_of(name, layout)
    given = raw_columns(profile, chosen)
    assert choose_layout(profile, given, "f.csv").name == layout
    require_columns(profile, chosen, given, "f.csv")
    columns = [c for c in given if not (profile.unpivot and c in profile.unpivot.columns)]
    columns += [profile.unpivot.name, profile.unpivot.value] if profile.unpivot else []
    values = [None, "", "x", "0", "2024-01-31", "'; DROP TABLE raw_rows; --"]
    made = run(profile, chosen, columns, values)
    assert len(made) == len(values)
    assert {c.name for c in profile.table.columns} <= set(made[0])
    blank = compile_mapping(profile, chosen, columns).blank
    assert not any(row[name] is not None for row in made for name in blank), "a column said to be blank is not"
    if any(profile.table.column(time).required for time in chosen.times):
        assert made[0]["fault"] and made[1]["fault"], "a row without its required time is refused"
    if profile.table.lake == "sightings":
        assert not any(row["fault_value"] for row in made), "a fault of plate data shows no value"


@pytest.mark.parametrize(("name", "layout"), LAYOUTS)
def test_what_no_column_of_the_file_fills_is_known_to_be_blank(name: str, layout: str) -> None:
    """Without its optional columns, and without any: what is said to be blank is, so that it need not be held."""
    profile, chosen = layout_of(name, layout)
    given = raw_columns(profile, chosen)
    for columns in ([c for c in given if c not in profile.optional], []):
        blank = compile_mapping(profile, chosen, columns).blank
        made = run(profile, chosen, columns, [None, "", "x", "0", "2024-01-31"])
        assert not any(row[column] is not None for row in made for column in blank)


@pytest.mark.parametrize(("name", "layout"), LAYOUTS)
def test_a_renamed_column_is_missed(name: str, layout: str) -> None:
    """Each column that is not optional is asked for: no profile goes quietly blank when its source changes."""
    profile, chosen = layout_of(name, layout)
    given = raw_columns(profile, chosen)
    needed = [c for c in chosen.raw_columns if c in given and c not in (*profile.optional, *profile.drop, *chosen.when)]
    for column in needed:
        with pytest.raises(LoadError, match="is not in the file") as caught:
            require_columns(profile, chosen, [c for c in given if c != column], "f.csv")
        assert column in str(caught.value)


@pytest.mark.parametrize("name", profile_names())
def test_nothing_secret_is_mapped(name: str) -> None:
    profile = Profile.named(name)
    for layout in profile.layouts:
        assert not set(layout.raw_columns) & set(profile.drop)
        assert not [c for c in layout.raw_columns if is_secret(c)]


@pytest.mark.parametrize("name", [n for n in profile_names() if Profile.named(n).drop])
def test_dropped_columns_never_leave_the_reader(name: str, tmp_path: Path) -> None:
    profile = Profile.named(name)
    assert profile.reader.format == "delimited", "another format needs a file of its own here"
    header = [*raw_columns(profile, profile.layouts[0]), *profile.drop]
    path = tmp_path / "feed.csv"
    rows = [header, ["hunter2" if c in profile.drop else "1" for c in header], ["hunter2"]]
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    for batch in reader_for("delimited")(SourceFile(path), profile.reader):
        assert not set(batch.columns.column_names) & set(profile.drop)
        assert "hunter2" not in str(batch.columns.to_pylist())
        assert batch.rejects
        assert "hunter2" not in str(batch.rejects)


@pytest.mark.parametrize("name", profile_names())
def test_local_times_have_a_zone(name: str) -> None:
    profile = Profile.named(name)
    for layout in profile.layouts:
        for time, spec in layout.times.items():
            whole = spec.stamped in ("utc", "epoch_s", "epoch_ms")
            assert whole or spec.timezone or profile.timezone, f"{time} is on a wall clock without a zone"


def test_sources_are_shared_only_by_profiles_of_one_table() -> None:
    tables: dict[str, set[str]] = {}
    for name in profile_names():
        profile = Profile.named(name)
        tables.setdefault(f"{profile.table.name}.{profile.source}", set()).add(profile.strategy)
    assert all(len(strategies) == 1 for strategies in tables.values())
