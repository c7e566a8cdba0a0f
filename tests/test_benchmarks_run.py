"""The runner of benchmarks finds its figures, on the page and in what is printed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import run  # noqa: E402 - a script, in no package

SAID = {
    "captions": """
online
dataset                       AUC  95% over videos     pipeline   hits
ped2-captions               0.954  [0.891, 0.992]        0.940  0.805
avenue-captions             0.772  [0.677, 0.859]        0.684  0.598
shanghaitech-captions       0.863  [0.818, 0.901]        0.859  0.759
ubnormal-captions           0.826  [0.718, 0.912]        0.711  0.681

offline
dataset                       AUC  95% over videos     pipeline   hits
ped2-captions               0.963  [0.884, 0.999]        0.940  0.805
avenue-captions             0.793  [0.683, 0.894]        0.684  0.598
shanghaitech-captions       0.865  [0.815, 0.907]        0.859  0.759
ubnormal-captions           0.835  [0.711, 0.924]        0.711  0.681
""",
    "backtest": """
 captions edit          CPU s         peak
    10000 start         1.90      160 MiB
    10000 words         3.90      190 MiB  10000 frames, 6 added
    10000 threshold     2.50      185 MiB  10000 frames, 0 added
    10000 normal        4.30      199 MiB  10000 frames, 0 added
""",
    "redetect": """
3600 samples, 12 events, 0 model calls
                          wall s   CPU s  bare starts
first over known ones       2.10    2.00          150
after an edit, best         1.60    1.50          120
""",
}


@pytest.mark.parametrize("name", SAID)
def test_figures_are_found_in_what_is_printed(name: str) -> None:
    [benchmark] = [one for one in run.BENCHMARKS if one.name == name]
    lines = list(run.table(benchmark, run.PAGE.read_text(encoding="utf-8"), SAID[name]))
    assert len(lines) == len(benchmark.figures)
    assert not [line for line in lines if "not told" in line]


def test_what_is_printed_first_is_not_taken_for_the_other_mode() -> None:
    [captions] = [one for one in run.BENCHMARKS if one.name == "captions"]
    found = [re.search(figure.said, SAID["captions"]) for figure in captions.figures]
    values = [match.group(1) for match in found if match]
    assert values == ["0.954", "0.963", "0.772", "0.793", "0.863", "0.865", "0.826", "0.835"]


def test_the_page_has_every_figure_that_is_said_to_stand_there() -> None:
    page = run.PAGE.read_text(encoding="utf-8")
    for benchmark in run.BENCHMARKS:
        for figure in benchmark.figures:
            assert figure.row
            assert run.documented(page, figure) is not None, (benchmark.name, figure.what)


def test_every_benchmark_is_run() -> None:
    there = {path.name for path in (ROOT / "benchmarks").glob("*.py")} - {"run.py"}
    scripts = {one.arguments[0].removeprefix("benchmarks/") for one in run.BENCHMARKS}
    assert there <= scripts | run.BY_HAND.keys()


def test_one_that_fails_or_takes_too_long_is_told(tmp_path: Path) -> None:
    broken = run.Benchmark("broken", ("-c", "raise SystemExit('it is broken')"))
    assert run.run(broken, tmp_path, 60, is_full=False) == ("", "it is broken")
    endless = run.Benchmark("endless", ("-c", "import time; time.sleep(60)"))
    assert run.run(endless, tmp_path, 0.2, is_full=False) == ("", "not done within 0 s")
