"""Memory goes back to the system where it is asked to."""

from __future__ import annotations

import subprocess
import sys

import pytest

_CODE = """
from pathlib import Path
from ruler import memory

def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

memory.keep()
before = held()
pieces = [bytes(100_000) for _ in range(600)]
kept = bytes(10)
del pieces
between = held()
memory.give_back()
print(before, between, held())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_is_kept_is_given_back_when_asked() -> None:
    done = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True)
    before, between, after = (int(kilobytes) for kilobytes in done.stdout.split())
    assert between - before > 40_000  # kept for the next
    assert after - before < 10_000
