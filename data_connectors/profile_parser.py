"""A profile's TOML document to a `Profile`, naming the place of whatever is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data_connectors.profile import (
    OPEN_ZONE,
    PERIODS,
    STAMPS,
    ColumnSpec,
    Crosswalk,
    Layout,
    LocationSpec,
    Profile,
    ProfileError,
    Skip,
    TimeSpec,
    Unpivot,
    Window,
    meant,
)
from data_connectors.readers import ReaderOptions
from data_connectors.schemas import TABLES, TableSchema

_ENDS = ("reported_at", "occurred_to", "expires_at", "consent_expires_at")
_TOP = {"name", "title", "evidence", "table", "source", "agency", "version", "timezone", "bounds", "drop", "optional",
        "reader", "write", "columns", "time", "location", "crosswalk", "skip", "unpivot", "layout"}
_KINDS = ("crosswalk", "yes", "list", "constant", "first", "columns", "column", "number")
_SPEC = {*_KINDS, "join", "missing", "replace", "extract", "values", "pattern", "delimiter", "default", "scale"}
_TIME = {"column", "columns", "first", "date", "clock", "clock_digits", "formats", "stamped", "timezone", "missing",
         "edge", "extract", "report_date_where", "stand_in"}
_LOCATION = {"lon", "lat", "x", "y", "crs", "missing", "block"}
_LAYOUT = {"name", "when", "columns", "time", "location", "window"}
_WRITE = {"strategy", "window", "key", "duplicates"}


@dataclass(frozen=True)
class _Parser:
    """Turns the TOML document into a `Profile`, naming the place of whatever is wrong."""

    name: str

    def fail(self, where: str, problem: str) -> ProfileError:
        return ProfileError(f"profile {self.name}, {where}: {problem}")

    def keys(self, where: str, given: Mapping[str, Any], allowed: Iterable[str]) -> None:
        for key in given:
            if key not in set(allowed):
                raise self.fail(where, f"unknown key {key!r}{meant(key, allowed)} "
                                f"Known here: {', '.join(sorted(allowed))}")

    def profile(self, document: dict[str, Any], text: str) -> Profile:
        self.keys("top level", document, _TOP)
        for key in ("title", "table", "source"):
            if not document.get(key):
                raise self.fail("top level", f"{key!r} is missing")
        if document["table"] not in TABLES:
            raise self.fail("table", f"no table {document['table']!r}{meant(document['table'], TABLES)}")
        table = TABLES[document["table"]]
        write = document.get("write", {})
        self.keys("[write]", write, _WRITE)
        layouts = self.layouts(document, table)
        strategy = write.get("strategy", table.strategy)
        self._check_write(strategy, write, table, layouts)
        drop = tuple(document.get("drop", ()))
        skips = tuple(Skip(s["column"], tuple(map(str, s["values"])), s["why"]) for s in document.get("skip", ()))
        unpivot = document.get("unpivot")
        return Profile(
            name=self.name, title=document["title"], table=table, source=document["source"],
            version=int(document.get("version", 1)), timezone=self.zone("timezone", document.get("timezone")),
            agency=document.get("agency"), bounds=self.bounds(document.get("bounds")), drop=drop,
            optional=tuple(document.get("optional", ())), reader=self.reader(document.get("reader", {}), drop),
            strategy=strategy, key=() if strategy == "replace_window" else tuple(write.get("key", table.key)),
            duplicates=write.get("duplicates", "refuse"), layouts=layouts,
            crosswalks=self.crosswalks(document.get("crosswalk", {}), layouts), skips=skips,
            unpivot=Unpivot(tuple(unpivot["columns"]), unpivot["name"], unpivot["value"]) if unpivot else None,
            evidence=document.get("evidence", ""), text=text,
        )

    def _check_write(
        self, strategy: str, write: dict[str, Any], table: TableSchema, layouts: tuple[Layout, ...]
    ) -> None:
        if strategy not in ("replace_window", "replace_all", "append_new"):
            raise self.fail("[write]", f"strategy {strategy!r} is none of replace_window, replace_all, append_new")
        if strategy == "replace_window" and any(layout.window is None for layout in layouts):
            raise self.fail("[write]", "strategy replace_window needs a window in [write] or in every layout")
        for column in write.get("key", ()):
            self.known(table, column, "[write] key")
        if write.get("duplicates", "refuse") not in ("refuse", "last"):
            raise self.fail("[write]", f"duplicates = {write['duplicates']!r}; only 'last' is known")

    def known(self, table: TableSchema, column: str, where: str) -> None:
        names = [c.name for c in table.columns]
        if column not in names:
            raise self.fail(where, f"{table.name} has no column {column!r}{meant(column, names)}")

    def zone(self, where: str, zone: str | None) -> str | None:
        if zone not in (None, OPEN_ZONE):
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise self.fail(where, f"no time zone {zone!r}; use an IANA name such as America/New_York") from error
        return zone

    def bounds(self, bounds: list[float] | None) -> tuple[float, float, float, float] | None:
        if bounds is None:
            return None
        lon_min, lat_min, lon_max, lat_max = map(float, bounds)
        if not (-180 <= lon_min < lon_max <= 180 and -90 <= lat_min < lat_max <= 90):
            raise self.fail("bounds", f"{bounds} is not [lon_min, lat_min, lon_max, lat_max] in degrees")
        return lon_min, lat_min, lon_max, lat_max

    def reader(self, given: dict[str, Any], drop: tuple[str, ...]) -> ReaderOptions:
        settings = {k: v for k, v in given.items() if k not in ("format", "encoding")}
        return ReaderOptions(given.get("format", "delimited"), given.get("encoding", "auto"), drop, settings)

    def crosswalks(self, given: dict[str, Any], layouts: tuple[Layout, ...]) -> dict[str, Crosswalk]:
        made = {}
        for name, walk in given.items():
            self.keys(f"[crosswalk.{name}]", walk, ("exact", "prefix", "pattern"))
            made[name] = Crosswalk(
                {k.strip().upper(): v for k, v in walk.get("exact", {}).items()},
                {k.strip().upper(): v for k, v in walk.get("prefix", {}).items()},
                tuple((p, code) for p, code in walk.get("pattern", ())),
            )
        for layout in layouts:
            for column, spec in layout.columns.items():
                if spec.crosswalk and spec.crosswalk not in made:
                    raise self.fail(f"[columns] {column}", f"no [crosswalk.{spec.crosswalk}] in this profile")
        return made

    def layouts(self, document: dict[str, Any], table: TableSchema) -> tuple[Layout, ...]:
        window = document.get("write", {}).get("window")
        shared = {key: document.get(key, {}) for key in ("columns", "time", "location")}
        made = []
        for given in document.get("layout", [{"name": "only", "when": []}]):
            where = f"layout {given.get('name', '?')!r}"
            self.keys(where, given, _LAYOUT)
            columns = {**shared["columns"], **given.get("columns", {})}
            times = {**shared["time"], **given.get("time", {})}
            if document.get("agency") and "agency" in {c.name for c in table.columns}:
                columns.setdefault("agency", {"constant": document["agency"]})
            made.append(Layout(
                name=given.get("name", "only"), when=tuple(given.get("when", ())),
                columns={k: self.column(table, k, v) for k, v in columns.items()},
                times={k: self.time(table, k, v) for k, v in times.items()},
                location=self.location(given.get("location", shared["location"])),
                window=self.window(table, given.get("window", window)),
            ))
        return tuple(made)

    def column(self, table: TableSchema, name: str, given: str | dict[str, Any]) -> ColumnSpec:
        self.known(table, name, "[columns]")
        if table.column(name).type.startswith("TIMESTAMP"):
            raise self.fail(f"[columns] {name}", f"is an instant; give it a section [time.{name}]")
        return self.spec(f"[columns] {name}", given)

    def spec(self, where: str, given: str | dict[str, Any]) -> ColumnSpec:
        if isinstance(given, str):
            return ColumnSpec("column", (given,))
        self.keys(where, given, _SPEC)
        kind = next((k for k in _KINDS if k in given), None)
        if kind is None:
            raise self.fail(where, "needs a source: column, columns, first, constant, crosswalk, yes, list")
        sources = given.get("columns") or given.get("first") or [given.get("column", given.get("number"))]
        if kind in ("yes", "list"):
            sources = [given[kind]]
        kinds: dict[str, Any] = {"columns": "join", "number": "column"}
        values = given.get("values", {})
        return ColumnSpec(
            kind=kinds.get(kind, kind), columns=() if kind == "constant" else tuple(sources),
            join=given.get("join", " "), constant=given.get("constant"), crosswalk=given.get("crosswalk"),
            missing=tuple(map(str, given.get("missing", ()))),
            replace=tuple((a, b) for a, b in given.get("replace", ())), extract=given.get("extract"),
            values=values if isinstance(values, dict) else {},
            yes_values=tuple(map(str, values)) if isinstance(values, list) else (),
            pattern=given.get("pattern"), delimiter=given.get("delimiter"), default=given.get("default"),
            scale=given.get("scale"),
        )

    def time(self, table: TableSchema, name: str, given: dict[str, Any]) -> TimeSpec:
        where = f"[time.{name}]"
        self.known(table, name, where)
        self.keys(where, given, _TIME)
        stamped = given.get("stamped", "local")
        if stamped not in STAMPS:
            raise self.fail(where, f"stamped = {stamped!r}{meant(stamped, STAMPS)} Known: {', '.join(STAMPS)}")
        single = given.get("column", given.get("date"))
        columns = given.get("columns") or given.get("first") or ([single] if single else [])
        if not columns:
            raise self.fail(where, "says not which column: column, columns, first, or date with clock")
        flag = given.get("report_date_where", {})
        return TimeSpec(
            columns=tuple(columns), first="first" in given, clock=given.get("clock"),
            clock_digits=bool(given.get("clock_digits", False)), extract=given.get("extract"),
            formats=tuple(given.get("formats", ("iso",))), stamped=stamped,
            timezone=self.zone(where, given.get("timezone")),
            missing=tuple(map(str, given.get("missing", ()))),
            edge=given.get("edge", "end" if name in _ENDS else "start"),
            report_date_column=flag.get("column"), report_date_values=tuple(map(str, flag.get("values", ()))),
            stand_in=given.get("stand_in"),
        )

    def location(self, given: dict[str, Any]) -> LocationSpec | None:
        if not given:
            return None
        self.keys("[location]", given, _LOCATION)
        degrees, metres = {"lon", "lat"} & set(given), {"x", "y", "crs"} & set(given)
        if not (len(degrees) == 2 and not metres or len(metres) == 3 and not degrees):
            raise self.fail("[location]", "needs lon and lat, or x, y and crs")
        return LocationSpec(
            lon=self.spec("[location] lon", given["lon"]) if degrees else None,
            lat=self.spec("[location] lat", given["lat"]) if degrees else None,
            x=given.get("x"), y=given.get("y"), crs=given.get("crs"),
            missing=tuple(float(v) for v in given.get("missing", ())), block=bool(given.get("block", False)),
        )

    def window(self, table: TableSchema, given: dict[str, Any] | None) -> Window | None:
        if given is None:
            return None
        self.keys("window", given, ("column", "formats", "time", "period"))
        if given.get("period") not in PERIODS:
            raise self.fail("window", f"period = {given.get('period')!r} is none of {', '.join(PERIODS)}")
        if ("column" in given) == ("time" in given):
            raise self.fail("window", "needs either a column of the file or a time of the table")
        if "time" in given:
            self.known(table, given["time"], "window")
        return Window(given["period"], given.get("column"), tuple(given.get("formats", ("iso",))), given.get("time"))


def parsed(document: dict[str, Any], text: str, name: str) -> Profile:
    """The profile that a TOML document says; `ProfileError` names the place of whatever is wrong.

    Examples
    --------
    >>> parsed({"title": "T", "table": "nothing", "source": "s"}, "", "mine")
    Traceback (most recent call last):
    data_connectors.profile.ProfileError: profile mine, table: no table 'nothing'...
    """
    return _Parser(document.get("name", name)).profile(document, text)
