"""What a newcomer sees first: the end of a demo, what was learned, a name that is no rule."""

from __future__ import annotations

import pytest

from ruler.cli import demo, induce
from ruler.schemas.rules import Rule
from tests.cli.test_commands import Ruler, ruler
from tests.scenes import SCENE, Workplace

__all__ = ["ruler"]


@pytest.mark.parametrize(
    ("references", "place", "said"),
    [
        ([], "any", ["Next: ruler induce CLIP... --scene NAME"]),
        (
            ["my clip.mp4"],
            "home",
            [
                "From 1 normal clip the bounds leave much room; from four or more, less.",
                "Next: ruler induce 'my clip.mp4' MORE... --scene NAME --place home",
            ],
        ),
        (list("abcd"), "any", ["Next: ruler induce a b c d MORE... --scene NAME"]),
    ],
)
def test_a_demo_says_what_to_do_next(
    references: list[str], place: str, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    demo._next(references, place)
    assert capsys.readouterr().out.splitlines() == said


def test_rules_of_the_lexicon_are_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("fast", "concept-running", "concept-fire", "uncovered")
    rules = [
        Rule(id=f"yard.{name}", title=name.capitalize(), kind="anomaly", statement="It is seen.")
        for name in names
    ]
    kept = [rule.id for rule in induce._without_concepts(rules)]
    assert kept == ["yard.fast", "yard.uncovered"]
    [line] = capsys.readouterr().out.splitlines()
    assert "2 rules from ruler's lexicon" in line
    assert line.endswith("hardly ever show: concept-running, concept-fire")
    assert induce._few(list("abcdefghijkl")) == "a, b, c, d, e, f, g, h, i, j and 2 more"


def test_a_scene_where_a_rule_is_asked_for_leads_on(ruler: Ruler, yard: Workplace) -> None:
    said = ruler("rules", "show", f"{SCENE}@1").sentence
    assert f"{SCENE} is a scene" in said and f"ruler rules list {SCENE}@1" in said
    assert f"ruler rules export {SCENE}@1" in said
