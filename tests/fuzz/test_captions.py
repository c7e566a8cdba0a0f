"""Captions that somebody made to be slow or strange."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.verdicts import evidence_holds
from ruler.text import analysis
from rules_store.packs import load_pack
from rules_store.rule_files import parse_rules
from tests.fuzz.hostile import MOST_SECONDS, SCALARS, fuzz
from tests.support import context_of, make_caption, observe

UNITS = (
    *(
        "not ",
        "no people, ",
        "cars are not visible, ",
        "n't ",
        "nobody ",
        "no signs such as ",
        "; ",
    ),
    *(
        "a man and ",
        "running ",
        "well-known-",
        "x",
        "((",
        '"',
        "1.",
        "\u0301e",
        "like a ",
        "\n",
        "! ",
    ),
)
WORDS = (
    "a man runs no not car cars dog walking near , and or visible such as but nobody fire".split()
)
CHARACTERS = 100_000


@pytest.mark.parametrize("unit", [*UNITS, None])
def test_long_texts_take_linear_time(unit: str | None) -> None:
    chosen = random.Random(0)
    words = (unit or f"{chosen.choice(WORDS)} " for _ in itertools.count())
    text = "".join(itertools.islice(words, CHARACTERS // max(1, len(unit or "word "))))
    analysis.sentences.cache_clear()
    start = time.process_time()
    clauses = list(analysis.read(text))
    assert time.process_time() - start < MOST_SECONDS
    assert all(text[at : at + 1] for at, _ in clauses)


@given(st.text(st.sampled_from("ab. ,!\n"), max_size=300))
@fuzz(100)
def test_what_is_not_long_is_not_cut(text: str) -> None:
    ends = [found.span() for found in analysis._STOP.finditer(text)]
    assert list(analysis._not_too_far(text, ends)) == [end for end in ends if end[0] < len(text)]


RULES = parse_rules(load_pack("walkway").source).rules
TEXTS = SCALARS.filter(lambda value: isinstance(value, str) and value != "\ud800") | st.lists(
    st.sampled_from([*WORDS, "\u202e", "\x00", "😀", "İ", "ß", "ﬁ", "e\u0301", ".", "“", "’"])
).map(" ".join)


@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
@fuzz(60)
def test_evidence_is_verbatim_whatever_is_said(texts: list[str]) -> None:
    context = context_of(*RULES)
    seen = [observe(make_caption(text), frame=frame) for frame, text in enumerate(texts)]
    for one, matched in zip(seen, SymbolicReasoner().match(seen, context), strict=True):
        for match in matched.matches:
            for evidence in match.evidence:
                assert one.caption is not None
                assert evidence_holds(evidence, one.caption)
