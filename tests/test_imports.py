"""What is imported when, and what the product may not name."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("ruler", "graphs", "prompts", "rules_store")
HEAVY = (
    "cv2",
    "decord",
    "langgraph",
    "numpy",
    "pandas",
    "plotly",
    "sklearn",
    "sqlalchemy",
    "torch",
)
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
BENCHMARKS = re.compile(
    r"\bped[12](?![a-z0-9])|avenue|shanghai|shtech|ubnormal|smart-?(home-?)?bench|gmdcsa|ucf-?crime|vau-?bench",
    re.IGNORECASE,
)


def heavy_after(code: str) -> list[str]:
    """The heavy modules that a fresh interpreter holds after running the code."""
    code += f"\nimport sys\nprint('loaded', *sorted({set(HEAVY)} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].split()[1:]


def test_import_ruler_is_light() -> None:
    assert heavy_after("import ruler") == []


def test_help_is_light() -> None:
    code = "import sys\nfrom ruler.cli import main\nsys.argv = ['ruler', '--help']\n"
    assert heavy_after(code + "try:\n    main()\nexcept SystemExit:\n    pass") == []


def environment_reads(tree: ast.AST) -> Iterator[int]:
    """Lines that touch `os.environ`, `os.getenv` and the like, however they were imported."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in names:
            yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (node.lineno for alias in node.names if alias.name in names)


def test_only_settings_reads_the_environment() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for line in environment_reads(ast.parse(path.read_text()))
        if path != ROOT / "ruler" / "settings.py"
    ]
    assert found == []


def test_environment_reads_are_found() -> None:
    code = "import os\nfrom os import environ\nos.environ['A']\nos.getenv('B')\n"
    assert sorted(environment_reads(ast.parse(code))) == [2, 3, 4]


def strings_and_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, text) of what code does something with: names and strings, docstrings apart."""
    bodies = [node.body for node in ast.walk(tree) if hasattr(node, "body")]
    prose = {
        id(statement.value)
        for body in bodies
        if isinstance(body, list)
        for statement in body
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id


def test_no_product_code_names_a_benchmark() -> None:
    """A docstring may cite a source; code and data may not know a data set."""
    code = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for line, text in strings_and_names(ast.parse(path.read_text()))
        if BENCHMARKS.search(text)
    ]
    data = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        # A shipped taxonomy may follow a published one, and says so.
        if path.suffix in {".md", ".yaml", ".yml", ".json", ".html", ".sql"}
        and path.parent.name != "taxonomies"
        and BENCHMARKS.search(path.read_text())
    ]
    assert code + data == []


def test_benchmarks_are_found() -> None:
    tree = ast.parse('"""Cites UBnormal."""\nfps = {"avenue": 25}\nped2_fps = 10\n')
    assert sorted(n for n, text in strings_and_names(tree) if BENCHMARKS.search(text)) == [2, 3]
