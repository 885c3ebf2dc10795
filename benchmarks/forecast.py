"""The forecast board on a loaded city, and how fast boards and models are.

    python -m benchmarks.forecast board --store stlouis/store --out boards [--horizon 28] [--offenses burglary robbery]
    python -m benchmarks.forecast tables --out boards [--horizon 28]
    python -m benchmarks.forecast units --store stlouis/store --offenses burglary
    python -m benchmarks.forecast speed

`board` scores every model on rolling origins of the last two years of the records, on which nothing
in the models was chosen, and writes one table per offense; `tables` prints them for the docs, with the gains of all
offenses pooled; `units` compares squares, hexagons and addresses at equal ground. `speed` times the targets on made-up
events.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from rtcc_analytics.evaluation import Board, backtest, compare_units, paired_gain
from rtcc_analytics.events import Events
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


def city_board(
    events: Events, grid: Grid, offense: str, *, horizon_days: int, models: Sequence[Model], first: str, last: str
) -> Board:
    """One offense's board on origins every `horizon_days` from `first` until a horizon before `last`."""
    codes = offense_codes(offense)
    target = replace(events.of(*codes), label=offense)
    others = events.of(*(code for code in COMPANIONS if code not in codes))
    end = np.datetime64(last) - np.timedelta64(horizon_days, "D")
    origins = np.arange(np.datetime64(first), end + 1, np.timedelta64(horizon_days, "D"))
    return backtest(models, target, grid, origins=[str(day) for day in origins], horizon_days=horizon_days,
                    area_shares=SHARES, companions=others)


def run_boards(args: argparse.Namespace) -> None:
    """Write one table per offense, with the gain in log score beside it."""
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
                           first=args.first, last=args.last)
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
            cells.append(f"{100 * gain.gain:+.2f} ({100 * gain.low:+.2f} to {100 * gain.high:+.2f})")
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
    per_origin = one["fit_s"] * np.ceil(one["origins"] * one["horizon_days"] / 91) / one["origins"] + one["predict_s"]
    scores = " | ".join(f"{one[name]:.{digits}f}" for name, digits in (
        ("log_score", 3), ("crps", 3), ("brier", 4), ("auc", 3), ("slope", 2), ("total_ratio", 2), ("stability", 2)))
    return (f"| {model} | {hits} | {one['pai']:.1f} | {one['pei']:.2f} | {one['pei_star']:.2f} | {gains[0]} | "
            f"{gains[1]} | {scores} | {per_origin:.2f} |")


def run_units(args: argparse.Namespace) -> None:
    """Hits at equal ground: squares of several sizes, hexagons, addresses known before the first origin."""
    from data_connectors import Store
    from rtcc_analytics.from_store import read_events, read_study_area

    store = Store(args.store)
    study = read_study_area(store)
    events = read_events(store, area=study)
    origins = [str(day) for day in np.arange(np.datetime64(args.first), np.datetime64("2013-11-30"), 28)]
    for offense in args.offenses:
        target = replace(events.of(*offense_codes(offense)), label=offense)
        before = target.known_at(args.first)
        units = [*(Grid(study, cell_m=m) for m in (150, 50, 75, 100, 250, 500)),
                 Grid(study, cell_m=161, kind="hexagon"), Addresses.of(before, snap_m=5)]
        found = compare_units([DecayedCounts()], target, units, origins=origins, ground_m2=study.area_km2 * 1e6,
                              footprints_m2={"addresses": args.footprint}, area_shares=SHARES)
        table = found.frame[found.frame["share"].isin((0.01, 0.05))].assign(offense=offense)
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
    units_command = commands.add_parser("units")
    units_command.add_argument("--store", required=True)
    units_command.add_argument("--offenses", nargs="+", default=OFFENSES)
    units_command.add_argument("--first", default="2012-01-02")
    units_command.add_argument("--footprint", type=float, default=2500.0)
    units_command.set_defaults(run=run_units)
    speed_command = commands.add_parser("speed")
    speed_command.add_argument("--events", type=int, default=300_000)
    speed_command.add_argument("--jobs", type=int, default=2)
    speed_command.set_defaults(run=run_speed)
    given = parser.parse_args()
    given.run(given)
