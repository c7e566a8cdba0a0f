"""The table of common lemmas says what simplemma says, and is in the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ruler.text.words import lemma_of

ROOT = Path(__file__).resolve().parents[2]


def test_each_word_has_the_lemma_that_simplemma_gives_it() -> None:
    line = [sys.executable, str(ROOT / "tools" / "common_lemmas.py"), "--check"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("word", "lemma"), [("standing", "stand"), ("Doors", "door"), ("a", "a")])
def test_common_words_load_no_dictionary(word: str, lemma: str) -> None:
    code = (
        "import sys; from ruler.text.words import lemma_of;"
        f"print(lemma_of({word!r}), 'simplemma' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [lemma, "False"]
    assert lemma_of(word) == lemma
