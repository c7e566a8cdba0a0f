"""All benchmarks in one go: what docs/benchmarks.md says beside what this checkout gives.

    python benchmarks/run.py SHARED [--full] [--only NAME...] [--limit SECONDS]

SHARED is the folder with the data sets, as docs/benchmarks.md means it. Each benchmark is a process
of its own with a limit of time; one that is over its limit, or fails, is said to be, and the others
go on. Without `--full`, those that take more than a few minutes are left out, and figures of speed
are taken from fewer captions. Figures of speed depend on the machine and on what runs beside.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
RULER = ("-c", "from ruler.cli import main; main()")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Figure:
    """A number: where the page has it, and where the output does.

    Attributes:
        what: What it is called.
        row: How its row of a table begins on the page; "" where the page does not have it.
        column: Which number of that row, counted from 0 over its cells (the first is the name).
        said: Finds it in the output, as group 1.
    """

    what: str
    said: str
    row: str = ""
    column: int = 1


@dataclass(frozen=True)
class Benchmark:
    """One benchmark: its arguments, `{shared}` standing for the data, and its figures."""

    name: str
    arguments: Sequence[str]
    figures: Sequence[Figure] = ()
    is_quick: bool = True
    full: Sequence[str] = ()


def _captions() -> Iterator[Figure]:
    for name, row in (
        ("ped2", "Ped2 (7"),
        ("avenue", "Avenue (13"),
        ("SHTech|shanghai", "ShanghaiTech (64"),
        ("UBNormal|ubnormal", "UBnormal, true"),
    ):
        for mode, column in (("online", 1), ("offline", 3)):
            said = rf"(?ms)^{mode}\n.*?^(?:{name})\S* +(\d\.\d+)"
            yield Figure(f"{row.split(' ')[0].rstrip(',')}, AUC {mode}", said, row, column)


def _calls() -> Iterator[Figure]:
    for window in (4, 5, 6, 8):
        yield Figure(f"calls, {window} frames each", rf"(?m)^ *{window} +(\d+) ", f"{window} ", 1)
        said = rf"(?m)^ *{window} .*?%[^%]*%[^%]*% +(\d\.\d+) \("
        yield Figure(f"AUC offline, {window} frames each", said, f"{window} ", 5)


def _eval(name: str, *more: str) -> tuple[str, ...]:
    return (*RULER, "eval", f"{{shared}}/{name}/dataset.yaml", *more)


def _clips(name: str, row: str) -> Benchmark:
    return Benchmark(name, _eval(name), [Figure("AUC", r"\bAUC\D+(\d\.\d+)", row, 1)], False)


BY_HAND = {
    "decode.py": "needs clips, and says most on an idle machine",
    "sampling.py": "captions all footage twice",
    "footage.py": "no benchmark: clips that perception.py decodes once",
    "memory.py": "needs a clip, and hours of footage made of it",
    "shared_captions.py": "captions all footage at several settings",
    "speed.py": "needs an idle machine",
}
"""What is not run here, and why."""

BENCHMARKS = (
    Benchmark("captions", ("benchmarks/captions.py", "{shared}/captions"), tuple(_captions())),
    Benchmark("verdicts", ("benchmarks/clip_verdicts.py", "{shared}/captions")),
    Benchmark("answers", ("benchmarks/answers.py", "{shared}/smarthome/dataset.yaml")),
    Benchmark("calls", ("benchmarks/calls.py", "{shared}"), tuple(_calls())),
    Benchmark("reading", ("benchmarks/reading.py", "{shared}/captions/avenue.dataset.yaml")),
    Benchmark(
        "redetect",
        ("benchmarks/redetect.py",),
        [Figure("CPU s of an hour anew", r"after an edit, best +\S+ +(\S+)", "an hour anew", 1)],
    ),
    Benchmark(
        "backtest",
        ("benchmarks/backtest.py", "--captions", "10000"),
        [
            Figure("CPU s, threshold", r"(?m)^ *10000 threshold +(\S+)", "the threshold", 1),
            Figure("CPU s, words", r"(?m)^ *10000 words +(\S+)", "a phrase more", 1),
            Figure("CPU s, normal rule", r"(?m)^ *10000 normal +(\S+)", "half of the words", 1),
        ],
        full=("benchmarks/backtest.py",),
    ),
    Benchmark("mutations", ("benchmarks/mutations.py", "--count", "40"), is_quick=False),
    Benchmark("perception", ("benchmarks/perception.py", "{shared}"), is_quick=False),
    _clips("ped2", "`ruler eval SHARED/ped2/dataset.yaml --json"),
    _clips("avenue", "`ruler eval SHARED/avenue"),
    _clips("falls", "`ruler eval SHARED/falls"),
    _clips("fights", "`ruler eval SHARED/fights"),
)


def documented(page: str, figure: Figure) -> float | None:
    """What the page says of a figure, or None."""
    if not figure.row:
        return None
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and f"{cells[0].strip('* ')} ".startswith(figure.row):
            found = _NUMBER.search(cells[figure.column]) if figure.column < len(cells) else None
            return float(found.group()) if found else None
    return None


def run(benchmark: Benchmark, shared: Path, limit: float, *, is_full: bool) -> tuple[str, str]:
    """(what it printed, what went wrong) of one benchmark."""
    chosen = benchmark.full if is_full and benchmark.full else benchmark.arguments
    line = [sys.executable, *(argument.replace("{shared}", str(shared)) for argument in chosen)]
    try:
        done = subprocess.run(  # noqa: S603 - benchmarks of this folder
            line, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return "", f"not done within {limit:.0f} s"
    wrong = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    return done.stdout, " ".join(wrong) or ("" if not done.returncode else "it failed")


def table(benchmark: Benchmark, page: str, output: str) -> Iterator[str]:
    """A line a figure: the page's and today's."""
    for figure in benchmark.figures:
        found = re.search(figure.said, output)
        now, then = found.group(1) if found else "not told", documented(page, figure)
        yield f"  {figure.what:<32}{'-' if then is None else f'{then:g}':>12}{now:>12}"


def main() -> int:
    """Run and print; 1 where something did not run to its end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path, help="the folder with the data sets")
    parser.add_argument("--full", action="store_true", help="those of many minutes, too")
    parser.add_argument("--only", nargs="+", choices=[one.name for one in BENCHMARKS])
    parser.add_argument("--limit", type=float, default=900.0, help="seconds a benchmark")
    asked = parser.parse_args()
    page, failed = PAGE.read_text(encoding="utf-8"), 0
    for one in BENCHMARKS:
        if one.name not in asked.only if asked.only else not (one.is_quick or asked.full):
            continue
        began = time.monotonic()
        output, wrong = run(one, asked.shared.absolute(), asked.limit, is_full=asked.full)
        failed += bool(wrong)
        print(f"{one.name} ({time.monotonic() - began:.0f} s)", wrong and f": {wrong}", flush=True)
        if one.figures:
            print(f"  {'':<32}{'documented':>12}{'now':>12}")
        print(*table(one, page, output), sep="\n", flush=True)
        if not one.figures:
            print(*(f"  {line}" for line in output.splitlines() if line), sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
