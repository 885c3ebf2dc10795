"""The rules of the house that a program can keep: layering, sizes, names, what is tracked."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

PACKAGES = ("rtcc_analytics", "data_connectors")
MAX_FILE_LINES = 500
MAX_BODY_LINES = 60


@pytest.fixture(scope="module")
def tracked(root: Path) -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [root / line for line in listed.stdout.splitlines() if (root / line).is_file()]


def sources(root: Path) -> list[Path]:
    return [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]


def test_imports_follow_the_architecture(root: Path) -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(root / ".importlinter"), no_cache=True) == 0


def test_only_the_store_imports_duckdb(root: Path) -> None:
    guilty = [
        str(path.relative_to(root))
        for path in sources(root)
        if "data_connectors/store/" not in path.as_posix()
        and re.search(r"^\s*(import|from) duckdb\b", path.read_text(), re.M)
    ]
    assert guilty == []


def test_style_is_clean(root: Path) -> None:
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "."],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_files_stay_readable(root: Path) -> None:
    too_long = {
        str(p.relative_to(root)): n for p in sources(root) if (n := len(p.read_text().splitlines())) > MAX_FILE_LINES
    }
    too_long.pop("data_connectors/schemas.py", None)
    assert too_long == {}


def test_functions_stay_readable(root: Path) -> None:
    too_long = {}
    for path in sources(root):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                start = node.body[0].lineno
                if ast.get_docstring(node):
                    start = node.body[1].lineno if len(node.body) > 1 else node.end_lineno
                lines = node.end_lineno - start + 1
                if lines > MAX_BODY_LINES:
                    too_long[f"{path.relative_to(root)}:{node.name}"] = lines
    assert too_long == {}


def test_names_say_something(tracked: list[Path]) -> None:
    assert [p for p in tracked if p.stem in {"utils", "util", "helpers", "helper", "common", "misc"}] == []


def test_nothing_large_or_generated_is_tracked(tracked: list[Path], root: Path) -> None:
    bad = [
        str(p.relative_to(root))
        for p in tracked
        if p.stat().st_size > 1_000_000
        or ".ipynb_checkpoints" in p.parts
        or p.suffix in {".zip", ".parquet", ".duckdb"}
    ]
    assert bad == []


def test_notebooks_are_committed_without_outputs_and_thin(tracked: list[Path]) -> None:
    for path in (p for p in tracked if p.suffix == ".ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            assert not cell.get("outputs"), f"{path.name} has outputs"
            if cell["cell_type"] != "code":
                continue
            source = "".join(cell["source"])
            tree = ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.M))
            assert not any(isinstance(n, ast.ClassDef) for n in ast.walk(tree)), f"{path.name} defines a class"
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    assert node.end_lineno - node.lineno <= 5, f"{path.name}: {node.name} belongs in the library"
            assert not re.search(r"\bjoin\b.*\bon\b", source, re.I), f"{path.name} joins tables in SQL"


def public_objects(root: Path) -> list[tuple[str, ast.AST]]:
    found = []
    for path in sources(root):
        if any(part.startswith("_") and part != "__init__.py" for part in path.relative_to(root).parts):
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                found.append((f"{path.relative_to(root)}:{node.name}", node))
                if isinstance(node, ast.ClassDef):
                    found += [
                        (f"{path.relative_to(root)}:{node.name}.{sub.name}", sub)
                        for sub in node.body
                        if isinstance(sub, ast.FunctionDef) and not sub.name.startswith("_")
                    ]
    return found


def test_every_public_function_is_documented(root: Path) -> None:
    assert [name for name, node in public_objects(root) if not ast.get_docstring(node)] == []


def test_every_public_function_says_what_it_returns(root: Path) -> None:
    assert [
        name for name, node in public_objects(root) if isinstance(node, ast.FunctionDef) and node.returns is None
    ] == []


def test_imports_are_lazy(root: Path) -> None:
    import sys

    code = (
        "import sys, rtcc_analytics, data_connectors, rtcc_analytics.cli;"
        "print([m for m in ('duckdb', 'pandas', 'numpy', 'altair', 'scipy', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_nothing_in_the_project_points_at_one_machine(tracked: list[Path], root: Path) -> None:
    suspicious = re.compile(r"(^|[^A-Za-z0-9_.])/(home|root|Users)/[a-z]|https?://[^ /]+/simple/?\b", re.M)
    text = {".py", ".md", ".toml", ".yml", ".ipynb", ".txt", ""}
    assert [
        str(p.relative_to(root))
        for p in tracked
        if p.suffix in text and p.name != "test_house_rules.py" and suspicious.search(p.read_text(errors="ignore"))
    ] == []
