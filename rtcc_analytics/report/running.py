"""Running a report by its notebook: papermill executes it, the folder keeps what came of it."""

from __future__ import annotations

import builtins
import json
import logging
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from rtcc_analytics.report.document import ReportError
from rtcc_analytics.report.page import failure_page
from rtcc_analytics.report.parameters import coerced, parameters_of, unknown
from rtcc_analytics.report.provenance import PROVENANCE_FORMAT, plain, software, without_password
from rtcc_analytics.report.saving import clear_earlier
from rtcc_analytics.slow_imports import without_address_grammar
from rtcc_analytics.workflows import REPORTS

if TYPE_CHECKING:
    from data_connectors import Store

NOTEBOOKS = Path(__file__).resolve().parents[2] / "reports"
KERNEL_START_S = 120
_COLORS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class ReportRun:
    """What a run of a report left behind.

    Attributes
    ----------
    name : str
        Which report.
    html, pdf, provenance, notebook : Path
        The page, the print, provenance.json and the notebook as executed.
    data : Path
        Folder with one CSV per table.
    kernel_start_s : float
        Seconds until the notebook's kernel answered, apart from the work.
    work_s : float
        Seconds of everything else.
    """

    name: str
    html: Path
    pdf: Path
    provenance: Path
    notebook: Path
    data: Path
    kernel_start_s: float
    work_s: float

    def __str__(self) -> str:
        files = (("page", self.html), ("print", self.pdf), ("made by", self.provenance), ("data", self.data))
        lines = [f"{self.name}: {self.work_s:.1f} s, and {self.kernel_start_s:.1f} s to start the kernel"]
        return "\n".join([*lines, *(f"  {what:<8} {path}" for what, path in files)])


def list_reports() -> pd.DataFrame:
    """The reports and their parameters: columns report, parameter, type, default, meaning.

    Examples
    --------
    >>> list_reports().columns.tolist()
    ['report', 'parameter', 'type', 'default', 'meaning']
    """
    rows = [
        (name, p.name, p.kind, _said(p.default), p.meaning)
        for name, workflow in REPORTS.items()
        for p in parameters_of(workflow)
    ]
    return pd.DataFrame(rows, columns=["report", "parameter", "type", "default", "meaning"])


def run_report(
    name: str,
    store: Store | str | Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    out: str | Path = "out",
    snapshot: int | None = None,
) -> ReportRun:
    """Run a report and leave its page, print, data and provenance in `out`.

    Parameters
    ----------
    name : str
        As `list_reports` has it.
    store : Store or location
        What to read.
    parameters : mapping, optional
        By name; text is read as the report's signature says, so "2026-11-23" is a date.
    out : path
        Folder, made if needed.
    snapshot : int, optional
        Read the records as they were; the newest snapshot by default.

    Raises
    ------
    ReportError
        No such report or parameter (nothing is written), or the run failed: then the page in
        `out` says so and why, and files of an earlier run are gone from there.
    """
    workflow = _workflow(name)
    given = coerced(workflow, **dict(parameters or {}))
    notebook = NOTEBOOKS / f"{name}.ipynb"
    if not notebook.is_file():
        raise ReportError(f"the notebook of {name} is not at {notebook}: reports run from a clone of the project")
    began = time.perf_counter()
    out = Path(out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    location = str(getattr(store, "location", store))
    asked = {"store": _absolute(location), "snapshot": snapshot, "out": str(out)} | {
        n: plain(v) for n, v in given.items()
    }
    try:
        kernel_start_s = _execute(notebook, out / f"{name}.ipynb", asked)
    except Exception as failure:
        message = _leave_failure(name, out, asked, failure)
        raise ReportError(f"{name} failed: {message}\nThe page {out / f'{name}.html'} says so") from failure
    run = ReportRun(
        name,
        out / f"{name}.html",
        out / f"{name}.pdf",
        out / "provenance.json",
        out / f"{name}.ipynb",
        out / "data",
        kernel_start_s,
        time.perf_counter() - began - kernel_start_s,
    )
    _add_to_provenance(run.provenance, kernel_start_s=round(run.kernel_start_s, 2), work_s=round(run.work_s, 2))
    return run


def rerun(provenance: str | Path, out: str | Path = "out", *, store: Store | str | Path | None = None) -> ReportRun:
    """Make a report again from the provenance.json of an earlier run, from the same snapshot.

    Parameters
    ----------
    provenance : path
        The file.
    out : path
        Folder for the new run.
    store : Store or location, optional
        Where the store is now; where it was by default.

    Raises
    ------
    ReportError
        The file is none of ours, or the data come out otherwise than they did (the tables are
        named; the new run stays in `out`).
    """
    earlier = _read_provenance(Path(provenance))
    place = earlier["store"]["location"] if store is None else store
    run = run_report(
        earlier["report"], place, parameters=earlier["parameters"], out=out, snapshot=earlier["store"]["snapshot"]
    )
    now = json.loads(run.provenance.read_text(encoding="utf-8"))
    before, after = ({table["name"]: table["sha256"] for table in made["tables"]} for made in (earlier, now))
    unlike = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if unlike:
        versions = [
            f"{package} {was} then, {now['software'].get(package)} now"
            for package, was in earlier["software"].items()
            if now["software"].get(package) != was
        ]
        why = "; ".join(versions) or "the same versions read the same snapshot: was a record expunged?"
        raise ReportError(
            f"{', '.join(unlike)}: data unlike those of {provenance} ({why}). The new run is in {run.html.parent}"
        )
    return run


def _workflow(name: str) -> Callable[..., Any]:
    if name not in REPORTS:
        raise ReportError(unknown("there is no report", name, list(REPORTS)).replace("It takes", "There are"))
    return REPORTS[name]


def _execute(notebook: Path, executed: Path, parameters: dict[str, Any]) -> float:
    """Execute the notebook with this very Python; seconds that its kernel took to answer."""
    with without_address_grammar():
        import papermill
    logging.getLogger("papermill").setLevel(logging.ERROR)
    with _kernel() as (kernel, start_s):
        papermill.execute_notebook(
            str(notebook), str(executed), parameters=parameters, kernel_name="python3", progress_bar=False, km=kernel
        )
    return start_s


@contextmanager
def _kernel() -> Iterator[tuple[Any, float]]:
    """A kernel of the Python that is running, whatever kernels are registered, and how long it took to answer."""
    from jupyter_client import KernelManager
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=command, display_name=kernel_name, language="python")

    began = time.perf_counter()
    # A socket in a folder of this user, not a TCP port that other users of the machine can listen to.
    folder = tempfile.TemporaryDirectory(prefix="rtcc-")
    kernel = KernelManager(
        kernel_name="python3",
        kernel_spec_manager=ThisPython(),
        transport="ipc",
        connection_file=f"{folder.name}/kernel.json",
    )
    kernel.start_kernel()
    try:
        client = kernel.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=KERNEL_START_S)
        client.stop_channels()
        yield kernel, time.perf_counter() - began
    finally:
        kernel.shutdown_kernel(now=True)
        folder.cleanup()


def _leave_failure(name: str, out: Path, asked: dict[str, Any], failure: Exception) -> str:
    """Put a page that says so where the report would have been, and take an earlier run's files away."""
    message, where = _reason(failure)
    clear_earlier(out / "provenance.json")
    (out / f"{name}.pdf").unlink(missing_ok=True)
    details = "\n".join([*(f"{key} = {value!r}" for key, value in asked.items() if key != "store"), "", where])
    (out / f"{name}.html").write_text(failure_page(title=name, message=message, details=details), encoding="utf-8")
    parameters = {key: value for key, value in asked.items() if key not in {"store", "snapshot", "out"}}
    left = {
        "format": PROVENANCE_FORMAT,
        "report": name,
        "parameters": parameters,
        "store": {"location": without_password(asked["store"]), "snapshot": asked["snapshot"]},
        "software": software(),
        "tables": [],
        "run": {"made_at": datetime.now(UTC).isoformat(timespec="seconds"), "failed": message},
    }
    (out / "provenance.json").write_text(json.dumps(left, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return message


def _reason(failure: Exception) -> tuple[str, str]:
    """What went wrong in the notebook, and where: its own error where it raised one."""
    if hasattr(failure, "evalue"):
        bare = hasattr(builtins, failure.ename)
        message = f"{failure.ename}: {failure.evalue}" if bare else str(failure.evalue)
        return message, _COLORS.sub("", "\n".join(failure.traceback))
    return f"{type(failure).__name__}: {failure}", "".join(traceback.format_exception(failure))


def _add_to_provenance(path: Path, **run: Any) -> None:
    made = json.loads(path.read_text(encoding="utf-8"))
    made["run"] |= run
    path.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_provenance(path: Path) -> dict[str, Any]:
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        found = made["format"]
    except FileNotFoundError:
        raise ReportError(f"{path} is not there; a report leaves provenance.json beside its page") from None
    except (ValueError, KeyError, TypeError):
        raise ReportError(
            f"{path} is not the provenance of a report; it should be JSON with format, report, store"
        ) from None
    if found != PROVENANCE_FORMAT:
        raise ReportError(
            f"{path} has format {found}, this version reads {PROVENANCE_FORMAT}; use the version that made it"
        )
    if made["run"].get("failed"):
        raise ReportError(f"{path} is of a run that failed ({made['run']['failed']}); there is nothing to make again")
    return made


def _absolute(location: str) -> str:
    return location if "://" in location else str(Path(location).absolute())


def _said(default: Any) -> str:
    if isinstance(default, tuple):
        return ", ".join(str(item) for item in default)
    return "" if default is None else str(plain(default))
