"""Quotes are found where they really stand, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.llm.naming import slug_of
from ruler.reasoners.llm.quoting import evidence_of, locate
from ruler.schemas.rules import RuleSet
from ruler.schemas.verdicts import evidence_holds
from tests.support import SCENE, SENTENCES, make_caption, make_rule

TEXT = "A man  in red\nruns. He’s “running” away (fast)."


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("A man", "A man"),
        ("a MAN in red runs", "A man  in red\nruns"),
        ('"running" away', "“running” away"),
        ("'He's'", "He’s"),
        ("...runs...", "runs"),
        ("`fast`.", "fast"),
        ("running", "running"),
        ("(fast)", "(fast)"),
        ("run", None),
        ("man in blue", None),
        ("in red. He", None),
        ("", None),
        ("...", None),
        ("  ", None),
        ("(", None),
    ],
)
def test_a_quote_is_located(quote: str, found: str | None) -> None:
    span = locate(TEXT, quote)
    assert (span and TEXT[span[0] : span[1]]) == found


@given(SENTENCES, st.data())
def test_words_of_a_text_are_found_in_it(text: str, data: st.DataObject) -> None:
    words = text.split()
    start = data.draw(st.integers(0, max(0, len(words) - 1)))
    quote = " ".join(words[start : start + 4])
    span = locate(text, quote)
    if any(map(str.isalnum, quote)):
        assert span is not None
        caption = make_caption(text)
        assert evidence_holds(evidence_of(caption, 3, span), caption)
        assert text[slice(*span)].split() == quote.split()
    else:
        assert span is None


@given(st.text(max_size=40), st.text(max_size=12))
def test_what_is_located_is_true_evidence(text: str, quote: str) -> None:
    span = locate(text, quote)
    if span is not None:
        caption = make_caption(text)
        assert evidence_holds(evidence_of(caption, 0, span), caption)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Walking", "walk"),
        ("walks", "walk"),
        ("Riding a bicycle", "ride-bicycle"),
        ("Trash bins", "trash-bin"),
        ("Straße überqueren", "strae-uberqueren"),
        ("in", "in"),
    ],
)
def test_a_title_has_a_slug_by_its_lemmas(title: str, slug: str) -> None:
    assert slug_of(title) == slug


@given(st.text(min_size=1, max_size=120))
def test_every_title_makes_a_valid_id(title: str) -> None:
    slug = slug_of(title)
    assert slug == slug_of(title)
    rule = make_rule(f"normal-{slug}")
    assert RuleSet(scene=SCENE, rules=(rule,)).rule(rule.id)


def test_titles_in_other_scripts_have_slugs_of_their_own() -> None:
    assert slug_of("走路") == slug_of("走路") != slug_of("跑步")
    long = "one two three four five six seven eight nine ten eleven"
    assert slug_of(long) != slug_of(f"{long} twelve")
