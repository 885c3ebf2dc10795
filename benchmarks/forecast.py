"""The forecast board on a loaded city and over several cities, and how fast boards and models are.

    python -m benchmarks.forecast board --store stlouis/store --out boards [--horizon 28] [--offenses burglary robbery]
    python -m benchmarks.forecast tables --out boards [--horizon 28]
    python -m benchmarks.forecast cities --data shared/data --stores stores --out pairs [--cities Atlanta Memphis]
    python -m benchmarks.forecast pairs --out pairs
    python -m benchmarks.forecast units --store stlouis/store --offenses burglary [--models "empirical Bayes"]
    python -m benchmarks.forecast speed

`board` scores every model on rolling origins of the last two years of the records, on which nothing
in the models was chosen, and writes one table per offense; `tables` prints them for the docs, with the gains of all
offenses pooled. `cities` follows the protocol for several cities in docs/forecast_board.md: it loads each one that has
no store yet, scores its offenses, and prints the gain pooled over all city-crime pairs; `pairs` prints that again.
`units` compares squares, hexagons and addresses at equal ground. `speed` times the targets on made-up events.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from rtcc_analytics.evaluation import Board, backtest, benjamini_hochberg, compare_units, paired_gain
from rtcc_analytics.events import Events, wall_clock
from rtcc_analytics.offenses import offense_codes
from rtcc_analytics.prediction import (
    AllHistory,
    DecayedCounts,
    EmpiricalBayes,
    GradientBoosting,
    History,
    KernelDensity,
    LastYear,
    LogLinear,
    Model,
    MultiResolution,
    Pooled,
    ProMap,
    SelfExciting,
    Stacked,
)
from rtcc_analytics.prediction.etas import EtasPairs, EvenBackground, fit_etas, simulate_etas
from rtcc_analytics.units import Addresses, Grid

OFFENSES = ("burglary", "vehicle theft", "theft from vehicle", "robbery", "aggravated assault")
COMPANIONS = ("220", "240", "23F", "23G", "23H", "23D", "120", "13A", "13B", "290")
SHARES = (0.005, 0.01, 0.02, 0.05)
SIMPLE: tuple[Model, ...] = (LastYear(), AllHistory(), DecayedCounts(), KernelDensity(), ProMap())
LEARNED: tuple[Model, ...] = (MultiResolution(), EmpiricalBayes(), SelfExciting(), LogLinear(), Pooled())
ALL = {model.name: model for model in (*SIMPLE, *LEARNED, GradientBoosting(), Stacked())}
COMPARED = ("multi-resolution mixture", "empirical Bayes", "pooled")
HORIZON_DAYS = 28
PAIR_COLUMNS = ("city", "offense", "model", "share", "events", "windows", "origins", "gain", "low", "high",
                "standard_error", "p_value", "log_gain", "log_low", "log_high", "slope", "seconds", "reason")


@dataclass(frozen=True)
class City:
    """A city of the protocol in docs/forecast_board.md: its feed, and which offenses are forecast there.

    Attributes
    ----------
    name, profile : str
    files : str
        Pattern under the folder of data.
    offenses : tuple of str
    fewest_events : int
        Offenses with fewer on the footprint are left out.
    cell_m : float
    first : str, optional
        First origin; by default windows are laid back from the end of the records to their middle.
    """

    name: str
    profile: str
    files: str
    offenses: tuple[str, ...] = OFFENSES
    fewest_events: int = 0
    cell_m: float = 150.0
    first: str | None = None

    @property
    def folder(self) -> str:
        """Name of its folder, for stores and results."""
        return self.name.lower().replace(" ", "_").replace(".", "")


CITIES = (
    City("St. Louis", "stlouis_slmpd", "stlouis_slmpd_raw/2008-2015/*", first="2012-01-02"),
    City("Atlanta", "atlanta_cobra", "atlanta_cobra_2019/COBRA-2019.csv"),
    City("Washington DC", "washington_dc_incidents", "dc_mpd_crime/Crime_Incidents_in_2019.csv"),
    City("Chicago", "chicago_incidents", "chicago_2017_2019_rcrimeanalysis/chicago_crimes_25k.csv", fewest_events=500,
         offenses=("theft", "burglary", "vehicle theft", "robbery", "aggravated assault", "simple assault",
                   "vandalism")),
    City("Memphis", "memphis_incidents", "memphis_sfhotspot/memphis_robberies.csv", offenses=("robbery",),
         cell_m=1000.0),
)


def city_board(
    events: Events, grid: Grid, offense: str, *, horizon_days: int, models: Sequence[Model], origins: np.ndarray
) -> Board:
    """One offense's board, with the other common offenses as companions."""
    codes = offense_codes(offense)
    target = replace(events.of(*codes), label=offense)
    others = events.of(*(code for code in COMPANIONS if code not in codes))
    return backtest(models, target, grid, origins=[str(day) for day in origins], horizon_days=horizon_days,
                    area_shares=SHARES, companions=others)


def windows_from(first: str, last: str, horizon_days: int) -> np.ndarray:
    """Origins every `horizon_days` from `first` until a horizon before `last`."""
    end = np.datetime64(last) - np.timedelta64(horizon_days, "D")
    return np.arange(np.datetime64(first), end + 1, np.timedelta64(horizon_days, "D"))


def windows_of(city: City, events: Events) -> np.ndarray:
    """A city's four-weekly origins: from its first one on, or from the middle of its records to their end."""
    begin, end = wall_clock(np.array(events.covered), events.timezone).astype("datetime64[D]")
    if city.first:
        return windows_from(city.first, str(end), HORIZON_DAYS)
    back = np.timedelta64(HORIZON_DAYS, "D")
    return np.arange(end - back, begin + (end - begin) // 2 - 1, -back)[::-1]


def run_boards(args: argparse.Namespace) -> None:
    """Write one table per offense, and each event's differences beside it."""
    from data_connectors import Store
    from rtcc_analytics.from_store import read_events, read_study_area

    store, out = Store(args.store), Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    study = read_study_area(store)
    events = read_events(store, area=study)
    grid = Grid(study, cell_m=args.cell)
    for offense in args.offenses:
        begin = time.perf_counter()
        board = city_board(events, grid, offense, horizon_days=args.horizon, models=[ALL[m] for m in args.models],
                           origins=windows_from(args.first, args.last, args.horizon))
        name = f"{offense.replace(' ', '_')}_{args.horizon}d{args.tag}"
        board.to_frame().to_csv(out / f"{name}.csv", index=False)
        differences(board).to_pickle(out / f"{name}_paired.pkl")
        made = board.failures.groupby(["model", "reason"]).size()
        print(f"{offense}: {board.events:,.0f} events, {len(board.origins)} origins, "
              f"{time.perf_counter() - begin:,.0f} s", made.to_string() if len(made) else "", *board.notes, flush=True)


def differences(board: Board) -> pd.DataFrame:
    """For pooling over offenses: each event's difference from decayed counts, model by model and share by share."""
    columns = {
        (model, share): board.event_fractions(model, share) - board.event_fractions("decayed counts", share)
        for model in board.scores.loc[board.scores["origins"] > 0, "model"] for share in board.shares
    }
    return pd.DataFrame({**columns, ("weight", 0.0): board.event_weights})


def print_tables(args: argparse.Namespace) -> None:
    """Markdown: hits by offense, model and share; gains pooled over offenses; scores."""
    out = Path(args.out)
    names = [f"{offense.replace(' ', '_')}_{args.horizon}d{args.tag}" for offense in args.offenses]
    boards = {offense: pd.read_csv(out / f"{name}.csv") for offense, name in zip(args.offenses, names, strict=True)}
    pairs = pd.concat([pd.read_pickle(out / f"{name}_paired.pkl") for name in names], ignore_index=True)
    print("### Gain over decayed counts, all offenses pooled, points of hits (95 % event-bootstrap)\n")
    header = " | ".join(f"{100 * share:g} %" for share in SHARES)
    print(f"| model | {header} |\n|---|{'---|' * len(SHARES)}")
    for model in dict.fromkeys(name for name, share in pairs.columns if name not in ("weight", "decayed counts")):
        cells = []
        for share in SHARES:
            difference = pairs[model, share].to_numpy()
            known = np.isfinite(difference)
            gain = paired_gain(difference[known], weights=pairs["weight", 0.0].to_numpy()[known])
            cells.append(_gain_cell(gain.gain, gain.low, gain.high, digits=2))
        print(f"| {model} | {' | '.join(cells)} |")
    for offense, board in boards.items():
        print(f"\n### {offense.capitalize()}\n")
        print(f"| model | hits at {header} | PAI 1 % | PEI 1 % | PEI\\* 1 % | gain 1 % (q) | gain 5 % (q) | "
              "log score | CRPS | Brier | AUC | slope | events/expected | stable | s an origin |")
        print(f"|---|{'---|' * (14 + len(SHARES))}")
        for model, rows in board.groupby("model", sort=False):
            print(_table_row(model, rows.set_index("share")))


def _table_row(model: str, rows: pd.DataFrame) -> str:
    one, five = rows.loc[0.01], rows.loc[0.05]
    gains = ["bar" if np.isnan(r["gain"]) else f"{100 * r['gain']:+.1f} ({r['q_value']:.2f})" for r in (one, five)]
    hits = " | ".join(f"{100 * rows.loc[share, 'hit_rate']:.1f}" for share in SHARES)
    scores = " | ".join(f"{one[name]:.{digits}f}" for name, digits in (
        ("log_score", 3), ("crps", 3), ("brier", 4), ("auc", 3), ("slope", 2), ("total_ratio", 2), ("stability", 2)))
    return (f"| {model} | {hits} | {one['pai']:.1f} | {one['pei']:.2f} | {one['pei_star']:.2f} | {gains[0]} | "
            f"{gains[1]} | {scores} | {seconds_an_origin(one, one['horizon_days']):.2f} |")


def seconds_an_origin(scores: pd.Series, horizon_days: float) -> float:
    """Learning spread over the origins it serves, plus the forecast."""
    fits = np.ceil(scores["origins"] * horizon_days / 91)
    return float(scores["fit_s"] * fits / scores["origins"] + scores["predict_s"])


def run_cities(args: argparse.Namespace) -> None:
    """Score every city asked for, by the protocol, and print what came of all that are in the folder."""
    for city in (city for city in CITIES if city.name in args.cities):
        store = _loaded(city, Path(args.stores), Path(args.data))
        score_city(city, store, Path(args.out) / city.folder, args.models)
    print_pairs(args)


def _loaded(city: City, stores: Path, data: Path) -> Path:
    from data_connectors import Store, load

    place = stores / city.folder
    if not place.exists():
        load(Store.create(place), city.profile, sorted(data.glob(city.files)))
    return place


def score_city(city: City, store: Path, out: Path, models: Sequence[str]) -> None:
    """Write ``scores.csv``, one row per offense, model and share, and each offense's differences event by event."""
    from data_connectors import Store
    from rtcc_analytics.from_store import read_events, read_study_area

    out.mkdir(parents=True, exist_ok=True)
    study = read_study_area(Store(store))
    events = read_events(Store(store), area=study)
    grid, origins = Grid(study, cell_m=city.cell_m), windows_of(city, events)
    rows = []
    for offense in city.offenses:
        if (held := events.of(*offense_codes(offense)).size) < city.fewest_events:
            print(f"{city.name}, {offense}: {held:,} records, fewer than {city.fewest_events}: left out", flush=True)
            continue
        begin = time.perf_counter()
        board = city_board(events, grid, offense, horizon_days=HORIZON_DAYS, origins=origins,
                           models=[DecayedCounts(), *(ALL[name] for name in models)])
        differences(board).to_pickle(out / f"{offense.replace(' ', '_')}_paired.pkl")
        rows += [row for model in models for row in pair_rows(city.name, offense, board, model)]
        print(f"{city.name}, {offense}: {held:,} records, {board.events:,.0f} in {len(board.origins)} windows from "
              f"{board.origins[0]}, {grid.size:,} units, {time.perf_counter() - begin:,.0f} s.",
              *board.notes, flush=True)
    pd.DataFrame(rows, columns=PAIR_COLUMNS).to_csv(out / "scores.csv", index=False)


def pair_rows(city: str, offense: str, board: Board, model: str) -> list[dict[str, object]]:
    """One model's gains over decayed counts by share; one row with the reason where it made no forecast at all."""
    scores, why = board.model_scores(model), board.failures.loc[board.failures["model"] == model, "reason"]
    row = {"city": city, "offense": offense, "model": model, "events": board.events, "windows": len(board.origins),
           "origins": scores["origins"], "reason": why.iloc[-1] if len(why) else ""}
    if not scores["origins"]:
        return [row]
    log_gain = board.log_score_gain(model)
    row |= {"log_gain": log_gain.gain, "log_low": log_gain.low, "log_high": log_gain.high, "slope": scores["slope"],
            "seconds": seconds_an_origin(scores, HORIZON_DAYS)}
    return [row | {"share": share, **board.gain(model, share=share).__dict__} for share in board.shares]


def print_pairs(args: argparse.Namespace) -> None:
    """Markdown: the gain pooled over city-crime pairs, then every pair with q values, then who made no forecast."""
    found = sorted(Path(args.out).glob("*/scores.csv"))
    order = [city.folder for city in CITIES]
    table = pd.concat([pd.read_csv(path) for path in sorted(found, key=lambda path: order.index(path.parent.name))],
                      ignore_index=True)
    by_event = {(row.city, row.offense): pd.read_pickle(_paired_file(Path(args.out), row.city, row.offense))
                for row in table[["city", "offense"]].drop_duplicates().itertuples()}
    refused = table[table["reason"].notna()].drop_duplicates(["city", "offense", "model"])
    table = table[table["share"].notna()].copy()
    table["q_value"] = table.groupby("model")["p_value"].transform(benjamini_hochberg)
    print("### Gain over decayed counts, points of hits (95 % event-bootstrap)\n")
    header = " | ".join(f"{100 * share:g} %" for share in SHARES)
    print(f"| model | over | pairs | events | {header} |\n|---|---|---|---|{'---|' * len(SHARES)}")
    for model in table["model"].unique():
        for cities, kept in (("all cities", table), ("without St. Louis", table[table["city"] != "St. Louis"])):
            for line in _pooled_rows(kept[kept["model"] == model], by_event, model):
                print(f"| {model} | {cities}, {line}")
    for model, rows in table.groupby("model", sort=False):
        print(f"\n### {model[0].upper()}{model[1:]}, pair by pair\n\n{_verdicts(rows)}\n")
        print(f"| city | offense | events | windows | {header} | log score | slope | s an origin |")
        print(f"|---|---|---|---|{'---|' * (3 + len(SHARES))}")
        for _, pair in rows.groupby(["city", "offense"], sort=False):
            print(_pair_row(pair.set_index("share")))
    for (city, model, reason), rows in refused.groupby(["city", "model", "reason"], sort=False):
        one = rows.iloc[0]
        print(f"\n{city}, {', '.join(rows['offense'])}: {model} made no forecast at "
              f"{one['windows'] - one['origins']:.0f} of {one['windows']:.0f} origins: {reason}")


def _paired_file(out: Path, city: str, offense: str) -> Path:
    folder = next(known.folder for known in CITIES if known.name == city)
    return out / folder / f"{offense.replace(' ', '_')}_paired.pkl"


def _pooled_rows(rows: pd.DataFrame, by_event: dict[tuple[str, str], pd.DataFrame], model: str) -> list[str]:
    """All events alike, then every pair alike: the mean of the pairs' gains, their errors taken as independent."""
    if rows.empty:
        return []
    events, pairs = [], []
    for _, at in rows.groupby("share"):
        held = [by_event[row.city, row.offense] for row in at.itertuples()]
        difference = np.concatenate([frame[model, at["share"].iloc[0]] for frame in held])
        weight = np.concatenate([frame["weight", 0.0] for frame in held])
        known = np.isfinite(difference)
        alike = paired_gain(difference[known], weights=weight[known])
        events.append(_gain_cell(alike.gain, alike.low, alike.high, digits=2))
        mean, error = at["gain"].mean(), 1.96 * np.sqrt((at["standard_error"] ** 2).sum()) / len(at)
        pairs.append(_gain_cell(mean, mean - error, mean + error, digits=2))
    size = f"{len(rows) // len(SHARES)} | {rows.groupby(['city', 'offense'])['events'].first().sum():,.0f}"
    return [f"{how} | {size} | {' | '.join(cells)} |" for how, cells in
            (("all events alike", events), ("every pair alike", pairs))]


def _verdicts(rows: pd.DataFrame) -> str:
    lowest, real = rows.loc[rows["gain"].idxmin()], rows[rows["q_value"] < 0.05]
    better, worse = (real["gain"] > 0).sum(), (real["gain"] < 0).sum()
    where = f"{lowest['city']}, {lowest['offense']} at {100 * lowest['share']:g} %"
    return (f"Of {len(rows)} pairs and shares {better} better and {worse} worse than decayed counts (q < 0.05); the "
            f"lowest is {where}: {100 * lowest['gain']:+.1f} points (q {lowest['q_value']:.2f}).")


def _pair_row(rows: pd.DataFrame) -> str:
    one = rows.iloc[0]
    gains = [_gain_cell(row["gain"], row["low"], row["high"], q_value=row["q_value"]) for _, row in rows.iterrows()]
    windows = f"{one['origins']:.0f} of {one['windows']:.0f}"
    return (f"| {one['city']} | {one['offense']} | {one['events']:,.0f} | {windows} | {' | '.join(gains)} | "
            f"{one['log_gain']:+.2f} | {one['slope']:.2f} | {one['seconds']:.2f} |")


def _gain_cell(gain: float, low: float, high: float, *, digits: int = 1, q_value: float | None = None) -> str:
    tail = "" if q_value is None else f"; q {q_value:.2f}"
    return f"{100 * gain:+.{digits}f} ({100 * low:+.{digits}f} to {100 * high:+.{digits}f}{tail})"


def run_units(args: argparse.Namespace) -> None:
    """Hits at equal ground: squares of several sizes; with decayed counts alone, hexagons and known addresses too.

    Street segments as well, where the store holds streets.
    """
    from data_connectors import Store
    from rtcc_analytics.from_store import read_events, read_streets, read_study_area

    store = Store(args.store)
    study = read_study_area(store)
    events = read_events(store, area=study)
    origins = [str(day) for day in np.arange(np.datetime64(args.first), np.datetime64(args.last), args.every)]
    for offense in args.offenses:
        codes = offense_codes(offense)
        target = replace(events.of(*codes), label=offense)
        units = [Grid(study, cell_m=m) for m in args.cells]
        if not args.models:
            before = target.known_at(args.first)
            units += [Grid(study, cell_m=161, kind="hexagon"), Addresses.of(before, snap_m=5)]
        if int(store.read("SELECT count(*) AS n FROM streets")["n"].iloc[0]):
            units.append(read_streets(store, study))
        found = compare_units([DecayedCounts(), *(ALL[name] for name in args.models)], target, units, origins=origins,
                              ground_m2=study.area_km2 * 1e6, footprints_m2={"addresses": args.footprint},
                              area_shares=SHARES, companions=events.of(*(c for c in COMPANIONS if c not in codes)))
        over_bar = pd.concat([board.paired.assign(units=name) for name, board in found.boards.items()])
        over_bar = over_bar[["units", "model", "share", "gain", "low", "high", "q_value"]]
        seconds = pd.concat([board.scores.assign(units=name) for name, board in found.boards.items()])
        table = found.frame.merge(over_bar, on=["units", "model", "share"], how="left", suffixes=("", "_over_bar"))
        table = table.merge(seconds[["units", "model", "fit_s", "predict_s"]], on=["units", "model"])
        table = table[table["share"].isin((0.01, 0.05))].assign(offense=offense, origins=len(origins))
        print(table.round(4).to_string(index=False), flush=True)


def timed(what: str, job: Callable[[], object]) -> float:
    """Seconds of the second call; the first compiles."""
    job()
    begin = time.perf_counter()
    job()
    took = time.perf_counter() - begin
    print(f"{what:<70} {took:8.2f} s", flush=True)
    return took


def plain_em(x: np.ndarray, y: np.ndarray, t: np.ndarray, steps: int) -> float:
    """The reference: parametric EM in plain numpy, a full matrix of pairs in blocks of rows."""
    theta, omega, sigma2, rate, area = 0.2, 1 / 14, 150.0**2, len(t) / t[-1], 8000.0**2
    for _ in range(steps):
        sums = np.zeros(4)
        for block in np.array_split(np.arange(len(t)), max(1, len(t) // 500)):
            lag = t[block, None] - t[None, :]
            d2 = (x[block, None] - x[None, :]) ** 2 + (y[block, None] - y[None, :]) ** 2
            pair = np.where(lag > 0, theta * omega * np.exp(-omega * np.maximum(lag, 0)), 0.0)
            pair *= np.exp(-d2 / (2 * sigma2)) / (2 * np.pi * sigma2)
            total = rate / area + pair.sum(axis=1)
            p = pair / total[:, None]
            sums += [p.sum(), (p * np.maximum(lag, 0)).sum(), (p * d2).sum(), (rate / area / total).sum()]
        theta, omega, sigma2, rate = sums[0] / len(t), sums[0] / sums[1], sums[2] / (2 * sums[0]), sums[3] / t[-1]
    return theta


def run_speed(args: argparse.Namespace) -> None:
    """The targets: EM against plain numpy, a board of simple models, one forecast."""
    from benchmarks.methods import city, made_up_events

    x, y, t = simulate_etas(background_per_day=5, theta=0.3, omega=0.1, sigma_m=120, side_m=8000, days=700, seed=1)

    def ours() -> None:
        pairs = EtasPairs.of(x, y, t, until=700, reach_m=500, reach_days=120)
        fit_etas(pairs, EvenBackground(8000.0**2, len(t), 5.0), iterations=40, tolerance=0.0)

    mine = timed(f"self-exciting fit, {len(t):,} events, 40 EM steps", ours)
    begin = time.perf_counter()
    plain_em(x, y, t, 4)
    plain = (time.perf_counter() - begin) * 10
    print(f"{'  plain parametric numpy EM, 40 steps (4 timed)':<70} {plain:8.2f} s   ratio {mine / plain:.3f}")
    x2, y2, t2 = simulate_etas(background_per_day=10, theta=0.3, omega=0.1, sigma_m=120, side_m=20_000, days=7000,
                               seed=1)
    pairs = EtasPairs.of(x2, y2, t2, until=7000, reach_m=500, reach_days=120)
    timed(f"self-exciting fit, {len(t2):,} events, 40 EM steps, {len(pairs.lag):,} pairs",
          lambda: fit_etas(pairs, EvenBackground(4e8, len(t2), 10.0), iterations=40, tolerance=0.0))
    events, grid = replace(made_up_events(args.events), label="made up"), Grid(city(), cell_m=190)
    origins = [str(np.datetime64("2012-11-05") + 7 * k) for k in range(52)]
    print(f"{args.events:,} events, {grid.size:,} cells, 52 weekly origins")
    begin = time.perf_counter()
    board = backtest(SIMPLE, events, grid, origins=origins, horizon_days=7, n_jobs=args.jobs)
    print(f"{'board of five simple models':<70} {time.perf_counter() - begin:8.2f} s")
    print(board.scores[["model", "fit_s", "predict_s"]].to_string(index=False))
    begin = time.perf_counter()
    board = backtest(list(ALL.values()), events, grid, origins=origins, horizon_days=7, n_jobs=args.jobs)
    print(f"{f'board of {len(ALL)} models, refitted every 13 weeks':<70} {time.perf_counter() - begin:8.2f} s")
    print(board.scores[["model", "fit_s", "predict_s", "failed"]].to_string(index=False), flush=True)
    history = History.of(events, grid).known_at(15_600.0)
    for model in SIMPLE:
        fitted = model.fit_history(history)
        timed(f"one origin of {model.name}", lambda fitted=fitted: fitted.expected(15_600.0, 7))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    board_command = commands.add_parser("board")
    board_command.add_argument("--store", required=True)
    board_command.add_argument("--out", default="boards")
    board_command.add_argument("--horizon", type=int, default=28)
    board_command.add_argument("--cell", type=float, default=150)
    board_command.add_argument("--first", default="2012-01-02")
    board_command.add_argument("--last", default="2014-01-01")
    board_command.add_argument("--offenses", nargs="+", default=OFFENSES)
    board_command.add_argument("--models", nargs="+", default=[model.name for model in (*SIMPLE, *LEARNED)])
    board_command.add_argument("--tag", default="")
    board_command.set_defaults(run=run_boards)
    tables_command = commands.add_parser("tables")
    tables_command.add_argument("--out", default="boards")
    tables_command.add_argument("--horizon", type=int, default=28)
    tables_command.add_argument("--tag", default="")
    tables_command.add_argument("--offenses", nargs="+", default=OFFENSES)
    tables_command.set_defaults(run=print_tables)
    cities_command = commands.add_parser("cities")
    cities_command.add_argument("--data", required=True)
    cities_command.add_argument("--stores", default="stores")
    cities_command.add_argument("--out", default="pairs")
    cities_command.add_argument("--cities", nargs="+", default=[city.name for city in CITIES])
    cities_command.add_argument("--models", nargs="+", default=COMPARED)
    cities_command.set_defaults(run=run_cities)
    pairs_command = commands.add_parser("pairs")
    pairs_command.add_argument("--out", default="pairs")
    pairs_command.set_defaults(run=print_pairs)
    units_command = commands.add_parser("units")
    units_command.add_argument("--store", required=True)
    units_command.add_argument("--offenses", nargs="+", default=OFFENSES)
    units_command.add_argument("--first", default="2012-01-02")
    units_command.add_argument("--last", default="2013-11-30")
    units_command.add_argument("--every", type=int, default=28)
    units_command.add_argument("--cells", type=float, nargs="+", default=(150, 50, 75, 100, 250, 500))
    units_command.add_argument("--models", nargs="+", default=())
    units_command.add_argument("--footprint", type=float, default=2500.0)
    units_command.set_defaults(run=run_units)
    speed_command = commands.add_parser("speed")
    speed_command.add_argument("--events", type=int, default=300_000)
    speed_command.add_argument("--jobs", type=int, default=2)
    speed_command.set_defaults(run=run_speed)
    given = parser.parse_args()
    given.run(given)
